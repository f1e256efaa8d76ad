//! Judges what the election shares: query, lock, candidates, and the name that finds the master. Pure.

use std::time::{Duration, SystemTime};

use super::facts::Facts;
use super::finding::Finding;
use super::own::own;
use crate::consul::{RemoteInstance, Resource, Rights, Status};
use crate::election::{
    Config, Holder, Mark, Marks, credible_holder, is_own_query, may_run, query_differences, session_key, signature,
};

/// By how much clocks may differ.
const SKEW: Duration = Duration::from_secs(10);

/// What is wrong with the prepared query.
pub fn judge_query(facts: &Facts, config: &Config) -> Vec<Finding> {
    let (names, Ok(found)) = (&config.names, &facts.query) else { return Vec::new() };
    let query = names.query.clone();
    let Some(present) = found else {
        return vec![match leader(facts).filter(|_| sees_queries(facts)) {
            Some(leader) => Finding::QueryMissing { query, leader: leader.instance.node },
            None => Finding::QueryFine { query, exists: false },
        }];
    };
    if !is_own_query(present, names) {
        let service = (!present.is_template()).then(|| present.service().to_owned());
        return vec![Finding::QueryTaken { query, service }];
    }
    let mut wrong = Vec::new();
    let holder = leader(facts);
    let session = holder.as_ref().map(|holder| holder.session.as_str());
    let differences = query_differences(present, session, names, &config.policy);
    if !differences.is_empty() {
        wrong.push(Finding::QueryDiffers { query: query.clone(), differences });
    }
    let filters = present.other_filters(&session_key(names));
    if !filters.is_empty() {
        wrong.push(Finding::QueryFilters { query: query.clone(), filters });
    }
    if wrong.is_empty() { vec![Finding::QueryFine { query, exists: true }] } else { wrong }
}

/// Whether a query that is not seen is not there: to a token without rights, Consul shows none.
fn sees_queries(facts: &Facts) -> bool {
    match &facts.rights {
        Ok(Rights::Known(known)) => {
            known.iter().any(|(rule, allows)| rule.resource == Resource::Query && *allows == Some(true))
        }
        rights => matches!(rights, Ok(Rights::Unlimited)),
    }
}

/// The leader, by the lock's value.
fn leader(facts: &Facts) -> Option<Holder> {
    let key = facts.key.as_ref().ok()?.as_ref()?;
    let holder = credible_holder(&key.value)?;
    (key.session.as_ref() == Some(&holder.session)).then_some(holder)
}

/// What is wrong with the lock.
pub fn judge_lock(facts: &Facts, config: &Config) -> Vec<Finding> {
    let key = config.names.lock_key.clone();
    if facts.key.is_err() {
        // The token's finding says so.
        return Vec::new();
    }
    let start = signature(Some(&config.names.query)).trim_end_matches(':').to_owned() + " of ";
    match &facts.holder {
        Some(session) if !session.name.starts_with(&start) => {
            vec![Finding::ForeignLock { key, session: session.id.clone(), name: session.name.clone() }]
        }
        _ => vec![Finding::LockFine { key, holder: leader(facts).map(|holder| holder.instance.node) }],
    }
}

/// Whether the name leads to the master.
pub fn judge_name(facts: &Facts) -> Option<Finding> {
    let (name, answer) = facts.name.as_ref()?;
    let name = name.clone();
    let places = match answer {
        Ok(places) => places,
        Err(why) => return Some(Finding::DnsSilent { name, why: why.clone() }),
    };
    let answers: Vec<String> = places.iter().map(ToString::to_string).collect();
    let Some(holder) = leader(facts) else {
        return answers.is_empty().then_some(Finding::NameFine { name, answers });
    };
    // A host name in the registration is an alias in the answer.
    let is_address = holder.address.parse::<std::net::IpAddr>().is_ok();
    let is_it = |place: &crate::dns::Target| place.port == holder.port && (!is_address || place.host == holder.address);
    match places.as_slice() {
        [place] if is_it(place) => Some(Finding::NameFine { name, answers }),
        _ => Some(Finding::NameDisagrees { name, leader: holder.instance.node, answers }),
    }
}

