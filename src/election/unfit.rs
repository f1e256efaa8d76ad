//! Why an instance of the service is no candidate of its election. Plain data.

use super::obstacle::Obstacle;
use super::value::StandBack;

/// Why an instance is no candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Nothing shows that it takes part: its election check has not run yet, or it has none.
    NotMarked,
    /// It takes part in other elections, and not in this one. Only those who look from outside say so.
    OtherElections {
        /// Their names.
        names: Vec<String>,
        /// Whether they have the master tag of this one, so that clients take their masters for this one's.
        share_tag: bool,
    },
    /// Its mark names this lock key, which is another election's.
    OtherKey(String),
    /// Its mark has a priority that this program does not write.
    WrongMark,
    /// Its priority is 0.
    NeverLeads,
    /// Nothing listens on the port that it watches.
    NothingListens,
    /// It has a mark, and no check of it runs the election. Only those who look from outside say so.
    NothingRuns,
    /// The election check that its mark names does not exist.
    CheckMissing(String),
    /// Its election check is critical: Consul cannot run it, or killed it.
    CheckCritical(String),
    /// Its election check reports this error.
    CheckReports(String),
    /// Its checks do not let it lead.
    Obstacle(Obstacle),
    /// It stands back, or failed not long ago.
    StandsBack(StandBack),
}
