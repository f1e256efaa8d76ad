//! Whether an instance may lead, by its checks. Knows which check is the election's own; pure.

use super::view::Instance;
use crate::consul::{Check, Status};
use crate::options::{Options, is_election_line};

/// Why an instance may not lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Someone put the instance into maintenance.
    InstanceInMaintenance,
    /// Someone put the node into maintenance.
    NodeInMaintenance,
    /// This check does not pass.
    Check {
        /// The check's ID.
        id: String,
        /// Its status.
        status: Status,
    },
}

/// What stands in the way of leading; `None` when the instance is eligible. Of several obstacles it names maintenance
/// first, then the check whose ID comes first, so that the same state always gives the same answer.
///
/// `known` is the ID of the election's own check where the lock's value tells it.
pub fn obstacle(instance: &Instance, known: Option<&str>, options: &Options) -> Option<Obstacle> {
    let failing = |check: &&Check| match check.status {
        Status::Passing => false,
        Status::Warning => !options.tolerate_warning && is_a_warning(check),
        Status::Critical => true,
    };
    let failing: Vec<&Check> = health_checks(instance, known, options).filter(failing).collect();
    let maintenance = format!("_service_maintenance:{}", instance.registration.id());
    if failing.iter().any(|check| check.id == "_node_maintenance") {
        Some(Obstacle::NodeInMaintenance)
    } else if failing.iter().any(|check| check.id == maintenance) {
        Some(Obstacle::InstanceInMaintenance)
    } else {
        failing.first().map(|check| Obstacle::Check { id: check.id.clone(), status: check.status })
    }
}

/// Whether a check in warning tells of the instance's health. An election's only says that Consul could not be asked: two elections on
/// one instance would depose each other after an outage. Critical, it counts, since it keeps the instance out of DNS.
fn is_a_warning(check: &Check) -> bool {
    check.status == Status::Warning && !check.output.lines().any(is_election_line)
}

/// Whether the instance leads, or could, with a check in warning, where that is tolerated.
pub fn is_in_warning(instance: &Instance, known: Option<&str>, options: &Options) -> bool {
    options.tolerate_warning && health_checks(instance, known, options).any(is_a_warning)
}

/// The checks that tell of the instance's health: its own and its node's, without the election's. They make it eligible, and its
/// session is bound to them. The election's check must be neither: it is critical until its first run, and would end the
/// leadership that it reports.
pub fn health_checks<'a>(
    instance: &'a Instance,
    known: Option<&'a str>,
    options: &'a Options,
) -> impl Iterator<Item = &'a Check> {
    instance.checks.iter().filter(move |check| !is_own(check, options) && known != Some(check.id.as_str()))
}

/// The IDs of the checks that the session of a master is bound to, in order.
pub fn bound_checks(instance: &Instance, known: Option<&str>, options: &Options) -> Vec<String> {
    let mut ids: Vec<String> = health_checks(instance, known, options).map(|check| check.id.clone()).collect();
    ids.sort();
    ids
}

/// The election's own check, once one of its runs has printed something or `--check-id` names it.
pub fn own_check<'a>(instance: &'a Instance, options: &Options) -> Option<&'a Check> {
    instance.checks.iter().find(|check| is_own(check, options))
}

/// Every line that this program prints begins with the election's signature, so its output tells its check from all others.
/// Any line counts, not only the first: of an output that is too long Consul keeps the end and puts words of its own before it.
fn is_own(check: &Check, options: &Options) -> bool {
    let signature = options.signature();
    options.check_id.as_deref() == Some(&check.id) || check.output.lines().any(|line| line.starts_with(&signature))
}
