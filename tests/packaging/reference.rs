//! The page docs/options.md: the table in Markdown. Owns Markdown's escapes.

use consul_master_election_tagger::{COMMANDS, GROUPS, Group, NOTATION, OptionSpec, environment, options, usage};

use crate::PROGRAM;
use crate::terms::exit_codes;

/// The file.
pub const FILE: &str = "docs/options.md";

/// The file's text.
pub fn text() -> String {
    let usage: Vec<String> = usage().iter().map(|form| format!("{PROGRAM} {form}\n")).collect();
    let commands = COMMANDS.iter().filter(|command| !command.name.is_empty());
    let commands = commands.map(|command| vec![format!("`{}`", command.name), sentence(command.help)]);
    let groups: Vec<String> = GROUPS.iter().map(group).collect();
    let environment = environment().into_iter().map(|(name, meaning)| vec![format!("`{name}`"), sentence(&meaning)]);
    let codes = exit_codes().map(|(code, meaning)| vec![code.to_owned(), sentence(&meaning)]);
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
         A script check has the environment of the agent that runs it. An option takes precedence over its variable,\n\
         and a variable over the file. An empty variable counts as unset.\n\
         \n\
         {environment}\n\
         The program tells hooks and the child of `run` something in variables of the same form, and never reads those as options:\n\
         `ELECTION_NAME`, `ELECTION_TERM`, `ELECTION_FENCING_TOKEN`, `ELECTION_HELD`, `ELECTION_TICK`, `ELECTION_ROLE`, `ELECTION_QUERY`,\n\
         `ELECTION_SERVICE`, `ELECTION_SERVICE_ID`, `ELECTION_NODE`.\n\
         \n\
         {FILE_OF_OPTIONS}\n\
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

/// The section about `--config`.
const FILE_OF_OPTIONS: &str = "\
## A file of options

`--config PATH`, or the variable `ELECTION_CONFIG`, names a file with an option on each line:

```ini
# /etc/consul-election/redis.conf
consul-service-name = redis
wait = 50s
consul-query-tag = v2
consul-query-tag = eu
preempt
only-passing = false
on-promote = sh -c 'redis-cli replicaof no one'
token-file = /etc/consul-election-token
```

- A value is everything after the first equals sign, without the spaces around it and without quotes. A line that begins with `#` is a
  comment. A switch stands alone, or is `true` or `false`.
- Options and variables replace what the file says, all values of a repeated option included. Any of `--token`, `--token-file` and their
  variables replaces both tokens of the file.
- One file serves all commands: each reads the options that it takes.
- **In a check's definition, write the path in full**: a check runs in the agent's directory. A change of the file counts from the next run
  on, without a `consul reload`; a run that waits ends its wait first. A file that is wrong or missing is an error, and so a warning.
- `ELECTION_CONFIG` and the other variables in the agent's environment are for every election of that node. Name a file for each election
  with `--config` instead.
- **A `token` in a file that every user can read is refused.** Give the file the mode 0640 and the agent's group, or use `token-file`.";

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
