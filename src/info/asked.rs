//! What Consul answered about an election, part by part. Plain data.

use std::time::SystemTime;

use crate::consul::{Error, Found, Instances, Key, PreparedQuery, Session};
use crate::dns::Target;
use crate::election::Names;

/// A part of the answer, or why it is missing.
pub type Part<T> = Result<T, Missing>;

/// Why a part is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What was attempted and what came back. A denial ends with the ACL rule that is missing.
    pub words: String,
    /// Whether the token lacks rights.
    pub is_denied: bool,
}

impl From<Error> for Missing {
    fn from(error: Error) -> Missing {
        Missing { words: format!("{error:#}"), is_denied: error.is_denied() }
    }
}

/// What Consul answered about an election.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The election.
    pub names: Names,
    /// The lock key.
    pub lock: Part<Option<Key>>,
    /// The session that holds it; `None`: nobody does, or the token may not read it.
    pub session: Option<Session>,
    /// The instances of the service.
    pub instances: Part<Instances>,
    /// What the prepared query finds.
    pub found: Part<Option<Found>>,
    /// The prepared query's definition.
    pub query: Part<Option<PreparedQuery>>,
    /// The election's name in DNS.
    pub dns_name: String,
    /// What that name leads to.
    pub dns: Part<Vec<Target>>,
    /// Why this is what a server last knew, and not what holds now: the servers have no leader.
    pub stale: Option<String>,
    /// When it was asked.
    pub now: SystemTime,
}
