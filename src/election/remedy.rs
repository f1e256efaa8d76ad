//! What helps against a complaint or a caveat, as data: the command line turns it into words that name its options.

use super::complaint::{Complaint, HookName};
use super::fault::{Difference, Fault, QueryFault};
use super::outcome::Caveat;
use crate::consul::{Resource, Rule};

/// What helps against a complaint or a caveat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing: the next run tries again.
    Retry,
    /// Name the agent that has the service, or register it with this one.
    NameAgent,
    /// Register the service, or correct its name.
    RegisterService,
    /// Correct the service ID.
    CorrectServiceId,
    /// Name one of the instances by its service ID.
    NameServiceId,
    /// Name the service behind the proxy.
    NameProxiedService,
    /// Correct the ID of the election's check.
    CorrectCheckId,
    /// Give each election a lock key of its own, or delete the key if the other election no longer exists.
    SeparateLockKeys {
        /// The key.
        key: String,
        /// The other election.
        election: String,
    },
    /// Choose another name for the query, or delete what has it now.
    RenameQuery {
        /// Whether a template has the name.
        template: bool,
    },
    /// Delete the query, or give the token `acl:write` once.
    RecreateQuery,
    /// Give the instance this tag, or with `!` take it away, or do not let the query ask for it.
    MatchTag(String),
    /// Add this rule to the token.
    Grant(Rule),
    /// Check how the agent brings the instance and its checks to the catalog.
    CheckSync,
    /// Deregister this instance if it is left over from a rename.
    Deregister(String),
    /// Register the service at an address that other nodes reach.
    CorrectAddress,
    /// Register a health check, or watch the port.
    WatchService,
    /// Name a node that has a candidate, or none.
    NameCandidate,
    /// Name an election that the instance takes part in, or the new one.
    NameElection {
        /// An election that the instance takes part in.
        other: String,
        /// The name that follows from the service's name.
        query: String,
    },
    /// Give every instance the same value.
    Agree(Difference),
    /// Remove a Meta key.
    FreeMeta,
    /// Check the token's rights, and whether another program writes the tags.
    CheckTagWriters,
    /// Check whether another election or program uses the same tags.
    CheckTagUsers,
}

impl Complaint {
    /// What helps; `None` where that is the failed request's own remedy, or part of the text.
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Complaint::Consul(_)
            | Complaint::Demoted(_)
            | Complaint::StandsBack(_)
            | Complaint::Superseded
            | Complaint::Hook { hook: HookName::Promote, .. } => return None,
            Complaint::NoSuchService { id: None, present, .. } if present.is_empty() => Remedy::NameAgent,
            Complaint::NoSuchService { id: None, .. } => Remedy::RegisterService,
            Complaint::NoSuchService { id: Some(_), .. } => Remedy::CorrectServiceId,
            Complaint::SeveralInstances { .. } => Remedy::NameServiceId,
            Complaint::NotPlain { .. } => Remedy::NameProxiedService,
            Complaint::NoSuchCheck { .. } | Complaint::WrongCheck { .. } => Remedy::CorrectCheckId,
            Complaint::OtherElections { query, others } => {
                Remedy::NameElection { other: others.first().cloned().unwrap_or_default(), query: query.clone() }
            }
            Complaint::Fault { fault: Fault::Contradiction(contradiction), .. } => Remedy::Agree(contradiction.what),
            Complaint::LockOfOther { key, election } => {
                Remedy::SeparateLockKeys { key: key.clone(), election: election.clone() }
            }
            Complaint::Fault { fault: Fault::Query(QueryFault::Template), .. } => {
                Remedy::RenameQuery { template: true }
            }
            Complaint::Fault { fault: Fault::Query(QueryFault::OtherService(_)), .. } => {
                Remedy::RenameQuery { template: false }
            }
            Complaint::Fault { fault: Fault::Query(QueryFault::HiddenToken), .. } => Remedy::RecreateQuery,
            Complaint::Fault { fault: Fault::Query(QueryFault::TagMismatch(tag)), .. } => Remedy::MatchTag(tag.clone()),
            Complaint::Fault { fault: Fault::NotInCatalog(_) | Fault::NotFound, .. } => Remedy::CheckSync,
            Complaint::Fault { fault: Fault::OthersHidden, .. } => Remedy::Grant(Rule::read_all(Resource::Node)),
            Complaint::Fault { fault: Fault::NoCandidate { .. }, .. } => Remedy::NameCandidate,
            Complaint::MetaFull { .. } => Remedy::FreeMeta,
            Complaint::Hook { .. } => Remedy::Retry,
            Complaint::TagNotInCatalog { .. } => Remedy::CheckTagWriters,
            Complaint::Unsettled => Remedy::CheckTagUsers,
        })
    }
}

impl Caveat {
    /// What helps; `None` where that is part of the text.
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Caveat::Filtered { .. } | Caveat::NotWatched { .. } | Caveat::Shared { .. } => return None,
            Caveat::NotFound { .. } => Remedy::CheckSync,
            Caveat::OthersHidden => Remedy::Grant(Rule::read_all(Resource::Node)),
            Caveat::OwnMachine(_) => Remedy::CorrectAddress,
            Caveat::Leftover(id) => Remedy::Deregister(id.clone()),
            Caveat::NoHealthCheck => Remedy::WatchService,
        })
    }
}
