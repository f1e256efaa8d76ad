//! How a pass ends: with a role, or with a complaint that says what happened, whether it is permanent, and what helps. Plain data;
//! knows no command line, no lines and no exit codes.

use super::complaint::Complaint;
use super::leader::Leader;
use super::obstacle::Obstacle;
use super::value::Failure;
use crate::port::{Target, Unclear};

/// How a pass ends.
pub type Outcome = Result<Settled, Complaint>;

/// What a pass that settled the role reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What the instance is.
    pub role: Role,
    /// What an operator should know all the same.
    pub caveat: Option<Caveat>,
}

/// What the instance is in the election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It holds the lock.
    Master {
        /// This instance, as the lock's value describes it.
        leader: Leader,
        /// The number of this term.
        term: u64,
    },
    /// Another instance holds the lock.
    SlaveOf(Leader),
    /// No instance holds the lock.
    SlaveOfNone(Vacancy),
}

/// What an operator should know although the role is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caveat {
    /// The prepared query has filters that this program did not set, and does not find the master.
    Filtered {
        /// The query's name.
        query: String,
        /// The filters.
        filters: Vec<String>,
    },
    /// The prepared query does not find the master.
    NotFound {
        /// The query's name.
        query: String,
    },
    /// The prepared query finds the instances of these nodes as well.
    Shared {
        /// The query's name.
        query: String,
        /// The nodes.
        nodes: Vec<String>,
    },
    /// The token may not see all other instances, so that no rule about them works.
    OthersHidden,
    /// The service is registered at this address, which means another machine on every machine.
    OwnMachine(String),
    /// This other instance of the service on the same agent has no checks: Consul keeps it when an instance is renamed.
    Leftover(String),
    /// No check shows the master's health, and its port is not watched.
    NoHealthCheck,
    /// Its service's port cannot be watched.
    NotWatched {
        /// Where the service should listen.
        target: Target,
        /// Why there is no connection to it.
        why: Unclear,
    },
}

/// Why an instance does not acquire the free lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vacancy {
    /// Its checks do not let it lead.
    NotEligible(Obstacle),
    /// Nothing listens where its service should.
    NothingListens(Target),
    /// The election's own check was removed while the run waited; holds its ID.
    CheckRemoved(String),
    /// The address of its service is unknown; holds the service ID.
    NoPort(String),
    /// Its priority is 0.
    NeverLeads,
    /// It stepped down and stands back for a while; holds the reason if that was a failure.
    StandsBack(Option<Failure>),
    /// It was asked to hand over a lead that nobody has.
    NothingToResign,
    /// The last master handed over to the instance of this node.
    HandedTo(String),
    /// It yields to the instance of this node, which has a higher priority.
    Yields(String),
    /// It is in warning and yields to the instance of this node, which is passing.
    YieldsInWarning(String),
    /// It is one of many candidates, and leaves the lock to those that the last master named; holds the node of the first.
    NotNamed(Option<String>),
    /// It tried to acquire the lock, which is in its lock-delay.
    LockDelay,
    /// Another instance leads the same election under another lock key.
    Split(Split),
}

/// An election whose instances do not share a lock key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The node of the instance that leads.
    pub node: String,
    /// The lock key of that instance.
    pub key: String,
    /// The lock key of this instance.
    pub own_key: String,
}
