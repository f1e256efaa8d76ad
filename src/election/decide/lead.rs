//! What a master keeps true: its session, its promote hook, its marks, its query, and the lock's value. Pure.

use super::action::{Action, Decision};
use super::name::{self, Finding};
use super::{query, stance};
use crate::election::config::{Names, Policy};
use crate::election::describe::{Description, bound_ids};
use crate::election::eligibility::own_check;
use crate::election::leader::Leader;
use crate::election::marks;
use crate::election::model::{Instance, View};
use crate::election::outcome::{Caveat, Fault, QueryFault, Role};
use crate::election::value::{Holder, Sight};

/// Decides for an instance that holds the lock and may lead.
pub fn lead(view: &View, session: &str, holder: Option<&Holder>, names: &Names, policy: &Policy) -> Decision {
    let leader = holder.map_or_else(
        || Leader { instance: Some(view.instance.identity.clone()), session: session.to_owned(), ..Leader::default() },
        Leader::from_holder,
    );
    let master = |caveat| Some(Role::Master { leader, term: view.term, caveat });
    let mut actions = Vec::new();
    if policy.ttl.is_some() && !view.done.renewed {
        actions.push(Action::Renew { session: session.to_owned() });
    }
    let Some(holder) = holder.filter(|holder| is_bound(holder, view, names, policy)) else {
        actions.extend(rebind(view, session, holder, names));
        return Decision { role: master(None), actions, fault: None };
    };
    // The tag follows the hook: an instance that has it was promoted, perhaps before there was a hook.
    let has_hook = policy.hooks.promote.is_some();
    let promoted = holder.promoted || (has_hook && marks::say_master(&view.instance.marks, names));
    if has_hook && !promoted {
        actions.extend(promote(view, session, holder, names));
        return Decision { role: master(None), actions, fault: None };
    }
    let challenger = stance::challenger(view, names, policy);
    let others_are_hidden = stance::others_are_hidden(view);
    let description = Description { promoted, others_are_hidden, challenger, ..Description::of(Some(holder)) };
    let (fault, caveat) = keep(view, session, holder, description, (names, policy), &mut actions);
    let unseen = (others_are_hidden && stance::is_about_others(policy)).then_some(Caveat::OthersHidden);
    Decision { role: master(caveat.or(unseen)), actions, fault }
}

/// Whether the session is bound to the checks as they are now, and has the right TTL.
fn is_bound(holder: &Holder, view: &View, names: &Names, policy: &Policy) -> bool {
    let ttl = policy.ttl.map_or(0, |ttl| ttl.as_secs());
    holder.ttl == ttl && holder.checks == bound_ids(&view.instance, stance::known_check(view), names)
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

/// Runs the promote hook, which comes before the tag. Once it begins, the instance may be half a master, and no slave's hook counts as
/// done.
fn promote(view: &View, session: &str, holder: &Holder, names: &Names) -> Vec<Action> {
    let marks = &view.instance.marks;
    let wanted = marks::without_hook_done(marks, names);
    if wanted != *marks {
        return vec![Action::Mark(wanted)];
    }
    let description = Description { promoted: true, challenger: None, ..Description::of(Some(holder)) };
    let (session, holder) = (session.to_owned(), Some(holder.clone()));
    vec![Action::Promote { session: session.clone() }, Action::Describe { session, holder, description }]
}

/// Keeps marks, query and the lock's value true, in this order.
fn keep(
    view: &View,
    session: &str,
    holder: &Holder,
    mut description: Description,
    (names, policy): (&Names, &Policy),
    actions: &mut Vec<Action>,
) -> (Option<Fault>, Option<Caveat>) {
    let wanted = marks::of_master(&view.instance.marks, session, names, policy);
    let is_new = wanted != view.instance.marks;
    if is_new {
        actions.push(Action::Mark(wanted.clone()));
    }
    let query = query::action(&view.query, Some(session), names, policy);
    let is_settled = !is_new && matches!(query, Ok(None));
    let fault = match query {
        Ok(action) => {
            actions.extend(action);
            if view.query.known().is_some() {
                description.query = query::fingerprint(names, policy);
            }
            name::mismatch(&wanted, policy).map(QueryFault::TagMismatch).map(Fault::Query)
        }
        Err(fault) => {
            // Every run looks at the definition until it is right.
            description.query.clear();
            Some(Fault::Query(fault))
        }
    };
    let mut search = Search::default();
    if is_settled && fault.is_none() {
        search = be_found(view, &mut description, names, policy);
    }
    // The name finds the new master by now; what only describes it can take its time.
    if is_new {
        actions.push(Action::ConfirmMarks(wanted));
    }
    if !describes(holder, &description, &view.instance, names) {
        let (session, holder) = (session.to_owned(), Some(holder.clone()));
        actions.push(Action::Describe { session, holder, description });
    }
    actions.extend(search.action);
    let fault = fault.or(search.fault);
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
    (fault, search.caveat)
}

/// What a master whose marks and query are right does about a name that does not find it.
#[derive(Default)]
struct Search {
    action: Option<Action>,
    fault: Option<Fault>,
    caveat: Option<Caveat>,
}

/// Lets the name find a master whose marks and query are right, as far as that is in its power.
fn be_found(view: &View, description: &mut Description, names: &Names, policy: &Policy) -> Search {
    let search = Search::default();
    let finding = name::finding(view, names, policy);
    match finding {
        Finding::Nothing => return search,
        Finding::NotInCatalog | Finding::NotFound if !view.done.looked_again => {
            // Another pass, or a sync of the agent, may be at work.
            return Search { action: Some(Action::LookAgain), ..search };
        }
        Finding::Right => description.name = Sight::Right,
        Finding::Hidden => description.name = Sight::Hidden,
        Finding::NotInCatalog | Finding::NotFound | Finding::But(_) => description.name = Sight::Wrong,
    }
    let instance = &view.instance;
    let fault = match finding {
        Finding::NotInCatalog if !view.done.resent => {
            // With the token of this request: the one of the last registration may be gone.
            let action = Some(Action::Resend(marks::to_resend(&instance.marks, names)));
            return Search { action, ..search };
        }
        Finding::NotInCatalog => Fault::NotInCatalog(instance.identity.service_id.clone()),
        Finding::NotFound => Fault::NotFound,
        Finding::But(caveat) => return Search { caveat: Some(caveat), ..search },
        Finding::Nothing | Finding::Right | Finding::Hidden => return search,
    };
    if query::only_passing(policy) {
        // An error would put this check in warning, and so keep the query from finding the master.
        return Search { caveat: Some(Caveat::NotFound { query: names.query.clone() }), ..search };
    }
    Search { fault: Some(fault), ..search }
}

/// Whether the holder's entry is still true of the instance.
fn describes(holder: &Holder, description: &Description, instance: &Instance, names: &Names) -> bool {
    let address = instance.registration.address();
    let check = own_check(instance, names);
    Description::of(Some(holder)) == *description
        && holder.port == instance.registration.port()
        && (address.is_empty() || holder.address == address)
        && check.is_none_or(|check| holder.check_id.as_deref() == Some(&check.id))
}
