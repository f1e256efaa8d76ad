//! `run --schedule`: reads the schedule of a run, and prints due times. Asks no Consul.

use std::io::Write;

use jiff::Timestamp;

use crate::cli::run_lines::{never_due, of_schedule_fault};
use crate::run::{OnFailure, Plan, Settings};
use crate::schedule::{Fault, Policy, Schedule, jitter, local};

/// Exit code: nothing is ever due.
const NEVER: u8 = 2;

/// Reads the schedule of a run; `None`: it has none.
///
/// # Errors
/// Says what is wrong with it, and what to write instead.
pub fn plan(settings: &Settings) -> Result<Option<Plan>, String> {
    let Some(text) = &settings.schedule else { return Ok(None) };
    let schedule = read(text).map_err(|fault| of_schedule_fault(text, &fault))?;
    let policy = Policy { jitter: jitter(&settings.name, settings.ticks.jitter), ..settings.ticks };
    let ends_on_failure = (settings.on_failure == OnFailure::Exit).then_some(settings.election_timeout);
    Ok(Some(Plan { schedule, policy, ends_on_failure }))
}

/// Prints the next due times. Returns the exit code, and why there is no due time.
///
/// # Errors
/// Says what is wrong with the schedule, and what to write instead.
pub fn print_next(text: &str, count: usize) -> Result<(u8, Option<String>), String> {
    let schedule = match read(text) {
        Err(fault @ Fault::Never) => return Ok((NEVER, Some(of_schedule_fault(text, &fault)))),
        read => read.map_err(|fault| of_schedule_fault(text, &fault))?,
    };
    let due = std::iter::successors(schedule.next(Timestamp::now()), |due| schedule.next(*due));
    let lines: Vec<String> = due.take(count).map(|due| schedule.shown(due) + "\n").collect();
    // A closed stdout does not change the exit code.
    let _ = std::io::stdout().write_all(lines.concat().as_bytes());
    Ok(if lines.is_empty() { (NEVER, Some(never_due(text))) } else { (0, None) })
}

fn read(text: &str) -> Result<Schedule, Fault> {
    Schedule::read(text, &local(std::env::var("TZ").ok()))
}
