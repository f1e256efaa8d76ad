//! Splits the arguments into a command and its options with their texts. Reads no value; the only options it knows by name are
//! `--help`, `--version` and `--token`.

use std::ffi::OsString;

use pico_args::Arguments;

use super::commands::{COMMANDS, CommandKind};
use super::named::looks_like_a_token;
use super::option::OptionSpec;
use super::table;
use super::wording;

/// What the command line asks for.
pub enum Words {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// A command with options.
    Command(Typed),
}

/// A command, and its options as they were typed.
pub struct Typed {
    /// The command.
    pub command: CommandKind,
    /// The options in their order, each with its text; a switch has none.
    pub options: Vec<(&'static OptionSpec, String)>,
    /// What follows `--`: the command to run.
    pub rest: Vec<OsString>,
}

/// Splits the arguments.
///
/// # Errors
/// Names the argument and what is wrong with it: unknown or unexpected, without its value or with one too many, given twice, or not
/// UTF-8.
pub fn split(arguments: &[OsString]) -> Result<Words, String> {
    let all = arguments;
    let arguments = before_dashes(all);
    // Help and version take precedence over everything that can fail.
    let asks_for = |long: &str, short: [&str; 2]| {
        let is_short = |argument: &OsString| short.iter().any(|word| argument == word);
        arguments.iter().any(|argument| argument == long) || switches(arguments).any(is_short)
    };
    if asks_for("--help", ["-help", "-h"]) {
        return Ok(Words::Help);
    }
    if asks_for("--version", ["-version", "-V"]) {
        return Ok(Words::Version);
    }
    let (words, given) = normalise(arguments)?;
    let mut words = Arguments::from_vec(words);
    let mut options = Vec::with_capacity(given.len());
    // In the order of the command line a value that looks like an option is gone before it could be taken for one.
    for option in given {
        let text = if option.is_switch() {
            words.contains(option.flag).then(String::new)
        } else {
            words.opt_value_from_str(option.flag).map_err(|error| error.to_string())?
        };
        options.extend(text.map(|text| (option, text)));
    }
    let command = command(&words.finish())?;
    let rest = all.get(arguments.len() + 1..).unwrap_or_default();
    if command != CommandKind::Run && all.len() > arguments.len() {
        return Err(unexpected("--"));
    }
    for (option, _) in &mut options {
        *option = table::of_command(option, command);
    }
    for (option, _) in &options {
        if !option.commands.contains(&command) {
            return Err(wording::misplaced(option, command));
        }
    }
    Ok(Words::Command(Typed { command, options, rest: rest.to_vec() }))
}

/// The arguments of this program: a command to run follows `--`.
pub fn before_dashes(arguments: &[OsString]) -> &[OsString] {
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    &arguments[..end]
}

/// The arguments that are not the value of an option.
fn switches(arguments: &[OsString]) -> impl Iterator<Item = &OsString> {
    let is_value =
        |at: &usize| at.checked_sub(1).is_some_and(|before| arguments[before].to_str().is_some_and(takes_next));
    arguments.iter().enumerate().filter(move |(at, _)| !is_value(at)).map(|(_, argument)| argument)
}

/// Brings the arguments into the form that pico-args reads without surprises: two dashes, option and value as two arguments.
/// Also returns the options that are given.
///
/// pico-args would take an option for another's value, strip quotes from a value after an equals sign, and take the value of a
/// repeated option for a free argument.
fn normalise(arguments: &[OsString]) -> Result<(Vec<OsString>, Vec<&'static OptionSpec>), String> {
    let mut words: Vec<OsString> = Vec::with_capacity(arguments.len());
    let mut given: Vec<&'static OptionSpec> = Vec::with_capacity(arguments.len());
    let mut arguments = arguments.iter().map(|argument| {
        argument.to_str().ok_or_else(|| format!("argument '{}' is not UTF-8", argument.to_string_lossy()))
    });
    while let Some(argument) = arguments.next().transpose()? {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument, None),
        };
        let Some(option) = table::find(bare(name)) else {
            words.push(argument.into());
            continue;
        };
        let flag = option.flag;
        words.push(flag.into());
        if option.is_switch() {
            if value.is_some() {
                return Err(format!("{flag} takes no value; write it alone"));
            }
        } else {
            let value = match value {
                Some(value) => value,
                None => arguments.next().transpose()?.filter(|next| !is_option(next)).unwrap_or_default(),
            };
            // A command has options of its own.
            if option.value != "COMMAND" && holds_an_option(value) {
                return Err(wording::one_argument(if name == argument { value } else { argument }));
            }
            if value.is_empty() {
                return Err(format!("{flag} needs a value: {flag} {}", option.value));
            }
            words.push(value.into());
        }
        if !option.repeatable && given.iter().any(|known| known.flag == flag) {
            return Err(format!("{flag} is given twice; give it once"));
        }
        given.push(option);
    }
    Ok((words, given))
}

