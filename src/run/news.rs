//! What a run says, as data. Must never know the words of a line.

use std::time::Duration;

use crate::process::Ended;

/// What a run says, once for each change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// This process leads. Holds the term.
    Leading(u64),
    /// Another process leads. Holds its place.
    Following(String),
    /// Nobody leads, and this process is no candidate. Holds why.
    Waiting(String),
    /// The lead is lost. Holds why.
    Lost(String),
    /// Consul cannot be asked. Holds why.
    Unreachable(String),
    /// The election cannot be held. Holds why.
    Failed(String),
    /// The command runs without a lead.
    RunsAnyway,
    /// The command that runs without a lead ends, because another process leads. Holds its place.
    Yields(String),
    /// The command has ended, and runs again after this time.
    Reruns(Ended, Duration),
    /// The command has ended, and another process may lead.
    Reelects(Ended),
    /// The command ends, because this program received a signal.
    Stops(u8),
    /// The next tick, if there will be one. Also holds how many were skipped and missed.
    Next(Option<String>, u64, u64),
    /// The command runs for this tick.
    Runs(String),
    /// The command has ended for this tick.
    Ran(String, Ended),
    /// The command has run for as long as it may, and ends.
    TooLong(Duration),
    /// The command ends, because the next tick is due.
    Replaced,
    /// The record of a tick cannot be written, so it does not start. Holds why.
    NotRecorded(String),
    /// The recorded tick is so far ahead of this clock.
    Ahead(Duration),
}
