//! What identifies an instance, and a candidate in an unchanged state. Plain data.

use serde::{Deserialize, Serialize};

/// The identity of an instance in the datacenter.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// The name of its node.
    pub node: String,
    /// Its service ID, unique on the node.
    pub service_id: String,
}

/// A candidate of higher priority in an unchanged state: while the index is the same, none of its checks has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Its identity.
    #[serde(flatten)]
    pub instance: Identity,
    /// The raft index of the last change of any of its checks.
    pub checks_index: u64,
}
