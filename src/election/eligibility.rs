//! Whether an instance may lead, by its checks, and which check is the election's own. Pure; knows no locks.

use super::config::Names;
use super::model::{Instance, Obstacle};
use super::signature::is_election_line;
use crate::consul::{Check, Status};

/// The first reason why an instance may not lead: maintenance, then the failing check whose ID comes first, so that the same state
/// always gives the same answer. While the own check is unknown, those without output come last, since it is one of them. `None`: it may.
///
/// `known` is the ID of the election's own check if the lock's value holds it.
pub fn obstacle(instance: &Instance, known: Option<&str>, names: &Names, tolerate_warning: bool) -> Option<Obstacle> {
    let fails = |check: &&Check| match check.status {
        Status::Passing => false,
        Status::Warning => !tolerate_warning && is_a_warning(check),
        Status::Critical => true,
    };
    let failing: Vec<&Check> = health_checks(instance, known, names).filter(fails).collect();
    let maintenance = format!("_service_maintenance:{}", instance.identity.service_id);
    if failing.iter().any(|check| check.id == "_node_maintenance") {
        Some(Obstacle::NodeInMaintenance)
    } else if failing.iter().any(|check| check.id == maintenance) {
        Some(Obstacle::InstanceInMaintenance)
    } else {
        let knows_own = known.is_some() || own_check(instance, names).is_some();
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

/// The checks that count as the instance's health: its own and its node's, without the election's. They make it eligible, and its
/// session is bound to them. The election's check is critical until its first run and would end the leadership that it reports.
fn health_checks<'a>(
    instance: &'a Instance,
    known: Option<&'a str>,
    names: &'a Names,
) -> impl Iterator<Item = &'a Check> {
    instance.checks.iter().filter(move |check| !is_own(check, names) && known != Some(check.id.as_str()))
}

/// The checks that a session of the instance is bound to, ordered by ID.
pub fn bound_checks<'a>(instance: &'a Instance, known: Option<&'a str>, names: &'a Names) -> Vec<&'a Check> {
    let mut checks: Vec<&Check> = health_checks(instance, known, names).collect();
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    checks
}

/// The election's own check, once it has printed a line or is named.
pub fn own_check<'a>(instance: &'a Instance, names: &Names) -> Option<&'a Check> {
    instance.checks.iter().find(|check| is_own(check, names))
}

/// Every line of this program begins with the election's signature, so the output identifies its check. Any line counts: Consul keeps
/// the end of an output that is too long and puts words of its own before it.
fn is_own(check: &Check, names: &Names) -> bool {
    let signature = names.signature();
    names.check_id.as_deref() == Some(&check.id) || check.output.lines().any(|line| line.starts_with(&signature))
}
