//! The state of the lock key, as far as it shows a change. Plain data.

use crate::consul::Key;

/// A key, if there is one, and the index of the answer.
pub type KeyAnswer = (Option<Key>, String);

/// The state of a key, as far as it shows a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyState {
    /// The raft index of its last change; 0 if there is no such key.
    modify_index: u64,
    /// The session that holds it. It ends without a change of the key when the session ends.
    session: Option<String>,
    /// The index of the answer, to wait behind.
    pub index: String,
}

impl KeyState {
    /// The state that an answer shows.
    pub fn of(found: Option<&Key>, index: String) -> KeyState {
        let session = found.and_then(|key| key.session.clone());
        KeyState { modify_index: found.map_or(0, |key| key.modify_index), session, index }
    }

    /// Whether the key is unchanged, however far the index has gone.
    pub fn is_same(&self, other: &KeyState) -> bool {
        (self.modify_index, &self.session) == (other.modify_index, &other.session)
    }
}
