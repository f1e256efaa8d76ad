//! How `info` and `watch` show an election, as typed. Plain data, and the words for it.

use std::path::PathBuf;
use std::time::Duration;

/// How `info` and `watch` show an election.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Show {
    /// The format; `None`: a table on a terminal, JSON otherwise.
    pub format: Option<Format>,
    /// What ends `watch`; `None`: nothing but a signal or a time limit.
    pub until: Option<Until>,
    /// How long `watch` runs; `None`: for ever.
    pub timeout: Option<Duration>,
    /// Whether `info` shows an election of `run`, or of a program.
    pub is_of_run: bool,
    /// The file that a check writes its metrics to.
    pub metrics_file: Option<PathBuf>,
}

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// One object for each election, each on a line of its own.
    Json,
    /// One document for each election.
    Yaml,
    /// The text format of Prometheus.
    Prometheus,
}

/// What ends `watch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Somebody leads.
    Leader,
    /// The leader has changed.
    Change,
}

/// The words for a format.
pub const FORMATS: &[(&str, Format)] =
    &[("table", Format::Table), ("json", Format::Json), ("yaml", Format::Yaml), ("prometheus", Format::Prometheus)];

/// The words for what ends `watch`.
pub const UNTIL: &[(&str, Until)] = &[("leader", Until::Leader), ("change", Until::Change)];
