//! The options of a run from all their sources: command line, environment and file, in this order of precedence. Reads no value.

use super::arguments::Typed;
use super::environment::Environment;
use super::file;
use super::named::Named;
use super::option::OptionSpec;
use super::own_variable::PREFIX;
use super::{table, values, wording};

/// An option with its text, and where that comes from.
pub struct Given {
    /// The option.
    pub option: &'static OptionSpec,
    /// Its text; a switch has none.
    pub text: String,
    /// Where it was given, for errors.
    pub origin: Origin,
}

/// Where an option was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    CommandLine,
    /// In the environment variable of this name.
    Variable(String),
    /// In this file, on this line.
    File(String, usize),
}

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The option or variable, what is wrong with it, and what to do.
    pub message: String,
    /// Where it was given, unless it was typed. The message names it as well.
    pub place: Option<String>,
}

impl From<String> for Wrong {
    fn from(message: String) -> Wrong {
        Wrong { message, place: None }
    }
}

/// Where each option was given that nobody typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(Vec<(&'static str, String)>);

/// The option that names the file.
const FILE: &str = "--config";

/// Collects the options of a command into `given`, which holds what was found so far even after an error.
///
/// # Errors
/// Names the variable, or the file, the line and the option, and what is wrong there.
pub fn collect(typed: Typed, environment: &Environment, given: &mut Vec<Given>) -> Result<(), Wrong> {
    let Typed { command, options, rest: _ } = typed;
    let mut named_file = None;
    for (option, text) in options {
        if option.flag == FILE {
            named_file = Some(Named { by: FILE, value: text });
        } else {
            given.push(Given { option, text, origin: Origin::CommandLine });
        }
    }
    // A switch that a variable turns off is decided as well.
    let mut off: Vec<&'static str> = Vec::new();
    // Most runs have no such variable, and look no further.
    let is_any = environment.has_any(PREFIX);
    for option in table::options().filter(|option| is_any && option.commands.contains(&command)) {
        let Some(name) = option.own_variable() else { continue };
        let Some(text) = environment.text(name)? else { continue };
        if option.flag == FILE {
            named_file.get_or_insert(Named { by: "ELECTION_CONFIG", value: text.to_owned() });
        } else if !has(given, option.flag) {
            of_variable(option, name, text, given, &mut off)?;
        }
    }
    if let Some(named) = named_file {
        let mut of_file = Vec::new();
        let result = file::read(&named, &mut of_file);
        let is_decided = |option: &OptionSpec| {
            off.contains(&option.flag) || has(given, option.flag) || is_set_elsewhere(option, given, environment)
        };
        for new in &mut of_file {
            new.option = table::of_command(new.option, command);
        }
        of_file.retain(|new| new.option.commands.contains(&command) && !is_decided(new.option));
        given.append(&mut of_file);
        result?;
    }
    Ok(check_needs(given)?)
}

fn has(given: &[Given], flag: &str) -> bool {
    given.iter().any(|known| known.option.flag == flag)
}

/// Adds what a variable says: of an option that can be repeated, several values between commas.
fn of_variable(
    option: &'static OptionSpec,
    name: &str,
    text: &str,
    given: &mut Vec<Given>,
    off: &mut Vec<&'static str>,
) -> Result<(), String> {
    let origin = Origin::Variable(name.to_owned());
    if option.is_switch() {
        match values::truth(text) {
            Some(true) => given.push(Given { option, text: String::new(), origin }),
            Some(false) => off.push(option.flag),
            None => return Err(wording::neither_true_nor_false(name, text)),
        }
    } else if option.repeatable {
        let values = text.split(',').map(str::trim).filter(|value| !value.is_empty());
        given.extend(values.map(|value| Given { option, text: value.to_owned(), origin: origin.clone() }));
    } else {
        given.push(Given { option, text: text.to_owned(), origin });
    }
    Ok(())
}

/// Whether a variable of Consul's own stands in for an option of the file. Token and token file are one setting: a token that is named
/// closer to the run must not lose to a file that is named in the other.
fn is_set_elsewhere(option: &OptionSpec, given: &[Given], environment: &Environment) -> bool {
    let is_set = |name: &str| environment.has(name);
    let tokens = ["--token", "--token-file"];
    if tokens.contains(&option.flag) {
        return table::options()
            .filter(|other| tokens.contains(&other.flag))
            .any(|other| other.variable.is_some_and(is_set) || has(given, other.flag));
    }
    option.variable.is_some_and(is_set)
}

fn check_needs(given: &[Given]) -> Result<(), String> {
    let lacks = |known: &Given| known.option.needs.filter(|needed| !has(given, needed));
    match given.iter().find_map(|known| lacks(known).map(|needed| (known.option.flag, needed))) {
        Some((flag, needed)) => Err(format!("{flag} does nothing without {needed}; give both or neither")),
        None => Ok(()),
    }
}

impl Places {
    /// The places of these options.
    pub fn of(given: &[Given]) -> Places {
        let place = |known: &Given| match &known.origin {
            Origin::CommandLine => None,
            Origin::Variable(name) => Some((known.option.flag, name.clone())),
            Origin::File(path, line) => Some((known.option.flag, format!("{path} line {line}"))),
        };
        Places(given.iter().filter_map(place).collect())
    }

    /// Adds to a text where each option in it was given, unless it was typed.
    #[must_use]
    pub fn located(&self, text: &str) -> String {
        self.locate(text).message
    }

    /// Adds to an error where each option in it was given, unless it was typed. The reader of the file has named the place already.
    pub fn locate_error(&self, wrong: Wrong) -> Wrong {
        if wrong.place.is_some() { wrong } else { self.locate(&wrong.message) }
    }

    fn locate(&self, text: &str) -> Wrong {
        let mut message = text.to_owned();
        let mut places: Vec<&str> = Vec::new();
        for (flag, place) in &self.0 {
            let is_whole = |at: &usize| {
                let next = message[at + flag.len()..].chars().next();
                next.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '-')
            };
            let at = message.match_indices(flag).map(|(at, _)| at).find(is_whole);
            if let Some(end) = at.map(|at| at + flag.len()).filter(|end| !message[*end..].starts_with(" (")) {
                message.insert_str(end, &format!(" ({place})"));
                places.push(place);
            }
        }
        Wrong { message, place: (!places.is_empty()).then(|| places.join(" and ")) }
    }
}

#[cfg(test)]
mod tests;
