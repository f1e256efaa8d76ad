//! What a command line that cannot be run still shows: its election, its command, and the status of its errors. Reports no error itself.

use std::ffi::OsString;

use super::UsageError;
use super::arguments;
use super::commands::{COMMANDS, CommandKind, CommandSpec, Program};
use super::given::{Given, Wrong};
use super::values;
use crate::consul::Status;
use crate::election::{Names, is_query_name};

/// The error, with everything that can be read of a command line that may be wrong anywhere.
pub fn usage_error(arguments: &[OsString], given: &[Given], wrong: Wrong) -> UsageError {
    let arguments = arguments::before_dashes(arguments);
    let value = |wanted: &str| {
        let elsewhere = || given.iter().find(|known| known.option.name() == wanted).map(|known| known.text.clone());
        value(arguments, wanted).or_else(elsewhere)
    };
    let Wrong { message, place } = wrong;
    UsageError {
        query: query(value),
        command: command(arguments),
        status: status(value),
        message,
        place,
        file: value("config"),
    }
}

/// The election's name.
fn query(value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let of_service = || value("consul-service-name").filter(|name| !name.is_empty());
    let of_service = || of_service().map(|name| Names::of_service(&name).query);
    let guess = value("consul-query-name").or_else(of_service);
    guess.filter(|query| !query.starts_with('-') && is_query_name(query))
}

/// The command, if the other program runs it.
#[must_use]
pub fn elsewhere(arguments: &[OsString]) -> Option<&'static CommandSpec> {
    let is_other = |command: &&CommandSpec| command.program == Program::Commands;
    let arguments = arguments::before_dashes(arguments);
    // Most runs are checks, without any such word: they look no further.
    let has_word = COMMANDS.iter().filter(is_other).any(|command| arguments.iter().any(|word| word == command.name));
    has_word.then(|| command(arguments).spec()).filter(is_other)
}

/// The command: the first argument that is neither an option nor the value of one names it.
pub fn command(arguments: &[OsString]) -> CommandKind {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str()).peekable();
    while let Some(argument) = arguments.next() {
        if arguments::takes_next(argument) {
            arguments.next_if(|next| !arguments::is_option(next));
        } else if !argument.starts_with('-') {
            let named = COMMANDS.iter().find(|command| command.name == argument);
            return named.map_or(CommandKind::Check, |command| command.kind);
        }
    }
    CommandKind::Check
}

/// The status that the check asks for after an error.
fn status(value: impl Fn(&str) -> Option<String>) -> Option<Status> {
    value("error-status").and_then(|text| values::status(&text).ok())
}

/// The value of the option of this name without dashes.
fn value<'a>(arguments: &'a [OsString], wanted: &str) -> Option<String> {
    // An option and its value may have been typed as one argument.
    let words = |text: &'a str| {
        let splits = text.starts_with('-') && !text.contains('=');
        text.split(move |c: char| splits && c.is_whitespace())
    };
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str()).flat_map(words);
    while let Some(argument) = arguments.next() {
        match argument.trim_start_matches('-').split_once('=') {
            Some((name, value)) if name == wanted => return Some(value.to_owned()),
            None if argument.trim_start_matches('-') == wanted => return arguments.next().map(str::to_owned),
            _ => {}
        }
    }
    None
}
