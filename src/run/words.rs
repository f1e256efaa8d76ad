//! What the election reports, as words for the decisions. Must never know what follows from them.

use super::machine::Input;
use crate::lead::{Leader, Pause};

/// The lead is over: nobody has confirmed it in time.
pub fn expired() -> Input {
    Input::Lost("its deadline came, and Consul had not confirmed it".to_owned())
}

/// Where the leader is.
pub fn place(leader: &Leader) -> String {
    match (leader.node.as_str(), leader.holder.as_str()) {
        ("", _) => format!("session {}", leader.session),
        (node, "") => node.to_owned(),
        (node, holder) => format!("{node} ({holder})"),
    }
}

/// Why nobody leads.
pub fn reason(pause: &Pause) -> String {
    match pause {
        Pause::LockDelay => "the lock is in its lock-delay".to_owned(),
        Pause::StandsBack => "this node stands back".to_owned(),
        Pause::NotHealthy(why) | Pause::Refused(why) => why.clone(),
    }
}
