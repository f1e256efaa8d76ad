//! The candidate: watches the key, stands when it is free, and reports what happens as a blocking iterator. Must never know what is done
//! under a lead.

use std::sync::Arc;
use std::time::Duration;

use log::debug;

use super::builder::Settings;
use super::lead::Lead;
use super::moment::Moment;
use super::shared::{Seen, Shared};
use super::signal::Loss;
use super::term::Term;
use super::timing::REQUEST_LIMIT;
use super::value::{Leader, Note};
use super::watch;
use crate::consul::{Client, Error, Key};
use crate::lock::Hold;

/// How often a candidate tries a key that is free and refused: nothing shows the end of a lock-delay.
pub(super) const TRY_EVERY: Duration = Duration::from_millis(200);

/// The rest after an error that needs an operator.
pub(super) const REST: Duration = Duration::from_secs(2);

/// The longest wait without a reason.
const LONGEST: Duration = Duration::from_secs(60);

/// What happens in an election.
#[derive(Debug)]
pub enum Event {
    /// This process leads, until it drops the lead.
    Leading(Lead),
    /// The lead must be given back: its signal was raised. The iterator goes on when it has been dropped.
    Lost(Loss),
    /// Another process leads.
    Following(Leader),
    /// Nobody leads, and this process is no candidate now.
    Waiting(Pause),
    /// Consul cannot be asked. This process keeps trying; a lead that it has stays for as long as it is valid.
    Unreachable {
        /// When the first request failed.
        since: Moment,
        /// The last error.
        why: String,
    },
}

/// Why this process is no candidate now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The last leader has failed, and Consul gives the key to nobody until its lock-delay is over.
    LockDelay,
    /// This process has given the lead back.
    StandsBack,
    /// A service is not healthy. Holds why.
    NotHealthy(String),
    /// What the key carries does not allow it. Holds why.
    Refused(String),
}

/// The iterator of events: see [`Election::events`](super::Election::events).
#[derive(Debug)]
pub struct Events {
    pub(super) settings: Arc<Settings>,
    pub(super) client: Client,
    pub(super) shared: Arc<Shared>,
    /// The session of an attempt that was refused.
    pub(super) spare: Option<Hold>,
    /// The name of the agent's node, once known.
    pub(super) node: String,
    /// The last event, so that nothing is reported twice.
    pub(super) last: Last,
    /// What was reported of the current term.
    pub(super) reported: Reported,
    /// The last session of this process that held the key.
    pub(super) former: Option<String>,
    /// Whether the key has ever been seen.
    pub(super) has_seen_key: bool,
    /// Since when the key has been seen free, and its index then.
    pub(super) free_since: Option<(u64, Moment)>,
    /// Until when nothing is tried after an error that needs an operator.
    rests_until: Option<Moment>,
    /// Whether the thread that watches the key has started.
    is_watching: bool,
    /// That thread ends when nobody holds this any more.
    in_use: Arc<()>,
}

/// What was reported last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Last {
    #[default]
    Nothing,
    Following(String),
    Waiting(Pause),
    Unreachable,
}

/// What was reported of a term of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reported {
    /// It has none.
    #[default]
    NoTerm,
    Leading,
    Lost,
}

/// What a step of the candidate brings.
pub(super) enum Step {
    Report(Event),
    Fail(Error),
    /// Wait for a change, but no longer than this.
    Wait(Duration),
}

impl Iterator for Events {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            let (changes, term, stopped) = {
                let state = self.shared.lock();
                (state.changes, state.term.clone(), state.stopped)
            };
            let step = match term {
                Some(term) => self.lead(&term),
                None if stopped => {
                    self.drop_spare();
                    return None;
                }
                None => self.stand(),
            };
            match step {
                Step::Report(event) => return Some(Ok(event)),
                Step::Fail(error) => return Some(Err(error)),
                Step::Wait(limit) => self.shared.wait(changes, limit),
            }
        }
    }
}

impl Events {
    pub(super) fn begin(settings: &Arc<Settings>, client: &Client, shared: &Arc<Shared>) -> Events {
        shared.change(|state| state.seen = Seen::Nothing);
        Events {
            settings: Arc::clone(settings),
            client: client.clone(),
            shared: Arc::clone(shared),
            spare: None,
            node: String::new(),
            last: Last::Nothing,
            reported: Reported::NoTerm,
            former: None,
            has_seen_key: false,
            free_since: None,
            rests_until: None,
            is_watching: false,
            in_use: Arc::new(()),
        }
    }

    /// While this process leads.
    fn lead(&mut self, term: &Term) -> Step {
        if self.last == Last::Unreachable && self.shared.lock().trouble.is_none() {
            // The next outage is another one.
            self.last = Last::Nothing;
        }
        match term.lost.get() {
            Some(loss) if self.reported != Reported::Lost => {
                self.reported = Reported::Lost;
                Step::Report(Event::Lost(loss))
            }
            None => self.tell_outage().unwrap_or(Step::Wait(LONGEST)),
            Some(_) => Step::Wait(LONGEST),
        }
    }

