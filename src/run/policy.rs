//! What a run of a command is told: plain values, made by the command line. Must never know where they come from.

use std::ffi::OsString;
use std::time::Duration;

use crate::lead::{Builder, Election, Outage, Timings, Unsafe};
use crate::schedule::Policy;

/// What happens when the command has ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterEnd {
    /// Release the lead, and end with the command's status.
    Exit,
    /// Keep the lead, and run the command again.
    Rerun,
    /// Release the lead, stand back so that another node can lead, and stand again.
    Reelect,
    /// Release the lead, and end with success.
    Ignore,
}

/// What happens when the election cannot be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Try again, for ever.
    Retry,
    /// Run the command without a lead while Consul cannot be reached.
    RunAnyway,
    /// End.
    Exit,
}

/// What a run is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The election's name.
    pub name: String,
    /// The lock key, if it does not follow from the name.
    pub key: Option<String>,
    /// The services whose instance must be healthy.
    pub services: Vec<String>,
    /// How long the command may take to end after SIGTERM.
    pub grace: Duration,
    /// How long nobody can lead after a leader has failed.
    pub lock_delay: Duration,
    /// The session's TTL.
    pub ttl: Duration,
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// Whether the command reads this program's standard input.
    pub passes_stdin: bool,
    /// Whether each line of the command's output becomes a line of the log.
    pub wraps_output: bool,
    /// How long to wait for the lead; `None`: for ever.
    pub wait_lock: Option<Duration>,
    /// What follows a command that succeeded.
    pub on_success: AfterEnd,
    /// What follows a command that failed, or could not be started.
    pub on_error: AfterEnd,
    /// What follows when the election cannot be held.
    pub on_failure: OnFailure,
    /// How long Consul must have been unreachable for that.
    pub election_timeout: Duration,
    /// What happens to a running command while Consul cannot be reached.
    pub outage: Outage,
    /// How long this node stands back after `reelect`.
    pub stand_back: Duration,
    /// When the command is due, as it was typed; `None`: whenever this node leads.
    pub schedule: Option<String>,
    /// How ticks of the schedule are treated. Its jitter is the longest one.
    pub ticks: Policy,
    /// How many due times are printed instead.
    pub next: Option<usize>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            name: String::new(),
            key: None,
            services: Vec::new(),
            grace: Duration::from_secs(5),
            lock_delay: Duration::from_secs(15),
            ttl: Duration::from_secs(10),
            command: Vec::new(),
            passes_stdin: false,
            wraps_output: false,
            wait_lock: None,
            on_success: AfterEnd::Exit,
            on_error: AfterEnd::Exit,
            on_failure: OnFailure::Retry,
            election_timeout: Duration::from_secs(30),
            outage: Outage::Stop,
            stand_back: Duration::from_secs(5),
            schedule: None,
            ticks: Policy::default(),
            next: None,
        }
    }
}

impl Settings {
    /// Checks that the command can be over before another process leads.
    ///
    /// # Errors
    /// Returns what cannot be safe.
    pub fn check(&self) -> Result<(), Unsafe> {
        Timings { lock_delay: self.lock_delay, grace: self.grace, ttl: self.ttl }.check()
    }

    /// Returns the lock key.
    #[must_use]
    pub fn lock_key(&self) -> String {
        self.key.clone().unwrap_or_else(|| format!("service/{}/leader", self.name))
    }

    /// Returns the election that it describes.
    #[must_use]
    pub fn election(&self) -> Builder {
        let builder = Election::builder(&self.name)
            .key(&self.lock_key())
            .grace(self.grace)
            .lock_delay(self.lock_delay)
            .ttl(self.ttl)
            .on_outage(self.outage)
            .stand_back(self.stand_back);
        self.services.iter().fold(builder, |builder, service| builder.service(service))
    }
}
