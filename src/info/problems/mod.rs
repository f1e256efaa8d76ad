//! What is wrong with an election, as sentences, the most important first. Pure.

mod candidates;
mod name;

use super::asked::Asked;
use super::words::{clean, list, why};
use crate::consul::Instances;
use crate::dns::Target;
use crate::election::{Identity, Lead, Leader, Survey, Surveyed, last_line};
use candidates::{of_candidates, of_successors};
use name::of_name;

/// What the sentences are made from.
pub struct Scene<'a> {
    /// What Consul answered.
    pub asked: &'a Asked,
    /// What that means to the election.
    pub seen: &'a Survey,
    /// What the name leads to.
    pub answers: &'a [Target],
    /// Whether that is the leader.
    pub agrees: Option<bool>,
}

/// What is wrong, the most important first.
pub fn problems(scene: &Scene) -> Vec<String> {
    let mut found = Vec::new();
    of_asking(scene, &mut found);
    if scene.asked.lock.is_ok() {
        of_lead(scene, &mut found);
        of_tags(scene, &mut found);
        of_name(scene, &mut found);
    }
    of_candidates(scene, &mut found);
    if scene.asked.lock.is_ok() && scene.asked.instances.is_ok() {
        of_successors(scene, &mut found);
    }
    found
}

/// What could not be asked.
fn of_asking(scene: &Scene, found: &mut Vec<String>) {
    let Asked { lock, stale, instances, found: executed, query, dns, .. } = scene.asked;
    if let Some(why) = stale {
        found.push(format!("this is what a server last knew, and may have changed since: {}", clean(why)));
    }
    let dns_and_query = if executed.is_err() { dns.as_ref().err() } else { None };
    let missing = [
        lock.as_ref().err(),
        instances.as_ref().err(),
        // Without a leader of the servers, neither is answered; that is said already.
        executed.as_ref().err().filter(|_| stale.is_none()),
        query.as_ref().err().filter(|_| stale.is_none()),
        dns_and_query.filter(|_| stale.is_none()),
    ];
    for missing in missing.into_iter().flatten() {
        let words = clean(&missing.words);
        if !found.contains(&words) {
            found.push(words);
        }
    }
    if let Ok(Instances { seen, is_filtered }) = instances {
        let hides_leader = scene.seen.lead.instance().is_some_and(|leader| !is_among(leader, &scene.seen.instances));
        if *is_filtered || seen.is_empty() && hides_leader {
            found.push(
                "the token may not see all instances; it needs: node_prefix \"\" { policy = \"read\" }".to_owned(),
            );
        }
    }
}

fn is_among(instance: &Identity, all: &[Surveyed]) -> bool {
    all.iter().any(|surveyed| surveyed.instance == *instance)
}

/// Who leads, or why nobody does.
fn of_lead(scene: &Scene, found: &mut Vec<String>) {
    let Scene { seen, asked, .. } = scene;
    match &seen.lead {
        Lead::Nobody(_) if asked.instances.is_err() => found.push("nobody leads".to_owned()),
        Lead::Nobody(reason) => {
            let reason = clean(reason);
            let last =
                if seen.term > 0 { format!(" since the last leader lost the lock: {reason}") } else { String::new() };
            found.push(format!("nobody leads{last}; {}", of_vacancy(scene)));
        }
        Lead::Held { leader, holder: None } => {
            let whose = node_of(leader);
            found.push(format!("the lock's value does not describe its holder, {whose}: something else wrote it"));
        }
        Lead::Held { leader, holder: Some(holder) } => {
            let instance = leader.instance.as_ref().and_then(|leader| find(leader, &seen.instances));
            if let Some(unfit) = instance.and_then(|instance| instance.unfit.as_ref()) {
                found.push(format!("the leader {}: {}", node_of(leader), why(unfit)));
            } else if instance.is_none() && asked.instances.as_ref().is_ok_and(|all| !all.seen.is_empty()) {
                found.push(format!("{} holds the lock, and the catalog does not show its instance", node_of(leader)));
            }
            // The first leader has taken over from nobody.
            if let Some(alone) = holder.alone.as_ref().filter(|_| seen.term > 1) {
                found.push(format!("the former master's tag did not go with the lock: {}", clean(alone)));
            }
            if let Some(chosen) = &seen.handed_to {
                found.push(format!("{} is handing over to {}", node_of(leader), clean(&chosen.node)));
            }
        }
    }
    if let Some(split) = &seen.split {
        let (node, key, own) = (clean(&split.node), clean(&split.key), clean(&split.own_key));
        found.push(format!(
            "the election is split: {node} leads it with the lock key {key}, others have {own}; give all the same --lock-key"
        ));
    }
}

