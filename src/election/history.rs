//! The last changes of leader, and why the present lead began, as the lock's value keeps them. Owns their JSON; decides nothing.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use super::identity::Identity;

/// The most changes that the lock's value keeps.
pub const MOST_CHANGES: usize = 5;

/// A change of leader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The number of the term that began.
    pub term: u64,
    /// The node of the instance that acquired the lock.
    pub node: String,
    /// The time at which it did, in RFC 3339, by its own clock.
    pub since: String,
    /// Why the lock was free.
    pub reason: String,
}

/// The instance that gave the lead up in good order, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Its identity.
    #[serde(flatten)]
    pub instance: Identity,
    /// Why the lock is free.
    pub reason: String,
}

/// The part of the lock's value that is about the past. Only a run that writes the value reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The instance that gave the lead up, or is about to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
    /// The last changes of leader, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Change>,
}

impl Past {
    /// The past of the term that begins with `change`.
    #[must_use]
    pub fn with(&self, change: Change) -> Past {
        let history = std::iter::once(change).chain(self.history.iter().cloned()).take(MOST_CHANGES).collect();
        Past { left: None, history }
    }

    /// The past with a note that `instance` gives the lead up.
    #[must_use]
    pub fn leaving(self, instance: &Identity, reason: String) -> Past {
        Past { left: Some(Left { instance: instance.clone(), reason }), ..self }
    }
}

/// A part of a value that is skipped at the price of its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Unread, D::Error> {
        IgnoredAny::deserialize(value).map(|_| Unread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_changes_are_kept_and_a_new_term_forgets_who_left() {
        let change = |term| Change { term, node: format!("n{term}"), ..Change::default() };
        let mut past = Past::default();
        for term in 1..=8 {
            past = past.leaving(&Identity::default(), "why".to_owned()).with(change(term));
        }
        assert_eq!(past.history.iter().map(|change| change.term).collect::<Vec<_>>(), [8, 7, 6, 5, 4]);
        assert_eq!(past.left, None);
    }
}
