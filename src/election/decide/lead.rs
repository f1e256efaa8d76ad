//! What a master keeps true: its session, its promote hook, its marks, its query, and the lock's value. Pure.

use super::action::{Action, Decision};
use super::name::{self, Finding};
use super::naming;
use super::own_mark::own_mark;
use super::question::creates_query_unseen;
use super::{query, stance};
use crate::election::config::{Names, Policy};
use crate::election::describe::{Description, bound_ids};
use crate::election::eligibility::own_check;
use crate::election::fault::{Fault, QueryFault};
use crate::election::hook_notes;
use crate::election::leader::Leader;
use crate::election::marks;
use crate::election::model::{Instance, View};
use crate::election::outcome::Role;
use crate::election::value::{Holder, Sight};

/// Decides for an instance that holds the lock and may lead.
pub fn lead(view: &View, session: &str, holder: Option<&Holder>, names: &Names, policy: &Policy) -> Decision {
    let leader = holder.map_or_else(
        || Leader { instance: Some(view.instance.identity.clone()), session: session.to_owned(), ..Leader::default() },
        Leader::from_holder,
    );
    let role = Some(Role::Master { leader, term: view.term });
    let mut actions = Vec::new();
    if policy.ttl.is_some() && !view.done.renewed {
        actions.push(Action::Renew { session: session.to_owned() });
    }
    let Some(holder) = holder.filter(|holder| is_bound(holder, view, names, policy)) else {
        actions.extend(rebind(view, session, holder, names));
        return Decision { role, actions, fault: None };
    };
    let has_hook = policy.hooks.promote.is_some();
    if has_hook && !is_promoted(view, holder, names) {
        actions.extend(promote(view, session, holder, names, policy));
        return Decision { role, actions, fault: None };
    }
    let description = Description {
        promoted: has_hook || holder.promoted,
        others_are_hidden: stance::others_are_hidden(view),
        sight: holder.sight,
        challenger: stance::challenger(view, names, policy),
    };
    let fault = keep(view, session, holder, description, (names, policy), &mut actions);
    Decision { role, actions, fault }
}

/// Whether the session is bound to the checks as they are now, and has the right TTL.
fn is_bound(holder: &Holder, view: &View, names: &Names, policy: &Policy) -> bool {
    let ttl = policy.ttl.map_or(0, |ttl| ttl.as_secs());
    holder.ttl == ttl && holder.checks == bound_ids(&view.instance, Some(holder), names, policy)
}

/// Moves the lock to a session that is bound to the checks as they are now. Everything else rests on the session. The fence closes
/// first: if this run is killed, no query that rests on the old session may lead here while the new session ends.
fn rebind(view: &View, session: &str, holder: Option<&Holder>, names: &Names) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut closed = view.instance.marks.clone();
    if closed.meta.remove(&marks::session_key(names)).is_some() {
        actions.push(Action::Mark(closed));
    }
    actions.push(Action::Rebind { session: session.to_owned(), holder: holder.cloned() });
    actions
}

/// Whether the promote hook ran in this term: this run knows it, or the notes say it.
fn is_promoted(view: &View, holder: &Holder, names: &Names) -> bool {
    view.done.memory.is_promoted(&holder.since) || hook_notes::say_promoted(view, holder, names)
}

/// Runs the promote hook, which comes before the tag; a tag that is there already goes first. Once the hook begins, the instance may be half
/// a master, and no slave's hook counts as done.
fn promote(view: &View, session: &str, holder: &Holder, names: &Names, policy: &Policy) -> Vec<Action> {
    let (session, since) = (session.to_owned(), holder.since.clone());
    let entry = Some(holder.clone());
    if since.is_empty() {
        // A term without a beginning has no name.
        return vec![Action::Describe { session, description: Description::of(Some(holder)), holder: entry }];
    }
    let marks = &view.instance.marks;
    let wanted =
        marks::without_hook_done(&marks::of_slave(marks, &own_mark(view, names, policy), names, policy), names);
    if wanted != *marks {
        let was_master = marks::say_master(marks, names);
        let confirm = was_master.then(|| Action::ConfirmMarks(wanted.clone()));
        return [Action::Mark(wanted)].into_iter().chain(confirm).collect();
    }
    let description = Description { promoted: true, challenger: None, ..Description::of(Some(holder)) };
    vec![Action::Promote { session: session.clone(), since }, Action::Describe { session, holder: entry, description }]
}

