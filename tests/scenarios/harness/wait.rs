//! Waiting for a condition instead of for a time, and saying what was last seen when it does not come.

use std::fmt::Debug;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Often enough to measure a failover by, seldom enough to leave the processor to the agents.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until the condition answers `Ok`, and returns what it answered; panics with its last `Err` after `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut condition: impl FnMut() -> Result<T, String>) -> T {
    let begin = Instant::now();
    loop {
        match condition() {
            Ok(value) => return value,
            Err(last) if begin.elapsed() >= limit => {
                panic!("waited {limit:?} in vain for {what}; last seen: {last}")
            }
            Err(_) => sleep(PAUSE),
        }
    }
}

/// Asks again and again for `length`, and panics as soon as the condition answers `Err`: what must *never* happen.
pub fn holds_for(what: &str, length: Duration, mut condition: impl FnMut() -> Result<(), String>) {
    let begin = Instant::now();
    while begin.elapsed() < length {
        if let Err(seen) = condition() {
            panic!("{what} did not hold after {:?} of {length:?}: {seen}", begin.elapsed());
        }
        sleep(PAUSE);
    }
}

/// Turns a value into a condition for [`wait_for`]: itself when it is good, else its text as what was last seen.
pub fn seen<T: Debug>(value: T, good: impl FnOnce(&T) -> bool) -> Result<T, String> {
    if good(&value) { Ok(value) } else { Err(format!("{value:?}")) }
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
