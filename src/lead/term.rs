//! One term of leadership: the threads that prove the hold, renew the session and end the lead in time. Must never know what the program
//! does meanwhile.

use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::{debug, warn};

use super::builder::{Outage, Settings};
use super::moment::Moment;
use super::shared::Shared;
use super::signal::{Loss, Signal};
use super::timing::{PROVE_EVERY, REQUEST_LIMIT};
use super::value::{Leader, Note};
use crate::consul::Key;
use crate::lock::{Hold, Proof};

/// The rest after a proof that failed at once.
const RETRY: Duration = Duration::from_millis(500);

/// The longest time between two looks at the clock, which may have jumped over a suspend.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A number that grows with every lead of an election, for storage that refuses the writes of former leaders. Written as
/// `CreateIndex.LockIndex` of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken {
    /// The raft index at which the key was created.
    pub create_index: u64,
    /// How often the key has been acquired since then. It is the term's number.
    pub lock_index: u64,
}

impl std::fmt::Display for FencingToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}", self.create_index, self.lock_index)
    }
}

/// What the threads of a term share.
#[derive(Debug)]
pub(super) struct Term {
    pub settings: Arc<Settings>,
    pub token: FencingToken,
    pub lost: Signal,
    hold: Hold,
    shared: Weak<Shared>,
    begun: Moment,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// The moment of the last proof.
    proven: Moment,
    /// Whether the next proof is wanted at once.
    hurry: bool,
    /// Why there is no proof.
    trouble: Option<String>,
    /// Whether the failed request was refused, and not merely unanswered.
    refused: bool,
    /// Whether the lead has been given back.
    over: bool,
    /// What the key's value says.
    note: Note,
    /// The index of the last change of the value in this term.
    written: Option<u64>,
}

