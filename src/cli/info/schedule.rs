//! The schedule of a run, as lines of the table and as metrics. Pure; must never know who leads.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::table::rough;
use crate::cli::metrics::{Family, Kind};
use crate::info::ScheduleInfo;

/// The lines, each with its label.
pub fn lines(schedule: &ScheduleInfo, now: SystemTime) -> Vec<(&'static str, String)> {
    let ScheduleInfo { expression, zone, last, running_since, next_due, skipped, missed, .. } = schedule;
    let next = next_due.as_ref().map_or_else(|| "unknown".to_owned(), |due| due.shown.clone());
    let mut lines = vec![("schedule", format!("{expression} ({zone}), next due {next}"))];
    if let Some(last) = last {
        let state = match (&last.ended, running_since, &last.started) {
            (Some(ended), ..) => {
                let status =
                    last.status.map_or_else(|| "an unknown status".to_owned(), |code| format!("status {code}"));
                format!("ended {} with {status}", ended.shown)
            }
            (None, Some(since), _) => {
                let since = Duration::try_from(since.at.as_duration()).unwrap_or_default();
                let age = now.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(since);
                format!("runs for {}", rough(age))
            }
            (None, None, Some(started)) => format!("started {}, and nobody saw it end", started.shown),
            (None, None, None) => "not started".to_owned(),
        };
        let by = last.by.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
        lines.push(("last tick", format!("{}{by}, {state}", last.due.shown)));
    }
    lines.push(("left out", format!("{skipped} skipped, {missed} missed")));
    lines
}

/// What a metric is made from.
type Value = fn(&ScheduleInfo) -> Option<f64>;

/// The metrics, and their values.
pub const FAMILIES: &[(Family, Value)] = &[
    (("info_next_due_timestamp_seconds", Kind::Gauge, "When the next tick of the schedule is due."), |schedule| {
        schedule.next_due.as_ref().map(|due| seconds(due.at))
    }),
    (("info_overdue_timestamp_seconds", Kind::Gauge, "When the first tick was due that is not dealt with."), |of| {
        of.overdue.as_ref().map(|due| seconds(due.at))
    }),
    (("info_last_due_timestamp_seconds", Kind::Gauge, "When the last tick that was started was due."), |schedule| {
        schedule.last.as_ref().map(|last| seconds(last.due.at))
    }),
    (("info_last_status", Kind::Gauge, "The exit status of the last run; absent until it has ended."), |schedule| {
        schedule.last.as_ref()?.status.map(f64::from)
    }),
    (("info_running", Kind::Gauge, "Whether the command of the last tick runs."), |schedule| {
        Some(f64::from(u8::from(schedule.running_since.is_some())))
    }),
    (("info_skipped_ticks_total", Kind::Counter, "How many ticks were skipped because a run had not ended."), |of| {
        count(of.skipped)
    }),
    (("info_missed_ticks_total", Kind::Counter, "How many ticks passed while nobody was there to start them."), |of| {
        count(of.missed)
    }),
];

fn seconds(at: jiff::Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

/// A larger count is nobody's.
fn count(number: u64) -> Option<f64> {
    u32::try_from(number).ok().map(f64::from)
}
