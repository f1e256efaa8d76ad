//! The decisions of a run: what follows from each event. Pure; its table is in `machine/tests.rs`. Must never know Consul, a process or a
//! clock.

use std::time::Duration;

use serde_json::Value;

use super::news::News;
use super::policy::{AfterEnd, OnFailure, Settings};
use crate::lead::Moment;
use crate::process::Ended;
use crate::schedule::Record;

/// The first pause before the command runs again. Each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause. A command that has run for longer begins with the first pause again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Signals, by their numbers on Linux.
pub mod number {
    pub const HUP: u8 = 1;
    pub const INT: u8 = 2;
    pub const QUIT: u8 = 3;
    pub const KILL: u8 = 9;
    pub const TERM: u8 = 15;
}

/// What happens to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// This process leads. Holds the term.
    Leading(u64),
    /// The lead is lost. Holds why.
    Lost(String),
    /// Another process leads. Holds its place.
    Following(String),
    /// Nobody leads, and this process is no candidate. Holds why.
    Waiting(String),
    /// Consul cannot be asked since then. Holds why.
    Unreachable(Moment, String),
    /// The election cannot be held until an operator changes something.
    Failed(String),
    /// The command and everything that it started have ended.
    Ended(Ended),
    /// This program received a signal.
    Signal(u8),
    /// The name of this node, and what the lock's value says of ticks, after [`Input::Leading`].
    Recorded(String, Box<Record>),
    /// The command was not started for a tick, since the lead is no longer valid.
    NotStarted,
    /// How writing a record ended. `false`: this process does not lead.
    Written(Result<bool, String>),
    /// Time has passed.
    Tick,
}

/// What a run does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start the command, under the lead or without one.
    Start,
    /// Start the command for a tick. Holds its due time.
    StartTick(String),
    /// Write this record of ticks into the lock's value.
    Record(Value),
    /// Send SIGTERM, and SIGKILL after the grace.
    Stop,
    /// Send this signal to the command's group.
    Forward(u8),
    /// Release the lead. With a reason, resign, and stand back.
    Release(Option<&'static str>),
    /// Say what has happened.
    Say(News),
    /// End.
    End(Ending),
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As the command did.
    Command(Ended),
    /// With success, whatever the command did.
    Ignored(Ended),
    /// This process never led in the time that it was given.
    NotElected(Duration),
    /// The lead was lost. Holds why.
    Lost(String),
    /// The election could not be held. Holds why.
    Failed(String),
    /// A signal ended it before the command ran.
    Signal(u8),
}

/// Why a running command ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stop {
    Signal,
    Lost(String),
    Yield,
}

/// A running command.
#[derive(Clone, Debug)]
struct Child {
    since: Moment,
    stop: Option<Stop>,
}

/// The state of a run.
#[derive(Clone, Debug)]
pub struct Machine {
    settings: Settings,
    begun: Moment,
    has_led: bool,
    leads: bool,
    child: Option<Child>,
    /// When the command runs again.
    again: Option<Moment>,
    pause: Duration,
    /// Why the election could not be held last.
    failure: Option<String>,
    /// Since when Consul cannot be asked, and why.
    outage: Option<(Moment, String)>,
}

impl Machine {
    /// Begins a run.
    pub fn new(settings: &Settings, now: Moment) -> Machine {
        Machine {
            settings: settings.clone(),
            begun: now,
            has_led: false,
            leads: false,
            child: None,
            again: None,
            pause: FIRST_PAUSE,
            failure: None,
            outage: None,
        }
    }

    /// Decides what follows.
    pub fn decide(&mut self, input: Input, now: Moment) -> Vec<Action> {
        if !matches!(input, Input::Tick | Input::Signal(_) | Input::Ended(_) | Input::Unreachable(..)) {
            self.outage = None;
            if !matches!(input, Input::Failed(_)) {
                self.failure = None;
            }
        }
        match input {
            Input::Leading(term) => self.begin(term, now),
            Input::Lost(why) => self.lose(why),
            Input::Following(place) => self.follow(place),
            Input::Waiting(why) => vec![Action::Say(News::Waiting(why))],
            Input::Unreachable(since, why) => {
                self.outage = Some((since, why.clone()));
                [vec![Action::Say(News::Unreachable(why))], self.tick(now)].concat()
            }
            Input::Failed(why) if self.settings.on_failure == OnFailure::Exit && self.child.is_none() => {
                vec![Action::End(Ending::Failed(why))]
            }
            Input::Failed(why) => {
                let is_new = self.failure.as_ref() != Some(&why);
                self.failure = Some(why.clone());
                if is_new { vec![Action::Say(News::Failed(why))] } else { Vec::new() }
            }
            Input::Ended(ended) => self.end(ended, now),
            Input::Signal(signal) => self.signal(signal),
            // Only a run on a schedule has ticks.
            Input::Recorded(..) | Input::Written(_) | Input::NotStarted => Vec::new(),
            Input::Tick => self.tick(now),
        }
    }

    fn begin(&mut self, term: u64, now: Moment) -> Vec<Action> {
        (self.leads, self.has_led) = (true, true);
        let mut actions = vec![Action::Say(News::Leading(term))];
        if self.child.is_none() && self.again.is_none_or(|again| again <= now) {
            actions.extend(self.start(now));
        }
        actions
    }

