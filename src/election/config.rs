//! What an election is told by the program that runs it: plain values with defaults, made from a command line or by a Rust program.
//! Reads nothing and asks nothing.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::consul::{Access, Scope, Status};
use crate::port::Target;

/// Everything that a pass needs to know before it asks Consul.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What the election is about, and what it is called.
    pub names: Names,
    /// The rules by which it is decided.
    pub policy: Policy,
    /// How the agent is reached.
    pub access: Access,
    /// How long the work and the waiting may take.
    pub wait: Wait,
}

/// The names of an election: what it is about, and where it shows in Consul.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Names {
    /// The service whose instances elect a master.
    pub service: String,
    /// The local instance's service ID; needed where the agent has several instances of the service.
    pub service_id: Option<String>,
    /// The prepared query that finds the master. It is the election's name as well, in lower case: Consul ignores the case of a query's
    /// name.
    pub query: String,
    /// Whether the query's name was given; otherwise it follows from the service's name.
    pub is_query_named: bool,
    /// The KV key whose lock decides.
    pub lock_key: String,
    /// The tag of the master.
    pub master_tag: String,
    /// The tag of every other instance.
    pub slave_tag: String,
    /// The ID of the election's own check; recognised by its output where it is not named.
    pub check_id: Option<String>,
    /// The namespace and the admin partition of Consul Enterprise.
    pub scope: Scope,
}

impl Names {
    /// An election of the service under its usual names: the query `SERVICE-master`, the key `service/QUERY/leader`, the tags
    /// `master` and `slave`.
    pub fn of_service(service: &str) -> Names {
        let names = Names {
            service: service.to_owned(),
            service_id: None,
            query: String::new(),
            is_query_named: false,
            lock_key: String::new(),
            master_tag: "master".to_owned(),
            slave_tag: "slave".to_owned(),
            check_id: None,
            scope: Scope::default(),
        };
        Names { is_query_named: false, ..names.with_query(&format!("{service}-master")) }
    }

    /// Renames the election, and the lock key with it.
    #[must_use]
    pub fn with_query(self, query: &str) -> Names {
        let query = query.to_ascii_lowercase();
        let lock_key = format!("service/{query}/leader");
        Names { query, is_query_named: true, lock_key, ..self }
    }
}

impl Names {
    /// Identifies an election's names and policy: the same for every run with the same options.
    pub(crate) fn fingerprint(&self, policy: &Policy) -> String {
        // Only runs of the same instance compare it, so that a hash which depends on the machine will do.
        let mut hasher = DefaultHasher::new();
        (self, policy).hash(&mut hasher);
        format!("{:08x}", hasher.finish() & 0xffff_ffff)
    }
}

/// The rules of an election: all that the decision may see besides its names and what Consul says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The instance's rank among the candidates, where it is given one; 0 never leads.
    pub priority: Option<u32>,
    /// Whether a check in warning keeps an instance from leading; otherwise it makes it second choice.
    pub only_passing: bool,
    /// How long a candidate of higher priority must have been passing before the master hands over to it; `None`: never.
    pub preempt_after: Option<Duration>,
    /// How long a term lasts while there are other candidates; `None`: until the master fails.
    pub max_term: Option<Duration>,
    /// What happens to a master's tag while Consul cannot say who holds the lock.
    pub on_outage: OnOutage,
    /// A request to hand the lead over now.
    pub resign: Option<Resign>,
    /// How long nobody can acquire a lock whose holder's session ended. Consul caps it at one minute.
    pub lock_delay: Duration,
    /// How long a session lives without being renewed, 10 s to 24 h; `None`: for ever.
    pub ttl: Option<Duration>,
    /// The commands that run when the role changes.
    pub hooks: Hooks,
    /// How the service's own port is watched; `None`: not at all.
    pub watch_port: Option<WatchPort>,
    /// What the prepared query looks like.
    pub query: QueryPolicy,
    /// The status that the check shows for each role, and after an error.
    pub statuses: Statuses,
}

