//! Which answers a decision still needs. Pure; knows no requests.

use super::name;
use super::stance::{Stance, is_in_warning, is_named_by_other, must_not_lead, others_are_hidden, stance};
use crate::election::config::{Names, Policy};
use crate::election::model::{Done, Lock, View};
use crate::election::value::Sight;

/// A question that is asked only if the decision depends on its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Which other candidates are there?
    Candidates,
    /// Does the service listen?
    Port,
    /// What does the prepared query find?
    Found,
    /// What is the prepared query?
    Query,
    /// What has the catalog of the instance?
    Entry,
}

/// The next question whose answer the decision needs; `None` if all are answered.
pub fn open_question(view: &View, names: &Names, policy: &Policy) -> Option<Question> {
    if view.others.is_open() && needs_candidates(view, names, policy) {
        Some(Question::Candidates)
    } else if view.port.is_open() && needs_port(view, names, policy) {
        Some(Question::Port)
    } else if view.found.is_open() && needs_found(view, names, policy) {
        Some(Question::Found)
    } else if view.query.is_open() && needs_query(view, names, policy) {
        Some(Question::Query)
    } else if view.entry.is_open() && needs_entry(view, names, policy) {
        Some(Question::Entry)
    } else {
        None
    }
}

/// A free lock goes to the best candidate. A master needs to know the others only if it may hand over to one of them, or while its entry
/// says that it does not see them: at its first run they may not have been in the catalog yet.
fn needs_candidates(view: &View, names: &Names, policy: &Policy) -> bool {
    if must_not_lead(view, names, policy).is_some() {
        return false;
    }
    match view.lock {
        Lock::Free => !view.done.refused && !view.leaves_to_named && policy.resign.is_none(),
        Lock::Mine { .. } => {
            policy.preempt_after.is_some()
                || view.term_is_over
                || view.looks_at_named
                || view.is_spot_check && others_are_hidden(view)
                || is_in_warning(view, names)
                || policy.resign.as_ref().is_some_and(|resign| resign.to.is_some())
                || is_named_by_other(view, names)
        }
        Lock::Another(_) | Lock::Unknown => false,
    }
}

/// The port matters to an instance that leads, tries to lead, or that the master may count on.
fn needs_port(view: &View, names: &Names, policy: &Policy) -> bool {
    let asks = |stance| matches!(stance, Stance::Lead | Stance::HandOver(_) | Stance::Campaign | Stance::Follow);
    policy.watch_port.is_some() && asks(stance(view, names, policy))
}

/// Whether the query is created without asking for it. An agent logs an error for each question about a query that does not exist, and
/// behind the fence none does when a term begins. If there is one all the same, Consul refuses, and then it is asked for.
pub fn creates_query_unseen(view: &View, policy: &Policy) -> bool {
    let Done { acquired, query_tried, .. } = view.done;
    view.query.is_open() && policy.query.fence && acquired && !query_tried
}

/// A master asks what its query finds: that shows query, tag, Meta and catalog at once.
pub fn needs_found(view: &View, names: &Names, policy: &Policy) -> bool {
    let Lock::Mine { session, holder: Some(holder) } = &view.lock else { return false };
    stance(view, names, policy) == Stance::Lead && name::is_asked(view, holder, session, names, policy)
}

/// A master looks at the query where what it finds does not show that it is right, and a candidate for the very first term must be able to.
/// Behind the fence the query ended with the last term, and the name's owner was known then.
pub fn needs_query(view: &View, names: &Names, policy: &Policy) -> bool {
    match stance(view, names, policy) {
        Stance::Lead => {
            let looks = match &view.lock {
                Lock::Mine { holder: Some(holder), .. } if needs_found(view, names, policy) => {
                    let is_wrong = || view.found.known().is_some() && !name::is_right(view, names, policy);
                    holder.sight == Sight::Wrong || is_wrong()
                }
                _ => true,
            };
            looks && !creates_query_unseen(view, policy)
        }
        Stance::Campaign => view.term == 0 || !policy.query.fence,
        _ => false,
    }
}

/// If the query does not find the master by a right definition, the catalog shows why, or whether the token may see it.
pub fn needs_entry(view: &View, names: &Names, policy: &Policy) -> bool {
    stance(view, names, policy) == Stance::Lead && name::needs_entry(view, names, policy)
}
