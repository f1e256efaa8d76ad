//! Everything that can end a pass without a settled role, in words for the one line. Exit statuses are made in `report`.

use std::fmt;

use crate::consul;
use crate::election::{Fault, HookName, QueryFault};

/// Why a pass ended without a settled role.
#[derive(Debug)]
pub enum Error {
    /// Consul could not be asked, or did not do what it was asked.
    Consul(consul::Error),
    /// As [`Error::Consul`], while it should have told who holds the lock, and the user wants no master in that case.
    Demoted(consul::Error),
    /// The local agent has no instance of the service; holds the names of those that it has.
    NoSuchService {
        /// The service that was asked for.
        service: String,
        /// The service ID that was asked for, where one was.
        id: Option<String>,
        /// What the agent has instead: service names, or where an ID was asked for the IDs of the service's instances.
        present: Vec<String>,
    },
    /// The local agent has several instances of the service; holds their IDs.
    SeveralInstances {
        /// The service.
        service: String,
        /// The IDs of its instances.
        ids: Vec<String>,
    },
    /// The instance is a proxy or a gateway, whose registration cannot be written back as it is read.
    NotPlain {
        /// The instance's ID.
        id: String,
        /// What Consul calls it.
        kind: String,
    },
    /// `--check-id` names a check that neither the instance nor its node has.
    NoSuchCheck {
        /// The check that was named.
        id: String,
        /// Those that there are.
        present: Vec<String>,
    },
    /// Another election of the same instance holds the lock key.
    LockOfOther {
        /// The key.
        key: String,
        /// The other election's name.
        election: String,
    },
    /// It can never work as configured.
    Fault {
        /// The prepared query's name.
        query: String,
        /// What is in the way.
        fault: Fault,
    },
    /// The instance's Meta has no room for what the election writes there.
    MetaFull {
        /// The instance's ID.
        id: String,
        /// How many keys there would be.
        keys: usize,
    },
    /// A hook did not do its work.
    Hook {
        /// Which of them.
        name: HookName,
        /// How it ended, and the last line it printed.
        failure: String,
    },
    /// The agent took the tags, and the catalog has others.
    TagNotInCatalog {
        /// The instance's ID.
        id: String,
        /// What was set.
        wanted: Vec<String>,
        /// What the catalog has.
        found: Vec<String>,
    },
    /// Someone else undid every step of this pass.
    Unsettled,
}

impl From<consul::Error> for Error {
    fn from(error: consul::Error) -> Error {
        Error::Consul(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Consul(error) => error.fmt(f),
            Error::Demoted(error) => write!(f, "{error}; slave meanwhile (--on-outage demote)"),
            Error::NoSuchService { service, id: None, present } => write!(
                f,
                "the local agent has no instance of service {service}; it has {}; register it, or correct --consul-service-name",
                list(present)
            ),
            Error::NoSuchService { service, id: Some(id), present } => write!(
                f,
                "the local agent has no instance {id} of service {service}; its instances are {}; correct --consul-service-id",
                list(present)
            ),
            Error::SeveralInstances { service, ids } => write!(
                f,
                "the local agent has several instances of service {service}: {}; name one with --consul-service-id",
                list(ids)
            ),
            Error::NotPlain { id, kind } => write!(
                f,
                "instance {id} is a {kind}, which cannot be tagged without loss; name the service behind it with --consul-service-name"
            ),
            Error::NoSuchCheck { id, present } => write!(
                f,
                "neither the instance nor its node has a check {id}; they have {}; correct --check-id",
                list(present)
            ),
            Error::LockOfOther { key, election } => write!(
                f,
                "election {election} of this same instance holds the lock {key}; give each its own --lock-key, or if {election} is no more: consul kv delete {key}"
            ),
            Error::Fault { query, fault: Fault::Query(fault) } => {
                write!(f, "the prepared query {query} {}", QueryWords(fault))
            }
            Error::Fault { fault: Fault::NoCandidate { node, present }, .. } => write!(
                f,
                "no other instance on node {node} could lead now; there are some on {}; name one of these with --to, or none",
                list(present)
            ),
            Error::MetaFull { id, keys } => write!(
                f,
                "the Meta of instance {id} would have {keys} keys with the election's own, and Consul takes 64; remove one, or give --no-fence"
            ),
            Error::Hook { name: name @ HookName::Promote, failure } => {
                write!(f, "{name}: {failure}; the lock is left to others for a while")
            }
            Error::Hook { name, failure } => write!(f, "{name}: {failure}; the next run tries again"),
            Error::TagNotInCatalog { id, wanted, found } => write!(
                f,
                "the catalog has instance {id} with the tags {} where {} were set; does the token have service:write, and does anyone else write them?",
                list(found),
                list(wanted)
            ),
            Error::Unsettled => write!(
                f,
                "whatever this pass did, someone else undid; does another election use the same tags, or another program write them?"
            ),
        }
    }
}

impl std::error::Error for Error {}

/// What is wrong with a prepared query, and the way out, behind its name.
struct QueryWords<'a>(&'a QueryFault);

impl fmt::Display for QueryWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            QueryFault::Template => {
                write!(f, "is a template; choose another --consul-query-name, or delete the template")
            }
            QueryFault::OtherService(service) => {
                write!(f, "is for service {service}; choose another --consul-query-name, or delete that query")
            }
            QueryFault::HiddenToken => write!(
                f,
                "must be updated and has a token that would be lost, since Consul hides it; delete the query, or give this token acl:write once"
            ),
        }
    }
}

fn list(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
