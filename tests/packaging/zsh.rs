//! The completion for zsh. Owns zsh's quoting.

use std::fmt::Write;

use crate::PROGRAM;
use crate::terms::{self, Value};

/// The file, under `packaging`; zsh finds it by the underscore.
pub const FILE: &str = "completions/_consul-master-election-tagger";

/// The file's text.
pub fn text() -> String {
    let list = |of_resign: bool| {
        terms::options().filter(|option| terms::is_of_resign(option) == of_resign).fold(
            String::new(),
            |mut list, option| {
                let again = if terms::is_repeatable(option) { "*" } else { "" };
                let (equals, value) = match terms::value(option) {
                    Value::None => ("", String::new()),
                    Value::Words(words) => ("=", format!(":{}:({})", escape(option.value), words.join(" "))),
                    Value::File => ("=", format!(":{}:_files", option.value)),
                    Value::Directory => ("=", format!(":{}:_directories", option.value)),
                    Value::Command => ("=", format!(":{}:_cmdstring", option.value)),
                    Value::Free => ("=", format!(":{}: ", option.value)),
                };
                let summary = escape(&terms::summary(option));
                let _ = writeln!(list, "  '{again}--{}{equals}[{summary}]{value}'", option.name);
                list
            },
        )
    };
    format!(
        "#compdef {PROGRAM}
# Completion of {PROGRAM} for zsh. Made from the program's table of options by tests/packaging.

local -a options
options=(
{}  '1:command:((resign\\:\"Hand the lead over now\"))'
)
[[ $words[2] != resign ]] || options+=(
{})
_arguments $options
",
        list(false),
        list(true),
    )
}

/// A text between single quotes, in which `_arguments` is to find nothing of its own.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
    text.replace('\'', "'\\''")
}
