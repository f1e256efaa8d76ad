//! What the threads of one election share: the last answer, the current term, and whether the election is stopped. Must never know a
//! request.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::moment::Moment;
use super::signal::Loss;
use super::term::Term;
use crate::consul::{Error, Key};
use crate::lock::Hold;

/// What the threads share, and how they wake each other.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// What is known.
#[derive(Debug)]
pub(super) struct State {
    /// The key's last state.
    pub seen: Seen,
    /// Why the last request failed.
    pub trouble: Option<Trouble>,
    /// When Consul last answered, or the election was created.
    pub answered: Moment,
    /// The term of this process.
    pub term: Option<Arc<Term>>,
    /// Until when this process is no candidate, and whether that is worth telling.
    pub stands_back_until: Option<(Moment, bool)>,
    /// The hold of a former term that could not be released. No work rests on it.
    pub leftover: Option<Hold>,
    /// Whether the election is stopped.
    pub stopped: bool,
    /// Counts the changes, so that one thread waits for no change that another has seen already.
    pub changes: u64,
}

/// What is known of the key.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    /// Nothing since the last term of this process.
    Nothing,
    /// The key as it was; `None`: it does not exist.
    Key(Option<Key>),
}

/// An outage, or a mistake.
#[derive(Debug)]
pub(super) struct Trouble {
    /// When the first of the failed requests was sent.
    pub since: Moment,
    /// The last error in words.
    pub words: String,
    /// Whether the last error needs an operator: Consul has answered, so this is no outage.
    pub is_permanent: bool,
    /// That error, until it is reported.
    pub permanent: Option<Error>,
}

impl Shared {
    pub fn new() -> Shared {
        let state = State {
            seen: Seen::Nothing,
            trouble: None,
            answered: Moment::now(),
            term: None,
            stands_back_until: None,
            leftover: None,
            stopped: false,
            changes: 0,
        };
        Shared { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known, and wakes every thread that waits.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        state.changes += 1;
        self.changed.notify_all();
        result
    }

    /// Waits for a change after this many, but no longer than `limit`.
    pub fn wait(&self, changes: u64, limit: Duration) {
        let begin = std::time::Instant::now();
        let mut state = self.lock();
        while state.changes == changes {
            let left = limit.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Notes an answer of Consul.
    pub fn has_answered(&self) {
        let mut state = self.lock();
        state.answered = Moment::now();
        if state.trouble.take().is_some() {
            state.changes += 1;
            self.changed.notify_all();
        }
    }

    /// Notes a request that failed, sent at `asked`.
    pub fn has_failed(&self, asked: Moment, error: Error) {
        log::debug!("{error:#}");
        self.change(|state| {
            let is_permanent = error.is_permanent();
            let same = state.trouble.as_ref().filter(|trouble| trouble.is_permanent == is_permanent);
            let since = same.map_or(asked, |trouble| trouble.since);
            let words = format!("{error:#}");
            state.trouble = Some(Trouble { since, words, is_permanent, permanent: is_permanent.then_some(error) });
        });
    }

    /// Stops the election and ends the lead.
    pub fn stop(&self) {
        let term = self.change(|state| {
            state.stopped = true;
            state.term.clone()
        });
        if let Some(term) = term {
            term.lose(Loss::Stopped);
        }
    }

    /// Returns whether the election is stopped.
    pub fn is_over(&self) -> bool {
        self.lock().stopped
    }
}
