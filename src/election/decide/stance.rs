//! Which of its few ways a decision takes: who may lead, who must not, and who is to be asked before that is known. Pure.

use std::time::Duration;

use super::{Fault, Vacancy};
use crate::election::candidates::{Candidate, DEFAULT_PRIORITY};
use crate::election::eligibility::{self, obstacle};
use crate::election::value::HandedTo;
use crate::election::view::{Lock, Port, View};
use crate::options::Options;

/// How long the others leave the lock to whom a master has handed it, or a master that gave it up by age stands back: ample for a
/// run of every check.
const HANDED_FOR: Duration = Duration::from_secs(30);

/// The ways of a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Stance {
    /// The lock is this instance's, and is to stay so.
    Lead,
    /// The lock is this instance's, and it is to be noted that another shall have it.
    HandOver(HandOver),
    /// The lock is this instance's, and is to be given up.
    StepDown(Vacancy),
    /// The lock is another's.
    Follow,
    /// The lock is free and this instance tries for it.
    Stand,
    /// The lock is free and this instance leaves it.
    Vacant(Vacancy),
    /// What was asked for cannot be done.
    Impossible(Fault),
    /// Nobody knows.
    Unknown,
}

/// How a lead is handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// For how long the note holds.
    pub length: Duration,
    /// The node and the service ID of the instance that is to lead; `None`: any other.
    pub to: Option<(String, String)>,
}

/// Tells the way. Where the others or the query would have to be known and are not, as if there were none.
pub fn stance(view: &View, options: &Options) -> Stance {
    match &view.lock {
        Lock::Unknown => Stance::Unknown,
        Lock::Another(_) => Stance::Follow,
        Lock::Mine { .. } => match must_not_lead(view, options).or_else(|| has_handed_over(view)) {
            Some(vacancy) => Stance::StepDown(vacancy),
            None => hand_over(view, options),
        },
        Lock::Free => match must_not_lead(view, options).or_else(|| must_wait(view, options)) {
            Some(vacancy) => Stance::Vacant(vacancy),
            None => Stance::Stand,
        },
    }
}

/// Whether the decision rests on the prepared query: a master keeps it, and who stands for the first term of all must be able to.
/// Behind the fence the query has gone with the last term, and whose name it is was known then.
pub fn needs_query(view: &View, options: &Options) -> bool {
    match stance(view, options) {
        Stance::Lead => true,
        Stance::Stand => view.term == 0 || !options.query_settings.fence,
        _ => false,
    }
}

/// Whether the decision rests on the service's port: whether the instance leads, would stand, or may be counted on by the master.
pub fn needs_port(view: &View, options: &Options) -> bool {
    let asks = |stance| matches!(stance, Stance::Lead | Stance::HandOver(_) | Stance::Stand | Stance::Follow);
    options.watch_port.is_some() && asks(stance(view, options))
}

/// Whether the decision rests on the other instances: on who else could lead.
pub fn needs_others(view: &View, options: &Options) -> bool {
    if must_not_lead(view, options).is_some() {
        return false;
    }
    match view.lock {
        Lock::Free => !view.done.refused && options.resign.is_none(),
        Lock::Mine { .. } => {
            options.preempt_after.is_some()
                || view.term_is_over
                || is_in_warning(view, options)
                || options.resign.as_ref().is_some_and(|resign| resign.to.is_some())
        }
        Lock::Another(_) | Lock::Unknown => false,
    }
}

/// The instance of higher priority that the master is to watch, as the lock's value should name it.
pub fn challenger(view: &View, options: &Options) -> Option<(String, String, u64)> {
    options.preempt_after?;
    let found = better(view, options)?;
    Some((found.node.clone(), found.service_id.clone(), found.checks_index))
}

/// How many of the others, as good as this instance, come before it in an order that all agree on. Where all
/// are woken by the same free lock, one of them then takes it while the rest look on, instead of each making a session and an attempt.
pub fn instances_before(view: &View, options: &Options) -> usize {
    if view.notes.handed_to.is_some() {
        return 0;
    }
    let own = (view.instance.node.as_str(), view.instance.registration.id());
    let rank = rank(view, options);
    let comes_first = |other: &&Candidate| {
        (other.is_passing, other.priority) >= rank && (other.node.as_str(), other.service_id.as_str()) < own
    };
    view.others.iter().flatten().filter(comes_first).count()
}

/// The election's own check, where the lock's value tells it.
pub fn known_check(view: &View) -> Option<&str> {
    match &view.lock {
        Lock::Mine { holder: Some(holder), .. } => holder.check_id.as_deref(),
        _ => None,
    }
}

