//! The decision: from what a pass saw to the instance's role and what is left to do about it.
//!
//! A pure function of its arguments. It knows no HTTP, no clock and no log, and does not remember: a pass applies the actions, observes
//! again and decides again until nothing is left to do. Whatever state a killed run left behind is just another state to decide from.

mod action;
mod lead;
mod name;
mod query;
mod question;
mod stance;

pub use action::{Action, Decision, HandOver};
pub use question::{Question, open_question};

use super::config::{Names, OnOutage, Policy};
use super::leader::Leader;
use super::marks;
use super::model::{Answer, Lock, Port, View};
use super::outcome::{Fault, Role};
use stance::{Stance, stance};

/// Decides. See the module's header.
pub fn decide(view: &View, names: &Names, policy: &Policy) -> Decision {
    match (stance(view, names, policy), &view.lock) {
        (Stance::Lead, Lock::Mine { session, holder }) => lead::lead(view, session, holder.as_ref(), names, policy),
        (Stance::HandOver(how), Lock::Mine { session, holder }) => {
            let (session, holder) = (session.clone(), holder.clone());
            Decision { role: None, actions: vec![Action::HandOver { session, holder, how }], fault: None }
        }
        (Stance::StepDown(vacancy), Lock::Mine { session, .. }) => {
            let (mut actions, complete) = become_slave(view, None, names, policy);
            if complete {
                actions.push(Action::Release { session: session.clone() });
            }
            Decision { role: Some(Role::SlaveOfNone(vacancy)), actions, fault: None }
        }
        (Stance::Follow, Lock::Another(leader)) => {
            let role = Some(Role::SlaveOf(leader.clone()));
            Decision { role, actions: become_slave(view, Some(leader), names, policy).0, fault: None }
        }
        (Stance::Vacant(vacancy), _) => {
            let role = Some(Role::SlaveOfNone(vacancy));
            Decision { role, actions: become_slave(view, None, names, policy).0, fault: None }
        }
        (Stance::Campaign, _) => campaign(view, names, policy),
        (Stance::Impossible(fault), _) => Decision { role: None, actions: Vec::new(), fault: Some(fault) },
        _ => outage(view, names, policy),
    }
}

/// The lock is free and the instance may lead. First it becomes a slave in every respect: an old master tag would be a lie, and an
/// instance that cannot be tagged must find out before it takes the lock from the others, as must one whose plain query cannot be
/// made. An answer that failed leaves the lock to them.
fn campaign(view: &View, names: &Names, policy: &Policy) -> Decision {
    let (mut actions, complete) = become_slave(view, None, names, policy);
    // An instance that cannot be demoted must not be promoted.
    if view.done.hook_failed || view.has_failed_answer() {
        return Decision { role: None, actions, fault: None };
    }
    let query = match query::action(&view.query, None, names, policy) {
        Ok(action) => action,
        Err(fault) => return Decision { role: None, actions, fault: Some(Fault::Query(fault)) },
    };
    if complete {
        // Only the master changes a query, but a missing one can be created by anybody.
        actions.extend(query.filter(|action| matches!(action, Action::CreateQuery(_))));
        actions.push(Action::Acquire { behind: stance::candidates_before(view, names, policy) });
    }
    Decision { role: None, actions, fault: None }
}

/// Consul could not say who leads. By default nothing changes. With `OnOutage::Demote` the master tag goes; the catalog is not read
/// back, since no server answers.
fn outage(view: &View, names: &Names, policy: &Policy) -> Decision {
    let marks = &view.instance.marks;
    let demote = policy.on_outage == OnOutage::Demote && marks::say_master(marks, names);
    let slave = || marks::of_slave(marks, false, names, policy);
    Decision { role: None, actions: demote.then(slave).map(Action::Mark).into_iter().collect(), fault: None }
}

/// What makes the instance a slave, and whether that is all: the tags first, then one hook after the other, with an observation between
/// them, since a registration is only written over one that was just read.
fn become_slave(view: &View, leader: Option<&Leader>, names: &Names, policy: &Policy) -> (Vec<Action>, bool) {
    let marks = &view.instance.marks;
    let hook = marks::next_hook(marks, leader, names, policy).filter(|_| !view.done.hook_failed);
    let is_dead = matches!(view.port, Answer::Known(Port::Refused(_)));
    let wanted = marks::of_slave(marks, is_dead, names, policy);
    if wanted != *marks {
        return (vec![Action::Mark(wanted.clone()), Action::ConfirmMarks(wanted)], hook.is_none());
    }
    match hook {
        Some(hook) => {
            let done = marks::with_hook_done(marks, hook, leader, names);
            (vec![Action::Hook(hook), Action::Mark(done)], false)
        }
        None => (Vec::new(), true),
    }
}

#[cfg(test)]
mod tests;
