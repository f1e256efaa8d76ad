//! What `info` prints and ends with. Asks nothing.

mod nothing;
mod prometheus;
mod schedule;
mod table;
mod yaml;

use std::time::SystemTime;

pub use nothing::nothing_found;

use super::show::Format;
use crate::info::{Info, State};
use crate::text::without;

/// What a command prints, and its exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// For stdout.
    pub text: String,
    /// For stderr: what went wrong; empty: nothing.
    pub error: String,
    /// The exit code.
    pub code: u8,
}

/// How the output is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// Whether a table has colours.
    pub has_colour: bool,
}

impl Style {
    /// The format that was asked for, or the one that fits where the output goes. `no_colour` is the variable `NO_COLOR`.
    #[must_use]
    pub fn of(format: Option<Format>, is_terminal: bool, no_colour: Option<&std::ffi::OsStr>) -> Style {
        let fitting = if is_terminal { Format::Table } else { Format::Json };
        let has_colour = is_terminal && no_colour.is_none_or(std::ffi::OsStr::is_empty);
        Style { format: format.unwrap_or(fitting), has_colour }
    }
}

/// The report on elections, with the exit code of the worst. `secrets`: what must not show.
#[must_use]
pub fn report(elections: &[Info], style: Style, secrets: &[String], now: SystemTime) -> Report {
    let text = match style.format {
        Format::Table => table::tables(elections, style.has_colour, now),
        Format::Json => elections.iter().map(|info| json(info) + "\n").collect(),
        Format::Yaml => elections.iter().map(yaml::document).collect(),
        Format::Prometheus => prometheus::text(elections),
    };
    let worst = elections.iter().map(|info| info.state).max().unwrap_or(State::Unknown);
    Report { text: without(&text, secrets), error: String::new(), code: code(worst) }
}

/// The report on an attempt that could not even begin to ask.
#[must_use]
pub fn failed(command: &str, error: &str, secrets: &[String]) -> Report {
    let error = super::lines::loggable(error, secrets);
    Report { text: String::new(), error: format!("{command}: error: {error}\n"), code: code(State::Unknown) }
}

/// The exit code of a state.
fn code(state: State) -> u8 {
    match state {
        State::Healthy => 0,
        State::Troubled => 1,
        State::Leaderless => 2,
        State::Unknown => 3,
    }
}

fn json(info: &Info) -> String {
    serde_json::to_string(info).unwrap_or_default()
}

#[cfg(test)]
mod tests;