/// What forbids this instance to lead, whoever holds the lock.
fn must_not_lead(view: &View, options: &Options) -> Option<Vacancy> {
    let instance = &view.instance;
    if let Some(obstacle) = obstacle(instance, known_check(view), options) {
        return Some(Vacancy::NotEligible(obstacle));
    }
    if options.priority == Some(0) {
        return Some(Vacancy::NeverLeads);
    }
    if let Port::Refused(target) = &view.port {
        return Some(Vacancy::NothingListens(target.clone()));
    }
    if view.port == Port::Nowhere {
        return Some(Vacancy::NoPort(instance.registration.id().to_owned()));
    }
    let note = view.notes.of(&instance.node, instance.registration.id()).filter(|note| !note.is_over);
    note.map(|note| Vacancy::StandsBack(note.failure.clone()))
}

/// Whether this instance leaves the lead to another: it has said so as the holder, or the last holder has.
fn has_handed_over(view: &View) -> Option<Vacancy> {
    let handed = view.notes.handed_to.as_ref().filter(|handed| !is_own(view, handed));
    handed.map(|handed| Vacancy::HandedTo(handed.node.clone()))
}

fn is_own(view: &View, handed: &HandedTo) -> bool {
    (handed.node.as_str(), handed.service_id.as_str()) == (&view.instance.node, view.instance.registration.id())
}

/// What keeps an instance that may lead from trying for the free lock now.
fn must_wait(view: &View, options: &Options) -> Option<Vacancy> {
    // Who sees that the chosen one is there no more need not wait for it. Who sees nobody at all may not be allowed to.
    let others = || view.others.iter().flatten();
    if let Some(handed) = view.notes.handed_to.as_ref().filter(|handed| !is_own(view, handed)) {
        let is_it = |other: &Candidate| (&other.node, &other.service_id) == (&handed.node, &handed.service_id);
        if others().next().is_none() || others().any(is_it) {
            return Some(Vacancy::HandedTo(handed.node.clone()));
        }
    }
    if options.resign.is_some() {
        return Some(Vacancy::NothingToResign);
    }
    if view.done.refused {
        return Some(Vacancy::LockDelay);
    }
    if view.notes.handed_to.as_ref().is_some_and(|handed| is_own(view, handed)) {
        // Whoever chose this instance chose it over those of higher priority.
        return None;
    }
    let better = better(view, options)?;
    let yields =
        if better.is_passing && is_in_warning(view, options) { Vacancy::YieldsInWarning } else { Vacancy::Yields };
    Some(yields(better.node.clone()))
}

/// Whether a master is to hand the lead over, and to whom.
fn hand_over(view: &View, options: &Options) -> Stance {
    let others = || view.others.iter().flatten();
    let to = |node: &str, service_id: &str| {
        Stance::HandOver(HandOver { length: HANDED_FOR, to: Some((node.to_owned(), service_id.to_owned())) })
    };
    if let Some(resign) = &options.resign {
        let Some(node) = &resign.to else {
            return Stance::HandOver(HandOver { length: resign.stands_back, to: None });
        };
        let Some(chosen) = others().find(|other| other.node == *node) else {
            let present = others().map(|other| other.node.clone()).collect();
            return Stance::Impossible(Fault::NoCandidate { node: node.clone(), present });
        };
        let to = Some((chosen.node.clone(), chosen.service_id.clone()));
        return Stance::HandOver(HandOver { length: resign.stands_back, to });
    }
    if view.challenger_is_due {
        let watched = match &view.lock {
            Lock::Mine { holder: Some(holder), .. } => holder.challenger.as_ref(),
            _ => None,
        };
        let seen = challenger(view, options);
        let same = |(node, id, index): &(String, String, u64)| {
            watched
                .is_some_and(|watched| (&watched.node, &watched.service_id, watched.checks_index) == (node, id, *index))
        };
        if let Some((node, service_id, _)) = seen.filter(same) {
            return to(&node, &service_id);
        }
    }
    if is_in_warning(view, options) {
        if let Some(healthy) = others().find(|other| other.is_passing) {
            return to(&healthy.node, &healthy.service_id);
        }
    }
    if view.term_is_over && others().next().is_some() {
        return Stance::HandOver(HandOver { length: HANDED_FOR, to: None });
    }
    Stance::Lead
}

/// The best of the others, where it is better than this instance: one that passes is better than one in warning, whatever their
/// priorities; of two alike the higher priority is.
fn better<'a>(view: &'a View, options: &Options) -> Option<&'a Candidate> {
    let own = rank(view, options);
    view.others.iter().flatten().find(|other| (other.is_passing, other.priority) > own)
}

/// How good this instance is: whether it passes, then its priority.
fn rank(view: &View, options: &Options) -> (bool, u32) {
    (!is_in_warning(view, options), options.priority.unwrap_or(DEFAULT_PRIORITY))
}

/// Whether the instance leads, or could, with a check in warning.
fn is_in_warning(view: &View, options: &Options) -> bool {
    eligibility::is_in_warning(&view.instance, known_check(view), options)
}
