//! Picks the stance that a decision follows: who leads, who must not, and who yields. Pure.

use std::time::Duration;

use super::action::HandOver;
use crate::election::candidates::DEFAULT_PRIORITY;
use crate::election::config::{Names, Policy};
use crate::election::eligibility::{self, obstacle};
use crate::election::fault::Fault;
use crate::election::identity::{Identity, Sighting};
use crate::election::marks;
use crate::election::model::{Answer, Candidate, Lock, Port, View};
use crate::election::outcome::Vacancy;
use crate::election::succession::HandOverReason;
use crate::election::value::{HandedTo, Holder};

/// How long the others leave the lock to the candidate that a master handed over to, and how long a master stands back whose term is
/// over: ample for a run of every check.
const HANDED_FOR: Duration = Duration::from_secs(30);

/// How many steps each named candidate gets before the next.
const STEPS_OF_NAMED: usize = 3;

/// The stances that a decision can follow.
#[derive(Clone, Debug, PartialEq)]
pub enum Stance {
    /// This instance holds the lock and keeps it.
    Lead,
    /// This instance holds the lock and first notes that it hands over.
    HandOver(HandOver),
    /// This instance holds the lock and releases it.
    StepDown(Vacancy),
    /// Another instance holds the lock.
    Follow,
    /// The lock is free, and this instance tries to acquire it.
    Campaign,
    /// The lock is free, and this instance leaves it.
    Vacant(Vacancy),
    /// The request cannot be met.
    Impossible(Fault),
    /// Consul could not say who holds the lock.
    Unknown,
}

/// Picks the stance. Unknown candidates count as none, and an unknown port counts as open.
pub fn stance(view: &View, names: &Names, policy: &Policy) -> Stance {
    match &view.lock {
        Lock::Unknown => Stance::Unknown,
        Lock::Another(_) => Stance::Follow,
        Lock::Mine { .. } => match must_not_lead(view, names, policy).or_else(|| has_handed_over(view)) {
            Some(vacancy) => Stance::StepDown(vacancy),
            None => hand_over(view, names, policy),
        },
        Lock::Free => match must_not_lead(view, names, policy).or_else(|| must_wait(view, names, policy)) {
            Some(vacancy) => Stance::Vacant(vacancy),
            None => Stance::Campaign,
        },
    }
}

/// Why this instance must not lead, no matter which instance holds the lock.
pub fn must_not_lead(view: &View, names: &Names, policy: &Policy) -> Option<Vacancy> {
    let instance = &view.instance;
    // Consul does not end a run whose check is removed. Nothing would show its trouble, and nothing end its lead.
    if let Some(id) = removed_check(view) {
        return Some(Vacancy::CheckRemoved(id.to_owned()));
    }
    if let Some(obstacle) = obstacle(instance, known_check(view), names, policy.only_passing) {
        return Some(Vacancy::NotEligible(obstacle));
    }
    if policy.priority == Some(0) {
        return Some(Vacancy::NeverLeads);
    }
    match view.port.known() {
        Some(Port::Refused(target)) => return Some(Vacancy::NothingListens(target.clone())),
        Some(Port::Nowhere) => return Some(Vacancy::NoPort(instance.identity.service_id.clone())),
        Some(Port::Open | Port::Unclear(..)) | None => {}
    }
    // Of two masters with different lock keys, the one that the name finds leads on.
    let yields = view.lock == Lock::Free || is_named_by_other(view, names);
    if let Some(split) = view.split.as_ref().filter(|_| yields) {
        return Some(Vacancy::Split(split.clone()));
    }
    let note = view.notes.of(&instance.identity).filter(|note| !note.is_over);
    note.map(|note| Vacancy::StandsBack(note.failure.clone()))
}

/// The election's own check, if it was removed while the run waited. A session that is bound to it and holds the lock shows that it was not:
/// an agent that reloads its definitions hides it for a moment.
fn removed_check(view: &View) -> Option<&str> {
    let is_bound = |id: &&str| holder(view).is_some_and(|holder| holder.checks.iter().any(|check| check == id));
    view.lost_check.as_deref().filter(|id| !is_bound(id))
}

