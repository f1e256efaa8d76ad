//! The decision: from what a pass saw to the instance's role and what is to be done about it.
//!
//! A pure function of its arguments. It knows no HTTP, no clock and no log, and does not remember: a pass applies the
//! actions, looks again and decides again until nothing is left to do. So whatever state a run that was killed left
//! behind is just another state to decide from.

mod lead;
mod query;
mod stance;

use super::eligibility::Obstacle;
use super::lock::Standing;
use super::marks::{self, Marks, SlaveHook};
use super::value::{Failure, Holder};
use super::view::{Leader, Lock, Port, Query, View};
use crate::consul::PreparedQuery;
use crate::options::{OnOutage, Options};
use crate::port::Target;
use stance::{HandOver, Stance, stance};
pub use stance::{needs_others, needs_port, needs_query};

/// What the instance is, and what has to be done so that Consul says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The role, once the actions are done; `None` where it depends on how they end, or on what could not be seen.
    pub role: Option<Role>,
    /// To be applied in this order, up to the first that fails. None: the election is settled.
    pub actions: Vec<Action>,
    /// What keeps this from ever working as configured, to be reported once the actions are done.
    pub fault: Option<Fault>,
}

/// What the instance is in the election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It holds the lock.
    Master {
        /// Itself, as the lock's value describes it.
        leader: Leader,
        /// The number of this leadership.
        term: u64,
    },
    /// Another instance holds the lock.
    SlaveOf(Leader),
    /// No instance holds the lock.
    SlaveOfNone(Vacancy),
}

/// Why an instance does not take the free lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vacancy {
    /// Its checks do not let it lead.
    NotEligible(Obstacle),
    /// Nothing listens where its service should.
    NothingListens(Target),
    /// Nobody knows where its service should listen; holds the instance's ID.
    NoPort(String),
    /// Its priority is 0.
    NeverLeads,
    /// It gave the lock up and stands back for a while; holds what kept it from leading, where something did.
    StandsBack(Option<Failure>),
    /// It is to hand over a lead that nobody has.
    NothingToResign,
    /// The last master left the lead to the instance of this node.
    HandedTo(String),
    /// The instance of this node has a higher priority and could lead.
    Yields(String),
    /// The instance of this node passes, and this one is in warning.
    YieldsInWarning(String),
    /// It tried, and Consul does not give the lock yet.
    LockDelay,
}

/// A step towards what was decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Register the instance with these tags and this Meta.
    Mark(Marks),
    /// Read the catalog back and go no further when it does not have the marks that were just set.
    ConfirmMarks(Marks),
    /// Try for the free lock.
    Campaign {
        /// How many other instances could do so, too, and go first.
        behind: usize,
    },
    /// Run the hook of a new master; when it fails, note that this instance stands back.
    Promote {
        /// The session that holds the lock.
        session: String,
    },
    /// Run a slave's hook.
    Hook(SlaveHook),
    /// Write into the lock's value what it should say of its holder.
    Describe {
        /// The session that holds the lock.
        session: String,
        /// What the value says now; `None` when someone else wrote it.
        holder: Option<Holder>,
        /// What it should say that does not follow from the instance alone.
        standing: Standing,
    },
    /// Note in the lock's value that this instance is to give it up, and for whom. Every pass of the instance acts on it.
    HandOver {
        /// The session that holds the lock.
        session: String,
        /// What the value says now.
        holder: Option<Holder>,
        /// How it is handed over.
        how: HandOver,
    },
    /// Renew the session, which has a TTL.
    Renew {
        /// The session that holds the lock.
        session: String,
    },
    /// Move the lock to a session that is bound to the checks as they are now, and describe its holder anew.
    Rebind {
        /// The session that holds the lock.
        session: String,
        /// What the value says now; `None` when someone else wrote it.
        holder: Option<Holder>,
    },
    /// End this instance's sessions that hold nothing any more.
    Sweep,
    /// Give up the lock without lock-delay, and the session with it.
    Release {
        /// The session that holds the lock.
        session: String,
    },
    /// Create the prepared query.
    CreateQuery(PreparedQuery),
    /// Replace the prepared query's definition.
    UpdateQuery(PreparedQuery),
}

/// What keeps the election from working as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The prepared query cannot be what it should be.
    Query(QueryFault),
    /// No instance on this node could take the lead; holds the nodes that have one.
    NoCandidate {
        /// The node that was to get the lead.
        node: String,
        /// The nodes whose instances could lead.
        present: Vec<String>,
    },
}

