//! Times at which a command is due: the expression, its time zone, the due times, and what a tick means for a run. Must never know
//! Consul, sessions, processes or options.
//!
//! Nothing here asks for the time: the caller passes it in.

mod calendar;
mod due;
mod fault;
mod field;
mod grammar;
mod jitter;
mod record;
mod tick;
mod zone;

use jiff::tz::TimeZone;

use grammar::{Expression, Rhythm};

pub use due::Due;
pub use fault::Fault;
pub use jitter::jitter;
pub use record::{Difference, Record};
pub use tick::{Interrupted, Missed, Overlap, Policy, Running, Step, Why, decide, ended};
pub use zone::{Local, local};

/// A schedule: when a command is due, in which time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    rhythm: Rhythm,
    zone: TimeZone,
    zone_name: String,
}

impl Schedule {
    /// Reads a schedule: five fields, six with the seconds in front, `@daily` and its kin, or `@every 90s`; with `CRON_TZ=Zone` in front,
    /// or else in the zone of this machine. Reads the zone's data from this machine.
    ///
    /// # Errors
    /// Names the field and what it takes, or the zone, or says that nothing is ever due.
    pub fn read(text: &str, local: &Local) -> Result<Schedule, Fault> {
        let Expression { text, zone, rhythm } = grammar::read(text)?;
        let (zone_name, zone) = match (&rhythm, zone) {
            (_, Some(name)) => zone::named(&name)?,
            // The same moments in every zone.
            (Rhythm::Every(_), None) => ("UTC".to_owned(), TimeZone::UTC),
            (Rhythm::Calendar(_), None) => zone::of_machine(local)?,
        };
        Ok(Schedule { text, rhythm, zone, zone_name })
    }

    /// Returns the expression without its zone, in one form for all ways to space it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the name of the time zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone_name
    }
}

#[cfg(test)]
mod tests;
