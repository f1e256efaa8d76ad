//! Judges the other instances: whether they stand in the same election, and whether they could lead. Pure; must never know the local checks'
//! options.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::election::leader;
use super::facts::Facts;
use super::finding::Finding;
use super::instance::cannot_start;
use super::own::own;
use crate::consul::{Health, RemoteInstance, Status};
use crate::election::{
    Config, Mark, Marks, Names, Obstacle, Surveyed, Unfit, election_in, is_election_line, prints, survey,
};

/// By how much clocks may differ.
const SKEW: Duration = Duration::from_secs(10);

/// Nodes by what is said of them.
type Groups = BTreeMap<String, Vec<String>>;

/// What is wrong with the other instances.
pub fn judge_candidates(facts: &Facts, config: &Config, program: &str, now: SystemTime) -> Vec<Finding> {
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
    // The agent knows what its own checks print before the catalog does.
    let latest = |one: &RemoteInstance| match own.filter(|_| is_own(one)) {
        Some(own) => RemoteInstance { health: own.clone(), ..one.clone() },
        None => one.clone(),
    };
    let seen: Vec<RemoteInstance> = everywhere.seen.iter().map(latest).collect();
    let lock = facts.key.as_ref().ok().and_then(Option::as_ref);
    let surveyed = survey(lock, facts.holder.as_ref(), &seen, (names, &config.policy), now).instances;
    let find = |one: &RemoteInstance| {
        let is_it = |found: &&Surveyed| {
            found.instance.node == one.node && found.instance.service_id == one.health.registration.id()
        };
        surveyed.iter().find(is_it)
    };
    let others: Vec<&RemoteInstance> = seen.iter().filter(|one| !is_own(one) && !is_leftover(one)).collect();
    let (mut found, apart) = split(own.zip(own_node.as_deref()), &others, names);
    for one in others.iter().filter(|one| !apart.contains(&place(one))) {
        if let Some(surveyed) = find(one) {
            judge(one, surveyed, config, program, &mut found);
        }
    }
    // A token that sees no node sees no other instance.
    let sees_own = seen.iter().any(is_own);
    if others.is_empty() && sees_own {
        found.push(Finding::NoOtherCandidate);
    }
    let never = |one: &&RemoteInstance| {
        find(one).and_then(|one| one.mark.as_ref()).is_some_and(|mark| mark.priority == Some(0))
    };
    if config.policy.priority == Some(0) && others.iter().all(never) {
        found.push(Finding::NobodyMayLead);
    }
    // A master of an election of another name is right to have the tag.
    let is_master = |one: &&RemoteInstance| {
        let tags = one.health.registration.tags();
        tags.iter().any(|tag| tag.eq_ignore_ascii_case(&names.master_tag))
            && (takes_part(&one.health, names) || !apart.contains(&place(one)))
            && one.health.checks.iter().all(|check| check.status != Status::Critical)
    };
    let masters: Vec<String> = seen.iter().filter(is_master).map(|one| one.node.clone()).collect();
    if masters.len() > 1 {
        found.push(Finding::TwoMasters { nodes: masters });
    }
    found.extend(clock(facts, own_node.as_deref(), now));
    let may_lead = |one: &RemoteInstance| find(one).is_some_and(|one| one.unfit.is_none());
    let nodes: Vec<String> = seen.iter().filter(|one| may_lead(one)).map(|one| one.node.clone()).collect();
    if !super::is_wrong(&found) && others.iter().any(|one| may_lead(one)) {
        found.push(Finding::CandidatesFine { nodes });
    }
    found
}

fn place(one: &RemoteInstance) -> (String, String) {
    (one.node.clone(), one.health.registration.id().to_owned())
}

/// The elections that an instance takes part in besides this one: by its marks, or by what its checks print.
fn elections(health: &Health, names: &Names) -> BTreeSet<String> {
    let marked = Mark::others(&Marks::from(&health.registration), names);
    let printed = health.checks.iter().flat_map(|check| check.output.lines()).filter_map(election_in);
    marked.into_iter().chain(printed.map(str::to_owned)).filter(|query| *query != names.query).collect()
}

fn takes_part(health: &Health, names: &Names) -> bool {
    let is_marked = Mark::of(&Marks::from(&health.registration), names).is_some();
    is_marked || health.checks.iter().any(|check| prints(check, names))
}

