//! What a master keeps true: its session, its promote hook, its marks, its query, and the lock's value. Pure.

use super::{Action, Decision, Fault, QueryFault, Role, query, stance};
use crate::election::eligibility::{bound_checks, own_check};
use crate::election::lock::Standing;
use crate::election::marks;
use crate::election::value::Holder;
use crate::election::view::{Instance, Leader, Query, View};
use crate::options::Options;

/// Holds the lock and may: everything that a master keeps true.
pub fn lead(view: &View, session: &str, holder: Option<&Holder>, options: &Options) -> Decision {
    let instance = &view.instance;
    let leader = holder.map_or_else(
        || Leader { node: Some(instance.node.clone()), session: session.to_owned(), ..Leader::default() },
        Leader::from_holder,
    );
    let role = Some(Role::Master { leader, term: view.term });
    let (held_by, owned) = (session.to_owned(), holder.cloned());
    let mut actions = Vec::new();
    if options.ttl.is_some() && !view.done.renewed {
        actions.push(Action::Renew { session: held_by.clone() });
    }
    let bound = bound_checks(instance, stance::known_check(view), options);
    let ttl = options.ttl.map_or(0, |ttl| ttl.as_secs());
    let Some(holder) = holder.filter(|holder| holder.checks == bound && holder.ttl == ttl) else {
        // All the rest rests on the session. The fence closes first: should this run be killed, no query that rests on the old session
        // may lead here while the new one ends.
        let mut closed = instance.marks.clone();
        if closed.meta.remove(&marks::session_key(options)).is_some() {
            actions.push(Action::Mark(closed));
        }
        actions.push(Action::Rebind { session: held_by, holder: owned });
        return Decision { role, actions, fault: None };
    };
    // The tag comes only after the hook: who has it was promoted, be it before there was a hook.
    let promoted = holder.promoted || (options.hooks.promote.is_some() && marks::say_master(&instance.marks, options));
    if options.hooks.promote.is_some() && !promoted {
        actions.extend(promote(view, held_by, owned, options));
        return Decision { role, actions, fault: None };
    }
    let wanted = marks::of_master(&instance.marks, session, options);
    let is_new = wanted != instance.marks;
    if is_new {
        actions.push(Action::Mark(wanted.clone()));
    }
    let fault = match query::action(&view.query, Some(session), options) {
        Ok(action) => {
            actions.extend(action);
            None
        }
        Err(fault) => Some(Fault::Query(fault)),
    };
    // By now the name leads to the new master; what only tells of it can take its time.
    if is_new {
        actions.push(Action::ConfirmMarks(wanted));
    }
    let standing = Standing { promoted, challenger: stance::challenger(view, options) };
    if !describes(holder, &standing, instance, options) {
        actions.push(Action::Describe { session: held_by, holder: owned, standing });
    }
    // A run that was killed may have left an old session that a query rests on which cannot be changed: it goes with its session.
    let is_stuck = fault == Some(Fault::Query(QueryFault::HiddenToken))
        && matches!(&view.query, Query::Found(found) if found.asks_for_another(&marks::session_key(options), session));
    if actions.is_empty() && (view.done.rebound || is_stuck) {
        // By now nothing rests on the old session.
        actions.push(Action::Sweep);
    }
    Decision { role, actions, fault }
}

/// The promote hook comes before the tag. From its beginning the instance may be half a master, and no slave's hook counts as done.
fn promote(view: &View, session: String, holder: Option<Holder>, options: &Options) -> Vec<Action> {
    let marks = &view.instance.marks;
    let wanted = marks::without_hook_done(marks, options);
    if wanted != *marks {
        return vec![Action::Mark(wanted)];
    }
    let standing = Standing { promoted: true, challenger: None };
    let describe = Action::Describe { session: session.clone(), holder, standing };
    vec![Action::Promote { session }, describe]
}

/// Whether the lock's value is still true of the instance that holds it.
fn describes(holder: &Holder, standing: &Standing, instance: &Instance, options: &Options) -> bool {
    let address = instance.registration.address();
    let check = own_check(instance, options);
    let challenger = holder.challenger.as_ref();
    holder.promoted == standing.promoted
        && holder.port == instance.registration.port()
        && (address.is_empty() || holder.address == address)
        && check.is_none_or(|check| holder.check_id.as_deref() == Some(&check.id))
        && challenger.map(|seen| (seen.node.clone(), seen.service_id.clone(), seen.checks_index)) == standing.challenger
}
