//! From what Consul answered to what `info` shows. Pure.

use super::asked::{Asked, Missing};
use super::dns::{agrees, of_found};
use super::model::{CandidateInfo, ChangeInfo, DnsInfo, Info, LeaderInfo, LockInfo, SCHEMA, State};
use super::problems::{Scene, is_lost, problems};
use super::words::{clean, foreign, health, why};
use crate::consul::{Key, RemoteInstance};
use crate::dns::Target;
use crate::election::{Change, Identity, Lead, Leader, Names, Policy, Survey, Surveyed, survey};

/// What `info` shows. `policy` holds the rules of instances that do not name their own.
pub fn view(asked: &Asked, policy: &Policy) -> Info {
    let names = &asked.names;
    let instances: &[RemoteInstance] = asked.instances.as_ref().map_or(&[], |instances| &instances.seen);
    let lock = asked.lock.as_ref().ok().and_then(Option::as_ref);
    let mut seen = survey(lock, asked.session.as_ref(), instances, (names, policy), asked.now);
    with_address(&mut seen.lead, instances);
    let leader = match &seen.lead {
        Lead::Held { leader, .. } => Some(leader),
        Lead::Nobody(_) | Lead::Foreign { .. } => None,
    };
    let (answers, source) = answers(asked, instances);
    let agrees = if source.is_some() && asked.lock.is_ok() { agrees(&answers, leader) } else { None };
    let problems = problems(&Scene { asked, seen: &seen, answers: &answers, agrees });
    let state = State::of(asked.lock.is_ok() && asked.stale.is_none(), leader.is_some(), &problems);
    Info {
        schema: SCHEMA,
        election: clean(&names.query),
        service: Some(clean(&names.service)),
        leader: leader.map(|leader| of_leader(leader, &seen)),
        lock: of_lock(names, lock, asked),
        dns: Some(DnsInfo {
            name: clean(&asked.dns_name),
            answers: answers.iter().map(|target| clean(&target.to_string())).collect(),
            source,
            error: asked.dns.as_ref().err().map(|missing| why_no_dns(asked, missing)),
            agrees,
        }),
        candidates: seen.instances.iter().map(|instance| of_candidate(instance, &seen, asked.lock.is_ok())).collect(),
        problems,
        history: of_history(&seen),
        schedule: None,
        vacancy: match &seen.lead {
            Lead::Nobody(reason) => Some(clean(reason)),
            Lead::Foreign { session, of } => Some(foreign(session, of.as_ref())),
            Lead::Held { .. } => None,
        },
        is_taken: matches!(seen.lead, Lead::Foreign { .. }),
        state,
    }
}

/// Why DNS cannot be asked. That the agent is away is said once, among the problems.
fn why_no_dns(asked: &Asked, missing: &Missing) -> String {
    let is_away = asked.lock.as_ref().is_err_and(|lock| lock.is_unreached);
    if is_away { "the agent does not answer".to_owned() } else { clean(&missing.words) }
}

/// What DNS answers, or where it cannot be asked, what the prepared query finds; and which of the two it is.
fn answers(asked: &Asked, instances: &[RemoteInstance]) -> (Vec<Target>, Option<&'static str>) {
    let address_of =
        |node: &str| instances.iter().find(|remote| remote.node == node).map(|remote| remote.node_address.clone());
    match (&asked.dns, &asked.found) {
        (Ok(answers), _) => (answers.clone(), Some("dns")),
        (Err(_), Ok(found)) => (of_found(found.as_ref(), address_of), Some("query")),
        (Err(_), Err(_)) => (Vec::new(), None),
    }
}

/// The leader with the address that the catalog has, where the lock's value does not say it.
fn with_address(lead: &mut Lead, instances: &[RemoteInstance]) {
    let Lead::Held { leader, holder: None } = lead else { return };
    let Some(Identity { node, service_id }) = &leader.instance else { return };
    let is_it = |remote: &&RemoteInstance| remote.node == *node && remote.health.registration.id() == service_id;
    if let Some(remote) = instances.iter().find(is_it) {
        let own = remote.health.registration.address();
        leader.address = if own.is_empty() { remote.node_address.clone() } else { own.to_owned() };
        leader.port = remote.health.registration.port();
    }
}

fn of_leader(leader: &Leader, seen: &Survey) -> LeaderInfo {
    // The lock's index also grows when the lock moves to another session. A term keeps the number that it began with.
    let began = |change: &&Change| leader.node() == Some(&change.node) && leader.since == change.since;
    let term = seen.past.history.iter().find(began).map_or(seen.term, |change| change.term);
    let known = |text: &str| Some(clean(text)).filter(|text| !text.is_empty());
    let instance = leader.instance.as_ref();
    LeaderInfo {
        node: instance.and_then(|instance| known(&instance.node)),
        service_id: instance.and_then(|instance| known(&instance.service_id)),
        address: known(&leader.address),
        port: Some(leader.port).filter(|port| *port > 0),
        holder: None,
        session: clean(&leader.session),
        since: known(&leader.since),
        term,
    }
}

fn of_lock(names: &Names, lock: Option<&Key>, asked: &Asked) -> LockInfo {
    LockInfo {
        key: clean(&names.lock_key),
        session: lock.and_then(|key| key.session.as_deref()).map(clean),
        lock_delay_seconds: asked.session.as_ref().map(crate::consul::Session::lock_delay),
        fencing_token: lock.map(|key| format!("{}.{}", key.create_index, key.lock_index)),
    }
}

/// An instance. `is_known`: it could be asked who leads, without which nobody is next and nobody is missing.
fn of_candidate(found: &Surveyed, seen: &Survey, is_known: bool) -> CandidateInfo {
    let leads = seen.lead.instance() == Some(&found.instance);
    CandidateInfo {
        node: clean(&found.instance.node),
        service_id: clean(&found.instance.service_id),
        role: match (found.is_master, found.is_slave) {
            (true, true) => "both",
            (true, false) => "master",
            (false, true) => "slave",
            (false, false) => "none",
        },
        health: health(found),
        priority: found.priority,
        can_lead: found.unfit.is_none(),
        why: found.unfit.as_ref().map(why),
        next: is_known && !leads && seen.next.first() == Some(&found.instance),
        lost: is_known && !leads && is_lost(found),
    }
}

/// The history, as far as it belongs to the lock as it is: a key that was deleted counts its terms from 1 again.
fn of_history(seen: &Survey) -> Vec<ChangeInfo> {
    let changes = seen.past.history.iter().map(|change| ChangeInfo {
        term: change.term,
        node: clean(&change.node),
        since: clean(&change.since),
        reason: clean(&change.reason),
    });
    changes.collect()
}
