//! The signal that a lead is lost, and why. Must never know how that is found out.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Why a lead is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Consul says that the session no longer holds the key. Holds what is there instead, in words.
    Gone(String),
    /// Consul has not answered for so long that another process may lead soon. Holds the last error.
    Unproven(String),
    /// The lead has lasted for as long as it may.
    Relinquished,
    /// The program has stopped the election.
    Stopped,
}

impl Loss {
    /// The kind of loss in words, for other processes to read: nothing of what Consul, or a proxy before it, has answered.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Loss::Gone(_) => "its session no longer held the lock",
            Loss::Unproven(_) => "Consul had not confirmed it in time",
            Loss::Relinquished => "its time is over",
            Loss::Stopped => "the election is stopped",
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Gone(what) => out.write_str(what),
            Loss::Unproven(error) => write!(out, "Consul has not confirmed it in time: {error}"),
            Loss::Relinquished => out.write_str("its time is over"),
            Loss::Stopped => out.write_str("the election is stopped"),
        }
    }
}

/// Shows whether a lead is lost. It can be polled, and waited for from any thread; clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Signal(Arc<(Mutex<Option<Loss>>, Condvar)>);

impl Signal {
    /// Returns why the lead is lost; `None`: it is not.
    #[must_use]
    pub fn get(&self) -> Option<Loss> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns whether the lead is lost.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.get().is_some()
    }

    /// Waits until the lead is lost, but no longer than `limit`. `None`: it is not.
    #[must_use]
    pub fn wait(&self, limit: Duration) -> Option<Loss> {
        let (loss, changed) = &*self.0;
        let begin = Instant::now();
        let mut loss = loss.lock().unwrap_or_else(PoisonError::into_inner);
        while loss.is_none() {
            let left = limit.saturating_sub(begin.elapsed());
            if left.is_zero() {
                break;
            }
            loss = changed.wait_timeout(loss, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        loss.clone()
    }

    /// Raises the signal. `false`: it was raised before, and the first reason stays.
    pub(super) fn raise(&self, why: Loss) -> bool {
        let (loss, changed) = &*self.0;
        let mut loss = loss.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = loss.is_none();
        loss.get_or_insert(why);
        changed.notify_all();
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_loss_holds_no_answer() {
        for loss in [Loss::Gone("SECRET".to_owned()), Loss::Unproven("SECRET".to_owned())] {
            assert!(loss.to_string().contains("SECRET") && !loss.kind().contains("SECRET"), "{loss}");
        }
    }

    #[test]
    fn the_first_reason_stays_and_wakes_those_who_wait() {
        let signal = Signal::default();
        assert_eq!(signal.wait(Duration::from_millis(1)), None);
        let other = signal.clone();
        let waiting = std::thread::spawn(move || other.wait(Duration::from_secs(60)));
        assert!(signal.raise(Loss::Stopped));
        assert!(!signal.raise(Loss::Relinquished));
        assert_eq!(waiting.join().unwrap(), Some(Loss::Stopped));
        assert!(signal.is_raised());
    }
}
