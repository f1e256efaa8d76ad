//! The text of `--help`, made from the table.

use super::commands::{COMMANDS, CommandKind, CommandSpec, PROGRAMS};
use super::option::OptionSpec;
use super::table::{EXIT_CODES, GROUPS, Group, NOTATION, environment, usage};

const NAME: &str = PROGRAMS[0];

/// The widest line of the help.
const WIDTH: usize = 120;

/// How far a description is indented.
const INDENT: usize = 10;

/// The text of `--help` for a command. That of the check also names the other commands.
#[must_use]
pub fn help(command: CommandKind) -> String {
    let mut text = match command {
        CommandKind::Check => of_program(),
        _ => of_command(command.spec()),
    };
    text += "\nOptions: one dash works as two, --option=VALUE as --option VALUE. \
             An option takes precedence over its variable.\n";
    let mut groups: Vec<_> = GROUPS.iter().map(|group| (group.title, shown(group, command))).collect();
    // What only this command has comes first.
    groups.sort_by_key(|(_, options)| command == CommandKind::Check || !options.iter().any(|option| is_own(option)));
    for (title, options) in groups.iter().filter(|(_, options)| !options.is_empty()) {
        text.extend(["\n", title, ":\n"]);
        for option in options {
            text += &entry(&format!("{} {}", option.flag, option.value), description(option));
        }
    }
    if only_reads(command) {
        text += "\nAll other options of the check are accepted too, so its arguments can be copied.\n";
    }
    text.extend(["\n", &wrapped(NOTATION, WIDTH).join("\n"), "\n\nEnvironment:\n"]);
    for (name, meaning) in environment() {
        text += &entry(name, wrapped(&meaning, WIDTH - INDENT));
    }
    text += "\nExit codes:\n";
    for (code, meaning) in EXIT_CODES.iter().filter(|(kind, _)| *kind == command).flat_map(|(_, codes)| *codes) {
        text += &entry(code, vec![(*meaning).to_owned()]);
    }
    text
}

/// The options of a group that the help of a command shows.
fn shown(group: &'static Group, command: CommandKind) -> Vec<&'static OptionSpec> {
    let is_of_use = |option: &&OptionSpec| {
        !only_reads(command)
            || option.commands != CommandKind::OF_A_SERVICE
            || ["Names", "Failover"].contains(&group.title) && !HAS_NO_USE.contains(&option.flag)
    };
    group.options.iter().filter(|option| option.commands.contains(&command)).filter(is_of_use).collect()
}

/// The options of these groups that change nothing of what is shown.
const HAS_NO_USE: &[&str] =
    &["--lock-delay", "--ttl", "--wait", "--on-outage", "--watch-port", "--watch-address", "--watch-grace"];

/// Whether a command shows an election, and takes most options of the check only to be called with the check's arguments.
fn only_reads(command: CommandKind) -> bool {
    matches!(command, CommandKind::Info | CommandKind::Watch)
}

/// Whether few commands have the option.
fn is_own(option: &OptionSpec) -> bool {
    option.commands.len() < CommandKind::OF_A_SERVICE.len()
}

fn of_program() -> String {
    let usage: Vec<String> = usage().iter().map(|form| format!("{NAME} {form}\n")).collect();
    let mut text = format!(
        "Elects one master among the instances of a Consul service, tags it, and keeps a DNS name for it.\n\
         Consul runs it as a script check of each instance.\n\
         \n\
         Usage: {}\n\
         Commands, each with a --help of its own:\n",
        usage.join("       ")
    );
    for command in COMMANDS.iter().filter(|command| !command.name.is_empty()) {
        text += &entry(command.name, vec![command.help.to_owned()]);
    }
    text
}

fn of_command(command: &CommandSpec) -> String {
    format!("{}.\n\nUsage: {NAME} {} {}\n", command.help, command.name, command.usage)
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