/// Keeps marks, query and the lock's value true.
fn keep(
    view: &View,
    session: &str,
    holder: &Holder,
    mut description: Description,
    (names, policy): (&Names, &Policy),
    actions: &mut Vec<Action>,
) -> Option<Fault> {
    let query = if creates_query_unseen(view, policy) {
        Ok(query::unseen(session, names, policy))
    } else {
        query::action(&view.query, Some(session), names, policy)
    };
    let Instance { marks, mark: found, .. } = &view.instance;
    let mut mark = own_mark(view, names, policy);
    let has_other_options = found.as_ref().is_some_and(|found| found.options != mark.options);
    if let (Some(found), Ok(Some(Action::UpdateQuery(_)))) = (found, &query) {
        // The mark shows later runs that the query has been right for these options, so these come last.
        mark.options.clone_from(&found.options);
    }
    let wanted = marks::of_master(marks, (session, &holder.since), &mark, names, policy);
    let is_new = wanted != *marks || view.instance.is_behind(&wanted, names);
    let (mut fault, mut search) = (None, None);
    let mark = is_new.then(|| Action::Mark(wanted.clone()));
    // Marks that the catalog got with the lock are new to the agent alone, and the name need not wait for that.
    let (before, after) = if view.done.marked { (None, mark) } else { (mark, None) };
    actions.extend(before);
    match query {
        Ok(Some(action)) => {
            // If the update is denied, a later run would see a query that finds the master, and look no further: a note first.
            let is_hidden = view.found.known().is_none() || name::is_right(view, names, policy);
            let is_steady = !is_new && !has_other_options && !view.done.acquired;
            if is_hidden && is_steady && matches!(action, Action::UpdateQuery(_)) {
                description.sight = Sight::Wrong;
                if description.sight != holder.sight {
                    actions.push(describe(holder, session, description.clone()));
                }
            }
            actions.push(action);
        }
        Ok(None) => {
            fault = name::mismatch(&wanted, policy).map(QueryFault::TagMismatch).map(Fault::Query);
            if !is_new && fault.is_none() {
                (search, fault) = be_found(view, &mut description, names, policy);
            }
        }
        Err(found) => {
            // Every run looks at the definition until it is right.
            description.sight = Sight::Wrong;
            fault = Some(Fault::Query(found));
        }
    }
    actions.extend(after);
    // The name finds the new master by now; what only describes it can take its time.
    if is_new {
        actions.push(Action::ConfirmMarks(wanted));
    }
    let is_noted = actions.iter().any(|action| matches!(action, Action::Describe { .. }));
    if !is_noted && !describes(holder, &description, &view.instance, names) {
        actions.push(describe(holder, session, description));
    }
    actions.extend(search);
    if actions.is_empty() {
        let renewed = naming::of_master(view);
        let (session, holder) = (session.to_owned(), holder.clone());
        actions.extend(renewed.map(|successors| Action::NameSuccessors { session, holder, successors }));
    }
    // A killed run may have left an old session under a query that cannot be changed: the query goes with that session.
    let is_stuck = fault == Some(Fault::Query(QueryFault::HiddenToken)) && stance::is_named_by_other(view, names);
    if actions.is_empty() && (view.done.rebound || is_stuck) {
        // Nothing rests on the old session any more.
        actions.push(Action::Sweep);
    }
    fault
}

fn describe(holder: &Holder, session: &str, description: Description) -> Action {
    Action::Describe { session: session.to_owned(), holder: Some(holder.clone()), description }
}

/// Lets the query find a master whose marks and definition are right, as far as that is in its power; otherwise says why not.
fn be_found(
    view: &View,
    description: &mut Description,
    names: &Names,
    policy: &Policy,
) -> (Option<Action>, Option<Fault>) {
    let instance = &view.instance;
    let is_known = description.sight == Sight::Wrong;
    let fault = match name::finding(view, names, policy) {
        Finding::Unknown => return (None, None),
        Finding::Right => {
            description.sight = Sight::Found;
            return (None, None);
        }
        Finding::Hidden => {
            description.sight = Sight::Hidden;
            return (None, None);
        }
        Finding::NotInCatalog | Finding::NotFound if !is_known && !view.done.looked_again => {
            return (Some(Action::LookAgain), None);
        }
        Finding::NotInCatalog if !view.done.resent => {
            // With the token of this request: the one of the last registration may be gone.
            description.sight = Sight::Wrong;
            return (Some(Action::Resend(marks::to_resend(&instance.marks, names))), None);
        }
        Finding::NotInCatalog => Some(Fault::NotInCatalog(instance.identity.service_id.clone())),
        Finding::NotFound => Some(Fault::NotFound),
        Finding::But(_) => None,
    };
    description.sight = Sight::Wrong;
    // An error would put this check in warning, and so keep such a query from finding the master.
    (None, fault.filter(|_| !query::only_passing(policy)))
}

/// Whether the holder's entry is still true of the instance.
fn describes(holder: &Holder, description: &Description, instance: &Instance, names: &Names) -> bool {
    let address = instance.registration.address();
    let check = own_check(instance, holder.check_id.as_deref(), names);
    Description::of(Some(holder)) == *description
        && holder.port == instance.registration.port()
        && (address.is_empty() || holder.address == address)
        && check.is_none_or(|check| holder.check_id.as_deref() == Some(&check.id))
}
