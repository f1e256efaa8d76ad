//! The other candidates of the election, out of what the catalog says of all instances of the service. Pure; decides nothing.

use super::config::{Names, Policy};
use super::eligibility::{obstacle, own_check};
use super::identity::Identity;
use super::mark;
use super::marks::{self, Mark, Marks};
use super::model::{Candidate, Instance};
use super::outcome::Split;
use super::rules::HIGHEST_PRIORITY;
use super::signature::prints;
use super::unfit::Unfit;
use super::value::Notes;
use crate::consul::{Check, RemoteInstance, Status};

/// The priority of an instance that names none.
pub const DEFAULT_PRIORITY: u32 = 100;

/// The other instances that may lead: they are marked for this election, their checks let them, their election check can run and reports
/// no error, and they do not stand back. The best comes first, and equals are ordered by name.
pub fn among(
    instances: Vec<RemoteInstance>,
    own: &Identity,
    notes: &Notes,
    names: &Names,
    policy: &Policy,
) -> Vec<Candidate> {
    let is_other = |candidate: &Candidate| candidate.instance != *own && notes.of(&candidate.instance).is_none();
    let mut candidates: Vec<Candidate> =
        instances.into_iter().filter_map(|remote| candidate(remote, names, policy)).filter(is_other).collect();
    candidates.sort_by(|a, b| {
        let rank = |candidate: &Candidate| (candidate.is_passing, candidate.priority);
        rank(b).cmp(&rank(a)).then_with(|| a.instance.cmp(&b.instance))
    });
    candidates
}

/// The instance that leads the same election with another lock key: it carries the session mark, and none of its checks is critical, which
/// would mean that it may have lost its session since.
pub fn split(instances: &[RemoteInstance], names: &Names) -> Option<Split> {
    instances.iter().find_map(|remote| {
        let marks = Marks::from(&remote.health.registration);
        let mark = Mark::of(&marks, names).filter(|mark| mark.key != names.lock_key)?;
        let leads = marks.meta.contains_key(&marks::session_key(names))
            && remote.health.checks.iter().all(|check| check.status != Status::Critical);
        leads.then(|| Split { node: remote.node.clone(), key: mark.key, own_key: names.lock_key.clone() })
    })
}

fn candidate(remote: RemoteInstance, names: &Names, policy: &Policy) -> Option<Candidate> {
    let checks_index = remote.checks_index;
    let instance = Instance::of_remote(remote, names);
    let (priority, is_passing) = assess(&instance, names, policy).ok()?;
    Some(Candidate { instance: instance.identity, is_passing, priority, checks_index })
}

/// Whether an instance is a candidate, apart from the notes in the lock's value: its priority, and whether it is passing.
///
/// # Errors
/// Why it is not.
pub fn assess(instance: &Instance, names: &Names, policy: &Policy) -> Result<(u32, bool), Unfit> {
    // An instance that an older version marked shows only in what its check prints.
    let priority = match &instance.mark {
        Some(mark) if mark.key != names.lock_key => return Err(Unfit::OtherKey(mark.key.clone())),
        // This program writes no higher priority.
        Some(mark) if mark.priority > Some(HIGHEST_PRIORITY) => return Err(Unfit::WrongMark),
        Some(mark) => mark.priority,
        None if instance.checks.iter().any(|check| prints(check, names)) => {
            mark::older_priority(&instance.marks, names)
        }
        None => return Err(Unfit::NotMarked),
    };
    let priority = priority.unwrap_or(DEFAULT_PRIORITY);
    // Its own rule counts: it leads by that one.
    let only_passing = instance.mark.as_ref().map_or(policy.only_passing, |mark| mark.only_passing);
    // `--check-id` names the own check of this instance, not of others.
    let names = &Names { check_id: None, ..names.clone() };
    if priority == 0 {
        let is_closed = instance.mark.as_ref().is_some_and(|mark| mark.port_is_closed);
        return Err(if is_closed { Unfit::NothingListens } else { Unfit::NeverLeads });
    }
    if let Some(obstacle) = obstacle(instance, None, names, only_passing) {
        return Err(Unfit::Obstacle(obstacle));
    }
    if let Some(id) = instance.marked_check().filter(|id| !instance.checks.iter().any(|check| check.id == *id)) {
        return Err(Unfit::CheckMissing(id.to_owned()));
    }
    match own_check(instance, None, names) {
        Some(own) if own.status == Status::Critical => return Err(Unfit::CheckCritical(own.id.clone())),
        Some(own) => reported_error(own, names).map_or(Ok(()), |error| Err(Unfit::CheckReports(error.to_owned())))?,
        None => {}
    }
    Ok((priority, obstacle(instance, None, names, true).is_none()))
}

/// The error that an election check reports in its last line.
pub fn reported_error<'a>(check: &'a Check, names: &'a Names) -> Option<&'a str> {
    names.lines_in(&check.output).next_back().map(str::trim_start).filter(|line| line.starts_with("error:"))
}
