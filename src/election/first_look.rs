//! The first look at the lock key in a run. Where many instances start at once, nobody has named successors yet, and each would read all
//! instances: then the servers are too busy for any of them to get that far in time. So a run that finds the lock free and the answer slow
//! pauses for a random time and looks again. Decides nothing else.

use std::thread;
use std::time::{Duration, Instant};

use log::debug;

use super::key_state::KeyAnswer;
use super::{credible, lot};
use crate::consul::{Client, Error};

/// An answer that takes longer comes from busy servers or through a busy agent. A healthy one takes a millisecond or two.
const BUSY: Duration = Duration::from_millis(100);

/// How many times as long as the answer a pause is at most, and how many pauses there are.
const TIMES: u32 = 5;
const MOST_PAUSES: usize = 3;

/// Reads the key. `limit` is that of the run; all pauses together take less than half of it.
///
/// # Errors
/// When the request failed or was denied.
pub fn first_look(client: &Client, key: &str, limit: Duration) -> Result<KeyAnswer, Error> {
    let longest = limit / 8;
    for _ in 0..MOST_PAUSES {
        let asked = Instant::now();
        let answer = client.key_after(key, None, limit)?;
        let took = asked.elapsed();
        if took < BUSY || !is_open_to_all(&answer) {
            return Ok(answer);
        }
        debug!("{key} is free, and that took {took:?} to read");
        thread::sleep((took * TIMES).min(longest).mul_f64(lot::draw()));
    }
    client.key_after(key, None, limit)
}

/// Whether the lock is free and no successor is named.
fn is_open_to_all((key, _): &KeyAnswer) -> bool {
    key.as_ref().is_none_or(|key| key.session.is_none() && credible::notes(&key.value).successors.is_empty())
}