/// Whether the fenced query finds an instance with another session: one that leads with another lock key, or an earlier session of this
/// instance.
pub fn is_named_by_other(view: &View, names: &Names) -> bool {
    let Lock::Mine { session, .. } = &view.lock else { return false };
    let query = view.query.known().and_then(Option::as_ref);
    query.is_some_and(|query| query.asks_for_another(&marks::session_key(names), session))
}

/// Whether the note of the last hand-over names another instance.
fn has_handed_over(view: &View) -> Option<Vacancy> {
    let handed = handed_to(view).filter(|handed| handed.instance != view.instance.identity);
    handed.map(|handed| Vacancy::HandedTo(handed.instance.node.clone()))
}

/// Why an instance that may lead leaves the free lock for now.
fn must_wait(view: &View, names: &Names, policy: &Policy) -> Option<Vacancy> {
    // If the chosen one is visibly gone, the note does not count. If nobody is visible, the token may not be allowed to see them.
    let chosen = |handed: &Identity| others(view).any(|other| other.instance == *handed);
    if let Some(vacancy) = has_handed_over(view) {
        let handed = handed_to(view).map(|handed| &handed.instance);
        if others(view).next().is_none() || handed.is_some_and(chosen) {
            return Some(vacancy);
        }
    }
    if policy.resign.is_some() {
        return Some(Vacancy::NothingToResign);
    }
    if view.done.refused {
        return Some(Vacancy::LockDelay);
    }
    if view.leaves_to_named {
        let first = view.notes.successors.next.first();
        return Some(Vacancy::NotNamed(first.map(|instance| instance.node.clone())));
    }
    let better = yields_to(view, names, policy)?;
    let yields =
        if better.is_passing && is_in_warning(view, names) { Vacancy::YieldsInWarning } else { Vacancy::Yields };
    Some(yields(better.instance.node.clone()))
}

/// The better candidate that this instance leaves the free lock to, until that has left it free for too long.
pub fn yields_to<'a>(view: &'a View, names: &Names, policy: &Policy) -> Option<&'a Candidate> {
    // A master that chose this instance chose it over those of higher priority.
    let is_chosen = handed_to(view).is_some_and(|handed| handed.instance == view.instance.identity);
    (view.lock == Lock::Free && !is_chosen).then(|| better(view, names, policy)).flatten()
}

/// The last hand-over, while it holds.
fn handed_to(view: &View) -> Option<&HandedTo> {
    view.notes.handed_to.as_ref().filter(|handed| !handed.is_over)
}

/// Whether a master hands over, and to which candidate.
fn hand_over(view: &View, names: &Names, policy: &Policy) -> Stance {
    let to =
        |length, instance: &Identity, reason| Stance::HandOver(HandOver { length, to: Some(instance.clone()), reason });
    if let Some(resign) = &policy.resign {
        let Some(node) = &resign.to else {
            return Stance::HandOver(HandOver { length: resign.stands_back, to: None, reason: HandOverReason::Resign });
        };
        if view.others.has_failed() {
            return Stance::Lead;
        }
        if let Some(chosen) = others(view).find(|other| other.instance.node == *node) {
            return to(resign.stands_back, &chosen.instance, HandOverReason::Resign);
        }
        if view.others_are_hidden {
            return Stance::Impossible(Fault::OthersHidden);
        }
        let present = others(view).map(|other| other.instance.node.clone()).collect();
        return Stance::Impossible(Fault::NoCandidate { node: node.clone(), present });
    }
    if view.challenger_is_due {
        let watched = holder(view).and_then(Holder::sighting);
        let seen = better(view, names, policy).filter(|_| policy.preempt_after.is_some());
        if let Some(seen) = seen.filter(|seen| watched == Some(&seen.sighting())) {
            return to(HANDED_FOR, &seen.instance, HandOverReason::Preempt);
        }
    }
    if is_in_warning(view, names) {
        if let Some(healthy) = others(view).find(|other| other.is_passing) {
            return to(HANDED_FOR, &healthy.instance, HandOverReason::Warning);
        }
    }
    if view.term_is_over && others(view).next().is_some() {
        return Stance::HandOver(HandOver { length: HANDED_FOR, to: None, reason: HandOverReason::MaxTerm });
    }
    Stance::Lead
}

