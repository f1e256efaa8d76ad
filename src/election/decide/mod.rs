//! The decision: from what a pass saw to the instance's role and what is left to do about it.
//!
//! A pure function of its arguments. It knows no HTTP, no clock and no log, and does not remember: a pass applies the actions, observes
//! again and decides again until nothing is left to do. Whatever state a killed run left behind is just another state to decide from.

mod action;
mod caveat;
mod lead;
mod name;
mod naming;
mod own_mark;
mod query;
mod question;
mod stance;
mod takeover;

pub use action::{Action, Decision, HandOver, Takeover};
pub use caveat::caveat;
pub use query::differences as query_differences;
pub use question::{Question, open_question};

use super::config::{Names, OnOutage, Policy};
use super::fault::Fault;
use super::leader::Leader;
use super::marks::{self, SlaveHook};
use super::model::{Lock, View};
use super::outcome::Role;
use own_mark::own_mark;
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
                if actions.is_empty() {
                    // A run that was killed right after it took the lock has told the catalog of its tag, and not the agent.
                    actions.push(Action::ConfirmMarks(view.instance.marks.clone()));
                }
                actions.push(Action::Release { session: session.clone(), why: vacancy.clone() });
            }
            Decision { role: Some(Role::SlaveOfNone(vacancy)), actions, fault: None }
        }
        (Stance::Follow, Lock::Another(leader)) => {
            let role = Some(Role::SlaveOf(leader.clone()));
            let fault = view.contradiction.clone().map(Box::new).map(Fault::Contradiction);
            Decision { role, actions: become_slave(view, Some(leader), names, policy).0, fault }
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
        let takeover = takeover::takeover(view, actions.is_empty(), names, policy);
        // Only the master changes a query, but a missing one can be created by anybody.
        actions.extend(query.filter(|action| matches!(action, Action::CreateQuery(_))));
        let behind = stance::candidates_before(view, names, policy);
        actions.push(Action::Acquire { behind, successors: naming::of_new_master(view), takeover });
    }
    Decision { role: None, actions, fault: None }
}

/// Consul could not say who leads. By default nothing changes. With `OnOutage::Demote` the master tag goes, and then the demote hook runs;
/// the catalog is not read back, since no server answers.
fn outage(view: &View, names: &Names, policy: &Policy) -> Decision {
    let undecided = |actions| Decision { role: None, actions, fault: None };
    if policy.on_outage == OnOutage::Keep {
        return undecided(Vec::new());
    }
    let (marks, known) = (&view.instance.marks, view.done.memory.slave_hook());
    let is_master = marks::say_master(marks, names);
    let wanted =
        if is_master { marks::of_slave(marks, &own_mark(view, names, policy), names, policy) } else { marks.clone() };
    let wanted = marks::with_known_hook(wanted, known, None, names, policy);
    if wanted != *marks {
        return undecided(vec![Action::Mark(wanted)]);
    }
    let hook = next_hook(view, None, names, policy);
    undecided(hook.map(|hook| run_hook(view, hook, None, names)).unwrap_or_default())
}

/// What makes the instance a slave, and whether that is all: the tags first, then one hook after the other, with an observation between
/// them, since a registration is only written over one that was just read.
fn become_slave(view: &View, leader: Option<&Leader>, names: &Names, policy: &Policy) -> (Vec<Action>, bool) {
    if stance::has_left(view, names, policy) {
        return leave(view, names, policy);
    }
    let (marks, known) = (&view.instance.marks, view.done.memory.slave_hook());
    let hook = next_hook(view, leader, names, policy);
    let wanted = marks::of_slave(marks, &own_mark(view, names, policy), names, policy);
    let wanted = marks::with_known_hook(wanted, known, leader, names, policy);
    if wanted != *marks || view.instance.is_behind(&wanted, names) {
        return (vec![Action::Mark(wanted.clone()), Action::ConfirmMarks(wanted)], hook.is_none());
    }
    match hook {
        Some(hook) => (run_hook(view, hook, leader, names), false),
        None => (Vec::new(), true),
    }
}

/// What takes the election's marks off an instance that no longer takes part, and whether that is all. A master's hook runs all the same.
fn leave(view: &View, names: &Names, policy: &Policy) -> (Vec<Action>, bool) {
    let marks = &view.instance.marks;
    let leads = matches!(view.lock, Lock::Mine { .. });
    // The lead may have ended with the check, which the session is bound to; the demote hook is due all the same.
    let was_master = leads || view.done.left_as_master || marks::say_master(marks, names);
    let hook = next_hook(view, None, names, policy).filter(|_| was_master);
    let wanted = marks::of_nobody(marks, leads, names);
    if wanted != *marks || !view.done.left {
        return (vec![Action::Leave(wanted.clone()), Action::ConfirmMarks(wanted)], hook.is_none());
    }
    match hook {
        Some(hook) => (run_hook(view, hook, None, names), false),
        None => (Vec::new(), true),
    }
}

/// The hook that a slave of `leader` runs next.
fn next_hook(view: &View, leader: Option<&Leader>, names: &Names, policy: &Policy) -> Option<SlaveHook> {
    let known = view.done.memory.slave_hook();
    let next = marks::next_hook(&view.instance.marks, known, leader, names, policy);
    next.filter(|_| !view.done.hook_failed)
}

/// Runs a slave's hook and notes that it is done.
fn run_hook(view: &View, hook: SlaveHook, leader: Option<&Leader>, names: &Names) -> Vec<Action> {
    let done = marks::with_hook_done(&view.instance.marks, hook, leader, names);
    vec![Action::Hook(hook), Action::Mark(done)]
}

#[cfg(test)]
mod tests;
