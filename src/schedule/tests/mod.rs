//! Schedules, as tables of cases: what is due when, what is refused, and what a leader does about a tick.

mod clock_changes;
mod grammar;
mod property;
mod records;
mod ticks;
mod zones;

use jiff::Timestamp;

use super::*;

/// A schedule in UTC, unless it names another zone.
pub fn schedule(text: &str) -> Schedule {
    Schedule::read(text, &Local::default()).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The first due times after a moment, as the schedule's zone writes them.
pub fn first(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
    let next = |due: &Timestamp| schedule.next(*due);
    let due = std::iter::successors(schedule.next(at(after)), next);
    due.take(count).map(|due| schedule.shown(due)).collect()
}

/// Asserts the first due times after a moment. They are written as the beginning of RFC 3339 with the offset at the end.
pub fn assert_first(text: &str, after: &str, expected: &[&str]) {
    assert_eq!(first(&schedule(text), after, expected.len()), expected, "{text} after {after}");
}
