//! What a pass saw last, and why it settles the role again. Plain data.

use std::sync::Arc;
use std::time::Instant;

use super::key_state::{KeyAnswer, KeyState};
use super::model::View;

/// The last observation, as far as a later one may differ.
pub struct Seen {
    /// What it showed.
    pub view: Arc<View>,
    /// The state of the lock key.
    pub key: KeyState,
    /// When it began.
    pub at: Instant,
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
