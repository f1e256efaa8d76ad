//! The lead as a value: whether it still holds, until when, and how it is given back. Must never know how it was won.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use log::{debug, warn};
use serde_json::Value;

use super::client::Client;
use super::moment::Moment;
use super::shared::{Seen, Shared};
use super::signal::{Loss, Signal};
use super::term::{FencingToken, Term};
use super::timing::REQUEST_LIMIT;
use super::value::Note;
use crate::consul::Error;
use crate::deadline::Deadline;
use crate::lock::{Hold, Proof};

/// How long a process that has released its lead lets others go first.
const COURTESY: Duration = Duration::from_secs(1);

/// A lead. It is released when dropped, without lock-delay: drop it when the work is over, not before.
pub struct Lead {
    term: Arc<Term>,
    shared: Arc<Shared>,
    is_released: bool,
}

impl fmt::Debug for Lead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Lead")
            .field("token", &self.token())
            .field("lost", &self.term.lost.get())
            .finish_non_exhaustive()
    }
}

impl Lead {
    pub(super) fn new(term: Arc<Term>, shared: Arc<Shared>) -> Lead {
        Lead { term, shared, is_released: false }
    }

    /// Returns whether nobody else can lead now. `true` stays true until [`Lead::valid_until`], provided nobody releases or deletes
    /// the key by hand.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !self.term.lost.is_raised() && !self.valid_until().has_come()
    }

    /// Returns the moment by which work under this lead must be over. It moves on with every proof, about every 2 s.
    #[must_use]
    pub fn valid_until(&self) -> Moment {
        self.term.settings.timings.end_by(self.term.proven())
    }

    /// Returns the token by which storage can refuse the writes of a former leader.
    #[must_use]
    pub fn token(&self) -> FencingToken {
        self.term.token
    }

    /// Returns the ID of the session that holds the key.
    #[must_use]
    pub fn session(&self) -> &str {
        self.term.session()
    }

    /// Returns the signal that is raised when work must stop. It leaves the grace for that: the lead stays valid for as long, if the
    /// reason is not that Consul already knows of another state.
    #[must_use]
    pub fn lost(&self) -> &Signal {
        &self.term.lost
    }

    /// Returns the name of this node; empty if the token may not read it.
    #[must_use]
    pub fn node(&self) -> String {
        self.term.note().node
    }

    /// Returns what the lock's value carries for the next holder: see [`Builder::carry`](super::Builder::carry).
    #[must_use]
    pub fn carried(&self) -> Option<Value> {
        self.term.note().carried
    }

    /// Replaces what the lock's value carries, in one raft entry. `false`: the lead is lost, and nothing was written.
    ///
    /// # Errors
    /// When Consul could not be asked. Whether it was written all the same is unknown; writing it again does no harm.
    pub fn carry(&self, value: Value) -> Result<bool, Error> {
        let note = Note { carried: Some(value), ..self.term.note() };
        let written = self.term.hold().rewrite(&note.encoded(), self.term.written(), REQUEST_LIMIT)?;
        match written {
            Some(index) => self.term.has_written(note, index),
            None => self.term.prove_now(),
        }
        Ok(written.is_some())
    }

    /// Releases the lead, leaves a note why, and stands back so that another process can lead.
    ///
    /// # Errors
    /// When Consul could not be asked. The session then ends with its TTL, and the key stays free for the lock-delay.
    pub fn resign(mut self, why: &str) -> Result<(), Error> {
        self.release(true, why)
    }

    fn release(&mut self, stands_back: bool, why: &str) -> Result<(), Error> {
        self.is_released = true;
        self.term.finish();
        let mut note = self.term.note();
        why.clone_into(&mut note.resigned);
        note.released = true;
        {
            // The thread that watches the key sees the release next.
            let mut state = self.shared.lock();
            let own = Some(self.term.session());
            if matches!(&state.seen, Seen::Key(Some(key)) if key.session.as_deref() == own) {
                state.seen = Seen::Nothing;
            }
        }
        let released = self.term.hold().release(&note.encoded(), REQUEST_LIMIT);
        self.shared.change(|state| {
            state.term = None;
            let rest = if stands_back { self.term.settings.stand_back } else { COURTESY };
            state.stands_back_until = Some((Moment::now().after(rest), stands_back));
            if released.is_err() {
                state.leftover = Some(self.term.hold().clone());
            }
        });
        released
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if self.is_released {
            return;
        }
        let loss = self.term.lost.get();
        let stands_back = loss == Some(Loss::Relinquished);
        let why = loss.map(|loss| loss.kind()).unwrap_or_default();
        match self.release(stands_back, why) {
            Ok(()) => debug!("released {}", self.term.settings.key),
            Err(error) => warn!("the lock stays held until its session ends: {error:#}"),
        }
    }
}

/// Releases the lock `key` in place of the process that held it by `session` and has ended. Call it only when the work is over.
///
/// # Errors
/// When Consul could not be asked.
pub fn release_for(client: &Client, key: &str, session: &str, limit: Duration) -> Result<(), Error> {
    let client = &client.0;
    let hold = Hold::of(client, key, session);
    let value = match hold.prove(limit)? {
        Proof::Held(..) => client.until(Deadline::after(limit)).key(key)?.map(|key| key.value),
        Proof::NotHeld(_) => return hold.abandon(limit),
    };
    hold.release(&Note::of_release(&value.unwrap_or_default()).encoded(), limit)
}
