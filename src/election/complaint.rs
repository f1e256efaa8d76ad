//! Why a pass did not settle the role: what happened, and whether it is permanent. Plain data; knows no command line and no lines.

use std::fmt;

use super::fault::{Fault, names};
use super::value::Failure;
use crate::consul;

/// Why a pass did not settle the role.
#[derive(Debug)]
pub enum Complaint {
    /// A request to Consul failed.
    Consul(consul::Error),
    /// Consul could not say who holds the lock, and the policy takes the master tag off in that case.
    Demoted(consul::Error),
    /// The local agent has no instance of the service.
    NoSuchService {
        /// The agent's address.
        agent: String,
        /// The service.
        service: String,
        /// The service ID, if one was named.
        id: Option<String>,
        /// The names of the agent's services, or with `id` the IDs of the service's instances.
        present: Vec<String>,
    },
    /// The local agent has several instances of the service.
    SeveralInstances {
        /// The service.
        service: String,
        /// The IDs of its instances.
        ids: Vec<String>,
    },
    /// The instance is a proxy or a gateway, whose registration cannot be written back as it is read.
    NotPlain {
        /// The service ID.
        id: String,
        /// Consul's name for its kind.
        kind: String,
    },
    /// The named check does not exist on the instance or its node.
    NoSuchCheck {
        /// The check that was named.
        id: String,
        /// The checks that exist.
        present: Vec<String>,
    },
    /// Another election of the same instance holds the lock key.
    LockOfOther {
        /// The key.
        key: String,
        /// The other election's name.
        election: String,
    },
    /// The named check does not run this program; another one of the instance does.
    WrongCheck {
        /// The check that was named.
        id: String,
        /// The check that runs this program.
        runs: String,
    },
    /// The instance takes part in other elections, and the command line names none.
    OtherElections {
        /// The name that follows from the service's name.
        query: String,
        /// The elections that have marked the instance.
        others: Vec<String>,
    },
    /// The election cannot work as configured.
    Fault {
        /// The prepared query's name.
        query: String,
        /// The reason.
        fault: Fault,
    },
    /// The instance's Meta has no room for the election's keys.
    MetaFull {
        /// The service ID.
        id: String,
        /// The number of keys that were to be set.
        keys: usize,
    },
    /// A hook failed.
    Hook {
        /// Which hook.
        hook: HookName,
        /// How it ended, its last line of output, and its program.
        failure: String,
    },
    /// The agent accepted the tags, but the catalog has others.
    TagNotInCatalog {
        /// The service ID.
        id: String,
        /// The tags that were set.
        wanted: Vec<String>,
        /// The tags in the catalog.
        found: Vec<String>,
    },
    /// The instance acquired the lock and could not become master. It stands back for a while, and the lock is left to others.
    StandsBack(Failure),
    /// A newer run of the same instance, with other options, has taken over.
    Superseded,
    /// Something else undid every step of this pass.
    Unsettled,
}

/// A user's command at a change of role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookName {
    /// Between the lock and the master tag.
    Promote,
    /// Between the end of the master tag and the end of the lock.
    Demote,
    /// On a slave, for each new master.
    Follow,
}

impl Complaint {
    /// Whether no later run can do better until somebody changes something.
    pub fn is_permanent(&self) -> bool {
        match self {
            Complaint::Consul(error) | Complaint::Demoted(error) => error.is_permanent(),
            Complaint::StandsBack(failure) => failure.for_good,
            Complaint::Fault { fault, .. } => fault.is_permanent(),
            Complaint::Superseded
            | Complaint::TagNotInCatalog { .. }
            | Complaint::Hook { .. }
            | Complaint::Unsettled => false,
            Complaint::NoSuchService { .. }
            | Complaint::SeveralInstances { .. }
            | Complaint::NotPlain { .. }
            | Complaint::NoSuchCheck { .. }
            | Complaint::LockOfOther { .. }
            | Complaint::WrongCheck { .. }
            | Complaint::OtherElections { .. }
            | Complaint::MetaFull { .. } => true,
        }
    }
}

impl From<consul::Error> for Complaint {
    fn from(error: consul::Error) -> Complaint {
        Complaint::Consul(error)
    }
}

/// Says what happened, without the remedy.
impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Complaint::Consul(error) | Complaint::Demoted(error) => error.fmt(f),
            Complaint::NoSuchService { agent, service, id: None, present } if present.is_empty() => {
                write!(f, "the agent at {agent} has no instance of service {service} and no other service")
            }
            Complaint::NoSuchService { agent, service, id: None, present } => {
                write!(f, "the agent at {agent} has no instance of service {service}; it has {}", names(present))
            }
            Complaint::NoSuchService { agent, service, id: Some(id), present } => {
                write!(f, "the agent at {agent} has no instance {id} of service {service}; it has {}", names(present))
            }
            Complaint::SeveralInstances { service, ids } => {
                write!(f, "the local agent has several instances of service {service}: {}", names(ids))
            }
            Complaint::NotPlain { id, kind } => {
                write!(f, "instance {id} is a {kind}, which cannot be tagged without loss")
            }
            Complaint::NoSuchCheck { id, present } => {
                write!(f, "the instance and its node have no check {id}; they have {}", names(present))
            }
            Complaint::LockOfOther { key, election } => {
                write!(f, "the lock {key} belongs to election {election} of this same instance")
            }
            Complaint::WrongCheck { id, runs } => write!(f, "check {id} does not run this program, check {runs} does"),
            Complaint::OtherElections { query, others } => {
                write!(f, "the instance takes part in election {}, not in {query}", names(others))
            }
            Complaint::Fault { query, fault } => f.write_str(&fault.words(query)),
            Complaint::MetaFull { id, keys } => {
                write!(f, "the Meta of instance {id} would have {keys} keys with the election's own; Consul takes 64")
            }
            Complaint::Hook { hook: hook @ HookName::Promote, failure } => {
                write!(f, "{hook}: {failure}; the lock is left to others for a while")
            }
            Complaint::Hook { hook, failure } => write!(f, "{hook}: {failure}"),
            Complaint::StandsBack(failure) => f.write_str(&failure.error),
            Complaint::TagNotInCatalog { id, wanted, found } => {
                write!(f, "the catalog has instance {id} with the tags {}, not {}", names(found), names(wanted))
            }
            Complaint::Superseded => write!(f, "a newer run with other options has taken over"),
            Complaint::Unsettled => write!(f, "another writer undid every step of this pass"),
        }
    }
}

impl std::error::Error for Complaint {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Its words are this complaint's own; what lies below it is the source of both.
            Complaint::Consul(error) | Complaint::Demoted(error) => error.source(),
            _ => None,
        }
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HookName::Promote => "on-promote",
            HookName::Demote => "on-demote",
            HookName::Follow => "on-follow",
        })
    }
}
