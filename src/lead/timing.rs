//! When work under a lead must end: the arithmetic of lock-delay, grace and proofs, and which timings can be safe. Pure; must never know
//! Consul or a process.
//!
//! A proof shows that the session held the key at some moment after the proof was asked for. Consul gives the key to nobody else until
//! the lock-delay after that. So the work has to be over by then, less a margin, and must be asked to stop earlier by the grace.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::moment::Moment;
use crate::consul::TTL;
use crate::duration::format;

/// How often the hold is proven.
pub const PROVE_EVERY: Duration = Duration::from_secs(2);

/// How long one request may take.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(2);

/// The time between the moment by which work is over and the first moment at which another process may lead.
pub const MARGIN: Duration = Duration::from_secs(1);

/// The longest lock-delay that Consul keeps.
pub const LONGEST_LOCK_DELAY: Duration = Duration::from_secs(60);

/// The times that decide whether two can lead at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// How long Consul gives the lock to nobody after its holder's session has ended.
    pub lock_delay: Duration,
    /// How long work may take to stop after it was asked to.
    pub grace: Duration,
    /// The session's TTL.
    pub ttl: Duration,
}

/// Timings that are not safe, or that Consul refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsafe {
    /// Work could still be going on when another process leads. Holds the lock-delay, the grace, and the least lock-delay for it.
    LockDelayTooShort(Duration, Duration, Duration),
    /// Consul ends a longer lock-delay after 60 s. Holds the lock-delay.
    LockDelayTooLong(Duration),
    /// Consul does not accept this TTL.
    Ttl(Duration),
}

impl fmt::Display for Unsafe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = |range: RangeInclusive<Duration>| format!("{} to {}", format(*range.start()), format(*range.end()));
        match self {
            Unsafe::LockDelayTooShort(lock_delay, grace, least) => write!(
                out,
                "a lock-delay of {} is too short for a grace of {}: two could run at once; use a lock-delay of at least {}, or a \
                 shorter grace",
                format(*lock_delay),
                format(*grace),
                format(*least)
            ),
            Unsafe::LockDelayTooLong(lock_delay) => write!(
                out,
                "a lock-delay of {} is too long: Consul ends it after {}",
                format(*lock_delay),
                format(LONGEST_LOCK_DELAY)
            ),
            Unsafe::Ttl(ttl) => write!(out, "Consul accepts no TTL of {}; use {}", format(*ttl), range(TTL)),
        }
    }
}

impl Timings {
    /// Checks that work can be over before another process leads.
    ///
    /// # Errors
    /// Returns what cannot be safe.
    pub fn check(&self) -> Result<(), Unsafe> {
        let least = self.least_lock_delay();
        if self.lock_delay < least {
            return Err(Unsafe::LockDelayTooShort(self.lock_delay, self.grace, least));
        }
        if self.lock_delay > LONGEST_LOCK_DELAY {
            return Err(Unsafe::LockDelayTooLong(self.lock_delay));
        }
        if TTL.contains(&self.ttl) { Ok(()) } else { Err(Unsafe::Ttl(self.ttl)) }
    }

    /// Returns the shortest lock-delay that is safe with this grace: one proof may fail, and the next one takes as long as it may.
    #[must_use]
    pub fn least_lock_delay(&self) -> Duration {
        self.grace.saturating_add(2 * PROVE_EVERY + REQUEST_LIMIT + MARGIN)
    }

    /// Returns the moment by which work must be over, by the last proof.
    #[must_use]
    pub fn end_by(&self, proven: Moment) -> Moment {
        proven.after(self.lock_delay.saturating_sub(MARGIN))
    }

    /// Returns the moment by which work must be asked to stop, by the last proof.
    #[must_use]
    pub fn stop_by(&self, proven: Moment) -> Moment {
        proven.after(self.lock_delay.saturating_sub(self.grace.saturating_add(MARGIN)))
    }

    /// Returns the longest outage of Consul that never stops work.
    #[must_use]
    pub fn rides_out(&self) -> Duration {
        self.lock_delay.saturating_sub(self.grace.saturating_add(MARGIN + PROVE_EVERY))
    }

    /// Returns how often the session is renewed.
    #[must_use]
    pub fn renew_every(&self) -> Duration {
        self.ttl / 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn timings(lock_delay: u64, grace: u64, ttl: u64) -> Timings {
        Timings { lock_delay: secs(lock_delay), grace: secs(grace), ttl: secs(ttl) }
    }

    /// Lock-delay, grace, TTL; whether that is safe.
    #[test]
    fn only_timings_that_end_the_work_in_time_are_accepted() {
        use Unsafe::{LockDelayTooLong, LockDelayTooShort, Ttl};
        for (lock_delay, grace, ttl, expected) in [
            (15, 5, 10, Ok(())),
            (12, 5, 10, Ok(())),
            (11, 5, 10, Err(LockDelayTooShort(secs(11), secs(5), secs(12)))),
            (0, 0, 10, Err(LockDelayTooShort(secs(0), secs(0), secs(7)))),
            (7, 0, 10, Ok(())),
            (60, 53, 10, Ok(())),
            (60, 54, 10, Err(LockDelayTooShort(secs(60), secs(54), secs(61)))),
            (61, 5, 10, Err(LockDelayTooLong(secs(61)))),
            (61, 60, 10, Err(LockDelayTooShort(secs(61), secs(60), secs(67)))),
            (15, 5, 9, Err(Ttl(secs(9)))),
            (15, 5, 86_400, Ok(())),
            (15, 5, 86_401, Err(Ttl(secs(86_401)))),
        ] {
            assert_eq!(timings(lock_delay, grace, ttl).check(), expected, "{lock_delay} {grace} {ttl}");
        }
    }

    /// Lock-delay, grace; seconds from the proof to the request to stop and to the end, and the outage that stops nothing.
    #[test]
    fn work_ends_before_the_lock_delay_that_a_proof_promises() {
        for (lock_delay, grace, stop, end, outage) in [
            (15, 5, 9, 14, 7),
            (12, 5, 6, 11, 4),
            (60, 5, 54, 59, 52),
            (60, 30, 29, 59, 27),
            (7, 0, 6, 6, 4),
            (0, 5, 0, 0, 0),
        ] {
            let (proven, timings) = (Moment::since_start(secs(1000)), timings(lock_delay, grace, 10));
            let seconds = |moment: Moment| moment.from_start().as_secs() - 1000;
            let found =
                (seconds(timings.stop_by(proven)), seconds(timings.end_by(proven)), timings.rides_out().as_secs());
            assert_eq!(found, (stop, end, outage), "{lock_delay} {grace}");
            let first_other = proven.after(secs(lock_delay).max(MARGIN));
            assert!(timings.end_by(proven).after(MARGIN) <= first_other);
        }
    }

    #[test]
    fn what_is_not_safe_says_what_would_be() {
        let words = |timings: Timings| timings.check().unwrap_err().to_string();
        assert!(words(timings(11, 5, 10)).ends_with("use a lock-delay of at least 12s, or a shorter grace"));
        assert_eq!(words(timings(15, 5, 9)), "Consul accepts no TTL of 9s; use 10s to 24h");
    }
}
