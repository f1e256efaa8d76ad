//! How a pass ends: with a role, or with a complaint that says what happened, whether it is permanent, and what helps. Plain data;
//! knows no command line, no lines and no exit codes.

use std::fmt;

use super::leader::Leader;
use super::model::Obstacle;
use super::value::Failure;
use crate::consul;
use crate::port::Target;

/// How a pass ends.
pub type Outcome = Result<Role, Complaint>;

/// What the instance is in the election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It holds the lock.
    Master {
        /// This instance, as the lock's value describes it.
        leader: Leader,
        /// The number of this term.
        term: u64,
        /// What an operator should know although it leads.
        caveat: Option<Caveat>,
    },
    /// Another instance holds the lock.
    SlaveOf(Leader),
    /// No instance holds the lock.
    SlaveOfNone(Vacancy),
}

/// What an operator should know of a master although it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caveat {
    /// The prepared query has filters that this program did not set, and does not find the master.
    Filtered {
        /// The query's name.
        query: String,
        /// The filters.
        filters: Vec<String>,
    },
    /// The prepared query does not find the master, and nothing shows why.
    NotFound {
        /// The query's name.
        query: String,
    },
    /// The token may not see all other instances, so that no rule about them works.
    OthersHidden,
    /// The prepared query finds these nodes as well.
    Shared {
        /// The query's name.
        query: String,
        /// The nodes.
        nodes: Vec<String>,
    },
}

/// Why an instance does not acquire the free lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vacancy {
    /// Its checks do not let it lead.
    NotEligible(Obstacle),
    /// Nothing listens where its service should.
    NothingListens(Target),
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
    /// It tried to acquire the lock, which is in its lock-delay.
    LockDelay,
}

/// Why a pass did not settle the role.
#[derive(Debug)]
pub enum Complaint {
    /// A request to Consul failed.
    Consul(consul::Error),
    /// Consul could not say who holds the lock, and the policy takes the master tag off in that case.
    Demoted(consul::Error),
    /// The local agent has no instance of the service.
    NoSuchService {
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
        /// How it ended, and its last line of output.
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

/// Why the election cannot work as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The prepared query cannot be what it should be.
    Query(QueryFault),
    /// Other than its agent, the catalog does not have the instance, or not as it is now.
    NotInCatalog(String),
    /// The prepared query does not find the master, and nothing shows why.
    NotFound,
    /// The token may not see all other instances, and none of those that it sees is on the named node.
    OthersHidden,
    /// No instance on the named node may lead.
    NoCandidate {
        /// The node that was named.
        node: String,
        /// The nodes with an instance that may lead.
        present: Vec<String>,
    },
}

/// Why the prepared query cannot be what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryFault {
    /// The name belongs to a template.
    Template,
    /// The name belongs to a query for this other service.
    OtherService(String),
    /// The query needs an update and has a token that Consul hides, so that an update would lose it.
    HiddenToken,
    /// The query asks for this tag by the policy, or excludes it with `!`, and the instance does not match.
    TagMismatch(String),
}

impl Complaint {
    /// Whether no later run can do better until somebody changes something.
    pub fn is_permanent(&self) -> bool {
        match self {
            Complaint::Consul(error) | Complaint::Demoted(error) => error.is_permanent(),
            Complaint::StandsBack(failure) => failure.for_good,
            Complaint::Fault { fault, .. } => fault.is_permanent(),
            Complaint::TagNotInCatalog { .. } | Complaint::Hook { .. } | Complaint::Unsettled => false,
            Complaint::NoSuchService { .. }
            | Complaint::SeveralInstances { .. }
            | Complaint::NotPlain { .. }
            | Complaint::NoSuchCheck { .. }
            | Complaint::LockOfOther { .. }
            | Complaint::MetaFull { .. } => true,
        }
    }
}

impl Fault {
    /// Whether no later run can do better until somebody changes something. A master that its name does not find leads all the same.
    fn is_permanent(&self) -> bool {
        match self {
            Fault::Query(QueryFault::TagMismatch(_)) | Fault::NotInCatalog(_) | Fault::NotFound => false,
            Fault::Query(_) | Fault::OthersHidden | Fault::NoCandidate { .. } => true,
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
            Complaint::NoSuchService { service, id: None, present } => {
                write!(f, "the local agent has no instance of service {service}; it has {}", list(present))
            }
            Complaint::NoSuchService { service, id: Some(id), present } => {
                write!(f, "the local agent has no instance {id} of service {service}; it has {}", list(present))
            }
            Complaint::SeveralInstances { service, ids } => {
                write!(f, "the local agent has several instances of service {service}: {}", list(ids))
            }
            Complaint::NotPlain { id, kind } => {
                write!(f, "instance {id} is a {kind}, which cannot be tagged without loss")
            }
            Complaint::NoSuchCheck { id, present } => {
                write!(f, "the instance and its node have no check {id}; they have {}", list(present))
            }
            Complaint::LockOfOther { key, election } => {
                write!(f, "the lock {key} belongs to election {election} of this same instance")
            }
            Complaint::Fault { query, fault: Fault::Query(fault) } => match fault {
                QueryFault::Template => write!(f, "the prepared query {query} is a template"),
                QueryFault::OtherService(service) => {
                    write!(f, "the prepared query {query} is for service {service}")
                }
                QueryFault::TagMismatch(tag) => match tag.strip_prefix('!') {
                    None => write!(
                        f,
                        "the prepared query {query} never finds this master: it asks for tag {tag}, which the instance lacks"
                    ),
                    Some(tag) => write!(
                        f,
                        "the prepared query {query} never finds this master: it excludes tag {tag}, which the instance has"
                    ),
                },
                QueryFault::HiddenToken => {
                    write!(
                        f,
                        "the prepared query {query} needs an update that would lose its token, which Consul hides"
                    )
                }
            },
            Complaint::Fault { query, fault: Fault::NotInCatalog(id) } => {
                write!(
                    f,
                    "the prepared query {query} does not find this master: the catalog does not have instance {id} as its agent does"
                )
            }
            Complaint::Fault { query, fault: Fault::NotFound } => {
                write!(f, "the prepared query {query} does not find this master, although its tags and Meta are right")
            }
            Complaint::Fault { fault: Fault::OthersHidden, .. } => {
                write!(f, "this token does not show all other instances")
            }
            Complaint::Fault { fault: Fault::NoCandidate { node, present }, .. } => {
                write!(f, "no other instance on node {node} may lead now; candidates are on {}", list(present))
            }
            Complaint::MetaFull { id, keys } => {
                write!(f, "the Meta of instance {id} would have {keys} keys with the election's own; Consul takes 64")
            }
            Complaint::Hook { hook: hook @ HookName::Promote, failure } => {
                write!(f, "{hook}: {failure}; the lock is left to others for a while")
            }
            Complaint::Hook { hook, failure } => write!(f, "{hook}: {failure}"),
            Complaint::StandsBack(failure) => f.write_str(&failure.error),
            Complaint::TagNotInCatalog { id, wanted, found } => {
                write!(f, "the catalog has instance {id} with the tags {}, not {}", list(found), list(wanted))
            }
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

fn list(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
