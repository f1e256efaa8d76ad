//! What is wrong with an election, as sentences, the most important first. Pure.

mod candidates;
mod changes;
mod name;
mod split;

use super::asked::{Asked, Missing};
use super::words::{OLD, clean, foreign, list, quoted};
use crate::bounds;
use crate::consul::{Check, Instances, RemoteInstance, Status};
use crate::dns::Target;
use crate::election::{Identity, Lead, Leader, Obstacle, Survey, Surveyed, last_line};
use crate::text::{capped, one_line};
pub use candidates::is_lost;
use candidates::{cannot_lead, of_candidates, reason};
use changes::of_changes;
use name::of_name;
use split::{has_other_key, is_elsewhere, is_split, of_elections, of_keys};

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
    if let Some(why) = &scene.asked.stale {
        found.push(format!("this is what a server last knew, and may have changed since: {}", clean(why)));
    }
    if scene.asked.lock.is_ok() {
        of_vacancy(scene, &mut found);
        of_keys(scene, &mut found);
        of_elections(scene, &mut found);
        of_changes(scene, &mut found);
    }
    of_asking(scene, &mut found);
    if scene.asked.lock.is_ok() {
        of_leader(scene, &mut found);
        of_tags(scene, &mut found);
        of_name(scene, &mut found);
    }
    of_candidates(scene, &mut found);
    found
}

/// What could not be asked: each fault once, however many questions it has kept from an answer.
fn of_asking(scene: &Scene, found: &mut Vec<String>) {
    let Asked { lock, stale, instances, found: executed, query, dns, .. } = scene.asked;
    let dns_and_query = if executed.is_err() { dns.as_ref().err() } else { None };
    let missing = [
        lock.as_ref().err(),
        instances.as_ref().err(),
        // Without a leader of the servers, neither is answered; that is said already.
        executed.as_ref().err().filter(|_| stale.is_none()),
        query.as_ref().err().filter(|_| stale.is_none()),
        // An agent that does not answer at all answers no DNS either.
        dns_and_query.filter(|_| stale.is_none() && lock.is_ok()),
    ];
    let missing: Vec<&Missing> = missing.into_iter().flatten().collect();
    for (at, one) in missing.iter().enumerate() {
        let words = one_line(&capped(&one.words, bounds::LINE));
        let is_told = missing[..at]
            .iter()
            .any(|earlier| earlier.has_fault_of(one) || one.rule.is_some() && earlier.rule.is_some());
        if !is_told && !found.contains(&words) {
            found.push(words);
        }
    }
    // The words of the first denial say what was denied, and what to do. Of the others, the rules are new.
    let mut rules: Vec<&str> = missing.iter().filter_map(|one| one.rule.as_deref()).collect();
    rules.dedup();
    if let [_, others @ ..] = &rules[..] {
        if !others.is_empty() {
            found.push(format!("the token also needs: {}", clean(&others.join(" "))));
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

/// Why nobody leads, and why nobody takes the free lock.
fn of_vacancy(scene: &Scene, found: &mut Vec<String>) {
    let Scene { seen, asked, .. } = scene;
    let reason = match &seen.lead {
        Lead::Nobody(reason) => reason,
        Lead::Foreign { session, of } => return found.push(of_foreign(scene, session, of.as_ref())),
        Lead::Held { .. } => return,
    };
    if asked.instances.is_err() {
        found.push("nobody leads".to_owned());
        return;
    }
    let last = match seen.term {
        0 => String::new(),
        _ => format!(" since the last leader lost the lock: {}", clean(reason)),
    };
    let with_key = if is_split(seen) { format!(" with the lock key {}", clean(&asked.names.lock_key)) } else { last };
    found.push(format!("nobody leads{with_key}; {}", why_free(scene)));
    if seen.next.is_empty() && seen.split.is_none() {
        // Here everything that keeps an instance from leading matters, asked for or not.
        let of_key = seen.instances.iter().filter(|instance| !is_elsewhere(instance));
        cannot_lead(of_key, scene, found);
    }
}

/// That something else holds the lock, and how to get it back.
fn of_foreign(scene: &Scene, session: &str, of: Option<&(String, String)>) -> String {
    let key = clean(&scene.asked.names.lock_key);
    let hint = match of {
        Some(_) => format!(
            "end the program that took {key}, or give all instances another --lock-key; if that program is gone, destroy the session \
             (PUT /v1/session/destroy/{})",
            clean(session)
        ),
        None => "to see whose it is, the token needs: session_prefix \"\" { policy = \"read\" }".to_owned(),
    };
    format!("nobody leads; {}; {hint}", foreign(session, of))
}

fn why_free(scene: &Scene) -> String {
    let Scene { seen, asked, .. } = scene;
    if let Some(split) = &seen.split {
        return format!("nobody takes that lock while {} leads with another key", clean(&split.node));
    }
    if let Some(first) = seen.next.first() {
        let in_delay = seen.instances.iter().any(|instance| says(instance, scene, "lock-delay"));
        let next = clean(&first.node);
        return if in_delay {
            format!("the lock is in its lock-delay, by the line of a check ({OLD}); {next} can take it after that")
        } else {
            format!("the lock is free, and {next} can take it")
        };
    }
    if seen.instances.is_empty() {
        return format!("the service {} has no instance that the token may see", clean(&asked.names.service));
    }
    if seen.instances.iter().all(has_other_key) {
        return "no instance has this lock key".to_owned();
    }
    "no instance can take the lock".to_owned()
}

fn says(instance: &Surveyed, scene: &Scene, words: &str) -> bool {
    let line = instance.own_check.as_ref().and_then(|check| last_line(check, &scene.asked.names));
    line.is_some_and(|line| line.contains(words))
}

/// What is wrong with the instance that leads, or with what it wrote.
fn of_leader(scene: &Scene, found: &mut Vec<String>) {
    let Scene { seen, asked, .. } = scene;
    let Lead::Held { leader, holder } = &seen.lead else { return };
    let node = node_of(leader);
    let Some(holder) = holder else {
        found.push(format!("the lock's value does not describe its holder, {node}: something else wrote it"));
        return;
    };
    if !holder.service.is_empty() && holder.service != asked.names.service {
        let (service, key) = (clean(&holder.service), clean(&asked.names.lock_key));
        return found.push(format!(
            "the lock {key} is held by {node} for service {service}; give each service its own --consul-query-name and --lock-key"
        ));
    }
    let instance = leader.instance.as_ref().and_then(|leader| find(leader, &seen.instances));
    if let Some(why) = instance.and_then(|instance| reason(instance, scene)) {
        found.push(format!("the leader {node}: {why}"));
    } else if instance.is_none() && asked.instances.as_ref().is_ok_and(|all| !all.seen.is_empty()) {
        found.push(format!("{node} holds the lock, and the catalog does not show its instance"));
    }
    found.extend(instance.and_then(|instance| in_warning(instance, scene)));
    // The note lasts as long as the term. Once no other instance has the tag, it is about the past.
    let is_right = asked.instances.as_ref().is_ok_and(|all| !all.is_filtered)
        && !seen.instances.iter().any(|other| other.is_master && Some(&other.instance) != leader.instance.as_ref());
    // The first leader has taken over from nobody.
    if let Some(alone) = holder.alone.as_ref().filter(|_| seen.term > 1 && !is_right) {
        found.push(format!("the former master's tag did not go with the lock: {}", clean(alone)));
    }
    if let Some(chosen) = &seen.handed_to {
        found.push(format!("{node} is handing over to {}", clean(&chosen.node)));
    }
}

/// That the leader is in warning while nobody passes who could take over.
fn in_warning(leader: &Surveyed, scene: &Scene) -> Option<String> {
    let Obstacle::Check { id, status: Status::Warning } = leader.health.as_ref()? else { return None };
    let passes = |one: &Surveyed| one.unfit.is_none() && one.health.is_none();
    if leader.unfit.is_some() || scene.seen.instances.iter().any(passes) {
        return None;
    }
    let (node, id) = (clean(&leader.instance.node), clean(id));
    let said = quoted(output_of(leader, &id, scene));
    Some(format!(
        "{node} leads in warning, and no instance passes: {id}{said}; if that check exits with 1 when the service is down, let it \
         exit with 2: Consul takes 1 for a warning"
    ))
}

/// What a check of an instance printed.
fn output_of<'a>(one: &Surveyed, id: &str, scene: &'a Scene) -> &'a str {
    checks_of(one, scene).iter().find(|check| check.id == id).map_or("", |check| &check.output)
}

/// The checks of an instance and of its node.
fn checks_of<'a>(one: &Surveyed, scene: &'a Scene) -> &'a [Check] {
    let instances = scene.asked.instances.as_ref().map_or(&[][..], |instances| &instances.seen);
    let is_it = |remote: &&RemoteInstance| {
        remote.node == one.instance.node && remote.health.registration.id() == one.instance.service_id
    };
    instances.iter().find(is_it).map_or(&[][..], |remote| &remote.health.checks)
}

