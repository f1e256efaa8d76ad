//! What is wrong with single candidates, and who could take over. Pure.

use std::time::{Duration, SystemTime};

use super::{Scene, checks_of, output_of};
use crate::consul::{Check, Status};
use crate::election::{Lead, Obstacle, Surveyed, Unfit, last_line};
use crate::info::words::{NODE_ALIVE, clean, grouped, list, quoted, said, why};

/// After this time an agent has brought every output to the catalog: twice Consul's `check_update_interval`.
const OLD: Duration = Duration::from_secs(600);

/// Whether an instance should be able to take over and cannot. What was asked for does not count: a priority of 0, maintenance mode, and
/// standing back after `resign`. Nor does another lock key or another name, with which it stands in another election.
pub fn is_lost(instance: &Surveyed) -> bool {
    match &instance.unfit {
        None
        | Some(
            Unfit::NeverLeads
            | Unfit::OtherKey(_)
            | Unfit::OtherElections { .. }
            | Unfit::Obstacle(Obstacle::InstanceInMaintenance | Obstacle::NodeInMaintenance),
        ) => false,
        Some(Unfit::StandsBack(note)) => note.failure.is_some(),
        Some(_) => true,
    }
}

/// Which instances of a service cannot lead, and why: each reason once. What differs by the name of the node alone is one reason, and so is that of
/// the leader, which is said already.
pub fn cannot_lead<'a>(instances: impl Iterator<Item = &'a Surveyed>, scene: &Scene, found: &mut Vec<String>) {
    let reasons: Vec<(String, String)> =
        instances.filter_map(|one| Some((clean(&one.instance.node), reason(one, scene)?))).collect();
    let leader = match &scene.seen.lead {
        Lead::Held { leader, holder: Some(_) } => leader.instance.as_ref(),
        _ => None,
    };
    let leader = scene.seen.instances.iter().find(|one| Some(&one.instance) == leader);
    let of_leader = leader.and_then(|one| Some(without_node(&reason(one, scene)?, &clean(&one.instance.node))));
    let groups = grouped(reasons.iter().map(|(node, why)| (node.clone(), without_node(why, node))));
    found.extend(groups.into_iter().map(|(nodes, why)| match &nodes[..] {
        _ if of_leader.as_ref() == Some(&why) => {
            format!("{} cannot lead, for the same reason as the leader", list(&nodes))
        }
        [_] => {
            let own = reasons.iter().find(|(node, _)| *node == nodes[0]).map_or(&why, |(_, own)| own);
            format!("{} cannot lead: {own}", list(&nodes))
        }
        _ => format!("{} cannot lead: {why}", list(&nodes)),
    }));
}

/// A reason with `NODE` for the name of the node that it is about, and without the ID of the node's token.
fn without_node(why: &str, node: &str) -> String {
    let token = why.split_once("AccessorID '").and_then(|(before, rest)| Some((before, rest.split_once('\'')?.1)));
    let why = token.map_or_else(|| why.to_owned(), |(before, after)| format!("{before}AccessorID '…'{after}"));
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let pieces = why.split_inclusive(|c| !is_part(c)).map(|piece| {
        let name = piece.trim_end_matches(|c| !is_part(c));
        if name == node { piece.replacen(name, "NODE", 1) } else { piece.to_owned() }
    });
    pieces.collect()
}

/// Why an instance cannot lead, with what its critical check printed, and what to type if only its own agent knows more.
pub fn reason(instance: &Surveyed, scene: &Scene) -> Option<String> {
    let unfit = instance.unfit.as_ref()?;
    let output = match (unfit, &instance.own_check) {
        (Unfit::CheckCritical(_), Some(check)) if !check.output.trim().is_empty() => {
            format!(": {}", said(&check.output))
        }
        // Consul's own words about a node say no more.
        (Unfit::Obstacle(Obstacle::Check { id, .. }), _) if id != NODE_ALIVE => quoted(output_of(instance, id, scene)),
        _ => String::new(),
    };
    let service = clean(&scene.asked.names.service);
    let doctor = format!("; on that node, doctor --consul-service-name {service} finds out why");
    let hint = match unfit {
        Unfit::NothingRuns | Unfit::CheckMissing(_) if !has_own_check(instance, scene) => format!(
            "{doctor}; if the service was removed there, its agent still has it: consul services deregister -id={}",
            clean(&instance.instance.service_id)
        ),
        Unfit::NotMarked | Unfit::NothingRuns | Unfit::CheckMissing(_) | Unfit::CheckCritical(_) => doctor,
        _ => String::new(),
    };
    Some(format!("{}{output}{hint}", why(unfit)))
}

/// Whether an instance has any check besides those of its node. One that outlives its definition has none.
fn has_own_check(instance: &Surveyed, scene: &Scene) -> bool {
    checks_of(instance, scene).iter().any(|check| !check.service_id.is_empty())
}

/// What is wrong with single candidates.
pub fn of_candidates(scene: &Scene, found: &mut Vec<String>) {
    let Scene { seen, asked, .. } = scene;
    // What is wrong with the leader is said already, and if nobody may lead, so is every reason. One that keeps off a split election's lock
    // has that for its reason.
    let leader = seen.lead.instance();
    let is_told = matches!(seen.lead, Lead::Nobody(_)) && (seen.next.is_empty() || seen.split.is_some());
    if asked.lock.is_ok() && !is_told {
        let lost = || seen.instances.iter().filter(|one| Some(&one.instance) != leader && is_lost(one));
        if asked.instances.is_ok() {
            of_successors(scene, lost().count(), found);
        }
        cannot_lead(lost(), scene, found);
    }
    for instance in &seen.instances {
        if let Some(said) = stale_line(instance, scene) {
            let node = clean(&instance.instance.node);
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

/// Who can take over, if not everybody can who should.
fn of_successors(scene: &Scene, lost: usize, found: &mut Vec<String>) {
    let seen = scene.seen;
    let Some(leader) = seen.lead.instance() else { return };
    let node = clean(&leader.node);
    // A service that has always had one instance is meant so. Another one shows in the history if it has ever led.
    let is_alone = seen.instances.len() == 1 && seen.instances.iter().all(|instance| instance.instance == *leader);
    let is_filtered = scene.asked.instances.as_ref().is_ok_and(|all| all.is_filtered);
    let had_another = seen.past.history.iter().any(|change| change.node != leader.node);
    if is_alone && had_another && !is_filtered {
        found.push(format!("if {node} fails, nobody can take over: there is no other instance"));
    }
    match &seen.next[..] {
        _ if lost == 0 => {}
        [] => found.push(format!("if {node} fails, nobody can take over")),
        [only] => found.push(format!("if {node} fails, only {} can take over", clean(&only.node))),
        _ => {}
    }
}
