//! Waits for a condition instead of a time, and reports the last state seen when the condition does not come true.

use std::fmt::Debug;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Often enough to measure a failover, rarely enough to leave the processor to the agents.
const PAUSE: Duration = Duration::from_millis(20);

/// Polls until the condition returns `Ok`, and returns its value; panics with the last `Err` after `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut condition: impl FnMut() -> Result<T, String>) -> T {
    let begin = Instant::now();
    loop {
        match condition() {
            Ok(value) => return value,
            Err(last) if begin.elapsed() >= limit => {
                panic!("timed out after {limit:?} waiting for {what}; last seen: {last}")
            }
            Err(_) => sleep(PAUSE),
        }
    }
}

/// Polls for `length`, and panics as soon as the condition returns `Err`: for what must *never* happen.
pub fn holds_for(what: &str, length: Duration, mut condition: impl FnMut() -> Result<(), String>) {
    let begin = Instant::now();
    while begin.elapsed() < length {
        if let Err(seen) = condition() {
            panic!("{what} did not hold after {:?} of {length:?}: {seen}", begin.elapsed());
        }
        sleep(PAUSE);
    }
}

/// Makes a condition for [`wait_for`] of a value: the value itself if it is good, otherwise its text.
pub fn seen<T: Debug>(value: T, good: impl FnOnce(&T) -> bool) -> Result<T, String> {
    if good(&value) { Ok(value) } else { Err(format!("{value:?}")) }
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
