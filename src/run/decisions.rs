//! The decisions of a run, whichever kind of run it is. Must never know what they are.

use std::time::Duration;

use jiff::Timestamp;

use super::machine::{Action, Input, Machine};
use super::policy::Settings;
use super::timetable::{Plan, Timetable};
use crate::lead::Moment;

/// What decides.
pub enum Decisions {
    /// One command, for as long as this process leads.
    Command(Box<Machine>),
    /// The command whenever it is due.
    Schedule(Box<Timetable>),
}

/// The time in whole milliseconds, as it is written for people.
fn clock() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap_or_default()
}

impl Decisions {
    /// Begins a run.
    pub fn new(settings: &Settings, plan: Option<Plan>) -> Decisions {
        match plan {
            None => Decisions::Command(Box::new(Machine::new(settings, Moment::now()))),
            Some(plan) => Decisions::Schedule(Box::new(Timetable::new(plan))),
        }
    }

    /// Decides what follows now.
    pub fn decide(&mut self, input: Input) -> Vec<Action> {
        match self {
            Decisions::Command(machine) => machine.decide(input, Moment::now()),
            Decisions::Schedule(timetable) => timetable.decide(input, Moment::now(), clock()),
        }
    }

    /// Returns the time until something may be due, if that is known.
    pub fn wakes_in(&self) -> Option<Duration> {
        match self {
            Decisions::Command(_) => None,
            Decisions::Schedule(timetable) => timetable.wakes_in(clock()),
        }
    }
}