/// What the tags say that the lock does not.
fn of_tags(scene: &Scene, found: &mut Vec<String>) {
    let Scene { seen, asked, .. } = scene;
    if asked.instances.is_err() {
        return;
    }
    // The tag of an instance with another lock key follows that key's lock. That the election is split is said already.
    let tagged: Vec<&Surveyed> =
        seen.instances.iter().filter(|instance| instance.is_master && !has_other_key(instance)).collect();
    let nodes_of = |all: &[&Surveyed]| all.iter().map(|one| clean(&one.instance.node)).collect::<Vec<String>>();
    let leader = seen.lead.instance();
    let is_leader = |instance: &&Surveyed| Some(&instance.instance) == leader;
    if tagged.len() > 1 {
        let nodes = nodes_of(&tagged);
        found.push(format!("{} are all tagged master", list(&nodes)).replace(" are all", both(&nodes)));
    }
    // That of another election on the service follows the lock of that one.
    let masters: Vec<&Surveyed> = tagged.into_iter().filter(|instance| !is_elsewhere(instance)).collect();
    let nodes = nodes_of(&masters);
    match (leader, &masters[..]) {
        (None, [_, ..]) => {
            let holds = nobody_holds(&seen.lead);
            found.push(format!("{} still tagged master, and {holds}", is_or_are(&nodes)));
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

/// That no instance holds the lock.
pub(super) fn nobody_holds(lead: &Lead) -> &'static str {
    if matches!(lead, Lead::Foreign { .. }) { "no instance holds the lock" } else { "nobody holds the lock" }
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