impl Policy {
    /// How long nobody can acquire a failed master's lock, if its runs do not wait: longer than the usual interval of a check.
    pub const LOCK_DELAY: Duration = Duration::from_secs(15);

    /// How long a candidate of higher priority must have been passing, if no time is given: longer than a flapping service stays
    /// up.
    pub const PREEMPT_AFTER: Duration = Duration::from_secs(30);
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            priority: None,
            only_passing: false,
            preempt_after: None,
            max_term: None,
            on_outage: OnOutage::Keep,
            resign: None,
            lock_delay: Policy::LOCK_DELAY,
            ttl: None,
            hooks: Hooks::default(),
            watch_port: None,
            query: QueryPolicy::default(),
            statuses: Statuses::default(),
        }
    }
}

/// What the prepared query looks like. A value that is not given stays as it is on the query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueryPolicy {
    /// Whether the query finds only the instance that holds the lock; otherwise it goes by the tags alone.
    pub fence: bool,
    /// Tags that the query asks for besides the master tag; `!TAG` excludes.
    pub tags: Vec<String>,
    /// `DNS.TTL`.
    pub ttl: Option<Duration>,
    /// `Service.Near`.
    pub near: Option<String>,
    /// `Service.Failover.Datacenters`; empty: not given.
    pub failover: Vec<String>,
}

impl Default for QueryPolicy {
    fn default() -> QueryPolicy {
        QueryPolicy { fence: true, tags: Vec::new(), ttl: None, near: None, failover: Vec::new() }
    }
}

/// How the service's own port is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WatchPort {
    /// Where the service listens, where that differs from its registration.
    pub address: Option<Target>,
    /// How long a master's service may be away without losing the lead.
    pub grace: Duration,
}

/// Commands that run when the role changes, each as a program and its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hooks {
    /// Runs after the lock is acquired and before the instance is tagged master.
    pub promote: Option<Vec<String>>,
    /// Runs after the master tag is off and before the lock is released.
    pub demote: Option<Vec<String>>,
    /// Runs on a slave for each new master.
    pub follow: Option<Vec<String>>,
}

/// The status that the check shows for each role, and after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Statuses {
    /// The master's.
    pub master: Status,
    /// The status of a slave of a known master.
    pub slave: Status,
    /// The status of a slave while nobody leads.
    pub leaderless: Status,
    /// The status after an error, permanent or not.
    pub error: Status,
}

impl Default for Statuses {
    /// An error is a warning: an instance with a critical check is in no answer of DNS, and an election's trouble must not take a
    /// healthy service away.
    fn default() -> Statuses {
        let settled = Status::Passing;
        Statuses { master: settled, slave: settled, leaderless: settled, error: Status::Warning }
    }
}

/// A request to hand the lead over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resign {
    /// How long the instance stands back.
    pub stands_back: Duration,
    /// The node whose instance should lead; `None`: any other.
    pub to: Option<String>,
}

impl Default for Resign {
    /// Stands back for long enough that another instance can take the lead.
    fn default() -> Resign {
        Resign { stands_back: Duration::from_secs(30), to: None }
    }
}

/// What happens to a master's tag while Consul cannot say who holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnOutage {
    /// It stays.
    Keep,
    /// It goes, on the local agent at least.
    Demote,
}

/// How long the work and the waiting may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How long a pass whose role is settled waits for changes.
    pub length: Duration,
    /// The time limit of a pass, hooks included.
    pub timeout: Duration,
}

impl Wait {
    /// The lock-delay of runs like these, if none is given. A former master's waiting run sees the end of its lead at once, and its tag goes
    /// with the lock. Without a wait, its next run may come an interval later.
    pub fn lock_delay(&self) -> Duration {
        if self.length.is_zero() { Policy::LOCK_DELAY } else { Duration::ZERO }
    }
}

impl Default for Wait {
    fn default() -> Wait {
        Wait { length: Duration::ZERO, timeout: Duration::from_secs(20) }
    }
}
