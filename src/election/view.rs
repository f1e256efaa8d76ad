//! What a pass saw: the data that the decision is made from. Plain values, no I/O.

use super::candidates::Candidate;
use super::marks::Marks;
use super::value::{Holder, Notes};
use crate::consul::{Check, PreparedQuery, Registration};
use crate::port::Target;

/// Everything that one look at Consul told.
#[derive(Clone, Debug)]
pub struct View {
    /// The instance that this pass is about.
    pub instance: Instance,
    /// Who holds the lock key.
    pub lock: Lock,
    /// The number of the present leadership, or of the last one where the lock is free.
    pub term: u64,
    /// What the lock's value notes.
    pub notes: Notes,
    /// The other instances that could lead, best first; `None` where they were not asked for.
    pub others: Option<Vec<Candidate>>,
    /// Whether `--max-term` has passed since this instance took the lock.
    pub term_is_over: bool,
    /// Whether the challenger that the lock's value names has been passing for long enough.
    pub challenger_is_due: bool,
    /// The prepared query, where it was asked for.
    pub query: Query,
    /// Whether anything listens where the service should, where that was asked.
    pub port: Port,
    /// What this pass has done already.
    pub done: Done,
}

/// What a pass has done already and is not to do again by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each tells of another thing that was done")]
pub struct Done {
    /// It has tried for the free lock and Consul did not give it.
    pub refused: bool,
    /// It has renewed its session.
    pub renewed: bool,
    /// It has moved the lock to another session, and the old one is left.
    pub rebound: bool,
    /// It has found that nothing listens on the service's port, for as long as that may be.
    pub port_refused: bool,
    /// It has run a slave's hook that failed.
    pub hook_failed: bool,
}

/// The instance that stands for election.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The name of its node.
    pub node: String,
    /// The address of its node, where it was learnt by the way.
    pub node_address: Option<String>,
    /// Its registration with the local agent.
    pub registration: Registration,
    /// Its tags and Meta where they count: the agent's, or for the tags with `EnableTagOverride` the catalog's.
    pub marks: Marks,
    /// Its checks and its node's.
    pub checks: Vec<Check>,
}

/// Who holds the lock key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Lock {
    /// No session.
    Free,
    /// A session of this instance.
    Mine {
        /// The session.
        session: String,
        /// What the key's value says of this instance; `None` when someone else wrote the value.
        holder: Option<Holder>,
    },
    /// A session of another instance.
    Another(Leader),
    /// Consul could not say.
    Unknown,
}

/// The instance that leads, as far as the lock key tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leader {
    /// The name of its node; `None` when the key's value does not tell and the session may not be read.
    pub node: Option<String>,
    /// Empty when unknown.
    pub address: String,
    /// 0 when unknown.
    pub port: u16,
    /// The session that holds the lock.
    pub session: String,
    /// Its service ID; empty when unknown.
    pub service_id: String,
    /// When it took the lock, as the lock's value says; empty when that does not tell.
    pub since: String,
}

impl Leader {
    /// The leader that the key's value describes.
    pub fn from_holder(holder: &Holder) -> Leader {
        Leader {
            node: Some(holder.node.clone()),
            address: holder.address.clone(),
            port: holder.port,
            session: holder.session.clone(),
            service_id: holder.service_id.clone(),
            since: holder.since.clone(),
        }
    }
}

/// Whether anything listens where the service should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// Nobody asked.
    NotAsked,
    /// Something does, or nobody can tell.
    Open,
    /// Nothing does, there.
    Refused(Target),
    /// Nobody knows where it should.
    Nowhere,
}

/// The prepared query.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Nothing that this pass may do depends on it.
    NotAsked,
    /// It was asked for, and Consul could not say.
    Unreadable,
    /// Consul has none that answers for the name.
    Missing,
    /// The one that answers for the name.
    Found(PreparedQuery),
}
