//! A command that only the leader runs: joins the election, the decisions and the guard. Must never know options, exit codes or the words
//! of a line.
//!
//! Three processes: the run, which holds the lead; its guard, which ends the command at a deadline even if the run cannot; and the command
//! in a group of its own. Run and guard adopt orphans, so nothing that the command starts escapes.

mod charge;
mod decisions;
mod guard;
mod machine;
mod news;
mod notify;
mod policy;
mod timetable;
mod wire;
mod words;
mod wrap;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use log::{debug, warn};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::consul::Error;
use crate::lead::{Client, Election, Event, Invalid, Lead, Moment};
use crate::process::{Ended, adopt_orphans, end_all};
use crate::schedule::Record;
use charge::{Charge, Heard, Overdue};
use decisions::Decisions;
use machine::{Action, Input};
use notify::Notify;
use words::{expired, place, reason};
use wrap::wait_for_last_lines;

pub use charge::Itself;
pub use guard::{GUARD, START, guard, start};
pub use machine::Ending;
pub use news::News;
pub use policy::{AfterEnd, OnFailure, Settings};
pub use timetable::Plan;

/// The longest time between two looks at the deadlines.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The time between two attempts to end what a guard has left behind.
const KILL_EVERY: Duration = Duration::from_millis(20);

/// How long the end of the election is waited for. Its session ends by its TTL otherwise.
const STOPS_WITHIN: Duration = Duration::from_secs(3);

/// How long a run that ends waits for the last lines of its command, which its guard closes a moment later.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What wakes a run.
enum Woken {
    Election(Result<Event, Error>),
    Signal(u8),
    Guard(Heard),
    /// What came of an action.
    Outcome(Input),
    /// The election has ended.
    Over,
}

/// A run in progress.
struct Run<'a> {
    settings: &'a Settings,
    itself: Itself,
    decisions: Decisions,
    lead: Option<Lead>,
    charge: Option<Charge>,
    /// How the command has ended whose guard has died, until nothing of it is left.
    left: Option<Ended>,
    notify: Notify,
    news: Sender<Woken>,
    /// Words what has happened.
    say: &'a dyn Fn(&News) -> String,
    line: fn(&str, &str),
    /// The threads that pass on what ended commands have printed.
    outputs: Vec<JoinHandle<()>>,
}

/// Runs the command whenever this process leads, until the settings, a signal or an error end that. `say` makes the line of each change,
/// which the service manager gets, too; `line` takes the command's output if it is wrapped: the stream's name and a line.
///
/// # Errors
/// When the settings cannot be safe.
pub fn run(
    settings: &Settings,
    plan: Option<Plan>,
    client: Client,
    itself: Itself,
    say: &dyn Fn(&News) -> String,
    line: fn(&str, &str),
) -> Result<Ending, Invalid> {
    let builder = match plan.clone() {
        None => settings.election(),
        Some(Plan { schedule, .. }) => {
            let key = settings.lock_key();
            settings.election().carry(move |carried| timetable::carry(&schedule, &key, carried, Timestamp::now()))
        }
    };
    let election = builder.build(client)?;
    let decisions = Decisions::new(settings, plan);
    let (news, woken) = channel();
    if let Err(error) = adopt_orphans().and_then(|()| signals(&news)) {
        return Ok(Ending::Failed(format!("the system refuses what a run needs: {error}")));
    }
    let stopper = election.stopper();
    if let Err(error) = events(election, &news) {
        return Ok(Ending::Failed(format!("the system gives no thread: {error}")));
    }
    let mut run = Run {
        settings,
        itself,
        decisions,
        lead: None,
        charge: None,
        left: None,
        notify: Notify::from_environment(),
        news,
        say,
        line,
        outputs: Vec::new(),
    };
    let ending = run.follow(&woken);
    run.notify.stopping();
    let outputs = std::mem::take(&mut run.outputs);
    drop(run);
    stopper.stop();
    wait_for_end(&woken);
    wait_for_last_lines(&outputs, LAST_LINES);
    Ok(ending)
}

/// Passes on the events of the election, in a thread of its own.
fn events(election: Election, news: &Sender<Woken>) -> std::io::Result<()> {
    let news = news.clone();
    let take = move || {
        for event in election.events() {
            if news.send(Woken::Election(event)).is_err() {
                return;
            }
        }
        let _ = news.send(Woken::Over);
    };
    thread::Builder::new().name("election".to_owned()).spawn(take).map(drop)
}

