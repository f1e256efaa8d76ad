//! The decisions of a run on a schedule: what follows from each event. Pure: the record, both clocks and every answer are passed in. Must
//! never know Consul or a process.
//!
//! A tick's record is written before its run is started, and once more when the run has ended.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::machine::{Action, Ending, Input, number};
use super::news::News;
use crate::lead::Moment;
use crate::process::Ended;
use crate::schedule::{Overlap, Policy, Record, Running, Schedule, Step, Why, decide, ended};

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
    /// Whether a denied or unreachable election ends the run.
    pub ends_on_failure: bool,
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
    /// A run has ended.
    End,
}

/// The state of a run on a schedule.
#[derive(Debug)]
pub struct Timetable {
    plan: Plan,
    held: Option<Held>,
    child: Option<Child>,
    pending: Option<Pending>,
    /// When the pending record is written again, after a failure.
    again: Option<Moment>,
    /// The signal that ends this program.
    ends: Option<u8>,
}

impl Timetable {
    /// Begins without a lead.
    pub fn new(plan: Plan) -> Timetable {
        Timetable { plan, held: None, child: None, pending: None, again: None, ends: None }
    }

    /// Decides what follows.
    pub fn decide(&mut self, input: Input, now: Moment, clock: Timestamp) -> Vec<Action> {
        match input {
            Input::Leading(term) => vec![Action::Say(News::Leading(term))],
            Input::Recorded(node, record) => self.begin(node, *record, clock),
            Input::Written(outcome) => self.written(outcome, now, clock),
            Input::Lost(why) => self.lose(why),
            Input::Following(place) => vec![Action::Say(News::Following(place))],
            Input::Waiting(why) => vec![Action::Say(News::Waiting(why))],
            Input::Unreachable(_, why) => vec![Action::Say(News::Unreachable(why))],
            Input::Failed(why) if self.plan.ends_on_failure && self.child.is_none() => {
                vec![Action::End(Ending::Failed(why))]
            }
            Input::Failed(why) => vec![Action::Say(News::Failed(why))],
            Input::Ended(how) => self.end(how, clock),
            Input::NotStarted => match self.child.take() {
                Some(Child { stop: Some(Stop::Lost), .. }) => vec![Action::Release(None)],
                _ => Vec::new(),
            },
            Input::Signal(signal) => self.signal(signal),
            Input::Tick => self.tick(now, clock),
        }
    }

    /// Returns the time until something may be due.
    pub fn wakes_in(&self, clock: Timestamp) -> Option<Duration> {
        let watches = self.child.is_none() || self.plan.policy.overlap == Overlap::Replace;
        let held = self.held.as_ref().filter(|_| self.pending.is_none() && watches)?;
        let next = self.plan.schedule.next(held.record.settled)?;
        let left = Duration::try_from(next.duration_since(clock)).unwrap_or_default();
        Some(left.saturating_add(self.plan.policy.jitter))
    }

    fn begin(&mut self, node: String, record: Record, clock: Timestamp) -> Vec<Action> {
        (self.pending, self.again) = (None, None);
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
        if self.pending.is_some() {
            let is_due = self.again.take_if(|again| *again <= now).is_some();
            return if is_due { self.write() } else { Vec::new() };
        }
        let Some(held) = &mut self.held else { return Vec::new() };
        if self.ends.is_some() || self.child.as_ref().is_some_and(|child| child.stop.is_some()) {
            return Vec::new();
        }
        let Plan { schedule, policy, .. } = &self.plan;
        let runs = self.child.as_ref().map(|child| now.from_start().saturating_sub(child.since.from_start()));
        let running = runs.map(|runs| Running { runs });
        let (record, step) = decide(&held.record, schedule, policy, running, held.since, clock);
        let before = std::mem::replace(&mut held.record, record);
        match step {
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

    fn write(&self) -> Vec<Action> {
        let value = self.held.as_ref().map(|held| held.record.write(&self.plan.schedule));
        value.map(Action::Record).into_iter().collect()
    }

    fn written(&mut self, outcome: Result<bool, String>, now: Moment, clock: Timestamp) -> Vec<Action> {
        match (outcome, self.pending) {
            (Ok(true), Some(Pending::Start(tick))) => {
                self.pending = None;
                if self.ends.is_some() {
                    return self.take_back();
                }
                self.child = Some(Child { tick, since: now, stop: None });
                let shown = self.plan.schedule.shown(tick);
                vec![Action::Say(News::Runs(shown.clone())), Action::StartTick(shown)]
            }
            (Ok(true), Some(Pending::End)) => {
                self.pending = None;
                if self.ends.is_some() {
                    return self.finish();
                }
                // A tick that waited for the end starts at once.
                self.say_next().into_iter().chain(self.tick(now, clock)).collect()
            }
            // The election says that the lead is lost. Until then nothing starts, since the record stays pending.
            (Ok(false), Some(_)) | (_, None) => Vec::new(),
            (Err(why), Some(_)) => {
                if self.ends.is_some() {
                    return self.finish();
                }
                let is_first = self.again.is_none();
                self.again = Some(now.after(RETRY));
                is_first.then_some(Action::Say(News::NotRecorded(why))).into_iter().collect()
            }
        }
    }

    /// Writes the record of a tick that does not start any more as it was before, so that another node starts it.
    fn take_back(&mut self) -> Vec<Action> {
        if let Some(held) = &mut self.held {
            held.record = held.before.clone();
        }
        self.pending = Some(Pending::End);
        self.write()
    }

    fn lose(&mut self, why: String) -> Vec<Action> {
        (self.held, self.pending, self.again) = (None, None, None);
        let say = Action::Say(News::Lost(why));
        match &mut self.child {
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
            let end = self.ends.map(|signal| Action::End(Ending::Signal(signal)));
            return [say, Action::Release(None)].into_iter().chain(end).collect();
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
                if self.pending.is_some() && self.again.is_none() { Vec::new() } else { self.finish() }
            }
            (false, _) => Vec::new(),
        }
    }

    fn finish(&mut self) -> Vec<Action> {
        self.held = None;
        let signal = self.ends.unwrap_or(number::TERM);
        vec![Action::Release(None), Action::End(Ending::Signal(signal))]
    }
}

/// What a new leader writes into the lock's value, from what it read there.
///
/// # Errors
/// Says why it must not lead.
pub fn carry(schedule: &Schedule, key: &str, recorded: Option<&Value>, clock: Timestamp) -> Result<Value, String> {
    let change = format!("to change the schedule, end all runs and delete the key: consul kv delete {key}");
    let record = match recorded {
        None => Record::new(schedule, clock),
        Some(value) => {
            Record::read(value).ok_or_else(|| format!("the record of ticks in {key} cannot be read; {change}"))?
        }
    };
    match record.difference(schedule) {
        None => Ok(record.write(schedule)),
        Some(difference) => {
            let (text, zone) = difference.recorded;
            let own = format!("'{}' in {}", schedule.text(), schedule.zone());
            Err(format!("this node's schedule {own} is not the recorded one '{text}' in {zone}; {change}"))
        }
    }
}

#[cfg(test)]
mod tests;
