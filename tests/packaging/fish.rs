//! The completion for fish. Owns fish's quoting.

use std::fmt::Write;

use consul_master_election_tagger::{CommandKind, OptionSpec, options};

use crate::PROGRAM;
use crate::terms::{self, Value};

/// The file, under `packaging`.
pub const FILE: &str = "packaging/completions/consul-master-election-tagger.fish";

/// The file's text.
pub fn text() -> String {
    let mut text = format!(
        "# Completion of {PROGRAM} for fish. Generated from the program's table of options by tests/packaging.

complete -c {PROGRAM} -f
"
    );
    for command in terms::commands() {
        let summary = quoted(terms::summary(command.help));
        let _ = writeln!(text, "complete -c {PROGRAM} -n __fish_is_first_token -a {} -d {summary}", command.name);
    }
    for option in options() {
        let value = match terms::value(option) {
            Value::None => String::new(),
            Value::Words(words) => format!(" -x -a '{}'", words.join(" ")),
            Value::File => " -r -F".to_owned(),
            Value::Directory => " -x -a '(__fish_complete_directories)'".to_owned(),
            Value::Command => " -x -a '(__fish_complete_command)'".to_owned(),
            Value::Free => " -x".to_owned(),
        };
        let (condition, name, description) = (condition(option), option.name(), option.description());
        let summary = quoted(terms::summary(&description));
        let _ = writeln!(text, "complete -c {PROGRAM}{condition} -l {name}{value} -d {summary}");
    }
    text
}

/// Returns when an option is offered: always, or with the commands that accept it.
fn condition(option: &OptionSpec) -> String {
    if terms::is_common(option) {
        return String::new();
    }
    // The check has no command word; the other commands do.
    let is_of_check = option.commands.contains(&CommandKind::Check);
    let commands = terms::commands().filter(|command| option.commands.contains(&command.kind) != is_of_check);
    let words: Vec<&str> = commands.map(|command| command.name).collect();
    let not = if is_of_check { "not " } else { "" };
    format!(" -n '{not}__fish_seen_subcommand_from {}'", words.join(" "))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