/// What is wrong with the other instances.
pub fn judge_candidates(facts: &Facts, config: &Config, now: SystemTime) -> Vec<Finding> {
    let Ok(everywhere) = &facts.everywhere else { return Vec::new() };
    let names = &config.names;
    let own = facts.instances.as_deref().ok().and_then(|instances| own(instances, names));
    let own_node = own.and_then(|own| own.checks.first()).map(|check| check.node.clone());
    let is_own = |one: &RemoteInstance| {
        Some(&one.node) == own_node.as_ref()
            && own.is_some_and(|own| own.registration.id() == one.health.registration.id())
    };
    // What a rename left behind on this node is a finding about the instance.
    let is_leftover = |one: &RemoteInstance| {
        Some(&one.node) == own_node.as_ref()
            && one.health.checks.iter().all(|check| check.service_id != one.health.registration.id())
    };
    let is_other = |one: &&RemoteInstance| !is_own(one) && !is_leftover(one);
    let others: Vec<&RemoteInstance> = everywhere.seen.iter().filter(is_other).collect();
    let mut found = Vec::new();
    let mark = |one: &RemoteInstance| Mark::of(&Marks::from(&one.health.registration), names);
    for one in &others {
        let node = one.node.clone();
        match mark(one) {
            None => found.push(Finding::NoMark { node }),
            Some(mark) if mark.key != names.lock_key => {
                found.push(Finding::OtherLockKey { node, key: mark.key, own: names.lock_key.clone() });
            }
            Some(mark) if mark.tags != (names.master_tag.clone(), names.slave_tag.clone()) => {
                found.push(Finding::OtherTags { node, tags: mark.tags });
            }
            Some(mark) if !may_run(&one.health.checks, mark.check.as_deref(), names) => {
                found.push(Finding::NothingRunsThere { node });
            }
            Some(_) => {}
        }
    }
    // A token that sees no node sees no other instance.
    let sees_own = everywhere.seen.iter().any(is_own);
    if others.is_empty() && sees_own {
        found.push(Finding::NoOtherCandidate);
    }
    let never = |one: &&RemoteInstance| mark(one).is_some_and(|mark| mark.priority == Some(0));
    if config.policy.priority == Some(0) && others.iter().all(never) {
        found.push(Finding::NobodyMayLead);
    }
    let is_master = |one: &&RemoteInstance| {
        let tags = one.health.registration.tags();
        tags.iter().any(|tag| tag.eq_ignore_ascii_case(&names.master_tag))
            && one.health.checks.iter().all(|check| check.status != Status::Critical)
    };
    let masters: Vec<String> = everywhere.seen.iter().filter(is_master).map(|one| one.node.clone()).collect();
    if masters.len() > 1 {
        found.push(Finding::TwoMasters { nodes: masters });
    }
    found.extend(clocks(facts, own_node.as_deref(), !others.is_empty(), now));
    if !super::is_wrong(&found) && !others.is_empty() {
        found.push(Finding::CandidatesFine {
            nodes: own_node.into_iter().chain(others.iter().map(|one| one.node.clone())).collect(),
        });
    }
    found
}

/// Clocks show only where a note of another node is of the future.
fn clocks(facts: &Facts, own_node: Option<&str>, has_others: bool, now: SystemTime) -> Option<Finding> {
    let holder = leader(facts).filter(|holder| Some(holder.instance.node.as_str()) != own_node);
    let since = holder.as_ref().and_then(|holder| humantime::parse_rfc3339(&holder.since).ok());
    let ahead = since.and_then(|since| since.duration_since(now).ok()).filter(|by| *by > SKEW);
    match (holder, ahead) {
        (Some(holder), Some(by)) => Some(Finding::ClockAhead { node: holder.instance.node, by }),
        _ => has_others.then_some(Finding::ClocksUnknown),
    }
}
