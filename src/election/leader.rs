//! The instance that leads, as far as the lock key shows. Plain data.

use super::identity::Identity;
use super::value::Holder;

/// The instance that leads, as far as the lock key shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leader {
    /// Its identity; `None` if the key's value does not hold it and the session cannot be read. The service ID is empty
    /// if only the session's node is known.
    pub instance: Option<Identity>,
    /// Its address; empty if unknown.
    pub address: String,
    /// Its port; 0 if unknown.
    pub port: u16,
    /// The session that holds the lock.
    pub session: String,
    /// The time at which it acquired the lock, as the lock's value has it; empty if unknown.
    pub since: String,
}

impl Leader {
    /// The leader that the key's value describes.
    pub fn from_holder(holder: &Holder) -> Leader {
        Leader {
            instance: Some(holder.instance.clone()),
            address: holder.address.clone(),
            port: holder.port,
            session: holder.session.clone(),
            since: holder.since.clone(),
        }
    }

    /// The name of its node, if known.
    pub fn node(&self) -> Option<&str> {
        self.instance.as_ref().map(|instance| instance.node.as_str())
    }
}