/// The command that the arguments without options name.
fn command(free: &[OsString]) -> Result<CommandKind, String> {
    let named = free.first().and_then(|first| COMMANDS.iter().find(|command| first == command.name));
    let (command, rest) = match named.filter(|command| !command.name.is_empty()) {
        Some(command) => (command.kind, &free[1..]),
        None => (CommandKind::Check, free),
    };
    rest.first().map_or(Ok(command), |argument| Err(unexpected(&argument.to_string_lossy())))
}

fn unexpected(argument: &str) -> String {
    let mut words = argument.split_whitespace();
    let begins = words.next().is_some_and(|first| is_option(first) || COMMANDS.iter().any(|known| known.name == first));
    if begins && words.next().is_some() || holds_an_option(argument) {
        return wording::one_argument(argument);
    }
    if argument.starts_with('-') {
        if let Some((removed, advice)) = table::REMOVED.iter().find(|(removed, _)| *removed == bare(name(argument))) {
            return format!("--{removed} {advice}");
        }
        return format!("unknown option {}; see --help", name(argument));
    }
    // The text after an equals sign may be a token, meant for the environment.
    let word = match name(argument) {
        name if name != argument => format!("{name}=..."),
        _ if looks_like_a_token(argument) => "...".to_owned(),
        _ => argument.to_owned(),
    };
    format!("unexpected argument '{word}'; see --help")
}

/// Whether the argument is an option of this program, and so cannot be a value.
pub fn is_option(argument: &str) -> bool {
    table::find(bare(name(argument))).is_some()
}

/// Whether the argument is an option whose value is the next argument.
pub fn takes_next(argument: &str) -> bool {
    !argument.contains('=') && table::find(bare(argument)).is_some_and(|option| !option.is_switch())
}

/// Whether an option of this program stands somewhere behind a space.
fn holds_an_option(argument: &str) -> bool {
    argument.split_whitespace().skip(1).any(|word| word.starts_with("--") && is_option(word))
}

/// An argument up to its equals sign.
fn name(argument: &str) -> &str {
    argument.split_once('=').map_or(argument, |(name, _)| name)
}

/// An option's name without its one or two dashes; empty where it has none.
fn bare(name: &str) -> &str {
    name.strip_prefix("--").or_else(|| name.strip_prefix('-')).unwrap_or_default()
}

/// Takes the token out of a command line, because every user who can list processes sees their arguments. Returns the rest and
/// the token; `None` without a token, or when the command line cannot be run.
#[must_use]
pub fn take_token(arguments: &[OsString]) -> Option<(Vec<OsString>, OsString)> {
    let is_token = |argument: &OsString| argument.to_str().is_some_and(|text| bare(name(text)) == "token");
    let at = before_dashes(arguments).iter().position(is_token)?;
    let Ok(Words::Command(typed)) = split(arguments) else { return None };
    let mut left = arguments.to_vec();
    // Its value is in the same argument or in the next.
    let has_value = left.remove(at).to_str().is_some_and(|text| text.contains('='));
    if !has_value {
        left.remove(at);
    }
    let token = typed.options.into_iter().find(|(option, _)| option.flag == "--token");
    token.map(|(_, token)| (left, token.into()))
}
