//! What a pass saw last, and why it settles the role again. Plain data.

use std::sync::Arc;
use std::time::Instant;

use super::key_state::{KeyAnswer, KeyState};
use super::model::{Lock, View};

/// The last observation, as far as a later one may differ.
pub struct Seen {
    /// What it showed.
    pub view: Arc<View>,
    /// The state of the lock key.
    pub key: KeyState,
    /// When it began.
    pub at: Instant,
}

/// What an observation showed of the lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadSeen {
    /// Whether this instance holds the lock.
    pub is_own: bool,
    /// The number of the present term, or of the last one.
    pub term: u64,
    /// When the leader acquired the lock; `None`: nobody leads, or that is unknown.
    pub since: Option<String>,
}

impl Seen {
    /// What it showed of the lead; `None`: nothing.
    pub fn lead(&self) -> Option<LeadSeen> {
        let (is_own, since) = match &self.view.lock {
            Lock::Unknown => return None,
            Lock::Free => (false, None),
            Lock::Mine { holder, .. } => (true, holder.as_ref().map(|holder| holder.since.clone())),
            Lock::Another(leader) => (false, Some(leader.since.clone())),
        };
        Some(LeadSeen { is_own, term: self.view.term, since })
    }
}

/// Why a pass settles the role now, and what is known because of that.
#[derive(Default)]
pub enum Cause {
    /// Nothing is known yet, or what changed must be observed.
    #[default]
    Change,
    /// The lock key has changed to this.
    Key(KeyAnswer),
    /// The connection to the service's port has ended; whether it stayed closed for the whole grace.
    PortClosed {
        /// Whether it did.
        grace_is_over: bool,
    },
    /// The last observation stands, and the lock's delay may be over.
    LockDelay,
}
