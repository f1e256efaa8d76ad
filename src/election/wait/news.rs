//! What the threads of a waiting pass report. Plain data.

use std::sync::Arc;
use std::time::Instant;

use crate::consul::Registration;
use crate::election::key_state::KeyAnswer;
use crate::port::Connection;

/// What was learned.
pub enum News {
    /// The lock key, and when it was asked for.
    Key(KeyAnswer, Instant),
    /// The instance's registration, and the hash to wait behind; `None` if it no longer exists.
    Registration(Option<(Registration, String)>),
    /// The service ended the first connection to its port and still listens: the second replaces it.
    PortReopened(Arc<Connection>, Arc<Connection>),
    /// The service ended this connection to its port, and no other can be made; and whether that held for the whole grace.
    PortClosed(Arc<Connection>, bool),
    /// A search for a connection to the service's port has found this one, or that nobody listens there (`None`).
    PortFound(Option<Connection>),
    /// A blocking query failed.
    Failed,
    /// The pass must end.
    Interrupted,
    /// Nothing within the time limit.
    Nothing,
}
