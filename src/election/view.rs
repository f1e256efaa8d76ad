//! What a pass saw: the data that the decision is made from. Plain values, no I/O.

use serde::{Deserialize, Serialize};

use crate::consul::{Check, PreparedQuery, Registration};

/// Everything that one look at Consul told.
#[derive(Clone, Debug)]
pub struct View {
    /// The instance that this pass is about.
    pub instance: Instance,
    /// Who holds the lock key.
    pub lock: Lock,
    /// The prepared query, where it was asked for.
    pub query: Query,
    /// Whether this pass has already tried for the free lock and Consul did not give it.
    pub refused: bool,
}

/// The instance that stands for election.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The name of its node.
    pub node: String,
    /// Its registration with the local agent.
    pub registration: Registration,
    /// Its tags where they count: the agent's, or with `EnableTagOverride` the catalog's.
    pub tags: Vec<String>,
    /// Its checks and its node's.
    pub checks: Vec<Check>,
}

/// Who holds the lock key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// No session.
    Free,
    /// A session of this instance.
    Mine {
        /// The session.
        session: String,
        /// `LockIndex`: grows by one with every leadership; with the key's `CreateIndex` it names this one for good.
        term: u64,
        /// What the key's value says of this instance; `None` when someone else wrote the value.
        holder: Option<Holder>,
    },
    /// A session of another instance.
    Another(Leader),
    /// Consul could not say.
    Unknown,
}

/// The lock key's value: who leads, for all who read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The name of the holder's node.
    pub node: String,
    /// The holder's service ID.
    pub service_id: String,
    /// Where it is to be reached: the registered address, or its node's. Empty when neither could be learnt.
    #[serde(default)]
    pub address: String,
    /// The registered port; 0 when there is none.
    #[serde(default)]
    pub port: u16,
    /// The session that holds the key, which proves that the holder itself wrote this.
    pub session: String,
    /// The name of the election that it leads.
    #[serde(default)]
    pub election: String,
    /// When it took the lock, in RFC 3339, by its own clock.
    #[serde(default)]
    pub since: String,
    /// The IDs of the checks that the session is bound to, beside the node's own life.
    #[serde(default)]
    pub checks: Vec<String>,
    /// The holder's election check, once it is known: a run that Consul had to kill leaves an output that no longer tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_id: Option<String>,
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
}

impl Leader {
    /// The leader that the key's value describes.
    pub fn from_holder(holder: &Holder) -> Leader {
        Leader {
            node: Some(holder.node.clone()),
            address: holder.address.clone(),
            port: holder.port,
            session: holder.session.clone(),
        }
    }
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
