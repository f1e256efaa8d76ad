//! What is typed and what is printed: the command line and the environment become a checked [`Config`], and an outcome becomes a line.
//! Asks Consul nothing.

mod access;
mod arguments;
pub mod commands;
mod draft;
mod help;
pub mod lines;
mod named;
mod option;
mod remedies;
mod shell;
pub mod table;
mod tls;
mod values;
mod wording;

use std::ffi::OsString;

use crate::election::{Config, Names, is_query_name};
use arguments::{Typed, Words};
use draft::Draft;

pub use arguments::take_token;
use commands::CommandKind;
pub use help::help;
pub use option::OptionSpec;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Make a pass, as Consul's check.
    Check(Box<Run>),
    /// Hand the lead over.
    Resign(Box<Run>),
}

/// A run of the program, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The election's configuration.
    pub config: Config,
    /// The least severe level that is logged, if the user names it.
    pub log_level: Option<log::LevelFilter>,
}

/// A command line or an environment that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// The prepared query's name, if it can be guessed, so that the error still says which election it is about.
    pub query: Option<String>,
    /// The option or variable, what is wrong with it, and what to do.
    pub message: String,
}

impl Command {
    /// Reads a command line, without the program's name, and the environment.
    ///
    /// # Errors
    /// When an argument, a value or a combination of them is invalid.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Command, UsageError> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        read(&arguments, environment).map_err(|message| UsageError { query: guess_query(&arguments), message })
    }
}

fn read(arguments: &[OsString], environment: impl Fn(&str) -> Option<OsString>) -> Result<Command, String> {
    let Typed { command, options } = match arguments::split(arguments)? {
        Words::Help => return Ok(Command::Help),
        Words::Version => return Ok(Command::Version),
        Words::Command(typed) => typed,
    };
    let mut draft = Draft::default();
    for (option, text) in &options {
        option.apply(&mut draft, text)?;
    }
    let run = draft.finish(command, environment).map(Box::new)?;
    Ok(match command {
        CommandKind::Check => Command::Check(run),
        CommandKind::Resign => Command::Resign(run),
    })
}

/// The election's name in a command line that may be wrong elsewhere.
fn guess_query(arguments: &[OsString]) -> Option<String> {
    let value = |wanted: &str| {
        let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
        while let Some(argument) = arguments.next() {
            match argument.trim_start_matches('-').split_once('=') {
                Some((name, value)) if name == wanted => return Some(value.to_owned()),
                None if argument.trim_start_matches('-') == wanted => return arguments.next().map(str::to_owned),
                _ => {}
            }
        }
        None
    };
    let of_service = || value("consul-service-name").filter(|name| !name.is_empty());
    let of_service = || of_service().map(|name| Names::of_service(&name).query);
    let guess = value("consul-query-name").or_else(of_service);
    guess.filter(|query| !query.starts_with('-') && is_query_name(query))
}

#[cfg(test)]
impl Config {
    /// An election of the service redis, all defaults.
    pub(crate) fn for_tests() -> Config {
        Config::typed("")
    }

    /// An election of the service redis with these options.
    pub(crate) fn typed(text: &str) -> Config {
        let arguments = text.split_whitespace().chain(["--consul-service-name", "redis"]).map(OsString::from);
        match Command::read(arguments, |_| None) {
            Ok(Command::Check(run) | Command::Resign(run)) => run.config,
            other => panic!("{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests;
