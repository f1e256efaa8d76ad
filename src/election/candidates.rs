//! The other instances of the election that could lead, from what the catalog says of all instances of the service. Pure.

use super::eligibility::obstacle;
use super::marks::{self, Marks};
use super::value::Notes;
use super::view::Instance;
use crate::consul::RemoteInstance;
use crate::options::Options;

/// What an instance that says nothing of it counts as.
pub const DEFAULT_PRIORITY: u32 = 100;

/// Another instance that could lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The name of its node.
    pub node: String,
    /// Its service ID.
    pub service_id: String,
    /// Its place: the higher, the sooner.
    pub priority: u32,
    /// Whether all its checks are passing; otherwise one is in warning and that is tolerated.
    pub is_passing: bool,
    /// The raft index of the last change of any of its checks.
    pub checks_index: u64,
}

/// The others among `instances` that could lead: they may by their checks, their election check has run and reports no error, and
/// they do not stand back. The best comes first, and of equals always the same.
pub fn among(instances: Vec<RemoteInstance>, own: &Instance, notes: &Notes, options: &Options) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> =
        instances.into_iter().filter_map(|remote| candidate(remote, own, notes, options)).collect();
    candidates.sort_by(|a, b| {
        let rank = |candidate: &Candidate| (candidate.is_passing, candidate.priority);
        rank(b).cmp(&rank(a)).then_with(|| (&a.node, &a.service_id).cmp(&(&b.node, &b.service_id)))
    });
    candidates
}

fn candidate(remote: RemoteInstance, own: &Instance, notes: &Notes, options: &Options) -> Option<Candidate> {
    let RemoteInstance { node, health, checks_index, .. } = remote;
    let service_id = health.registration.id().to_owned();
    if (&node, service_id.as_str()) == (&own.node, own.registration.id()) || notes.of(&node, &service_id).is_some() {
        return None;
    }
    let marks = Marks::from(&health.registration);
    let instance =
        Instance { node, node_address: None, registration: health.registration, marks, checks: health.checks };
    // What an election's check is called there, nobody here knows; what it prints tells it.
    let signature = options.signature();
    let mut said = instance.checks.iter().flat_map(|check| check.output.lines());
    let last = said.rfind(|line| line.starts_with(&signature))?;
    if last[signature.len()..].trim_start().starts_with("error:") {
        return None;
    }
    let priority = instance.marks.meta.get(&marks::priority_key(options));
    let priority = priority.and_then(|priority| priority.parse().ok()).unwrap_or(DEFAULT_PRIORITY);
    if priority == 0 || obstacle(&instance, None, options).is_some() {
        return None;
    }
    let strict = Options { tolerate_warning: false, ..options.clone() };
    Some(Candidate {
        is_passing: obstacle(&instance, None, &strict).is_none(),
        node: instance.node,
        service_id,
        priority,
        checks_index,
    })
}
