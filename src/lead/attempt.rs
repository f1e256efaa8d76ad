//! One attempt of a candidate on a key that is free: when it may be made, the session for it, and the term that follows. Must never know what
//! is reported.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::events::{Event, Events, Last, Pause, REST, Reported, Step, TRY_EVERY};
use super::lead::Lead;
use super::moment::Moment;
use super::services;
use super::shared::Seen;
use super::signal::Loss;
use super::term::{FencingToken, Term};
use super::timing::REQUEST_LIMIT;
use super::value::Note;
use crate::consul::{Error, Key, NewSession};
use crate::lock::{Hold, Proof};

/// How often a candidate asks whether its services are healthy.
const ASK_HEALTH_EVERY: Duration = Duration::from_secs(1);

impl Events {
    /// Tries to take the key, which was seen free.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub(super) fn try_to_lead(&mut self) -> Result<Step, Error> {
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
    pub(super) fn carried(&self, key: Option<&Key>) -> Result<Option<Value>, String> {
        let carrier = self.settings.carrier.as_ref();
        let value = key.map(|key| &key.value[..]);
        carrier.map(|carrier| carrier.carry(&self.settings.key, value)).transpose()
    }

    /// When this process may take the free key. One that has never been there is free at once; one that was deleted may still have a
    /// command.
    pub(super) fn free_at(&mut self, key: Option<&Key>) -> Moment {
        let own = self.settings.timings.lock_delay;
        let (index, delay) = match key {
            Some(key) => (key.modify_index, Note::lock_delay_of(&key.value, own)),
            None if self.free_since.is_none() && !self.has_seen_key => return Moment::now(),
            None => (0, own),
        };
        let since = match self.free_since {
            Some((known, since)) if known == index => since,
            _ => Moment::now(),
        };
        self.free_since = Some((index, since));
        since.after(delay)
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
                self.reported = Reported::Leading;
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
}
