//! What a decision consists of: a role, and the actions that lead there. Plain data.

use std::time::Duration;

use crate::consul::PreparedQuery;
use crate::election::describe::Description;
use crate::election::entries::Alone;
use crate::election::fault::Fault;
use crate::election::identity::Identity;
use crate::election::marks::{Mark, Marks, SlaveHook};
use crate::election::outcome::{Role, Vacancy};
use crate::election::succession::HandOverReason;
use crate::election::successors::Successors;
use crate::election::value::Holder;

/// What the instance is, and what is left to do until Consul shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The role once the actions are done; `None` if it depends on how they end, or on an answer that failed.
    pub role: Option<Role>,
    /// Applied in this order, up to the first that fails. Empty: the election is settled.
    pub actions: Vec<Action>,
    /// Why this can never work as configured; reported once the actions are done.
    pub fault: Option<Fault>,
}

/// One step towards what was decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Register the instance with these tags and this Meta.
    Mark(Marks),
    /// Register the instance with these marks, and note that it takes no part in the election.
    Leave(Marks),
    /// Read the catalog back, and stop if it does not have the marks that were just set.
    ConfirmMarks(Marks),
    /// Register the instance with these marks, which mean the same as the present ones, so that the agent brings it to the catalog.
    Resend(Marks),
    /// Leave catalog and query a moment to agree: another pass, or a sync of the agent, may be at work.
    LookAgain,
    /// Try to acquire the free lock.
    Acquire {
        /// The number of candidates that are as good and go first.
        behind: usize,
        /// The candidates that the lock's value then names.
        successors: Successors,
        /// What changes hands with it.
        takeover: Takeover,
    },
    /// Run the promote hook; if it fails, note that this instance stands back.
    Promote {
        /// The session that holds the lock.
        session: String,
        /// The beginning of the term.
        since: String,
    },
    /// Run a slave's hook.
    Hook(SlaveHook),
    /// Update the holder's entry in the lock's value.
    Describe {
        /// The session that holds the lock.
        session: String,
        /// The present entry; `None` if something else wrote the value.
        holder: Option<Holder>,
        /// What the entry should say that does not follow from the instance alone.
        description: Description,
    },
    /// Name these candidates in the lock's value.
    NameSuccessors {
        /// The session that holds the lock.
        session: String,
        /// The present entry.
        holder: Holder,
        /// The candidates.
        successors: Successors,
    },
    /// Note in the lock's value that this instance steps down, and for which candidate. Every pass of the instance acts on it.
    HandOver {
        /// The session that holds the lock.
        session: String,
        /// The present entry.
        holder: Option<Holder>,
        /// How the lead is handed over.
        how: HandOver,
    },
    /// Renew the session, which has a TTL.
    Renew {
        /// The session that holds the lock.
        session: String,
    },
    /// Move the lock to a session that is bound to the checks as they are now.
    Rebind {
        /// The session that holds the lock.
        session: String,
        /// The present entry; `None` if something else wrote the value.
        holder: Option<Holder>,
    },
    /// Destroy this instance's sessions that do not hold the lock.
    Sweep,
    /// Release the lock without lock-delay, and destroy the session.
    Release {
        /// The session that holds the lock.
        session: String,
        /// Why it steps down.
        why: Vacancy,
    },
    /// Create the prepared query.
    CreateQuery(PreparedQuery),
    /// Replace the prepared query's definition.
    UpdateQuery(PreparedQuery),
}

/// What changes hands with the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Takeover {
    /// The former masters, whose tags go in the lock's transaction.
    pub from: Vec<Identity>,
    /// The former masters whose entries a transaction does not keep whole. Their tags go right after the lock.
    pub then_from: Vec<Identity>,
    /// The own mark, if the same transaction marks this instance as master.
    pub mark: Option<Mark>,
    /// Why a former master keeps its tag.
    pub alone: Option<Alone>,
}

/// How a lead is handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// How long the note holds.
    pub length: Duration,
    /// The candidate that should lead; `None`: any other.
    pub to: Option<Identity>,
    /// Why.
    pub reason: HandOverReason,
}
