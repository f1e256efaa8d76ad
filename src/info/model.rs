//! What `info` shows of an election. Plain data: the fields are those of docs/info.md.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::of_run::ScheduleInfo;

/// The version of the fields: it changes when one of them changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// What `info` shows of an election.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Info {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The election's name, which is its prepared query's.
    pub election: String,
    /// The service whose instances take part; null if the election is one of `run` or of a program.
    pub service: Option<String>,
    /// The instance that leads.
    pub leader: Option<LeaderInfo>,
    /// The lock.
    pub lock: LockInfo,
    /// The election's name in DNS; null if the election is not about a service.
    pub dns: Option<DnsInfo>,
    /// The instances of the service, ordered by name.
    pub candidates: Vec<CandidateInfo>,
    /// What is wrong, the most important first.
    pub problems: Vec<String>,
    /// The last changes of leader, the newest first.
    pub history: Vec<ChangeInfo>,
    /// The schedule of `run`; null without one.
    pub schedule: Option<ScheduleInfo>,
    /// Why nobody leads, while nobody does.
    #[serde(skip)]
    pub vacancy: Option<String>,
    /// Whether something else than an instance of the election holds the lock.
    #[serde(skip)]
    pub is_taken: bool,
    /// What all of it comes to.
    #[serde(skip)]
    pub state: State,
}

/// What all of it comes to, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Somebody leads, and nothing is wrong.
    Healthy,
    /// Somebody leads, and something is wrong.
    Troubled,
    /// Nobody leads.
    Leaderless,
    /// It could not be asked who leads now.
    Unknown,
}

impl State {
    /// Returns what it comes to. `is_known`: it could be asked who leads now.
    pub fn of(is_known: bool, leads: bool, problems: &[String]) -> State {
        match (is_known, leads) {
            (false, _) => State::Unknown,
            (true, false) => State::Leaderless,
            (true, true) if problems.is_empty() => State::Healthy,
            (true, true) => State::Troubled,
        }
    }
}

/// The instance that leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeaderInfo {
    /// The name of its node; null if only its session is known.
    pub node: Option<String>,
    /// Its service ID; null if unknown.
    pub service_id: Option<String>,
    /// Its address; null if unknown.
    pub address: Option<String>,
    /// Its port; null if it has none or it is unknown.
    pub port: Option<u16>,
    /// What the program says of itself, if the election is one of `run` or of a program; null if it says nothing.
    pub holder: Option<String>,
    /// The session that holds the lock.
    pub session: String,
    /// Since when it leads, by its own clock; null if unknown.
    pub since: Option<String>,
    /// The number that its term began with, if that is known. The lock's index grows beyond it when the lock moves to another session.
    pub term: u64,
}

/// The lock.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LockInfo {
    /// The KV key.
    pub key: String,
    /// The session that holds it; null while it is free.
    pub session: Option<String>,
    /// How long nobody can acquire it after that session has ended; null if it cannot be read.
    #[serde(serialize_with = "seconds")]
    pub lock_delay_seconds: Option<Duration>,
    /// `CREATEINDEX.LOCKINDEX`, which grows with each term; null without a key.
    pub fencing_token: Option<String>,
}

/// The election's name in DNS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DnsInfo {
    /// The name.
    pub name: String,
    /// What it leads to, as `ADDRESS:PORT`.
    pub answers: Vec<String>,
    /// Who said so: `dns`, or `query`, the prepared query, where DNS cannot be asked; null: neither.
    pub source: Option<&'static str>,
    /// Why DNS cannot be asked; null: it was.
    pub error: Option<String>,
    /// Whether that is the leader and nothing else; null if either is unknown.
    pub agrees: Option<bool>,
}

/// An instance of the service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CandidateInfo {
    /// The name of its node.
    pub node: String,
    /// Its service ID.
    pub service_id: String,
    /// Its tag's role: `master`, `slave`, `both` or `none`.
    pub role: &'static str,
    /// `passing`, or what is not, such as `critical: redis-ping`.
    pub health: String,
    /// Its rank.
    pub priority: u32,
    /// Whether it may lead.
    pub can_lead: bool,
    /// Why it may not; null if it may.
    pub why: Option<String>,
    /// Whether it leads next if the leader fails now.
    pub next: bool,
    /// Whether it does not lead, should be able to, and is not.
    pub lost: bool,
}

impl LeaderInfo {
    /// Whether this change of leader began the lead. The term does not show it: it also grows when the lock moves to another session.
    pub fn began_with(&self, change: &ChangeInfo) -> bool {
        self.node.as_ref() == Some(&change.node) && self.since.as_ref() == Some(&change.since)
    }

    /// Whether it is the same lead, of which `other` may be a later state.
    pub fn is_same_lead(&self, other: &LeaderInfo) -> bool {
        let begin = |leader: &LeaderInfo| leader.since.clone().ok_or(leader.term);
        (&self.node, &self.service_id, begin(self)) == (&other.node, &other.service_id, begin(other))
    }
}

/// A change of leader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChangeInfo {
    /// The number of the term that began.
    pub term: u64,
    /// The node of the new leader.
    pub node: String,
    /// When it acquired the lock, by its own clock.
    pub since: String,
    /// Why the lock was free.
    pub reason: String,
}

/// A duration in seconds: without a fraction where it has none.
#[allow(clippy::ref_option, reason = "serde calls it with a reference to the field")]
fn seconds<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match duration {
        None => to.serialize_none(),
        Some(whole) if whole.subsec_nanos() == 0 => to.serialize_u64(whole.as_secs()),
        Some(odd) => to.serialize_f64(odd.as_secs_f64()),
    }
}
