//! The value of the lock key: who holds it, as a note for people and for the processes that follow. Never a proof; must never know a
//! request.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text::{capped, one_line};

/// The most characters of each text that is read from others.
const LONGEST: usize = 100;

/// The note that a holder leaves in the key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The name of its node; empty if unknown.
    #[serde(default)]
    pub node: String,
    /// The name of the election.
    #[serde(default)]
    pub election: String,
    /// The session that held the key when this was written.
    #[serde(default)]
    pub session: String,
    /// When it acquired the key, in RFC 3339, by its own clock.
    #[serde(default)]
    pub since: String,
    /// What the program says of itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub holder: String,
    /// Why it released the key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resigned: String,
    /// What it hands on to the next holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Value>,
}

/// The process that leads, as far as known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leader {
    /// The session that holds the key.
    pub session: String,
    /// The name of its node; empty if its holder has left no note.
    pub node: String,
    /// What the program there says of itself; may be empty.
    pub holder: String,
    /// The term: how often the key has been acquired since it was created.
    pub term: u64,
}

impl Note {
    /// Creates the note of a holder.
    pub fn new(election: &str, node: &str, session: &str, holder: &str) -> Note {
        Note {
            node: node.to_owned(),
            election: election.to_owned(),
            session: session.to_owned(),
            since: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            holder: holder.to_owned(),
            resigned: String::new(),
            carried: None,
        }
    }

    /// Returns the key's value.
    pub fn encoded(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Leader {
    /// Returns the leader whose session holds the key. Its note counts only if that session wrote it.
    pub(super) fn of(session: &str, term: u64, value: &[u8]) -> Leader {
        let note: Note = serde_json::from_slice(value).unwrap_or_default();
        let note = if note.session == session { note } else { Note::default() };
        let shown = |text: &str| one_line(&capped(text, LONGEST));
        Leader { session: shown(session), node: shown(&note.node), holder: shown(&note.holder), term }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_believed_only_of_the_session_that_holds_the_key() {
        let value = Note::new("reports", "n1", "s1", "pid 7").encoded();
        let leader = Leader::of("s1", 3, &value);
        assert_eq!((leader.node.as_str(), leader.holder.as_str(), leader.term), ("n1", "pid 7", 3));
        for (session, value) in
            [("s2", &value[..]), ("s1", b"not JSON"), ("s1", b""), ("s1", b"[1]"), ("s1", b"{\"node\":7}")]
        {
            assert_eq!(Leader::of(session, 3, value), Leader { session: session.into(), term: 3, ..Leader::default() });
        }
    }

    #[test]
    fn what_others_wrote_is_short_and_on_one_line() {
        let value = Note::new("reports", &"n\n".repeat(999), "s1", "\u{1b}[31m").encoded();
        let leader = Leader::of("s1", 1, &value);
        assert!(leader.node.chars().count() <= 101 && !leader.node.contains('\n') && !leader.holder.contains('\u{1b}'));
    }
}