/// Passes on the signals of this process, in a thread of its own.
fn signals(news: &Sender<Woken>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH])?;
    let news = news.clone();
    let take = move || {
        for signal in signals.forever() {
            if news.send(Woken::Signal(u8::try_from(signal).unwrap_or(0))).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(take).map(drop)
}

/// Waits until the election has ended its sessions. Leads that come meanwhile are released.
fn wait_for_end(woken: &Receiver<Woken>) {
    let end = Moment::now().after(STOPS_WITHIN);
    while !matches!(woken.recv_timeout(end.remaining()), Ok(Woken::Over) | Err(_)) {}
}

impl Run<'_> {
    fn follow(&mut self, woken: &Receiver<Woken>) -> Ending {
        loop {
            let due = self.notify.alive().into_iter().chain(self.decisions.wakes_in());
            let longest = if self.left.is_some() { KILL_EVERY } else { LOOK_EVERY };
            let look = due.fold(longest, Duration::min);
            let woken = woken.recv_timeout(look.max(Duration::from_millis(1)));
            // A command that is gone is not late.
            let is_gone = matches!(woken, Ok(Woken::Guard(Heard::Gone(_))));
            let late = if is_gone { None } else { self.end_what_is_overdue() };
            let input = match woken {
                Ok(woken) => self.input(woken),
                Err(RecvTimeoutError::Timeout) => Some(Input::Tick),
                Err(RecvTimeoutError::Disconnected) => Some(Input::Failed("its threads have ended".to_owned())),
            };
            let ended = self.end_what_is_left();
            let recorded = matches!(input, Some(Input::Leading(_))).then(|| self.recorded()).flatten();
            for input in late.into_iter().chain(input).chain(recorded).chain(ended).chain([Input::Tick]) {
                let actions = self.decisions.decide(input);
                for action in actions {
                    if let Some(ending) = self.act(action) {
                        return ending;
                    }
                }
            }
        }
    }

    /// Sends the guard its deadline, and ends the command if the guard has not. One attempt: this process goes on whatever a process does.
    fn end_what_is_overdue(&mut self) -> Option<Input> {
        let charge = self.charge.as_mut()?;
        charge.extend(self.lead.as_ref(), self.settings.outage);
        let (overdue, is_first) = charge.overdue()?;
        if is_first {
            warn!("the guard has not ended the command in time, so this process does");
        }
        // The end of the guard shows on its stream.
        end_all(|_, _| (), || true);
        (is_first && overdue == Overdue::Deadline).then(expired)
    }

    /// Ends what a guard that has died left behind. Returns the command's end once nothing is left.
    fn end_what_is_left(&mut self) -> Option<Input> {
        let ended = self.left.take()?;
        if end_all(|_, _| (), || true) {
            return Some(Input::Ended(ended));
        }
        self.left = Some(ended);
        None
    }

    /// What the lock's value says of ticks.
    fn recorded(&self) -> Option<Input> {
        let lead = self.lead.as_ref()?;
        Some(Input::Recorded(lead.node(), Box::new(Record::read(&lead.carried()?)?)))
    }

    /// Turns what has come into an input for the decisions.
    fn input(&mut self, woken: Woken) -> Option<Input> {
        Some(match woken {
            Woken::Election(Ok(Event::Leading(lead))) => {
                let term = lead.token().lock_index;
                self.lead = Some(lead);
                Input::Leading(term)
            }
            Woken::Election(Ok(Event::Lost(why))) => Input::Lost(why.to_string()),
            Woken::Election(Ok(Event::Following(leader))) => Input::Following(place(&leader)),
            Woken::Election(Ok(Event::Waiting(pause))) => Input::Waiting(reason(&pause)),
            Woken::Election(Ok(Event::Unreachable { since, why })) => Input::Unreachable(since, why),
            Woken::Election(Err(error)) => Input::Failed(format!("{error:#}")),
            Woken::Signal(signal) => Input::Signal(signal),
            Woken::Outcome(input) => input,
            Woken::Guard(Heard::Trouble(words)) => {
                warn!("{words}");
                return None;
            }
            Woken::Guard(Heard::Expired) => expired(),
            Woken::Guard(Heard::Gone(ended)) => {
                let outputs = self.charge.take()?.finish();
                self.keep(outputs);
                Input::Ended(ended)
            }
            Woken::Guard(Heard::Died(ended)) => {
                let charge = self.charge.take()?;
                warn!("the guard has ended, and so the command ends");
                let outputs = charge.finish();
                self.keep(outputs);
                self.left = Some(ended.unwrap_or(Ended::Signal(machine::number::KILL)));
                return None;
            }
            Woken::Over => return None,
        })
    }

    /// Keeps the threads that still pass on what a command has printed.
    fn keep(&mut self, outputs: Vec<JoinHandle<()>>) {
        self.outputs.retain(|thread| !thread.is_finished());
        self.outputs.extend(outputs);
    }

    fn act(&mut self, action: Action) -> Option<Ending> {
        match action {
            Action::Say(news) => {
                let words = (self.say)(&news);
                self.notify.status(&words);
            }
            Action::Start => return self.start(None),
            // A record that was written long ago, before this machine was suspended, is no lead.
            Action::StartTick(_) if !self.lead.as_ref().is_some_and(Lead::is_valid) => {
                let _ = self.news.send(Woken::Outcome(Input::NotStarted));
            }
            Action::StartTick(tick) => return self.start(Some(tick)),
            Action::Record(value) => {
                let outcome = self.lead.as_ref().map_or(Ok(false), |lead| lead.carry(value));
                let _ = self.news.send(Woken::Outcome(Input::Written(outcome.map_err(|error| format!("{error:#}")))));
            }
            Action::Stop => {
                if let Some(charge) = &mut self.charge {
                    charge.stop();
                }
            }
            Action::Forward(signal) => {
                if let Some(charge) = &self.charge {
                    charge.signal(signal);
                }
            }
            Action::Release(Some(why)) => {
                if let Some(Err(error)) = self.lead.take().map(|lead| lead.resign(why)) {
                    debug!("{error:#}");
                }
            }
            Action::Release(None) => self.lead = None,
            Action::End(ending) => return Some(ending),
        }
        None
    }

    /// Starts the command, for this tick or for none.
    fn start(&mut self, tick: Option<String>) -> Option<Ending> {
        let heard: fn(Heard) -> Woken = Woken::Guard;
        let lead = self.lead.as_ref();
        match Charge::start(&self.itself, self.settings, lead, tick, &self.news, heard, self.line) {
            Ok(charge) => self.charge = Some(charge),
            Err(error) => {
                // A guard without orders ends by itself.
                let end = Moment::now().after(STOPS_WITHIN);
                end_all(|_, _| (), || end.has_come());
                self.lead = None;
                return Some(Ending::Failed(format!("cannot start a guard: {error}")));
            }
        }
        None
    }
}