    fn start(&mut self, now: Moment) -> Vec<Action> {
        self.child = Some(Child { since: now, stop: None });
        self.again = None;
        vec![Action::Start]
    }

    fn lose(&mut self, why: String) -> Vec<Action> {
        if !self.leads {
            return Vec::new();
        }
        let say = Action::Say(News::Lost(why.clone()));
        match &mut self.child {
            // The election and the guard may both say it.
            Some(Child { stop: Some(Stop::Lost(_)), .. }) => Vec::new(),
            Some(child) => {
                if child.stop != Some(Stop::Signal) {
                    child.stop = Some(Stop::Lost(why));
                }
                vec![say, Action::Stop]
            }
            None => [vec![say], self.after_loss(why)].concat(),
        }
    }

    /// Nothing runs any more, and the lead is lost. That counts as an error of the command.
    fn after_loss(&mut self, why: String) -> Vec<Action> {
        self.leads = false;
        match self.settings.on_error {
            AfterEnd::Exit | AfterEnd::Ignore => vec![Action::Release(None), Action::End(Ending::Lost(why))],
            AfterEnd::Rerun | AfterEnd::Reelect => vec![Action::Release(None)],
        }
    }

    fn follow(&mut self, place: String) -> Vec<Action> {
        match &mut self.child {
            Some(child) if !self.leads && child.stop.is_none() => {
                child.stop = Some(Stop::Yield);
                vec![Action::Say(News::Yields(place)), Action::Stop]
            }
            _ => vec![Action::Say(News::Following(place))],
        }
    }

    fn end(&mut self, ended: Ended, now: Moment) -> Vec<Action> {
        let Some(child) = self.child.take() else { return Vec::new() };
        if self.leads {
            // Nothing says that an outage is over while this process leads. One that lasts is reported once more after the lead.
            self.outage = None;
        }
        match child.stop {
            Some(Stop::Signal) => return vec![Action::Release(None), Action::End(Ending::Command(ended))],
            Some(Stop::Lost(why)) => return self.after_loss(why),
            // It ran without a lead, and this process has the lead meanwhile.
            Some(Stop::Yield) if self.leads => return self.start(now),
            Some(Stop::Yield) => return Vec::new(),
            None => {}
        }
        let policy = if ended == Ended::Code(0) { self.settings.on_success } else { self.settings.on_error };
        match policy {
            AfterEnd::Exit => vec![Action::Release(None), Action::End(Ending::Command(ended))],
            AfterEnd::Ignore => vec![Action::Release(None), Action::End(Ending::Ignored(ended))],
            AfterEnd::Rerun => {
                let pause = self.next_pause(child.since, now);
                vec![Action::Say(News::Reruns(ended, pause))]
            }
            AfterEnd::Reelect => {
                self.next_pause(child.since, now);
                self.leads = false;
                vec![Action::Say(News::Reelects(ended)), Action::Release(Some("the command has ended"))]
            }
        }
    }

    /// Sets when the command may run again, and returns how long that is.
    fn next_pause(&mut self, since: Moment, now: Moment) -> Duration {
        if since.after(LONGEST_PAUSE) <= now {
            self.pause = FIRST_PAUSE;
        }
        let pause = self.pause;
        self.again = Some(now.after(pause));
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }

    fn signal(&mut self, signal: u8) -> Vec<Action> {
        let ends = matches!(signal, number::TERM | number::INT | number::QUIT);
        match &mut self.child {
            Some(child) if ends => {
                // It counts even if the command ends for another reason: otherwise the run would stand again.
                let before = child.stop.replace(Stop::Signal);
                let say = (before != Some(Stop::Signal)).then_some(Action::Say(News::Stops(signal)));
                let act = if signal == number::TERM { Action::Stop } else { Action::Forward(signal) };
                say.into_iter().chain([act]).collect()
            }
            Some(_) => vec![Action::Forward(signal)],
            None if ends || signal == number::HUP => {
                vec![Action::Release(None), Action::End(Ending::Signal(signal))]
            }
            None => Vec::new(),
        }
    }

    fn tick(&mut self, now: Moment) -> Vec<Action> {
        if self.child.is_some() {
            return Vec::new();
        }
        if self.leads {
            return if self.again.is_some_and(|again| again <= now) { self.start(now) } else { Vec::new() };
        }
        if let Some(limit) = self.settings.wait_lock.filter(|limit| !self.has_led && self.begun.after(*limit) <= now) {
            return vec![Action::End(Ending::NotElected(limit))];
        }
        let timeout = self.settings.election_timeout;
        let Some((_, why)) = self.outage.as_ref().filter(|(since, _)| since.after(timeout) <= now) else {
            return Vec::new();
        };
        match self.settings.on_failure {
            OnFailure::Retry => Vec::new(),
            OnFailure::Exit => vec![Action::End(Ending::Failed(why.clone()))],
            OnFailure::RunAnyway if self.again.is_some_and(|again| again > now) => Vec::new(),
            OnFailure::RunAnyway => [vec![Action::Say(News::RunsAnyway)], self.start(now)].concat(),
        }
    }
}

#[cfg(test)]
mod tests;