/// Whether the master's token may not see all other instances, by the last answer to that question.
pub fn others_are_hidden(view: &View) -> bool {
    match view.others {
        Answer::Known(_) => view.others_are_hidden,
        Answer::NotAsked | Answer::Failed => holder(view).is_some_and(|holder| holder.others_are_hidden),
    }
}

/// Whether the policy is about the other instances.
pub fn is_about_others(policy: &Policy) -> bool {
    policy.priority.is_some() || policy.preempt_after.is_some() || policy.max_term.is_some()
}

/// The candidate of higher priority that the master watches, as the lock's value should name it. If the candidates could not be read,
/// the one that it names already: its time goes on.
pub fn challenger(view: &View, names: &Names, policy: &Policy) -> Option<Sighting> {
    policy.preempt_after?;
    match view.others {
        Answer::Failed => holder(view).and_then(Holder::sighting).cloned(),
        Answer::NotAsked | Answer::Known(_) => better(view, names, policy).map(Candidate::sighting),
    }
}

/// How many other candidates are as good as this instance and come first in an order that all agree on. When a free lock wakes them all,
/// one of them acquires it while the rest wait, instead of each making a session and an attempt.
pub fn candidates_before(view: &View, names: &Names, policy: &Policy) -> usize {
    if handed_to(view).is_some() {
        return 0;
    }
    let rank = rank(view, names, policy);
    let successors = &view.notes.successors;
    if let Some(place) = successors.next.iter().position(|named| *named == view.instance.identity) {
        // Servers that wake many candidates need longer for the first one.
        return place * STEPS_OF_NAMED;
    }
    if !successors.is_empty() {
        // It has left the lock to the others for long enough, and looks at the key once more.
        return 1;
    }
    let comes_first =
        |other: &&Candidate| (other.is_passing, other.priority) >= rank && other.instance < view.instance.identity;
    others(view).filter(comes_first).count()
}

/// The ID of the election's own check, if the lock's value holds it.
pub fn known_check(view: &View) -> Option<&str> {
    holder(view).and_then(|holder| holder.check_id.as_deref())
}

/// Whether a check in warning makes the instance second choice.
pub fn is_in_warning(view: &View, names: &Names) -> bool {
    eligibility::is_in_warning(&view.instance, known_check(view), names)
}

/// Whether an instance no longer takes part in the election: its election check was removed while the run waited, or is gone when somebody
/// asks it to hand over. Where nothing names
/// that check, the program may run without one, and the instance takes part, unless it has neither the lock nor a mark of the election.
pub fn has_left(view: &View, names: &Names, policy: &Policy) -> bool {
    let marks = &view.instance.marks;
    let is_out = || !matches!(view.lock, Lock::Mine { .. }) && marks::of_nobody(marks, false, names) == *marks;
    let is_gone = |id: &str| !view.instance.checks.iter().any(|check| check.id == id);
    let known = names.check_id.as_deref().or(view.instance.marked_check()).or_else(|| known_check(view));
    let asked = policy.resign.is_some() && (view.done.left || known.is_some_and(is_gone) || is_out());
    asked || removed_check(view).is_some()
}

/// The best of the other candidates, if it is better than this instance: a passing one beats one in warning, whatever their priorities;
/// of two alike the higher priority wins.
fn better<'a>(view: &'a View, names: &Names, policy: &Policy) -> Option<&'a Candidate> {
    let own = rank(view, names, policy);
    let is_idle = |other: &Candidate| view.idle.as_ref() == Some(&other.instance);
    others(view).find(|other| (other.is_passing, other.priority) > own && !is_idle(other))
}

/// How good this instance is: whether it passes, then its priority.
fn rank(view: &View, names: &Names, policy: &Policy) -> (bool, u32) {
    (!is_in_warning(view, names), policy.priority.unwrap_or(DEFAULT_PRIORITY))
}

fn others(view: &View) -> impl Iterator<Item = &Candidate> {
    view.others.known().into_iter().flatten()
}

fn holder(view: &View) -> Option<&Holder> {
    match &view.lock {
        Lock::Mine { holder, .. } => holder.as_ref(),
        _ => None,
    }
}
