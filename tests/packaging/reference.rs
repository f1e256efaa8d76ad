//! The page docs/options.md: the table in Markdown. Owns Markdown's escapes.

use consul_master_election_tagger::{
    COMMANDS, EXIT_CODES, GROUPS, Group, NOTATION, OptionSpec, environment, options, usage,
};

use crate::PROGRAM;

/// The file.
pub const FILE: &str = "docs/options.md";

/// The file's text.
pub fn text() -> String {
    let usage: Vec<String> = usage().iter().map(|form| format!("{PROGRAM} {form}\n")).collect();
    let commands = COMMANDS.iter().filter(|command| !command.name.is_empty());
    let commands = commands.map(|command| vec![format!("`{}`", command.name), sentence(command.help)]);
    let groups: Vec<String> = GROUPS.iter().map(group).collect();
    let environment = environment().into_iter().map(|(name, meaning)| vec![format!("`{name}`"), sentence(&meaning)]);
    let codes = EXIT_CODES.iter().map(|(code, meaning)| vec![(*code).to_owned(), sentence(meaning)]);
    format!(
        "# Which options are there?\n\
         \n\
         <!-- Generated from src/cli/table.rs. To update it: UPDATE_GOLDEN=1 cargo test --test packaging -->\n\
         \n\
         ```\n{usage}```\n\
         \n\
         Only `--consul-service-name` is required. One dash works as two, and `--option=VALUE` works as `--option VALUE`.\n\
         {NOTATION}\n\
         \n\
         {commands}\n\
         {groups}\n\
         ## Environment variables\n\
         \n\
         A script check has the environment of the agent that runs it. An option takes precedence over its variable.\n\
         \n\
         {environment}\n\
         ## Exit codes\n\
         \n\
         Consul shows exit code 0 as passing, 1 as warning and 2 as critical. `--master-status`, `--slave-status` and\n\
         `--leaderless-status` replace the 0 of a settled role, `--error-status` the 1 of an error.\n\
         \n\
         {codes}",
        usage = usage.concat(),
        commands = table(&["command", "what it does"], commands),
        groups = groups.join("\n"),
        environment = table(&["variable", "what it does"], environment),
        codes = table(&["exit code", "what it means"], codes),
    )
}

fn group(group: &Group) -> String {
    let mut head = vec!["option", "what it does", "default"];
    let has_variables = group.options.iter().any(|option| option.variable.is_some());
    if has_variables {
        head.push("variable");
    }
    let rows = group.options.iter().map(|option| {
        let mut cells = vec![code(format!("{} {}", option.flag, option.value).trim()), sentence(&option.description())];
        cells.push(default(option));
        if has_variables {
            cells.push(option.variable.map(code).unwrap_or_default());
        }
        cells
    });
    format!("## {}\n\n{}", group.title, table(&head, rows))
}

fn default(option: &OptionSpec) -> String {
    let value = option.default_value().map(|value| code(&value));
    value.or(option.default_text()).unwrap_or_default()
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let cell = |cell: &String| if cell.is_empty() { "| ".to_owned() } else { format!("| {cell} ") };
    let line = |cells: &[String]| format!("{}|\n", cells.iter().map(cell).collect::<String>());
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: String = rows.map(|cells| line(&cells)).collect();
    format!("{}{}\n{rows}", line(&head), "|---".repeat(head.len()) + "|")
}

/// Formats a text as a sentence, with typed words as code.
fn sentence(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches([',', ';', '.']);
        let is_typed = bare.starts_with(['-', '_']) || bare.contains("://");
        if is_typed { code(bare) + &word[bare.len()..] } else { word.to_owned() }
    };
    format!("{}.", text.split(' ').map(word).collect::<Vec<_>>().join(" "))
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

#[test]
fn the_page_has_every_option_in_one_row() {
    let text = text();
    for option in options() {
        let start = format!("| `{}", option.flag);
        let rows = text.lines().filter(|line| {
            line.strip_prefix(&start).is_some_and(|rest| rest.starts_with(' ') || rest.starts_with('`'))
        });
        // A few options have another row for `run`.
        let wanted = options().filter(|other| other.flag == option.flag).count();
        assert_eq!(rows.count(), wanted, "{}", option.flag);
    }
}
