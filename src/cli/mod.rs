//! What is typed and what is printed: the command line and the environment become a checked [`Config`], and an outcome becomes a line.
//! Asks Consul nothing.

mod access;
mod arguments;
pub mod commands;
pub mod doctor;
mod draft;
mod environment;
mod file;
mod given;
mod guess;
mod help;
pub mod info;
mod info_of_run;
pub mod lines;
pub mod log_record;
mod metrics;
mod named;
mod option;
mod own_variable;
pub mod pass_metrics;
pub mod plans;
pub mod remedies;
mod run;
pub mod run_lines;
mod run_options;
mod schedule_options;
mod shell;
pub mod show;
pub mod table;
mod tls;
mod values;
pub mod watch;
mod wording;

use std::ffi::OsString;

use crate::consul::Status;
use crate::election::Config;
use crate::run::Settings;
use arguments::Words;
use doctor::DoctorOptions;
use draft::Draft;
use given::{Given, Places, Wrong};
use log_record::LogFormat;

pub use arguments::take_token;
use commands::CommandKind;
pub use environment::Environment;
pub use guess::elsewhere;
pub use help::help;
pub use option::OptionSpec;
use show::Show;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help of a command.
    Help(CommandKind),
    /// Print the version.
    Version,
    /// Make a pass, as Consul's check.
    Check(Box<Run>),
    /// Hand the lead over.
    Resign(Box<Run>),
    /// A command of the other program.
    Other(CommandKind, Box<Run>),
}

/// A run of the program, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The election's configuration.
    pub config: Config,
    /// The least severe level that is logged, if the user names it.
    pub log_level: Option<log::LevelFilter>,
    /// How `info` and `watch` show an election.
    pub show: Show,
    /// The command to run on the leader, for `run`.
    pub task: Option<Settings>,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What `doctor` takes besides.
    pub doctor: DoctorOptions,
    /// Where each option was given that nobody typed.
    pub places: Places,
}

/// A command line or an environment that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// The prepared query's name, if it can be guessed, so that the error still says which election it is about.
    pub query: Option<String>,
    /// The command, as far as it can be guessed.
    pub command: CommandKind,
    /// The status that the command line asks for after an error, if that can be read.
    pub status: Option<Status>,
    /// The option or variable, what is wrong with it, and what to do.
    pub message: String,
    /// Where the option was given, unless it was typed. The message names it as well.
    pub place: Option<String>,
    /// The file of options, if one is named.
    pub file: Option<String>,
}

impl Command {
    /// Reads a command line, without the program's name, and the environment.
    ///
    /// # Errors
    /// When an argument, a value or a combination of them is invalid.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        environment: &Environment,
    ) -> Result<Command, UsageError> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let mut given = Vec::new();
        read(&arguments, environment, &mut given)
            .map_err(|wrong| guess::usage_error(&arguments, &given, Places::of(&given).locate_error(wrong)))
    }
}

/// The error of a check whose definition asks for the help: Consul would show it as a check that passes. `None`: the help is all that
/// is asked for.
#[must_use]
pub fn help_in_a_check(arguments: &[OsString]) -> Option<UsageError> {
    let has_option = arguments.iter().any(|argument| argument.to_str().is_some_and(arguments::takes_next));
    let message = || "the help elects nobody; leave --help out of the check's definition".to_owned();
    has_option.then(|| guess::usage_error(arguments, &[], message().into()))
}

fn read(arguments: &[OsString], environment: &Environment, given: &mut Vec<Given>) -> Result<Command, Wrong> {
    let mut typed = match arguments::split(arguments)? {
        Words::Help => return Ok(Command::Help(guess::command(arguments))),
        Words::Version => return Ok(Command::Version),
        Words::Command(typed) => typed,
    };
    let command = typed.command;
    let rest = std::mem::take(&mut typed.rest);
    given::collect(typed, environment, given)?;
    let mut draft = Draft::default();
    for Given { option, text, .. } in &*given {
        option.apply(&mut draft, text)?;
    }
    draft.run.command = rest;
    let run = Box::new(Run { places: Places::of(given), ..draft.finish(command, environment)? });
    Ok(match command {
        CommandKind::Check => Command::Check(run),
        CommandKind::Resign => Command::Resign(run),
        other => Command::Other(other, run),
    })
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
        match Command::read(arguments, &Environment::default()) {
            Ok(Command::Check(run) | Command::Resign(run)) => run.config,
            other => panic!("{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests;
