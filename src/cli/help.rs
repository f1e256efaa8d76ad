//! The text of `--help`, made from the table.

use super::commands::COMMANDS;
use super::option::OptionSpec;
use super::table::{EXIT_CODES, GROUPS, NOTATION, environment, usage};

/// The widest line of the help.
const WIDTH: usize = 120;

/// How far a description is indented.
const INDENT: usize = 10;

/// The text of `--help`.
#[must_use]
pub fn help() -> String {
    let usage: Vec<String> = usage().iter().map(|form| format!("consul-master-election-tagger {form}\n")).collect();
    let mut text = format!(
        "Elects one master among the instances of a Consul service, tags it, and keeps a DNS name for it.\n\
         Consul runs it as a script check of each instance.\n\
         \n\
         Usage: {}\n\
         Commands:\n",
        usage.join("       ")
    );
    for command in COMMANDS.iter().filter(|command| !command.name.is_empty()) {
        text += &entry(command.name, vec![command.help.to_owned()]);
    }
    text += "\nOptions: one dash works as two, --option=VALUE as --option VALUE. \
             An option takes precedence over its variable.\n";
    for group in GROUPS {
        text.extend(["\n", group.title, ":\n"]);
        for option in group.options {
            text += &entry(&format!("{} {}", option.flag, option.value), description(option));
        }
    }
    text.extend(["\n", &wrapped(NOTATION, WIDTH).join("\n"), "\n\nEnvironment:\n"]);
    for (name, meaning) in environment() {
        text += &entry(name, wrapped(&meaning, WIDTH - INDENT));
    }
    text += "\nExit codes:\n";
    for (code, meaning) in EXIT_CODES {
        text += &entry(code, vec![(*meaning).to_owned()]);
    }
    text
}

/// One entry: the term, and below it what it means. No line breaks within a part.
fn entry(term: &str, lines: Vec<String>) -> String {
    let lines: Vec<String> = lines.into_iter().map(|line| format!("{:INDENT$}{line}\n", "")).collect();
    format!("  {}\n{}", term.trim_end(), lines.concat())
}

/// What an option does, its variable and its default: in one line, if they fit.
fn description(option: &OptionSpec) -> Vec<String> {
    let mut lines = wrapped(&option.description(), WIDTH - INDENT);
    let variable = option.variable.map(|name| format!("[env: {name}]"));
    let default = option.default_text().map(|text| format!("[default: {text}]"));
    for note in [variable, default].into_iter().flatten() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + note.len() <= WIDTH - INDENT => line.extend([" ", note.as_str()]),
            _ => lines.push(note),
        }
    }
    lines
}

/// A text in lines of this width.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => line.extend([" ", word]),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
