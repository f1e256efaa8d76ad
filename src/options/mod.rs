//! Options as resolved: every value read, checked and completed with its default. Knows no network; whatever can be told
//! without asking Consul is told here.

mod access;
mod resolve;
pub mod rules;
pub mod table;
mod typed;
mod values;

use std::ffi::OsString;
use std::time::Duration;

use crate::consul::{Access, Scope, Status};
use crate::port::Target;

pub use typed::take_token;

/// A run of the program, ready to go. Made by [`Command::read`] alone, so that every value has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The service whose instances elect a master.
    pub(crate) service: String,
    /// The instance, where the node has several.
    pub(crate) service_id: Option<String>,
    /// The prepared query's name, which is the election's as well.
    pub(crate) query: String,
    /// What the query asks for beside the master tag.
    pub(crate) query_tags: Vec<String>,
    /// The tag of the master.
    pub(crate) master_tag: String,
    /// The tag of all others.
    pub(crate) slave_tag: String,
    /// The key whose lock decides.
    pub(crate) lock_key: String,
    /// How long nobody can take a lock that its holder lost.
    pub(crate) lock_delay: Duration,
    /// The election's own check, where the user names it.
    pub(crate) check_id: Option<String>,
    /// Whether an instance in warning may lead.
    pub(crate) tolerate_warning: bool,
    /// What becomes of a master's tag while Consul cannot say who holds the lock.
    pub(crate) on_outage: OnOutage,
    /// The time for each round of work.
    pub(crate) timeout: Duration,
    /// How long a pass whose role is settled stays for changes; none by default.
    pub(crate) wait: Duration,
    /// Whether and how the service's own port is watched.
    pub(crate) watch_port: Option<WatchPort>,
    /// What the prepared query is to be like beside what finds the master.
    pub(crate) query_settings: QuerySettings,
    /// How long a session lives that no pass renews; forever by default.
    pub(crate) ttl: Option<Duration>,
    /// Its place among those that may lead, where the user gives it one.
    pub(crate) priority: Option<u32>,
    /// For how long an instance of higher priority must have been passing to get the lead, where it gets it at all.
    pub(crate) preempt_after: Option<Duration>,
    /// How long a leadership lasts while there are others to take it.
    pub(crate) max_term: Option<Duration>,
    /// What is run when the role changes.
    pub(crate) hooks: Hooks,
    /// What the check's status says of the role.
    pub(crate) statuses: Statuses,
    /// Whether and how the instance is to hand the lead over now.
    pub(crate) resign: Option<Resign>,
    /// The least severe level that is logged, where the user names it.
    pub(crate) log_level: Option<log::LevelFilter>,
    /// How the agent is reached, and as whom.
    pub(crate) access: Access,
    /// The namespace and the admin partition.
    pub(crate) scope: Scope,
}

/// What the prepared query is to be like beside what finds the master. What is not given stays as it is on the query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QuerySettings {
    /// Whether only the holder of the lock is found by it, see `election::marks`.
    pub(crate) fence: bool,
    /// `DNS.TTL`.
    pub(crate) ttl: Option<String>,
    /// `Service.Near`.
    pub(crate) near: Option<String>,
    /// `Service.Failover.Datacenters`; empty when not given.
    pub(crate) failover: Vec<String>,
}

/// How the service's own port is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WatchPort {
    /// Where the service listens, where that is not what is registered.
    pub(crate) address: Option<Target>,
    /// How long a master's service may be away without losing the lead.
    pub(crate) grace: Duration,
}

/// Commands that are run when the role changes, as words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hooks {
    /// Between the lock and the master's tag.
    pub(crate) promote: Option<Vec<String>>,
    /// Between the end of the master's tag and that of the lock.
    pub(crate) demote: Option<Vec<String>>,
    /// On a slave, for each new master.
    pub(crate) follow: Option<Vec<String>>,
}

/// What the check's status says of the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Statuses {
    /// Of a master.
    pub(crate) master: Status,
    /// Of a slave of a master.
    pub(crate) slave: Status,
    /// Of a slave while nobody leads.
    pub(crate) leaderless: Status,
}

/// A master's handing over, on demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resign {
    /// How long it stands back.
    pub(crate) stands_back: Duration,
    /// The node whose instance is to lead.
    pub(crate) to: Option<String>,
}

/// What becomes of a master's tag while Consul cannot say who holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnOutage {
    /// It stays.
    Keep,
    /// It goes, on the local agent at least.
    Demote,
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Make one pass, or hand the lead over in one.
    Pass(Box<Options>),
}

