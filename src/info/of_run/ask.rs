//! Asks Consul for the key of such an election and for the session that holds it. Must never know what the key says.

use jiff::Timestamp;

use super::super::ask::fresh_or_stale;
use super::super::asked::{Part, WordsFor};
use crate::consul::{Client, Key, Session};
use crate::election::Names;
use crate::lead::Note;

/// What Consul answered.
#[derive(Clone, Debug)]
pub struct AskedRun {
    /// The election, whose name is that of its query.
    pub names: Names,
    /// The lock key.
    pub lock: Part<Option<Key>>,
    /// The session that holds it; `None`: nobody does, or the token may not read it.
    pub session: Option<Session>,
    /// Why this is what a server last knew, and not what holds now: the servers have no leader.
    pub stale: Option<String>,
    /// When it was asked.
    pub now: Timestamp,
}

impl AskedRun {
    /// Returns it with the words for each remedy.
    #[must_use]
    pub fn explained(self, words_for: &WordsFor) -> AskedRun {
        AskedRun { lock: self.lock.map_err(|missing| missing.explained(words_for)), ..self }
    }

    /// Returns whether the key is that of such an election, and not of a service's.
    pub fn is_of_run(&self) -> bool {
        self.lock.as_ref().is_ok_and(|key| key.as_ref().is_some_and(|key| Note::is_in(&key.value)))
    }
}

/// Asks for everything about an election of `run`.
pub fn ask_run(client: &Client, names: &Names) -> AskedRun {
    let now = Timestamp::now();
    let (lock, stale) = fresh_or_stale(client, |client| client.key(&names.lock_key));
    let client = if stale.is_some() { &client.stale() } else { client };
    let holder = lock.as_ref().ok().and_then(Option::as_ref).and_then(|key| key.session.as_deref());
    let session = holder.and_then(|id| client.session(id).ok().flatten());
    AskedRun { names: names.clone(), lock, session, stale, now }
}
