//! What the record of a schedule says at a moment: the last tick, what is overdue, what is due next. Pure; must never know Consul.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::super::words::clean;
use crate::schedule::{Local, Record, Schedule};

/// The schedule of a run, and its ticks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScheduleInfo {
    /// The expression without its zone.
    pub expression: String,
    /// The name of its time zone.
    pub zone: String,
    /// The last tick that was started; null: none was.
    pub last: Option<TickInfo>,
    /// Since when its command runs; null: it does not.
    pub running_since: Option<TickTime>,
    /// The first due time that has passed and that the record does not deal with; null: none.
    pub overdue: Option<TickTime>,
    /// The next due time; null if it cannot be computed.
    pub next_due: Option<TickTime>,
    /// How many ticks were skipped because a run had not ended.
    pub skipped: u64,
    /// How many ticks passed while nobody was there to start them.
    pub missed: u64,
}

/// A tick that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TickInfo {
    /// When it was due.
    pub due: TickTime,
    /// When its command was started.
    pub started: Option<TickTime>,
    /// When the command ended; null: it runs, or nobody saw it end.
    pub ended: Option<TickTime>,
    /// Its exit status.
    pub status: Option<u8>,
    /// The node that it ran on.
    pub by: Option<String>,
}

/// A moment, and how the schedule's zone writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickTime {
    /// The moment.
    pub at: Timestamp,
    /// It in RFC 3339.
    pub shown: String,
}

impl Serialize for TickTime {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.shown)
    }
}

/// Who leads while the record is read.
pub struct Leads<'a> {
    /// Its node.
    pub node: &'a str,
    /// Since when, by its own clock.
    pub since: Option<Timestamp>,
}

/// Returns what a record says at a moment, and why no due time can be computed from it, if so.
pub fn of_record(record: &Record, leads: Option<&Leads>, now: Timestamp) -> (ScheduleInfo, Option<String>) {
    let read = Schedule::read(&format!("CRON_TZ={} {}", record.zone, record.schedule), &Local::default());
    let schedule = read.as_ref().ok();
    let time =
        |at: Timestamp| TickTime { at, shown: schedule.map_or_else(|| at.to_string(), |schedule| schedule.shown(at)) };
    let next = |after| schedule.and_then(|schedule| schedule.next(after));
    let is_running = record.is_open() && leads.is_some_and(|leads| is_of_term(record, leads));
    let info = ScheduleInfo {
        expression: clean(&record.schedule),
        zone: clean(&record.zone),
        last: record.due.map(|due| TickInfo {
            due: time(due),
            started: record.started.map(time),
            ended: record.ended.map(time),
            status: record.status,
            by: Some(clean(&record.by)).filter(|by| !by.is_empty()),
        }),
        running_since: record.started.filter(|_| is_running).map(time),
        overdue: next(record.settled).filter(|due| *due <= now).map(time),
        next_due: next(record.settled.max(now)).map(time),
        skipped: record.skipped,
        missed: record.missed,
    };
    (info, read.err().map(|fault| fault.to_string()))
}

/// Returns whether the one that leads has started the last run. One that began to lead later has not.
fn is_of_term(record: &Record, leads: &Leads) -> bool {
    let is_after = |since: Timestamp| record.started.is_some_and(|started| since <= started);
    leads.node == record.by && leads.since.is_none_or(is_after)
}
