//! What a program tells an election, checked before anything is asked. Must never know a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::carried::Carrier;
use super::client::Client;
use super::election::Election;
use super::timing::{Timings, Unsafe};
use crate::consul::is_key;

/// What happens to a lead that cannot be proven any more because Consul does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outage {
    /// It is lost in time before another process may lead.
    #[default]
    Stop,
    /// It stays until Consul says that it is lost. Two may lead at once meanwhile.
    Keep,
}

/// The settings of an election.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub name: String,
    pub key: String,
    pub services: Vec<String>,
    pub holder: String,
    pub timings: Timings,
    pub outage: Outage,
    pub relinquish_after: Option<Duration>,
    pub relinquish_every: Option<Duration>,
    pub stand_back: Duration,
    pub carrier: Option<Carrier>,
}

/// An election in the making: see [`Election::builder`].
#[derive(Clone, Debug)]
pub struct Builder(pub(super) Settings);

/// Settings that no election can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// Some release of Consul refuses this key, or cleans it to another one.
    Key(String),
    /// The timings are not safe.
    Timings(Unsafe),
    /// A lead would be over as it begins.
    Relinquish(Duration),
}

impl fmt::Display for Invalid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invalid::Key(key) => write!(
                out,
                "'{}' is no lock key; use letters, digits, and - _ . in parts separated by /",
                crate::text::one_line(&crate::text::capped(key, 100))
            ),
            Invalid::Timings(timings) => timings.fmt(out),
            Invalid::Relinquish(time) => {
                write!(out, "a lead of {} is too short; use at least 1s", crate::duration::format(*time))
            }
        }
    }
}

impl std::error::Error for Invalid {}

impl Builder {
    pub(super) fn new(name: &str) -> Builder {
        Builder(Settings {
            name: name.to_owned(),
            key: format!("service/{name}/leader"),
            services: Vec::new(),
            holder: format!("process {}", std::process::id()),
            timings: Timings {
                lock_delay: Duration::from_secs(15),
                grace: Duration::from_secs(5),
                ttl: Duration::from_secs(10),
            },
            outage: Outage::Stop,
            relinquish_after: None,
            relinquish_every: None,
            stand_back: Duration::from_secs(5),
            carrier: None,
        })
    }

    /// Sets the lock key. Processes with the same key form one election. The default is `service/NAME/leader`.
    #[must_use]
    pub fn key(mut self, key: &str) -> Builder {
        key.clone_into(&mut self.0.key);
        self
    }

    /// Leads only while the agent has a healthy instance of this service, and binds the session to that instance's checks. Can be
    /// called again for more services.
    #[must_use]
    pub fn service(mut self, service: &str) -> Builder {
        self.0.services.push(service.to_owned());
        self
    }

    /// Sets what the others read about this process, besides its node. The default is its process ID.
    #[must_use]
    pub fn holder(mut self, holder: &str) -> Builder {
        holder.clone_into(&mut self.0.holder);
        self
    }

    /// Sets how long nobody can lead after a leader has failed: 15 s by default, 60 s at most. A longer time rides out a longer outage of
    /// Consul.
    #[must_use]
    pub fn lock_delay(mut self, time: Duration) -> Builder {
        self.0.timings.lock_delay = time;
        self
    }

    /// Sets how long work may take to stop after the lead is lost: 5 s by default.
    #[must_use]
    pub fn grace(mut self, time: Duration) -> Builder {
        self.0.timings.grace = time;
        self
    }

    /// Sets the session's TTL, 10 s by default: how soon Consul notices that this process has ended. Consul may take twice as long.
    #[must_use]
    pub fn ttl(mut self, time: Duration) -> Builder {
        self.0.timings.ttl = time;
        self
    }

    /// Sets what happens to a lead while Consul does not answer. With [`Outage::Keep`] two may lead at once.
    #[must_use]
    pub fn on_outage(mut self, outage: Outage) -> Builder {
        self.0.outage = outage;
        self
    }

    /// Ends each lead after this time, and then stands back.
    #[must_use]
    pub fn relinquish_after(mut self, time: Duration) -> Builder {
        self.0.relinquish_after = Some(time);
        self
    }

    /// Ends the lead at each multiple of this time, counted in UTC, and then stands back. Processes with the same setting agree on the
    /// moments as far as their clocks do.
    #[must_use]
    pub fn relinquish_every(mut self, time: Duration) -> Builder {
        self.0.relinquish_every = Some(time);
        self
    }

    /// Sets how long this process is no candidate after it has relinquished or resigned: 5 s by default.
    #[must_use]
    pub fn stand_back(mut self, time: Duration) -> Builder {
        self.0.stand_back = time;
        self
    }

    /// Sets what each holder hands on to the next one in the lock's value. `carry` makes it from what the key carries, just before the key
    /// is acquired; the key is acquired only if it has not changed since. An error says why this process must not lead, which it then
    /// does not: see [`Pause::Refused`](super::Pause::Refused). So does a value that no holder has written. [`Lead::carry`](super::Lead::carry) replaces it during a lead.
    #[must_use]
    pub fn carry(mut self, carry: impl Fn(Option<&Value>) -> Result<Value, String> + Send + Sync + 'static) -> Builder {
        self.0.carrier = Some(Carrier::new(carry));
        self
    }

    /// Completes the election. Asks nothing yet.
    ///
    /// # Errors
    /// When the key is invalid, or the timings cannot be safe.
    pub fn build(self, client: Client) -> Result<Election, Invalid> {
        let settings = self.0;
        if !is_key(&settings.key) {
            return Err(Invalid::Key(settings.key));
        }
        settings.timings.check().map_err(Invalid::Timings)?;
        for time in [settings.relinquish_after, settings.relinquish_every].into_iter().flatten() {
            if time < Duration::from_secs(1) {
                return Err(Invalid::Relinquish(time));
            }
        }
        Ok(Election::new(Arc::new(settings), client.0))
    }
}
