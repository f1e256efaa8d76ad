//! What a master keeps true: its session, its promote hook, its marks, its query, and the lock's value. Pure.

use super::action::{Action, Decision};
use super::own_mark::own_mark;
use super::question::creates_query_unseen;
use super::{query, stance};
use crate::election::complaint::{Fault, QueryFault};
use crate::election::config::{Names, Policy};
use crate::election::describe::{Description, bound_ids};
use crate::election::eligibility::own_check;
use crate::election::hook_notes;
use crate::election::leader::Leader;
use crate::election::marks;
use crate::election::model::{Instance, Port, View};
use crate::election::outcome::{Caveat, Role};
use crate::election::value::Holder;

/// Decides for an instance that holds the lock and may lead.
pub fn lead(view: &View, session: &str, holder: Option<&Holder>, names: &Names, policy: &Policy) -> Decision {
    let leader = holder.map_or_else(
        || Leader { instance: Some(view.instance.identity.clone()), session: session.to_owned(), ..Leader::default() },
        Leader::from_holder,
    );
    let role = Some(Role::Master { leader, term: view.term, caveat: not_watched(view) });
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
    let description =
        Description { promoted: has_hook || holder.promoted, challenger: stance::challenger(view, names, policy) };
    let fault = keep(view, session, holder, description, (names, policy), &mut actions);
    Decision { role, actions, fault }
}

/// The caveat of a master whose port should be watched and cannot be.
fn not_watched(view: &View) -> Option<Caveat> {
    match view.port.known() {
        Some(Port::Unclear(target, why)) => Some(Caveat::NotWatched { target: target.clone(), why: *why }),
        _ => None,
    }
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
    let description = Description { promoted: true, challenger: None };
    vec![Action::Promote { session: session.clone(), since }, Action::Describe { session, holder: entry, description }]
}

/// Keeps marks, query and the lock's value true, in this order.
fn keep(
    view: &View,
    session: &str,
    holder: &Holder,
    description: Description,
    (names, policy): (&Names, &Policy),
    actions: &mut Vec<Action>,
) -> Option<Fault> {
    let wanted =
        marks::of_master(&view.instance.marks, (session, &holder.since), &own_mark(view, names, policy), names, policy);
    let is_new = wanted != view.instance.marks || view.instance.is_behind(&wanted, names);
    let mark = is_new.then(|| Action::Mark(wanted.clone()));
    // Marks that the catalog got with the lock are new to the agent alone, and the name need not wait for that.
    let (before, after) = if view.done.marked { (None, mark) } else { (mark, None) };
    actions.extend(before);
    let query = if creates_query_unseen(view, policy) {
        Ok(query::unseen(session, names, policy))
    } else {
        query::action(&view.query, Some(session), names, policy)
    };
    let fault = match query {
        Ok(action) => {
            actions.extend(action);
            None
        }
        Err(fault) => Some(Fault::Query(fault)),
    };
    actions.extend(after);
    // The name finds the new master by now; what only describes it can take its time.
    if is_new {
        actions.push(Action::ConfirmMarks(wanted));
    }
    if !describes(holder, &description, &view.instance, names) {
        let (session, holder) = (session.to_owned(), Some(holder.clone()));
        actions.push(Action::Describe { session, holder, description });
    }
    // A killed run may have left an old session under a query that cannot be changed: the query goes with that session.
    let is_stuck = fault == Some(Fault::Query(QueryFault::HiddenToken))
        && view
            .query
            .known()
            .and_then(Option::as_ref)
            .is_some_and(|found| found.asks_for_another(&marks::session_key(names), session));
    if actions.is_empty() && (view.done.rebound || is_stuck) {
        // Nothing rests on the old session any more.
        actions.push(Action::Sweep);
    }
    fault
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
