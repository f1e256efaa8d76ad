//! What a session of an instance in this election is like: its name, and the checks that end it. Makes none.

use super::config::{Names, Policy};
use super::describe::bound_ids;
use super::identity::Identity;
use super::meta::key;
use super::model::Instance;
use super::value::Holder;
use crate::consul::NewSession;

/// The check that Consul itself keeps of every node; critical when the node has failed.
const NODE_ALIVE: &str = "serfHealth";

/// The name of an instance's sessions in an election.
pub fn name(names: &Names, instance: &Identity) -> String {
    format!("election {} of {}", names.query, instance.service_id)
}

/// The service ID of the instance whose session has this name; `None`: it is none of this election's. A Meta key cuts a long name of an election,
/// so the two are the same if their keys are.
pub fn instance_of<'a>(session: &'a str, names: &Names) -> Option<&'a str> {
    let (query, id) = session.strip_prefix("election ")?.split_once(" of ")?;
    let is_same = |one: &Names| key(one, "") == key(names, "");
    (query == names.query || is_same(&Names { query: query.to_owned(), ..names.clone() })).then_some(id)
}

/// A session that ends with the node, with every check that counts as the instance's health, and with the election's own check once that
/// is passing. `previous` is the holder's entry in the lock's value.
pub fn new(instance: &Instance, previous: Option<&Holder>, names: &Names, policy: &Policy) -> NewSession {
    let mut node_checks = vec![NODE_ALIVE.to_owned()];
    let mut service_checks = Vec::new();
    let bound = bound_ids(instance, previous, names, policy);
    for check in instance.checks.iter().filter(|check| bound.contains(&check.id)) {
        if !check.service_id.is_empty() {
            service_checks.push(check.id.clone());
        } else if check.id != NODE_ALIVE {
            node_checks.push(check.id.clone());
        }
    }
    let name = name(names, &instance.identity);
    NewSession { name, lock_delay: policy.lock_delay, ttl: policy.ttl, node_checks, service_checks }
}
