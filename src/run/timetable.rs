//! The decisions of a run on a schedule: what follows from each event. Pure: the record, both clocks and every answer are passed in. Must
//! never know Consul or a process.
//!
//! A tick's record is written before its run is started, and once more when the run has ended.

mod carry;
mod recording;

use std::time::Duration;

use jiff::Timestamp;

use super::machine::{Action, Ending, Input, number};
use super::news::News;
use crate::lead::Moment;
use crate::process::Ended;
use crate::schedule::{Overlap, Policy, Record, Running, Schedule, Step, Why, decide, ended};

pub use carry::carry;

/// The rest after a record that could not be written.
const RETRY: Duration = Duration::from_millis(500);

/// A record that is further ahead of this clock than this deserves a word.
const SKEW: Duration = Duration::from_secs(10);

/// Added to the number of a signal that ended a run.
const SIGNAL: u8 = 128;

/// A schedule and how its ticks are treated.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The schedule.
    pub schedule: Schedule,
    /// How ticks are treated.
    pub policy: Policy,
    /// Whether a failed election ends the run, and for how long Consul must have been unreachable for that.
    pub ends_on_failure: Option<Duration>,
}

/// The lead, as far as ticks need it.
#[derive(Clone, Debug)]
struct Held {
    since: Timestamp,
    /// The name of this node.
    node: String,
    record: Record,
    /// The record as it was before the last start.
    before: Record,
}

/// A run of the command.
#[derive(Clone, Debug)]
struct Child {
    tick: Timestamp,
    since: Moment,
    stop: Option<Stop>,
}

/// Why a run of the command is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Lost,
    Asked,
}

/// A record that is not written yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pending {
    /// This tick starts once it is. Nothing that is written before says so.
    Start(Timestamp),
    /// A run has ended, or does not start.
    End,
    /// A tick is written as not started.
    Back,
}

/// The state of a run on a schedule.
#[derive(Debug)]
pub struct Timetable {
    plan: Plan,
    held: Option<Held>,
    child: Option<Child>,
    pending: Option<Pending>,
    /// Until when nothing is written, after a failure.
    again: Option<Moment>,
    /// Whether it was said that the pending record cannot be written.
    said: bool,
    /// Why the election could not be held last.
    failure: Option<String>,
    /// Since when Consul cannot be asked, and why.
    outage: Option<(Moment, String)>,
    /// The signal that ends this program.
    ends: Option<u8>,
}

impl Timetable {
    /// Begins without a lead.
    pub fn new(plan: Plan) -> Timetable {
        Timetable {
            plan,
            held: None,
            child: None,
            pending: None,
            again: None,
            said: false,
            failure: None,
            outage: None,
            ends: None,
        }
    }

    /// Decides what follows.
    pub fn decide(&mut self, input: Input, now: Moment, clock: Timestamp) -> Vec<Action> {
        if matches!(input, Input::Leading(_) | Input::Lost(_) | Input::Following(_) | Input::Waiting(_)) {
            (self.failure, self.outage) = (None, None);
        }
        let mut actions = match input {
            Input::Leading(term) => vec![Action::Say(News::Leading(term))],
            Input::Recorded(node, record) => self.begin(node, *record, clock),
            Input::Written(outcome) => self.written(outcome, now, clock),
            Input::Lost(why) => self.lose(why),
            Input::Following(place) => vec![Action::Say(News::Following(place))],
            Input::Waiting(why) => vec![Action::Say(News::Waiting(why))],
            Input::Unreachable(since, why) => {
                self.outage = Some((since, why.clone()));
                vec![Action::Say(News::Unreachable(why))]
            }
            Input::Failed(why) => self.fail(why),
            Input::Ended(how) => self.end(how, clock),
            Input::NotStarted => self.has_not_started(),
            Input::Signal(signal) => self.signal(signal),
            Input::Tick => self.tick(now, clock),
        };
        if let Some(signal) = self.ends.filter(|_| self.child.is_none() && self.pending.is_none()) {
            self.held = None;
            if !actions.contains(&Action::Release(None)) {
                actions.push(Action::Release(None));
            }
            actions.push(Action::End(Ending::Signal(signal)));
        }
        actions
    }

    /// Returns the time until something may be due.
    pub fn wakes_in(&self, clock: Timestamp) -> Option<Duration> {
        let watches = match &self.child {
            None => true,
            Some(child) => child.stop.is_none() && self.plan.policy.overlap == Overlap::Replace,
        };
        let waits = self.pending.is_some() || self.again.is_some() || self.ends.is_some();
        let held = self.held.as_ref().filter(|_| watches && !waits)?;
        let next = self.plan.schedule.next(held.record.settled)?;
        let left = Duration::try_from(next.duration_since(clock)).unwrap_or_default();
        Some(left.saturating_add(self.plan.policy.jitter))
    }

    fn begin(&mut self, node: String, record: Record, clock: Timestamp) -> Vec<Action> {
        (self.pending, self.again, self.said) = (None, None, false);
        let ahead = Duration::try_from(record.settled.duration_since(clock)).unwrap_or_default();
        let warning = (ahead > SKEW).then_some(Action::Say(News::Ahead(ahead)));
        self.held = Some(Held { since: clock, node, before: record.clone(), record });
        warning.into_iter().chain([self.say_next()].into_iter().flatten()).collect()
    }