/// Why nobody takes the free lock.
fn of_vacancy(scene: &Scene) -> String {
    let Scene { seen, asked, .. } = scene;
    if let Some(first) = seen.next.first() {
        let in_delay = seen.instances.iter().any(|instance| says(instance, scene, "lock-delay"));
        let until = if in_delay { "the lock is in its lock-delay, after which" } else { "the lock is free, and" };
        return format!("{until} {} can take it", clean(&first.node));
    }
    if seen.instances.is_empty() {
        return format!("the service {} has no instance that the token may see", clean(&asked.names.service));
    }
    let reasons = seen.instances.iter().filter_map(|instance| {
        let unfit = instance.unfit.as_ref()?;
        Some(format!("{} ({})", clean(&instance.instance.node), why(unfit)))
    });
    format!("nobody may lead: {}", reasons.collect::<Vec<_>>().join(", "))
}

fn says(instance: &Surveyed, scene: &Scene, words: &str) -> bool {
    let line = instance.own_check.as_ref().and_then(|check| last_line(check, &scene.asked.names));
    line.is_some_and(|line| line.contains(words))
}

/// What the tags say that the lock does not.
fn of_tags(scene: &Scene, found: &mut Vec<String>) {
    let Scene { seen, asked, .. } = scene;
    if asked.instances.is_err() {
        return;
    }
    let masters: Vec<&Surveyed> = seen.instances.iter().filter(|instance| instance.is_master).collect();
    let nodes: Vec<String> = masters.iter().map(|instance| clean(&instance.instance.node)).collect();
    let leader = seen.lead.instance();
    let is_leader = |instance: &&Surveyed| Some(&instance.instance) == leader;
    if masters.len() > 1 {
        found.push(format!("{} are all tagged master", list(&nodes)).replace(" are all", both(&nodes)));
    }
    match (leader, &masters[..]) {
        (None, [_, ..]) if matches!(seen.lead, Lead::Nobody(_)) => {
            found.push(format!("{} still tagged master, and nobody holds the lock", is_or_are(&nodes)));
        }
        (Some(leader), [_, ..]) if !masters.iter().any(is_leader) => {
            let holder = clean(&leader.node);
            found.push(format!(
                "tag and lock disagree: {} tagged master, and {holder} holds the lock",
                is_or_are(&nodes)
            ));
        }
        (Some(leader), []) if is_among(leader, &seen.instances) => {
            found.push(format!("{} holds the lock, and is not tagged master", clean(&leader.node)));
        }
        _ => {}
    }
    for instance in seen.instances.iter().filter(|instance| instance.is_master && instance.is_slave) {
        found.push(format!("{} carries both tags", clean(&instance.instance.node)));
    }
}

fn both(nodes: &[String]) -> &'static str {
    if nodes.len() == 2 { " are both" } else { " are all" }
}

fn is_or_are(nodes: &[String]) -> String {
    format!("{} {}", list(nodes), if nodes.len() == 1 { "is" } else { "are" })
}

fn find<'a>(instance: &Identity, all: &'a [Surveyed]) -> Option<&'a Surveyed> {
    all.iter().find(|surveyed| surveyed.instance == *instance)
}

fn node_of(leader: &Leader) -> String {
    leader.node().map_or_else(|| "an unknown instance".to_owned(), clean)
}
