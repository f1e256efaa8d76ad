//! The candidate: watches the key, stands when it is free, and reports what happens as a blocking iterator. Must never know what is done
//! under a lead.

use std::sync::Arc;
use std::time::Duration;

use log::debug;
use serde_json::Value;

use super::builder::Settings;
use super::lead::Lead;
use super::moment::Moment;
use super::services;
use super::shared::{Seen, Shared};
use super::signal::Loss;
use super::term::{FencingToken, Term};
use super::timing::REQUEST_LIMIT;
use super::value::{Leader, Note};
use super::watch;
use crate::consul::{Client, Error, Key, NewSession};
use crate::lock::{Hold, Proof};

/// How often a candidate tries a key that is free and refused: nothing shows the end of a lock-delay.
const TRY_EVERY: Duration = Duration::from_millis(200);

/// How often a candidate asks whether its services are healthy.
const ASK_HEALTH_EVERY: Duration = Duration::from_secs(1);

/// The rest after an error that needs an operator.
const REST: Duration = Duration::from_secs(2);

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
    settings: Arc<Settings>,
    client: Client,
    shared: Arc<Shared>,
    /// The session of an attempt that was refused.
    spare: Option<Hold>,
    /// The name of the agent's node, once known.
    node: String,
    /// The last event, so that nothing is reported twice.
    last: Last,
    /// Whether the loss of the current term was reported.
    loss_is_told: bool,
    /// The last session of this process that held the key.
    former: Option<String>,
    /// Since when the key has been seen free, and its index then.
    free_since: Option<(u64, Moment)>,
    /// Until when nothing is tried after an error that needs an operator.
    rests_until: Option<Moment>,
    /// Whether the thread that watches the key has started.
    is_watching: bool,
}

/// What was reported last.
#[derive(Clone, Debug, Default, PartialEq)]
enum Last {
    #[default]
    Nothing,
    Following(String),
    Waiting(Pause),
    Unreachable,
}

