//! The candidates that the master of a large election names in the lock's value. When the lock is free, they try to acquire it at once, and
//! the others look at the key again later. Without that, every candidate of a thousand would read all instances at the same moment.
//! Pure; reads no clock and throws no dice.
//!
//! Nobody is named while the election is small: there, each candidate can afford to read all instances. A named candidate that does not act
//! costs time, never the lead: the patience of the first of the others is short.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::identity::Identity;

/// The number of named candidates that suffices. Each change of the value wakes all candidates.
pub const FEWEST_NAMES: usize = 2;

/// What a named candidate needs to acquire the lock, on busy servers. The others do not look at the key before.
const HEAD_START: Duration = Duration::from_millis(250);

/// The longest time after that, and how much of it each candidate adds. If the named ones do not act, the first of the others needs some time
/// to read all instances from busy servers, and few of the others may do the same meanwhile.
const LONGEST_SPREAD: Duration = Duration::from_secs(3);
const SPREAD_EACH: Duration = Duration::from_millis(5);

/// The expected number of candidates, of those that are not named, that try to acquire a lock that stays free, each time that all have looked
/// at it.
const TRIES_OF_ALL: f64 = 8.0;

/// The least chance of one of them: the noted size may be out of date.
const LEAST_CHANCE: f64 = 1.0 / 128.0;

/// The candidates that the lock's value names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successors {
    /// The number of candidates besides the master when they were named, roughly. 0: the election is small.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub candidates: u32,
    /// The named ones, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<Identity>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Successors {
    /// Whether nobody is named, as in a small election.
    pub fn is_empty(&self) -> bool {
        self.candidates == 0
    }

    /// Whether so few are left that others must be named soon.
    pub fn are_few(&self) -> bool {
        !self.is_empty() && self.next.len() < FEWEST_NAMES
    }

    /// Whether this instance is one of them.
    pub fn names(&self, instance: &Identity) -> bool {
        self.next.contains(instance)
    }

    /// The others, once `instance` leads.
    #[must_use]
    pub fn without(mut self, instance: &Identity) -> Successors {
        self.next.retain(|named| named != instance);
        self
    }

    /// How long an instance that is not named leaves a lock alone that has just become free. `lot` is a random number from 0 to 1.
    ///
    /// Few come early and most come late, so that a first one has acquired the lock before many ask for more than the key.
    pub fn patience(&self, lot: f64) -> Duration {
        let size = f64::from(self.candidates.max(2));
        let spread = LONGEST_SPREAD.min(SPREAD_EACH.saturating_mul(self.candidates));
        // Of `size` lots, `size` to the power of x are expected below the moment x of the spread.
        let moment = 1.0 + lot.max(1.0 / size).ln() / size.ln();
        HEAD_START + spread.mul_f64(moment.clamp(0.0, 1.0))
    }

    /// Whether an instance that is not named tries to acquire a lock that it finds free, not knowing for how long it has been. `lot` is a
    /// random number from 0 to 1.
    pub fn draws(&self, lot: f64) -> bool {
        self.is_empty() || lot < (TRIES_OF_ALL / f64::from(self.candidates)).max(LEAST_CHANCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_wait_for_the_head_start_the_first_hardly_longer_and_few_within_a_second() {
        for size in [9, 10, 100, 1000, 1_000_000, u32::MAX] {
            let all = Successors { candidates: size, next: vec![Identity::default()] };
            let lots = size.min(1000);
            let times: Vec<Duration> = (0..lots).map(|lot| all.patience(f64::from(lot) / f64::from(lots))).collect();
            assert!(times.iter().all(|time| (HEAD_START..=HEAD_START + LONGEST_SPREAD).contains(time)), "{size}");
            let first = times.iter().min().copied().unwrap_or_default();
            assert!(first < HEAD_START + Duration::from_millis(1), "{size}: {first:?}");
            let soon = times.iter().filter(|time| **time < Duration::from_secs(1)).count();
            assert!(size < 1000 || soon <= 8, "{size}: {soon}");
        }
    }

    #[test]
    fn about_eight_of_all_draw_and_everybody_does_sometimes() {
        for size in [9_u32, 100, 1000] {
            let all = Successors { candidates: size, next: Vec::new() };
            let drawn = (0..10_000).filter(|lot| all.draws(f64::from(*lot) / 10_000.0)).count();
            let expected = 80_000 / size as usize;
            assert!(drawn.abs_diff(expected) <= 2, "{size}: {drawn}");
        }
        assert!(Successors { candidates: u32::MAX, next: Vec::new() }.draws(0.007));
        assert!(Successors::default().draws(0.999));
    }
}