    fn say_next(&self) -> Option<Action> {
        let held = self.held.as_ref()?;
        let next = self.plan.schedule.next(held.record.settled).map(|next| self.plan.schedule.shown(next));
        Some(Action::Say(News::Next(next, held.record.skipped, held.record.missed)))
    }

    fn tick(&mut self, now: Moment, clock: Timestamp) -> Vec<Action> {
        if self.again.is_some_and(|again| again > now) {
            return Vec::new();
        }
        let is_due = self.again.take().is_some();
        match self.pending {
            // Its deadline may be over by now, or a later tick due.
            Some(Pending::Start(_)) if is_due => self.forget_start(),
            Some(_) => return if is_due { self.write() } else { Vec::new() },
            None => {}
        }
        let Some(held) = &mut self.held else { return self.has_outage_ended_it(now) };
        if self.ends.is_some() || self.child.as_ref().is_some_and(|child| child.stop.is_some()) {
            return Vec::new();
        }
        let Plan { schedule, policy, .. } = &self.plan;
        let runs = self.child.as_ref().map(|child| now.from_start().saturating_sub(child.since.from_start()));
        let running = runs.map(|runs| Running { runs });
        let (record, step) = decide(&held.record, schedule, policy, running, held.since, clock);
        let before = std::mem::replace(&mut held.record, record);
        match step {
            // The former attempt may have been written all the same.
            Step::Rest { .. } if self.pending.is_some() => {
                self.pending = Some(Pending::End);
                self.write()
            }
            Step::Rest { .. } => Vec::new(),
            Step::Start { tick } => {
                held.before = before;
                held.record.by.clone_from(&held.node);
                self.pending = Some(Pending::Start(tick));
                self.write()
            }
            Step::Stop(why) => {
                if let Some(child) = &mut self.child {
                    child.stop = Some(Stop::Asked);
                }
                let say = match why {
                    Why::MaxRuntime => News::TooLong(policy.max_runtime.unwrap_or_default()),
                    Why::Replaced => News::Replaced,
                };
                vec![Action::Say(say), Action::Stop]
            }
        }
    }

    fn fail(&mut self, why: String) -> Vec<Action> {
        self.outage = None;
        if self.plan.ends_on_failure.is_some() && self.child.is_none() {
            return vec![Action::End(Ending::Failed(why))];
        }
        if self.failure.as_ref() == Some(&why) {
            return Vec::new();
        }
        self.failure = Some(why.clone());
        vec![Action::Say(News::Failed(why))]
    }

    /// Ends the run if Consul has been unreachable for too long, and nothing runs.
    fn has_outage_ended_it(&self, now: Moment) -> Vec<Action> {
        let (Some((since, why)), Some(limit), None) = (&self.outage, self.plan.ends_on_failure, &self.child) else {
            return Vec::new();
        };
        let is_over = since.after(limit) <= now;
        is_over.then(|| Action::End(Ending::Failed(why.clone()))).into_iter().collect()
    }

    fn lose(&mut self, why: String) -> Vec<Action> {
        (self.held, self.pending, self.again, self.said) = (None, None, None, false);
        let say = Action::Say(News::Lost(why));
        match &mut self.child {
            // The guard has said so, too.
            Some(Child { stop: Some(Stop::Lost), .. }) => Vec::new(),
            Some(child) => {
                child.stop = Some(Stop::Lost);
                vec![say, Action::Stop]
            }
            None => vec![say, Action::Release(None)],
        }
    }

    fn end(&mut self, how: Ended, clock: Timestamp) -> Vec<Action> {
        let Some(child) = self.child.take() else { return Vec::new() };
        let say = Action::Say(News::Ran(self.plan.schedule.shown(child.tick), how));
        let Some(held) = self.held.as_mut().filter(|_| child.stop != Some(Stop::Lost)) else {
            return vec![say, Action::Release(None)];
        };
        let status = match how {
            Ended::Code(code) => code,
            Ended::Signal(signal) => SIGNAL.saturating_add(signal),
        };
        held.record = ended(&held.record, &self.plan.schedule, &self.plan.policy, status, clock);
        self.pending = Some(Pending::End);
        [say].into_iter().chain(self.write()).collect()
    }

    fn signal(&mut self, signal: u8) -> Vec<Action> {
        let ends = matches!(signal, number::TERM | number::INT | number::QUIT);
        let has_child = self.child.is_some();
        match (has_child, ends) {
            (true, true) => {
                let say = self.ends.is_none().then_some(Action::Say(News::Stops(signal)));
                self.ends.get_or_insert(signal);
                let act = if signal == number::TERM { Action::Stop } else { Action::Forward(signal) };
                say.into_iter().chain([act]).collect()
            }
            (true, false) => vec![Action::Forward(signal)],
            (false, _) if ends || signal == number::HUP => {
                self.ends.get_or_insert(signal);
                // A record on its way is answered first.
                if self.again.is_some() {
                    self.pending = None;
                }
                Vec::new()
            }
            (false, _) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;
