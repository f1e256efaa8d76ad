//! Random numbers, to spread what many instances would do at the same moment.

use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

/// A random number from 0 to 1, without 1.
pub fn draw() -> f64 {
    // The standard library's hashers have random keys, which is random enough to spread attempts.
    let random = RandomState::new().hash_one(Instant::now()) >> 32;
    f64::from(u32::try_from(random).unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
}
