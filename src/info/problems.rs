//! What is wrong with an election, as sentences, the most important first. Pure.

use std::time::{Duration, SystemTime};

use super::asked::Asked;
use super::words::{clean, list, why};
use crate::consul::{Check, Instances, PreparedQuery, Status};
use crate::dns::Target;
use crate::election::{
    Identity, Lead, Leader, Survey, Surveyed, Unfit, foreign_filters, is_fenced, is_own_query, last_line,
};

/// After this time an agent has brought every output to the catalog: twice Consul's `check_update_interval`.
const OLD: Duration = Duration::from_secs(600);

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
                found.push(format!("{} leads although it cannot: {}", node_of(leader), why(unfit)));
            } else if instance.is_none() && asked.instances.as_ref().is_ok_and(|all| !all.seen.is_empty()) {
                found.push(format!("{} holds the lock, and the catalog does not show its instance", node_of(leader)));
            }
            if let Some(alone) = &holder.alone {
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

/// What the name says that the lock does not.
fn of_name(scene: &Scene, found: &mut Vec<String>) {
    let Asked { names, query, dns_name, .. } = scene.asked;
    let dns_name = clean(dns_name);
    if let Ok(Some(query)) = query {
        if is_own_query(query, names) {
            of_own_query(query, scene, found);
        } else if query.is_template() && !query.name().eq_ignore_ascii_case(&names.query) {
            found.push(format!("a template answers for {dns_name}, and the election has no query of its own"));
        } else {
            let of = if query.is_template() { "it is a template" } else { "it finds another service" };
            found.push(format!("the prepared query {} is not this election's: {of}", clean(query.name())));
        }
    }
    if scene.agrees != Some(false) {
        return;
    }
    let shown: Vec<String> = scene.answers.iter().map(|answer| clean(&answer.to_string())).collect();
    let leads_to = if shown.is_empty() { "has no answer".to_owned() } else { format!("leads to {}", shown.join(", ")) };
    found.push(match &scene.seen.lead {
        Lead::Held { leader, .. } => {
            let place = super::dns::place(leader);
            format!("DNS and lock disagree: {dns_name} {leads_to}, and the lock's holder is {}", clean(&place))
        }
        Lead::Nobody(_) => format!("DNS and lock disagree: {dns_name} {leads_to}, and nobody holds the lock"),
    });
}

fn of_own_query(query: &PreparedQuery, scene: &Scene, found: &mut Vec<String>) {
    let names = &scene.asked.names;
    let filters = foreign_filters(query, names);
    if !filters.is_empty() && scene.agrees == Some(false) {
        let filters: Vec<String> = filters.iter().map(|filter| clean(filter)).collect();
        found.push(format!("the prepared query {} also asks for {}", clean(query.name()), filters.join(", ")));
    }
    let Lead::Held { leader, .. } = &scene.seen.lead else { return };
    let session = leader.session.as_str();
    if query.asks_for_meta(&crate::election::session_key(names)) && !is_fenced(query, session, names) {
        found.push(format!("the prepared query {} asks for another session than the lock's", clean(query.name())));
    }
}

/// What is wrong with single candidates.
fn of_candidates(scene: &Scene, found: &mut Vec<String>) {
    let Scene { seen, asked, .. } = scene;
    for instance in &seen.instances {
        let node = clean(&instance.instance.node);
        match &instance.unfit {
            Some(
                unfit @ (Unfit::StandsBack(_) | Unfit::CheckMissing(_) | Unfit::CheckReports(_) | Unfit::WrongMark),
            ) => {
                found.push(format!("{node} cannot lead: {}", why(unfit)));
            }
            Some(unfit @ Unfit::CheckCritical(_)) => {
                let said = instance.own_check.as_ref().map(|check| clean(check.output.trim())).unwrap_or_default();
                let said = if said.is_empty() { String::new() } else { format!(": {said}") };
                found.push(format!("{node} cannot lead: {}{said}", why(unfit)));
            }
            Some(unfit @ Unfit::OtherKey(_)) if seen.split.is_none() => found.push(format!("{node}: {}", why(unfit))),
            _ => {}
        }
        if let Some(said) = stale_line(instance, scene) {
            found.push(format!("the election check of {node} may not run: it still says \"{}\"", clean(said)));
        }
    }
    let marked = || seen.instances.iter().filter_map(|instance| Some((instance, instance.mark.as_ref()?)));
    let mut tags: Vec<&(String, String)> = marked().map(|(_, mark)| &mark.tags).collect();
    tags.sort();
    tags.dedup();
    if tags.len() > 1 {
        let shown = tags.iter().map(|(master, slave)| format!("{}/{}", clean(master), clean(slave)));
        let shown = shown.collect::<Vec<_>>();
        found.push(format!("the instances have different --master-tag and --slave-tag: {}", list(&shown)));
    }
    let strict = marked().filter(|(_, mark)| mark.only_passing).count();
    if strict > 0 && strict < marked().count() {
        let nodes = marked().filter(|(_, mark)| mark.only_passing).map(|(found, _)| clean(&found.instance.node));
        found.push(format!("only {} has --only-passing", list(&nodes.collect::<Vec<_>>())));
    }
    if let Lead::Held { holder: Some(holder), .. } = &seen.lead {
        if holder.others_are_hidden && !asked.instances.as_ref().is_ok_and(|all| all.is_filtered) {
            found.push(
                "the leader's token may not see all other instances: node_prefix \"\" { policy = \"read\" }".to_owned(),
            );
        }
    }
}

/// The line of an election check that was true of a former leader long ago.
fn stale_line<'a>(instance: &'a Surveyed, scene: &'a Scene) -> Option<&'a str> {
    let Lead::Held { leader, .. } = &scene.seen.lead else { return None };
    let since = humantime::parse_rfc3339(&leader.since).ok()?;
    let check: &Check = instance.own_check.as_ref().filter(|check| check.status != Status::Critical)?;
    let line = last_line(check, &scene.asked.names)?;
    let node = &leader.instance.as_ref()?.node;
    let leads = instance.instance.node == *node;
    let is_true = if leads { line.starts_with("master on ") } else { line.starts_with(&format!("slave of {node}")) };
    let is_old = elapsed(since, scene.asked.now) > OLD;
    (is_old && !is_true && !line.starts_with("error:")).then_some(line)
}

fn elapsed(since: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(since).unwrap_or_default()
}

/// Who can take over, if not everybody can who takes part.
fn of_successors(scene: &Scene, found: &mut Vec<String>) {
    let seen = scene.seen;
    let Some(leader) = seen.lead.instance() else { return };
    let takes_part = |instance: &&Surveyed| {
        instance.instance != *leader && !matches!(instance.unfit, Some(Unfit::NeverLeads | Unfit::OtherKey(_)))
    };
    let others: Vec<&Surveyed> = seen.instances.iter().filter(takes_part).collect();
    let unfit = others.iter().filter(|instance| instance.unfit.is_some());
    let unfit: Vec<String> = unfit.map(|instance| clean(&instance.instance.node)).collect();
    if unfit.is_empty() {
        return;
    }
    let node = clean(&leader.node);
    found.push(match &seen.next[..] {
        [] => format!("if {node} fails, nobody can take over"),
        [only] => format!("if {node} fails, only {} can take over", clean(&only.node)),
        _ => format!("{} cannot lead", list(&unfit)),
    });
}

fn find<'a>(instance: &Identity, all: &'a [Surveyed]) -> Option<&'a Surveyed> {
    all.iter().find(|surveyed| surveyed.instance == *instance)
}

fn node_of(leader: &Leader) -> String {
    leader.node().map_or_else(|| "an unknown instance".to_owned(), clean)
}