/// What keeps the prepared query from being what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryFault {
    /// The query's name belongs to a template.
    Template,
    /// The query's name belongs to a query for this other service.
    OtherService(String),
    /// The query must be changed but has a token that this one may not see, and that it would lose.
    HiddenToken,
}

/// Decides. See the module's header.
pub fn decide(view: &View, options: &Options) -> Decision {
    match (stance(view, options), &view.lock) {
        (Stance::Lead, Lock::Mine { session, holder }) => lead::lead(view, session, holder.as_ref(), options),
        (Stance::HandOver(how), Lock::Mine { session, holder }) => {
            let (session, holder) = (session.clone(), holder.clone());
            Decision { role: None, actions: vec![Action::HandOver { session, holder, how }], fault: None }
        }
        (Stance::StepDown(vacancy), Lock::Mine { session, .. }) => {
            let (mut actions, complete) = become_slave(view, None, options);
            if complete {
                actions.push(Action::Release { session: session.clone() });
            }
            Decision { role: Some(Role::SlaveOfNone(vacancy)), actions, fault: None }
        }
        (Stance::Follow, Lock::Another(leader)) => {
            let role = Role::SlaveOf(leader.clone());
            Decision { role: Some(role), actions: become_slave(view, Some(leader), options).0, fault: None }
        }
        (Stance::Vacant(vacancy), _) => {
            let role = Role::SlaveOfNone(vacancy);
            Decision { role: Some(role), actions: become_slave(view, None, options).0, fault: None }
        }
        (Stance::Stand, _) => stand(view, options),
        (Stance::Impossible(fault), _) => Decision { role: None, actions: Vec::new(), fault: Some(fault) },
        _ => outage(view, options),
    }
}

/// The lock is free and the instance may lead. First it becomes a slave in every respect: an old master tag would be a lie, and an
/// instance that cannot be tagged must learn so before it takes the lock from others; and so must one whose plain query cannot be made.
fn stand(view: &View, options: &Options) -> Decision {
    let (mut actions, complete) = become_slave(view, None, options);
    if view.done.hook_failed {
        // What could not be made a slave is not to be made a master of.
        return Decision { role: None, actions, fault: None };
    }
    let query = match query::action(&view.query, None, options) {
        Ok(_) if view.query == Query::Unreadable => return Decision { role: None, actions, fault: None },
        Ok(action) => action,
        Err(fault) => return Decision { role: None, actions, fault: Some(Fault::Query(fault)) },
    };
    if complete {
        // An existing query is the master's to change, but one that is missing harms nobody.
        actions.extend(query.filter(|action| matches!(action, Action::CreateQuery(_))));
        actions.push(Action::Campaign { behind: stance::instances_before(view, options) });
    }
    Decision { role: None, actions, fault: None }
}

/// Consul could not say who leads. By default nothing changes. Where a master shall rather be none than be wrong, its tag
/// goes; that the catalog has it so is not asked, since there is nobody to answer.
fn outage(view: &View, options: &Options) -> Decision {
    let marks = &view.instance.marks;
    let demote = options.on_outage == OnOutage::Demote && marks::say_master(marks, options);
    let actions = if demote { vec![Action::Mark(marks::of_slave(marks, false, options))] } else { Vec::new() };
    Decision { role: None, actions, fault: None }
}

/// What makes a slave of the instance, and whether that is all: the tags first, then one hook after the other, each with a look in
/// between, since registering the instance needs to be sure of what is there.
fn become_slave(view: &View, leader: Option<&Leader>, options: &Options) -> (Vec<Action>, bool) {
    let marks = &view.instance.marks;
    let hook = marks::next_hook(marks, leader, options).filter(|_| !view.done.hook_failed);
    let wanted = marks::of_slave(marks, matches!(view.port, Port::Refused(_)), options);
    if wanted != *marks {
        return (vec![Action::Mark(wanted.clone()), Action::ConfirmMarks(wanted)], hook.is_none());
    }
    match hook {
        Some(hook) => {
            let done = marks::with_hook_done(marks, hook, leader, options);
            (vec![Action::Hook(hook), Action::Mark(done)], false)
        }
        None => (Vec::new(), true),
    }
}

#[cfg(test)]
mod tests;
