//! The completion for zsh. Owns zsh's quoting.

use std::fmt::Write;

use consul_master_election_tagger::{CommandKind, OptionSpec, options};

use crate::PROGRAM;
use crate::terms::{self, Value};

/// The file, under `packaging`; zsh finds it by the underscore.
pub const FILE: &str = "packaging/completions/_consul-master-election-tagger";

/// The file's text.
pub fn text() -> String {
    let commands = terms::commands().fold(String::new(), |mut text, command| {
        let _ = write!(text, "{}\\:\"{}\"", command.name, escape(terms::summary(command.help)));
        text
    });
    let case = |pattern: &str, command| match list(terms::own(command)) {
        own if own.is_empty() => String::new(),
        own => format!("{pattern})\n  options+=(\n{own}  )\n  ;;\n"),
    };
    let cases: String = terms::commands().map(|command| case(command.name, command.kind)).collect();
    format!(
        "#compdef {PROGRAM}
# Completion of {PROGRAM} for zsh. Generated from the program's table of options by tests/packaging.

local -a options
options=(
{common}  '1:command:(({commands}))'
)
case $words[2] in
{cases}{of_check}esac
_arguments $options
",
        common = list(options().filter(|option| terms::is_common(option))),
        of_check = case("*", CommandKind::Check),
    )
}

fn list(options: impl Iterator<Item = &'static OptionSpec>) -> String {
    options.fold(String::new(), |mut list, option| {
        let again = if option.repeatable { "*" } else { "" };
        let (equals, value) = match terms::value(option) {
            Value::None => ("", String::new()),
            Value::Words(words) => ("=", format!(":{}:({})", escape(option.value), words.join(" "))),
            Value::File => ("=", format!(":{}:_files", option.value)),
            Value::Directory => ("=", format!(":{}:_directories", option.value)),
            Value::Command => ("=", format!(":{}:_cmdstring", option.value)),
            Value::Free => ("=", format!(":{}: ", option.value)),
        };
        let summary = escape(terms::summary(&option.description()));
        let _ = writeln!(list, "  '{again}{}{equals}[{summary}]{value}'", option.flag);
        list
    })
}

/// Quotes a text with single quotes, and escapes what `_arguments` would interpret.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
    text.replace('\'', "'\\''")
}