/// What a step of the candidate brings.
enum Step {
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
        shared.change(|state| {
            state.abandoned = false;
            state.seen = Seen::Nothing;
        });
        Events {
            settings: Arc::clone(settings),
            client: client.clone(),
            shared: Arc::clone(shared),
            spare: None,
            node: String::new(),
            last: Last::Nothing,
            loss_is_told: false,
            former: None,
            free_since: None,
            rests_until: None,
            is_watching: false,
        }
    }

    /// While this process leads.
    fn lead(&mut self, term: &Term) -> Step {
        match term.lost.get() {
            Some(loss) if !self.loss_is_told => {
                self.loss_is_told = true;
                Step::Report(Event::Lost(loss))
            }
            None => self.tell_outage().unwrap_or(Step::Wait(LONGEST)),
            Some(_) => Step::Wait(LONGEST),
        }
    }

    /// While it does not.
    fn stand(&mut self) -> Step {
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
            watch::start(&self.client, &self.settings.key, &self.shared)?;
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

    fn try_to_lead(&mut self) -> Result<Step, Error> {
        let hold = match self.spare.take() {
            // In a lock-delay Consul gives the same answer for a session that has ended.
            Some(hold) if hold.renew(REQUEST_LIMIT)? => hold,
            _ => match services::healthy(&self.client, &self.settings.services, REQUEST_LIMIT)? {
                Err(why) => return Ok(self.pause(Pause::NotHealthy(why), ASK_HEALTH_EVERY)),
                Ok(checks) => self.prepare(checks)?,
            },
        };
        // Nobody may have held it since it was seen free, for however short a time.
        let free = match hold.prove(REQUEST_LIMIT)? {
            Proof::NotHeld(key) if key.as_ref().is_none_or(|key| key.session.is_none()) => {
                if !self.free_at(key.as_ref()).has_come() {
                    self.spare = Some(hold);
                    return Ok(Step::Wait(TRY_EVERY));
                }
                key
            }
            _ => {
                self.spare = Some(hold);
                return Ok(Step::Wait(TRY_EVERY));
            }
        };
        let carried = match self.carried(free.as_ref()) {
            Ok(carried) => carried,
            Err(why) => {
                self.spare = Some(hold);
                return Ok(self.pause(Pause::Refused(why), TRY_EVERY));
            }
        };
        let hands_on = carried.is_some();
        let lock_delay = self.settings.timings.lock_delay;
        let new = Note::new(&self.settings.name, &self.node, hold.session(), &self.settings.holder, lock_delay);
        let note = Note { carried, ..new };
        let asked = Moment::now();
        // Whether an attempt without an answer succeeded shows in the proof.
        let acquired = if hands_on {
            hold.acquire_unchanged(&note.encoded(), free.as_ref(), REQUEST_LIMIT)
        } else {
            hold.acquire(&note.encoded(), REQUEST_LIMIT)
        };
        if let Ok(false) = acquired {
            self.spare = Some(hold);
            let is_free = matches!(&self.shared.lock().seen, Seen::Key(key) if key.as_ref().is_none_or(|key| key.session.is_none()));
            return Ok(if is_free { self.pause(Pause::LockDelay, TRY_EVERY) } else { Step::Wait(TRY_EVERY) });
        }
        let proof = hold.prove(REQUEST_LIMIT);
        match (acquired, proof) {
            (_, Ok(Proof::Held(create_index, lock_index))) => {
                let token = FencingToken { create_index, lock_index };
                Ok(self.begin_term(hold, token, note, asked))
            }
            // It was lost as soon as it was won.
            (Ok(_), Ok(Proof::NotHeld(_))) => {
                self.spare = Some(hold);
                Ok(Step::Wait(TRY_EVERY))
            }
            (Err(error), Ok(Proof::NotHeld(_))) => {
                self.spare = Some(hold);
                Err(error)
            }
            // It may hold the key. Nothing rests on that.
            (_, Err(error)) => {
                self.shared.lock().leftover = Some(hold);
                Err(error)
            }
        }
    }

    /// What a new holder of the key hands on, if anything. An error says why this process must not hold it.
    fn carried(&self, key: Option<&Key>) -> Result<Option<Value>, String> {
        let carrier = self.settings.carrier.as_ref();
        carrier.map(|carrier| carrier.carry(key.map(|key| &key.value[..]))).transpose()
    }

    /// When this process may take the free key.
    fn free_at(&mut self, key: Option<&Key>) -> Moment {
        let Some(key) = key else { return Moment::now() };
        let since = match self.free_since {
            Some((index, since)) if index == key.modify_index => since,
            _ => Moment::now(),
        };
        self.free_since = Some((key.modify_index, since));
        since.after(Note::lock_delay_of(&key.value, self.settings.timings.lock_delay))
    }

    fn prepare(&mut self, checks: services::Checks) -> Result<Hold, Error> {
        let new = NewSession {
            name: format!("election {} of {}", self.settings.name, self.settings.holder),
            lock_delay: self.settings.timings.lock_delay,
            ttl: Some(self.settings.timings.ttl),
            node_checks: checks.of_node,
            service_checks: checks.of_services,
        };
        let hold = Hold::prepare(&self.client, &self.settings.key, &new, REQUEST_LIMIT)?;
        if self.node.is_empty() {
            // A token that may not read it can lead all the same.
            self.node = hold.node(REQUEST_LIMIT).ok().flatten().unwrap_or_default();
        }
        Ok(hold)
    }

    fn begin_term(&mut self, hold: Hold, token: FencingToken, note: Note, proven: Moment) -> Step {
        let session = hold.session().to_owned();
        let spare = hold.clone();
        match Term::begin(&self.settings, &self.shared, hold, token, note, proven) {
            Ok(term) => {
                self.last = Last::Nothing;
                self.loss_is_told = false;
                self.former = Some(session);
                let stopped = self.shared.change(|state| {
                    state.term = Some(Arc::clone(&term));
                    state.stopped
                });
                if stopped {
                    term.lose(Loss::Stopped);
                }
                Step::Report(Event::Leading(Lead::new(term, Arc::clone(&self.shared))))
            }
            Err(error) => {
                self.shared.lock().leftover = Some(spare);
                self.pause(Pause::NotHealthy(format!("the system gives no thread: {error}")), REST)
            }
        }
    }

    /// Reports a pause once, and waits.
    fn pause(&mut self, pause: Pause, length: Duration) -> Step {
        if self.last == Last::Waiting(pause.clone()) {
            return Step::Wait(length);
        }
        self.last = Last::Waiting(pause.clone());
        Step::Report(Event::Waiting(pause))
    }

    fn tell_outage(&mut self) -> Option<Step> {
        let (since, why) = {
            let state = self.shared.lock();
            let trouble = state.trouble.as_ref()?;
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
        self.shared.change(|state| state.abandoned = true);
    }
}
