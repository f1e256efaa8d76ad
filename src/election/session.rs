//! What a session of an instance in this election is like: its name, and the checks that end it. Makes none.

use super::config::{Names, Policy};
use super::eligibility::bound_checks;
use super::identity::Identity;
use super::model::Instance;
use crate::consul::NewSession;

/// The check that Consul itself keeps of every node; critical when the node has failed.
const NODE_ALIVE: &str = "serfHealth";

/// The name of an instance's sessions in an election.
pub fn name(names: &Names, instance: &Identity) -> String {
    format!("election {} of {}", names.query, instance.service_id)
}

/// A session that ends with the node and with every check that counts as the instance's health. `known` is the ID of the election's own
/// check if the lock's value holds it.
pub fn new(instance: &Instance, known: Option<&str>, names: &Names, policy: &Policy) -> NewSession {
    let mut node_checks = vec![NODE_ALIVE.to_owned()];
    let mut service_checks = Vec::new();
    for check in bound_checks(instance, known, names) {
        if !check.service_id.is_empty() {
            service_checks.push(check.id.clone());
        } else if check.id != NODE_ALIVE {
            node_checks.push(check.id.clone());
        }
    }
    let name = name(names, &instance.identity);
    NewSession { name, lock_delay: policy.lock_delay, ttl: policy.ttl, node_checks, service_checks }
}