/// A command line or an environment that no pass can be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// The prepared query's name as far as it could be told, so that the line about the error still says which election it is of.
    pub query: Option<String>,
    /// The option or variable, what is wrong with it, and the way out.
    pub message: String,
}

impl Command {
    /// Reads a command line, without the program's name, and the environment.
    ///
    /// # Errors
    /// When a value is missing or cannot be right.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Command, UsageError> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let query = guess_query(&arguments);
        let fail = |message| UsageError { query: query.clone(), message };
        match typed::parse(arguments).map_err(fail)? {
            typed::Typed::Help => Ok(Command::Help),
            typed::Typed::Version => Ok(Command::Version),
            typed::Typed::Run(values) => {
                resolve::resolve(*values, environment).map(Box::new).map(Command::Pass).map_err(fail)
            }
        }
    }
}

impl Options {
    /// The prepared query's name, which is the election's as well.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The least severe level that is to be logged, where the user names it.
    #[must_use]
    pub fn log_level(&self) -> Option<log::LevelFilter> {
        self.log_level
    }

    /// Whether a pass may stay for changes, and so be told to end early.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.wait.is_zero()
    }

    /// The same, as the election takes it.
    #[must_use]
    pub fn config(&self) -> crate::election::Config {
        use crate::election as e;
        let o = self.clone();
        e::Config {
            names: e::Names {
                service: o.service,
                service_id: o.service_id,
                query: o.query,
                lock_key: o.lock_key,
                master_tag: o.master_tag,
                slave_tag: o.slave_tag,
                check_id: o.check_id,
                scope: o.scope,
            },
            policy: e::Policy {
                priority: o.priority,
                tolerate_warning: o.tolerate_warning,
                preempt_after: o.preempt_after,
                max_term: o.max_term,
                on_outage: if o.on_outage == OnOutage::Keep { e::OnOutage::Keep } else { e::OnOutage::Demote },
                resign: o.resign.map(|r| e::Resign { stands_back: r.stands_back, to: r.to }),
                lock_delay: o.lock_delay,
                ttl: o.ttl,
                hooks: e::Hooks { promote: o.hooks.promote, demote: o.hooks.demote, follow: o.hooks.follow },
                watch_port: o.watch_port.map(|w| e::WatchPort { address: w.address, grace: w.grace }),
                query: e::QueryPolicy {
                    fence: o.query_settings.fence,
                    tags: o.query_tags,
                    ttl: o.query_settings.ttl.as_deref().and_then(crate::duration::parse),
                    near: o.query_settings.near,
                    failover: o.query_settings.failover,
                },
                statuses: e::Statuses {
                    master: o.statuses.master,
                    slave: o.statuses.slave,
                    leaderless: o.statuses.leaderless,
                },
            },
            access: o.access,
            wait: e::Wait { length: if self.resign.is_some() { Duration::ZERO } else { o.wait }, timeout: o.timeout },
        }
    }

    /// What every line of this election begins with.
    #[must_use]
    pub fn signature(&self) -> String {
        crate::election::signature(Some(&self.query))
    }
}

/// The election's name from a command line that may be wrong elsewhere.
fn guess_query(arguments: &[OsString]) -> Option<String> {
    let value = |wanted: &str| {
        let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
        while let Some(argument) = arguments.next() {
            match argument.trim_start_matches('-').split_once('=') {
                Some((name, value)) if name == wanted => return Some(value.to_owned()),
                None if argument.trim_start_matches('-') == wanted => return arguments.next().map(str::to_owned),
                _ => {}
            }
        }
        None
    };
    let of_service =
        || value("consul-service-name").filter(|name| !name.is_empty()).map(|name| format!("{name}-master"));
    let guess = value("consul-query-name").or_else(of_service);
    guess.filter(|query| !query.starts_with('-') && rules::query_name(query).is_ok())
}

#[cfg(test)]
impl crate::election::Config {
    /// An election of the service redis, all defaults.
    pub(crate) fn for_tests() -> crate::election::Config {
        Options::for_tests().config()
    }
}

#[cfg(test)]
impl Options {
    /// An election of the service redis, all defaults.
    pub(crate) fn for_tests() -> Options {
        let arguments = ["--consul-service-name", "redis"].map(OsString::from);
        match Command::read(arguments, |_| None) {
            Ok(Command::Pass(options)) => *options,
            other => panic!("{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests;
