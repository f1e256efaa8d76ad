//! The completion for fish. Owns fish's quoting.

use std::fmt::Write;

use crate::PROGRAM;
use crate::terms::{self, Value};

/// The file, under `packaging`.
pub const FILE: &str = "completions/consul-master-election-tagger.fish";

/// The file's text.
pub fn text() -> String {
    let mut text = format!(
        "# Completion of {PROGRAM} for fish. Made from the program's table of options by tests/packaging.

complete -c {PROGRAM} -f
complete -c {PROGRAM} -n __fish_is_first_token -a resign -d 'Hand the lead over now'
"
    );
    for option in terms::options() {
        let condition = if terms::is_of_resign(option) { " -n '__fish_seen_subcommand_from resign'" } else { "" };
        let value = match terms::value(option) {
            Value::None => String::new(),
            Value::Words(words) => format!(" -x -a '{}'", words.join(" ")),
            Value::File => " -r -F".to_owned(),
            Value::Directory => " -x -a '(__fish_complete_directories)'".to_owned(),
            Value::Command => " -x -a '(__fish_complete_command)'".to_owned(),
            Value::Free => " -x".to_owned(),
        };
        let summary = terms::summary(option).replace('\\', "\\\\").replace('\'', "\\'");
        let _ = writeln!(text, "complete -c {PROGRAM}{condition} -l {}{value} -d '{summary}'", option.name);
    }
    text
}