impl Term {
    /// Begins a term that was proven at `proven`, and starts its threads.
    ///
    /// # Errors
    /// When the system gives no thread. Those that were started end at once.
    pub fn begin(
        settings: &Arc<Settings>,
        shared: &Arc<Shared>,
        hold: Hold,
        token: FencingToken,
        note: Note,
        proven: Moment,
    ) -> std::io::Result<Arc<Term>> {
        let state = State { proven, hurry: false, trouble: None, refused: false, over: false, note, written: None };
        let term = Arc::new(Term {
            settings: Arc::clone(settings),
            token,
            lost: Signal::default(),
            hold,
            shared: Arc::downgrade(shared),
            begun: Moment::now(),
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let start = |name: &str, work: fn(&Term)| {
            let own = Arc::clone(&term);
            thread::Builder::new().name(name.to_owned()).spawn(move || work(&own))
        };
        for (name, work) in
            [("proof", Term::keep_proving as fn(&Term)), ("renewal", Term::keep_renewing), ("end", Term::end_in_time)]
        {
            start(name, work).inspect_err(|_| term.finish())?;
        }
        Ok(term)
    }

    pub fn session(&self) -> &str {
        self.hold.session()
    }

    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    /// Returns what the key's value says.
    pub fn note(&self) -> Note {
        self.lock().note.clone()
    }

    /// Notes what was written into the key, and the index of that.
    pub fn has_written(&self, note: Note, index: u64) {
        let mut state = self.lock();
        (state.note, state.written) = (note, Some(index));
    }

    /// Returns the index of the last change of the value in this term.
    pub fn written(&self) -> Option<u64> {
        self.lock().written
    }

    /// Returns the moment of the last proof.
    pub fn proven(&self) -> Moment {
        self.lock().proven
    }

    /// Asks for a proof at once.
    pub fn prove_now(&self) {
        self.lock().hurry = true;
        self.changed.notify_all();
    }

    /// Ends the lead for this reason, unless it is over already.
    pub fn lose(&self, why: Loss) {
        if !self.is_over() && self.lost.raise(why) {
            self.wake_election();
        }
    }

    /// Ends the threads. The signal is not raised any more.
    pub fn finish(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    pub fn is_over(&self) -> bool {
        self.lock().over
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_election(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.change(|_| ());
        }
    }

    /// Waits for this long, or until the term is over or `early` holds. Returns whether the term goes on.
    fn rest(&self, length: Duration, early: impl Fn(&State) -> bool) -> bool {
        let begin = Instant::now();
        let mut state = self.lock();
        while !state.over && !early(&state) {
            let left = length.saturating_sub(begin.elapsed());
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        !state.over
    }

    fn keep_proving(&self) {
        let mut next = PROVE_EVERY;
        while self.rest(next, |state| state.hurry) {
            self.lock().hurry = false;
            // A proof counts from before it was asked for.
            let asked = Moment::now();
            next = match self.hold.prove(REQUEST_LIMIT) {
                Ok(Proof::Held(..)) => {
                    self.is_proven(asked);
                    PROVE_EVERY
                }
                Ok(Proof::NotHeld(key)) => {
                    self.lose(Loss::Gone(instead(key)));
                    PROVE_EVERY
                }
                Err(error) => {
                    let words = format!("{error:#}");
                    {
                        let mut state = self.lock();
                        state.refused = error.is_permanent();
                        if state.trouble.replace(words.clone()).is_none() && !state.over {
                            let left = self.settings.timings.stop_by(state.proven).remaining();
                            let rest = crate::duration::format(Duration::from_secs(left.as_secs()));
                            match self.settings.outage {
                                Outage::Stop => warn!("cannot prove the lead, which ends in {rest}: {words}"),
                                Outage::Keep => warn!("cannot prove the lead, which stays (on-outage keep): {words}"),
                            }
                        }
                    }
                    if let Some(shared) = self.shared.upgrade() {
                        shared.has_failed(asked, error);
                    }
                    PROVE_EVERY.saturating_sub(asked.elapsed()).min(RETRY)
                }
            };
        }
    }

    fn is_proven(&self, asked: Moment) {
        {
            let mut state = self.lock();
            state.proven = state.proven.max(asked);
            if state.trouble.take().is_some() {
                debug!("the lead is proven again");
            }
        }
        if let Some(shared) = self.shared.upgrade() {
            shared.has_answered();
        }
    }

    fn keep_renewing(&self) {
        while self.rest(self.settings.timings.renew_every(), |_| false) {
            match self.hold.renew(REQUEST_LIMIT) {
                Ok(true) => {}
                // The session has ended, and with it the hold.
                Ok(false) => self.lose(Loss::Gone("its session has ended".to_owned())),
                Err(error) => debug!("{error:#}"),
            }
        }
    }

    /// Raises the signal at the moment by which work must be asked to stop, and when the lead has lasted for as long as it may.
    fn end_in_time(&self) {
        let relinquish = self.relinquishes_at();
        loop {
            let (stop_by, keeps, trouble) = {
                let state = self.lock();
                let keeps = self.settings.outage == Outage::Keep && !state.refused;
                (self.settings.timings.stop_by(state.proven), keeps, state.trouble.clone())
            };
            if stop_by.has_come() && !keeps {
                self.lose(Loss::Unproven(trouble.unwrap_or_else(|| "no answer yet".to_owned())));
            }
            if relinquish.is_some_and(Moment::has_come) {
                self.lose(Loss::Relinquished);
            }
            let next = relinquish.filter(|_| !self.lost.is_raised()).map_or(LOOK_EVERY, Moment::remaining);
            let next = if stop_by.has_come() { LOOK_EVERY } else { next.min(stop_by.remaining()) };
            // A moment that comes within the millisecond has not come yet.
            if !self.rest(next.clamp(Duration::from_millis(1), LOOK_EVERY), |_| false) {
                return;
            }
        }
    }

    /// Returns the moment at which the lead has lasted for as long as it may.
    fn relinquishes_at(&self) -> Option<Moment> {
        let after = self.settings.relinquish_after.map(|time| self.begun.after(time));
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let every = self.settings.relinquish_every.map(|time| self.begun.after(until_multiple(since_epoch, time)));
        after.into_iter().chain(every).min()
    }
}

/// The time until the next multiple of `every`, which is not zero.
fn until_multiple(now: Duration, every: Duration) -> Duration {
    let (now, every) = (now.as_nanos(), every.as_nanos().max(1));
    Duration::from_nanos(u64::try_from(every - now % every).unwrap_or(u64::MAX))
}

/// What is in the key instead of the own session, in words.
fn instead(key: Option<Key>) -> String {
    match key {
        None => "the key is deleted".to_owned(),
        Some(Key { session: None, .. }) => "its session has ended, or the key was released".to_owned(),
        Some(Key { session: Some(session), lock_index, value, .. }) => {
            let leader = Leader::of(&session, lock_index, &value);
            let place = if leader.node.is_empty() { format!("session {session}") } else { leader.node };
            format!("{place} leads")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_multiple_is_never_now() {
        for (now, every, expected) in [(0, 60, 60), (59, 60, 1), (60, 60, 60), (61, 60, 59), (7, 3600, 3593)] {
            let secs = Duration::from_secs;
            assert_eq!(until_multiple(secs(now), secs(every)), secs(expected), "{now} {every}");
        }
    }

    #[test]
    fn tokens_are_ordered_by_key_and_then_by_term() {
        let token = |create_index, lock_index| FencingToken { create_index, lock_index };
        assert!(token(9, 2) < token(9, 10) && token(9, 10) < token(10, 1));
        assert_eq!(token(9, 10).to_string(), "9.10");
    }
}