/// Whether the instances stand in different elections. Returns also those that stand in others only, of which nothing else can be said.
fn split(
    own: Option<(&Health, &str)>,
    others: &[&RemoteInstance],
    names: &Names,
) -> (Vec<Finding>, Vec<(String, String)>) {
    let is_own_part = own.is_none_or(|(own, _)| takes_part(own, names));
    let known = own.map(|(own, _)| elections(own, names)).unwrap_or_default();
    let (mut queries, mut keys, mut apart) = (Groups::new(), Groups::new(), Vec::new());
    let (mut members, mut of_key): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    if let Some((own, node)) = own.filter(|_| is_own_part) {
        members.push(node.to_owned());
        of_key.extend(Mark::of(&Marks::from(&own.registration), names).map(|_| node.to_owned()));
    }
    for one in others {
        let (node, elections) = (one.node.clone(), elections(&one.health, names));
        if !takes_part(&one.health, names) {
            // An election that the local instance takes part in as well is no mistake.
            let is_foreign = !elections.is_empty() && elections.is_disjoint(&known);
            if is_foreign || (!is_own_part && !elections.is_empty()) {
                apart.push(place(one));
            }
            for query in elections.into_iter().filter(|_| is_foreign) {
                queries.entry(query).or_default().push(node.clone());
            }
            continue;
        }
        members.push(node.clone());
        match Mark::of(&Marks::from(&one.health.registration), names) {
            Some(mark) if mark.key != names.lock_key => {
                apart.push(place(one));
                keys.entry(mark.key).or_default().push(node);
            }
            Some(_) => of_key.push(node),
            None => {}
        }
    }
    let mut found = Vec::new();
    if !queries.is_empty() {
        let others = queries.into_iter().collect();
        found.push(Finding::OtherQuery { query: names.query.clone(), members, others });
    }
    if !keys.is_empty() {
        let others = keys.into_iter().collect();
        found.push(Finding::OtherLockKey { key: names.lock_key.clone(), members: of_key, others });
    }
    (found, apart)
}

/// What is wrong with one other instance of this election.
fn judge(one: &RemoteInstance, surveyed: &Surveyed, config: &Config, program: &str, found: &mut Vec<Finding>) {
    let (names, node) = (&config.names, one.node.clone());
    let tags = surveyed.mark.as_ref().map(|mark| mark.tags.clone());
    let own_tags = (names.master_tag.clone(), names.slave_tag.clone());
    if let Some(tags) = tags.filter(|tags| *tags != own_tags) {
        found.push(Finding::OtherTags { node: node.clone(), tags, own: own_tags });
    }
    let output = surveyed.own_check.as_ref().map(|check| check.output.trim().to_owned()).unwrap_or_default();
    let (why, output) = match &surveyed.unfit {
        // That is how somebody wants it.
        None
        | Some(Unfit::NeverLeads | Unfit::Obstacle(Obstacle::InstanceInMaintenance | Obstacle::NodeInMaintenance)) => {
            return;
        }
        Some(Unfit::StandsBack(back)) if back.failure.is_none() => return,
        Some(Unfit::NotMarked | Unfit::OtherElections { .. }) => {
            let is_broken = |check: &&crate::consul::Check| {
                cannot_start(check, program)
                    || (check.status != Status::Passing && check.output.lines().any(is_election_line))
            };
            match one.health.checks.iter().find(is_broken) {
                None => {
                    add(
                        found,
                        node,
                        |other| matches!(other, Finding::NoMark { .. }),
                        || Finding::NoMark { nodes: Vec::new() },
                    );
                    return;
                }
                Some(check) if check.status == Status::Critical => {
                    (Unfit::CheckCritical(check.id.clone()), check.output.trim().to_owned())
                }
                Some(check) => (Unfit::CheckReports(check.output.trim().to_owned()), String::new()),
            }
        }
        Some(Unfit::NothingRuns | Unfit::CheckMissing(_)) => {
            let id = one.health.registration.id().to_owned();
            found.push(Finding::NothingRunsThere { node, id });
            return;
        }
        Some(Unfit::CheckCritical(id)) => (Unfit::CheckCritical(id.clone()), output),
        Some(why) => (why.clone(), String::new()),
    };
    let is_same = |other: &Finding| matches!(other, Finding::CannotLead { why: its, output: said, .. } if *its == why && *said == output);
    add(found, node, is_same, || Finding::CannotLead { nodes: Vec::new(), why: why.clone(), output: output.clone() });
}

/// Adds a node to the finding that says the same of others, or makes it.
fn add(found: &mut Vec<Finding>, node: String, is_same: impl Fn(&Finding) -> bool, make: impl FnOnce() -> Finding) {
    if !found.iter().any(&is_same) {
        found.push(make());
    }
    if let Some(Finding::NoMark { nodes } | Finding::CannotLead { nodes, .. }) =
        found.iter_mut().find(|one| is_same(one))
    {
        nodes.push(node);
    }
}

/// Clocks show only where a note of another node is of the future.
fn clock(facts: &Facts, own_node: Option<&str>, now: SystemTime) -> Option<Finding> {
    let holder = leader(facts).filter(|holder| Some(holder.instance.node.as_str()) != own_node)?;
    let since = humantime::parse_rfc3339(&holder.since).ok()?;
    let by = since.duration_since(now).ok().filter(|by| *by > SKEW)?;
    Some(Finding::ClockAhead { node: holder.instance.node, by })
}

#[cfg(test)]
mod tests;
