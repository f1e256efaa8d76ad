//! An election as a program holds it: where its events come from, how it is stopped, and whether it is alive. Must never know how a lead
//! is won.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::builder::{Builder, Settings};
use super::events::Events;
use super::moment::Moment;
use super::shared::Shared;
use crate::consul::Client;

/// An election for one lead among processes. See the [module](super) for an example.
#[derive(Debug)]
pub struct Election {
    settings: Arc<Settings>,
    client: Client,
    shared: Arc<Shared>,
}

/// Stops an election from any thread. Clones stop the same one.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Shared>);

/// An election that has had no answer of Consul for too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent {
    /// How long ago Consul last answered.
    pub since: Duration,
    /// What went wrong last; empty if no request has failed.
    pub why: String,
}

impl fmt::Display for Silent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = crate::duration::format(Duration::from_secs(self.since.as_secs()));
        write!(out, "no answer of Consul for {since}")?;
        if self.why.is_empty() { Ok(()) } else { write!(out, ": {}", self.why) }
    }
}

impl std::error::Error for Silent {}

impl Election {
    /// Describes an election by its name, which is also the default of its lock key: `service/NAME/leader`.
    #[must_use]
    pub fn builder(name: &str) -> Builder {
        Builder::new(name)
    }

    pub(super) fn new(settings: Arc<Settings>, client: Client) -> Election {
        Election { settings, client, shared: Arc::new(Shared::new()) }
    }

    /// Takes part in the election, and returns what happens, as a blocking iterator. It stands again by itself after each lead, and ends
    /// only when the election is stopped. Call it once at a time.
    #[must_use]
    pub fn events(&self) -> Events {
        Events::begin(&self.settings, &self.client, &self.shared)
    }

    /// Returns what stops the election.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.shared))
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Returns the lock key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.settings.key
    }

    /// Returns the longest outage of Consul that never ends a lead.
    #[must_use]
    pub fn rides_out(&self) -> Duration {
        self.settings.timings.rides_out()
    }

    /// For a liveness probe: checks that Consul has answered within `max_age`. While another process leads, Consul answers about every
    /// 11 s, so use at least 15 s.
    ///
    /// # Errors
    /// Says since when it has not.
    pub fn health(&self, max_age: Duration) -> Result<(), Silent> {
        let state = self.shared.lock();
        let since = state.answered.elapsed();
        if since <= max_age {
            return Ok(());
        }
        Err(Silent { since, why: state.trouble.as_ref().map(|trouble| trouble.words.clone()).unwrap_or_default() })
    }

    /// Returns since when Consul has not answered; `None`: it does.
    #[must_use]
    pub fn unreachable_since(&self) -> Option<Moment> {
        self.shared.lock().trouble.as_ref().map(|trouble| trouble.since)
    }
}

impl Stopper {
    /// Stops the election: raises the signal of the lead, if there is one, and ends the iterator of events.
    pub fn stop(&self) {
        self.0.stop();
    }
}
