//! What is wrong with a schedule, and what to write instead. Must never know an option.

use std::fmt;

use crate::text::{capped, one_line};

/// The most characters of a quoted part.
const LONGEST: usize = 60;

/// A schedule that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There are not five or six fields, but so many.
    Fields(usize),
    /// A part of a field: the field's name, what it takes, and the part.
    Field(&'static str, &'static str, String),
    /// A number with a step, which has no end: the field's name, and the range to write.
    Step(&'static str, String),
    /// A random time, which differs between nodes: the field's name.
    Random(&'static str),
    /// An unknown word after an at sign.
    Word(String),
    /// What follows `@every` is not a time that it takes.
    Every(String),
    /// The text is longer than any schedule.
    Length(usize),
    /// No day of the calendar matches.
    Never,
    /// This machine has no data on any time zone, and this one needs it.
    NoZoneData(String),
    /// This machine does not know this zone.
    Zone(String),
    /// The machine's own zone has no name that another machine could compare with.
    Nameless,
}

impl fmt::Display for Fault {
    /// Writes what to write instead: `write …`, `use …` or `install …`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| one_line(&capped(text, LONGEST));
        match self {
            Fault::Fields(count) => write!(
                out,
                "write 5 fields, for minute, hour, day of the month, month and day of the week, or 6 with the second in front, not {count}"
            ),
            Fault::Field(name, takes, part) => write!(
                out,
                "write {takes} for the {name}, or *, lists such as 1,3, ranges such as 1-3, and steps such as */2, not '{}'",
                shown(part)
            ),
            Fault::Step(name, range) => write!(out, "write the step of the {name} with a range: {}", shown(range)),
            Fault::Random(name) => {
                write!(out, "write a fixed {name}, since a random one differs between nodes; --jitter spreads starts")
            }
            Fault::Word(word) if word == "reboot" => {
                write!(out, "write a time instead of @reboot, which has no due time")
            }
            Fault::Word(word) => write!(
                out,
                "write @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly or @every DURATION, not '@{}'",
                shown(word)
            ),
            Fault::Every(text) => {
                write!(out, "write whole seconds after @every, such as 90s, up to 8784h, not '{}'", shown(text))
            }
            Fault::Length(most) => write!(out, "write up to {most} characters"),
            Fault::Never => write!(out, "write a date that exists: no day of any year matches"),
            Fault::NoZoneData(zone) => {
                write!(
                    out,
                    "install the package tzdata: this machine has no time zone data, which {} needs",
                    shown(zone)
                )
            }
            Fault::Zone(zone) => {
                write!(out, "use a time zone that this machine knows, such as Europe/Berlin, not '{}'", shown(zone))
            }
            Fault::Nameless => write!(
                out,
                "write CRON_TZ=Zone in front: the zone of this machine has no name, so nodes cannot compare it"
            ),
        }
    }
}

impl std::error::Error for Fault {}
