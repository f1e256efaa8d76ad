//! Whether an instance may lead, by its checks, and which check is the election's own. Pure; knows no locks.

use super::config::Names;
use super::model::Instance;
use super::obstacle::Obstacle;
use super::signature::{is_election_line, prints};
use crate::consul::{Check, Status};

/// The first reason why an instance may not lead: maintenance, then the failing check whose ID comes first, so that the same state
/// always gives the same answer. While the own check is unknown, those without output come last, since it is one of them. `None`: it may.
///
/// `known` is the ID of the election's own check if the lock's value holds it; `only_passing`: a warning counts as a failure.
pub fn obstacle(instance: &Instance, known: Option<&str>, names: &Names, only_passing: bool) -> Option<Obstacle> {
    let fails = |check: &&Check| match check.status {
        Status::Passing => false,
        Status::Warning => only_passing && is_a_warning(check),
        Status::Critical => true,
    };
    let failing: Vec<&Check> = health_checks(instance, known, names).filter(fails).collect();
    let maintenance = format!("_service_maintenance:{}", instance.identity.service_id);
    if failing.iter().any(|check| check.id == "_node_maintenance") {
        Some(Obstacle::NodeInMaintenance)
    } else if failing.iter().any(|check| check.id == maintenance) {
        Some(Obstacle::InstanceInMaintenance)
    } else {
        let knows_own = known.is_some() || own_check(instance, known, names).is_some();
        let is_silent =
            |check: &Check| !knows_own && check.status == Status::Critical && check.output.trim().is_empty();
        let found = failing.iter().find(|check| !is_silent(check));
        let found = found.map(|check| Obstacle::Check { id: check.id.clone(), status: check.status });
        found.or_else(|| failing.first().map(|check| Obstacle::SilentCheck(check.id.clone())))
    }
}

/// Whether a check in warning counts as the instance's health. Another election's check does not: it is in warning when that election has
/// trouble, and two elections on one instance would depose each other after an outage. Critical, it counts, since it keeps the instance
/// out of DNS.
fn is_a_warning(check: &Check) -> bool {
    check.status == Status::Warning && !check.output.lines().any(is_election_line)
}

/// Whether a check of the instance is in warning.
pub fn is_in_warning(instance: &Instance, known: Option<&str>, names: &Names) -> bool {
    health_checks(instance, known, names).any(is_a_warning)
}

/// Whether any check shows the instance's health. Another election's check does not.
pub fn has_health_check(instance: &Instance, known: Option<&str>, names: &Names) -> bool {
    health_checks(instance, known, names).any(|check| !check.output.lines().any(is_election_line))
}

/// The checks that count as the instance's health: its own and its node's, without the election's.
fn health_checks<'a>(
    instance: &'a Instance,
    known: Option<&'a str>,
    names: &'a Names,
) -> impl Iterator<Item = &'a Check> {
    let own = own_check(instance, known, names).map(|check| check.id.as_str());
    instance.checks.iter().filter(move |check| own != Some(check.id.as_str()))
}

/// The checks that a session of the instance is bound to, ordered by ID: those of its health, and the election's own if `binds_own`.
pub fn bound_checks<'a>(
    instance: &'a Instance,
    known: Option<&'a str>,
    binds_own: bool,
    names: &'a Names,
) -> Vec<&'a Check> {
    let own = own_check(instance, known, names).filter(|_| binds_own);
    let mut checks: Vec<&Check> = health_checks(instance, known, names).chain(own).collect();
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    checks
}

/// Whether the session of a master is bound to the election's own check as well: once that is passing. An instance whose election check
/// is critical is not in DNS, so it must not keep the lead. Before its first run the check is critical and would end the session at once;
/// and a master whose check the policy shows as critical would end its own. `bound` are the checks that the session has already.
pub fn binds_own_check(
    instance: &Instance,
    known: Option<&str>,
    bound: &[String],
    names: &Names,
    master_status: Status,
) -> bool {
    let is_bound = |check: &Check| check.status == Status::Passing || bound.contains(&check.id);
    master_status != Status::Critical && own_check(instance, known, names).is_some_and(is_bound)
}

/// The election's own check: the one that is named; otherwise the one that the instance's mark or the lock's value names, once known;
/// otherwise the one that prints lines of the election and nothing else.
///
/// Output is no identity: a health check can print such a line too. One that prints other lines as well counts only if every check has
/// printed something, because before its first run the own check has not.
pub fn own_check<'a>(instance: &'a Instance, known: Option<&str>, names: &Names) -> Option<&'a Check> {
    let by_id = |id: &str| instance.checks.iter().find(|check| check.id == id);
    if let Some(id) = &names.check_id {
        return by_id(id);
    }
    let noted = instance.marked_check().and_then(by_id).or_else(|| known.and_then(by_id));
    noted.or_else(|| {
        let printing = || instance.checks.iter().filter(|check| prints(check, names));
        let is_alone = |check: &&Check| check.output.lines().all(is_election_line);
        let is_silent = |check: &Check| check.output.trim().is_empty();
        printing().find(is_alone).or_else(|| printing().next().filter(|_| !instance.checks.iter().any(is_silent)))
    })
}
