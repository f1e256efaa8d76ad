//! The agent that an election asks, as a program names it. Must never know what is asked.

use std::time::Duration;

use crate::consul::{self, Access, Scope};
use crate::deadline::Deadline;

/// A connection to a Consul agent, for an [`Election`](super::Election). Clones share it.
#[derive(Clone, Debug)]
pub struct Client(pub(super) consul::Client);

impl Client {
    /// Creates a client, which connects with its first request.
    #[must_use]
    pub fn new(access: &Access, scope: &Scope) -> Client {
        // Each request of an election has a limit of its own.
        Client(consul::Client::new(access, scope, Deadline::after(Duration::ZERO)))
    }
}

impl From<&Access> for Client {
    fn from(access: &Access) -> Client {
        Client::new(access, &Scope::default())
    }
}
