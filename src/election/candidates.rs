//! The other candidates of the election, out of what the catalog says of all instances of the service. Pure; decides nothing.

use super::config::{Names, Policy};
use super::eligibility::obstacle;
use super::identity::Identity;
use super::marks::{self, Marks};
use super::model::{Candidate, Instance};
use super::value::Notes;
use crate::consul::RemoteInstance;

/// The priority of an instance that names none.
pub const DEFAULT_PRIORITY: u32 = 100;

/// The other instances that may lead: their checks let them, their election check has run and reports no error, and they do not stand
/// back. The best comes first, and equals are ordered by name.
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

fn candidate(remote: RemoteInstance, names: &Names, policy: &Policy) -> Option<Candidate> {
    let RemoteInstance { node, health, checks_index, .. } = remote;
    let identity = Identity { node, service_id: health.registration.id().to_owned() };
    let marks = Marks::from(&health.registration);
    let instance =
        Instance { identity, node_address: None, registration: health.registration, marks, checks: health.checks };
    // The ID of the election's check on another node is unknown; its output identifies it.
    let signature = names.signature();
    let mut lines = instance.checks.iter().flat_map(|check| check.output.lines());
    let last = lines.rfind(|line| line.starts_with(&signature))?;
    if last[signature.len()..].trim_start().starts_with("error:") {
        return None;
    }
    let priority = instance.marks.meta.get(&marks::priority_key(names));
    let priority = priority.and_then(|priority| priority.parse().ok()).unwrap_or(DEFAULT_PRIORITY);
    if priority == 0 || obstacle(&instance, None, names, policy.only_passing).is_some() {
        return None;
    }
    let is_passing = obstacle(&instance, None, names, true).is_none();
    Some(Candidate { instance: instance.identity, is_passing, priority, checks_index })
}
