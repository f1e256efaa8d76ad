//! The value of the lock key: who holds it, as a note for people and for the processes that follow. Never a proof; must never know a
//! request.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::timing::LONGEST_LOCK_DELAY;
use crate::bounds;
use crate::text::{capped, one_line};

/// The most characters of each text that is read from others.
const LONGEST: usize = 100;

/// The note that a holder leaves in the key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
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
    /// The lock-delay of its session, in milliseconds.
    #[serde(default)]
    pub lock_delay: u64,
    /// Whether its work was over when it released the key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
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
    pub fn new(election: &str, node: &str, session: &str, holder: &str, lock_delay: Duration) -> Note {
        Note {
            node: node.to_owned(),
            election: election.to_owned(),
            session: session.to_owned(),
            since: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            holder: holder.to_owned(),
            lock_delay: u64::try_from(lock_delay.as_millis()).unwrap_or(u64::MAX),
            released: false,
            resigned: String::new(),
            carried: None,
        }
    }

    /// Reads a value. `None`: it is no note.
    pub fn read(value: &[u8]) -> Option<Note> {
        if bounds::has_too_many_values(value) { None } else { serde_json::from_slice(value).ok() }
    }

    /// Returns whether a value is such a note, and not that of a service's election, which has no lock-delay.
    pub fn is_in(value: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Own {
            #[serde(rename = "lock_delay")]
            _lock_delay: u64,
        }
        Note::read(value).is_some() && serde_json::from_slice::<Own>(value).is_ok()
    }

    /// Returns the note of a holder whose work is over, from the value that it wrote.
    pub fn of_release(value: &[u8]) -> Note {
        Note { released: true, ..Note::read(value).unwrap_or_default() }
    }

    /// Returns how long nobody may take a free key with this value, counted from when it was seen free. Consul's own lock-delay is not
    /// enough: a server forgets it when the end of an earlier one for the same key comes, such as one that it has read from its log when
    /// it started again (1.8.7, 1.21.0).
    pub fn lock_delay_of(value: &[u8], own: Duration) -> Duration {
        match Note::read(value) {
            Some(note) if note.released => Duration::ZERO,
            Some(note) if note.lock_delay > 0 => Duration::from_millis(note.lock_delay).min(LONGEST_LOCK_DELAY),
            // Somebody else's: as long as this process would need.
            _ => own,
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
        let note = Note::read(value).unwrap_or_default();
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
        let value = Note::new("reports", "n1", "s1", "pid 7", Duration::from_secs(9)).encoded();
        let leader = Leader::of("s1", 3, &value);
        assert_eq!((leader.node.as_str(), leader.holder.as_str(), leader.term), ("n1", "pid 7", 3));
        for (session, value) in
            [("s2", &value[..]), ("s1", b"not JSON"), ("s1", b""), ("s1", b"[1]"), ("s1", b"{\"node\":7}")]
        {
            assert_eq!(Leader::of(session, 3, value), Leader { session: session.into(), term: 3, ..Leader::default() });
        }
    }

    #[test]
    fn only_a_key_that_was_released_after_the_work_is_free_at_once() {
        let secs = Duration::from_secs;
        let note = Note::new("reports", "n1", "s1", "pid 7", secs(9));
        let released = Note { released: true, ..note.clone() };
        for (value, expected) in [
            (note.encoded(), 9),
            (released.encoded(), 0),
            (Note::of_release(&note.encoded()).encoded(), 0),
            (Note::of_release(b"").encoded(), 0),
            (Note { lock_delay: u64::MAX, ..note }.encoded(), 60),
            (b"{}".to_vec(), 15),
            (b"not JSON".to_vec(), 15),
            (Vec::new(), 15),
        ] {
            let text = String::from_utf8_lossy(&value).into_owned();
            assert_eq!(Note::lock_delay_of(&value, secs(15)), secs(expected), "{text}");
        }
    }

    #[test]
    fn what_others_wrote_is_short_and_on_one_line() {
        let value = Note::new("reports", &"n\n".repeat(999), "s1", "\u{1b}[31m", Duration::ZERO).encoded();
        let leader = Leader::of("s1", 1, &value);
        assert!(leader.node.chars().count() <= 101 && !leader.node.contains('\n') && !leader.holder.contains('\u{1b}'));
    }
}