    /// While it does not.
    fn stand(&mut self) -> Step {
        if std::mem::take(&mut self.reported) != Reported::NoTerm {
            // What was reported before the term is no news of what comes after it, not even an outage that still lasts.
            self.last = Last::Nothing;
        }
        if let Err(error) = self.watch() {
            debug!("{error}");
            return self.pause(Pause::NotHealthy(format!("the system gives no thread: {error}")), REST);
        }
        if let Some(rest) = self.rests_until.map(Moment::remaining).filter(|rest| !rest.is_zero()) {
            return Step::Wait(rest);
        }
        let (seen, permanent) = {
            let mut state = self.shared.lock();
            let permanent = state.trouble.as_mut().and_then(|trouble| trouble.permanent.take());
            // What an outage leaves is what was seen before it.
            let seen = if state.trouble.is_some() { Seen::Nothing } else { state.seen.clone() };
            (seen, permanent)
        };
        if let Some(error) = permanent {
            return self.fail(error);
        }
        let Seen::Key(key) = seen else { return self.tell_outage().unwrap_or(Step::Wait(LONGEST)) };
        self.has_seen_key |= key.is_some();
        if let Err(why) = self.carried(key.as_ref()) {
            return self.pause(Pause::Refused(why), LONGEST);
        }
        if let Some(session) = key.as_ref().and_then(|key| key.session.clone()) {
            return self.follow(key.as_ref(), &session);
        }
        let free_at = self.free_at(key.as_ref());
        let rest = self.shared.lock().stands_back_until.filter(|(until, _)| !until.has_come());
        match rest {
            Some((until, true)) => return self.pause(Pause::StandsBack, until.remaining()),
            Some((until, false)) => return Step::Wait(until.remaining()),
            None => {}
        }
        if !free_at.has_come() {
            return self.pause(Pause::LockDelay, free_at.remaining());
        }
        let asked = Moment::now();
        self.try_to_lead().unwrap_or_else(|error| self.has_failed(asked, error))
    }

    fn watch(&mut self) -> std::io::Result<()> {
        if !self.is_watching {
            watch::start(&self.client, &self.settings.key, &self.shared, &self.in_use)?;
            self.is_watching = true;
        }
        Ok(())
    }

    fn follow(&mut self, key: Option<&Key>, session: &str) -> Step {
        self.drop_spare();
        let leftover = self.shared.lock().leftover.take_if(|hold| hold.session() == session);
        if let Some(hold) = leftover {
            let asked = Moment::now();
            let value = key.map(|key| &key.value[..]).unwrap_or_default();
            return match hold.release(&Note::of_release(value).encoded(), REQUEST_LIMIT) {
                Ok(()) => Step::Wait(TRY_EVERY),
                Err(error) => {
                    self.shared.lock().leftover = Some(hold);
                    self.has_failed(asked, error)
                }
            };
        }
        // The own release has not been seen yet.
        if self.former.as_deref() == Some(session) {
            return Step::Wait(TRY_EVERY);
        }
        if self.last == Last::Following(session.to_owned()) {
            return Step::Wait(LONGEST);
        }
        self.last = Last::Following(session.to_owned());
        let (term, value) = key.map(|key| (key.lock_index, &key.value[..])).unwrap_or_default();
        Step::Report(Event::Following(Leader::of(session, term, value)))
    }

    /// Reports a pause once, and waits.
    pub(super) fn pause(&mut self, pause: Pause, length: Duration) -> Step {
        if self.last == Last::Waiting(pause.clone()) {
            return Step::Wait(length);
        }
        self.last = Last::Waiting(pause.clone());
        Step::Report(Event::Waiting(pause))
    }

    fn tell_outage(&mut self) -> Option<Step> {
        let (since, why) = {
            let state = self.shared.lock();
            let trouble = state.trouble.as_ref().filter(|trouble| !trouble.is_permanent)?;
            (trouble.since, trouble.words.clone())
        };
        if self.last == Last::Unreachable {
            return None;
        }
        self.last = Last::Unreachable;
        Some(Step::Report(Event::Unreachable { since, why }))
    }

    fn has_failed(&mut self, asked: Moment, error: Error) -> Step {
        if error.is_permanent() {
            // Consul has answered, so an outage is over.
            self.shared.lock().trouble.take_if(|trouble| !trouble.is_permanent);
            return self.fail(error);
        }
        self.shared.has_failed(asked, error);
        // The thread that watches the key finds out when Consul answers again.
        self.tell_outage().unwrap_or(Step::Wait(TRY_EVERY))
    }

    fn fail(&mut self, error: Error) -> Step {
        self.rests_until = Some(Moment::now().after(REST));
        self.last = Last::Nothing;
        Step::Fail(error)
    }

    fn drop_spare(&mut self) {
        if let Some(hold) = self.spare.take() {
            if let Err(error) = hold.abandon(REQUEST_LIMIT) {
                debug!("a session ends only with its TTL: {error:#}");
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.drop_spare();
    }
}

#[cfg(test)]
mod tests;
