//! What is wrong with the election's name: its prepared query and DNS. Pure.

use super::{Scene, nobody_holds};
use crate::consul::{PreparedQuery, RemoteInstance};
use crate::election::{Lead, Leader, foreign_filters, is_fenced, is_own_query, session_key};
use crate::info::asked::Asked;
use crate::info::dns::place;
use crate::info::words::clean;

/// What the name says that the lock does not.
pub fn of_name(scene: &Scene, found: &mut Vec<String>) {
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
    if scene.agrees != Some(false) || leads_to_other_key(scene) {
        return;
    }
    let is_asked = scene.asked.dns.is_ok();
    // Where DNS cannot be asked, the prepared query was.
    let (what, name) = if is_asked { ("DNS", dns_name) } else { ("prepared query", clean(&names.query)) };
    let (finds, finds_none) = if is_asked { ("leads to", "has no answer") } else { ("finds", "finds no instance") };
    let shown: Vec<String> = scene.answers.iter().map(|answer| clean(&answer.to_string())).collect();
    let leads_to = if shown.is_empty() { finds_none.to_owned() } else { format!("{finds} {}", shown.join(", ")) };
    found.push(match &scene.seen.lead {
        Lead::Held { leader, .. } => {
            let (place, hint) = (clean(&place(leader)), hint(scene, leader));
            format!("{what} and lock disagree: {name} {leads_to}, and the lock's holder is {place}{hint}")
        }
        lead => format!("{what} and lock disagree: {name} {leads_to}, and {}", nobody_holds(lead)),
    });
}

/// Whether the name leads to the leader of another lock key, which is said already.
fn leads_to_other_key(scene: &Scene) -> bool {
    let Some(split) = scene.seen.split.as_ref().filter(|_| scene.seen.lead.instance().is_none()) else { return false };
    let instances = scene.asked.instances.as_ref().map_or(&[][..], |instances| &instances.seen);
    let other = instances.iter().find(|remote| remote.node == split.node);
    let is_its = |remote: &RemoteInstance, host: &str| {
        [remote.health.registration.address(), &remote.node_address].contains(&host)
    };
    other.is_some_and(|remote| scene.answers.iter().all(|answer| is_its(remote, &answer.host)))
}

/// What may help if the name has no answer. There may be no query; and this token may see what DNS does not: an agent answers DNS with a
/// token of its own.
fn hint(scene: &Scene, leader: &Leader) -> &'static str {
    if !scene.answers.is_empty() {
        return "";
    }
    let is_leader = |(node, _): &(String, _)| leader.node() == Some(node);
    match &scene.asked.found {
        Ok(None) => "; there is no prepared query of that name, and the leader's next run creates it",
        Ok(Some(found)) if scene.asked.dns.is_ok() && found.instances.iter().any(is_leader) => {
            "; the prepared query does find it: the agent's own token (acl.tokens.default) may lack service:read or node:read"
        }
        _ => "",
    }
}

fn of_own_query(query: &PreparedQuery, scene: &Scene, found: &mut Vec<String>) {
    let names = &scene.asked.names;
    let filters = foreign_filters(query, names);
    if !filters.is_empty() && scene.agrees == Some(false) {
        let filters: Vec<String> = filters.iter().map(|filter| clean(filter)).collect();
        found.push(format!("the prepared query {} also asks for {}", clean(query.name()), filters.join(", ")));
    }
    found.extend(of_tags(query, scene));
    let Lead::Held { leader, .. } = &scene.seen.lead else { return };
    let session = leader.session.as_str();
    if query.asks_for_meta(&session_key(names)) && !is_fenced(query, session, names) {
        found.push(format!("the prepared query {} asks for another session than the lock's", clean(query.name())));
    }
}

/// The tags that the query asks for and its master does not have. The check sets them, so somebody else has changed them.
fn of_tags(query: &PreparedQuery, scene: &Scene) -> Option<String> {
    let (names, asked) = (&scene.asked.names, query.tags());
    let is_master = |tag: &&str| tag.eq_ignore_ascii_case(&names.master_tag);
    let name = clean(query.name());
    let Lead::Held { leader, .. } = &scene.seen.lead else {
        return asked.is_empty().then(|| format!("the prepared query {name} asks for no tag: somebody has changed it"));
    };
    if !asked.iter().any(is_master) {
        let tag = clean(&names.master_tag);
        return Some(format!("the prepared query {name} does not ask for the tag {tag}: somebody has changed it"));
    }
    let is_leader = |one: &&RemoteInstance| {
        leader
            .instance
            .as_ref()
            .is_some_and(|leads| leads.node == one.node && leads.service_id == one.health.registration.id())
    };
    let instance = scene.asked.instances.as_ref().ok()?.seen.iter().find(is_leader)?;
    let tags = instance.health.registration.tags();
    let has = |wanted: &str| tags.iter().any(|tag| tag.eq_ignore_ascii_case(wanted));
    let contradicts = |tag: &&&str| tag.strip_prefix('!').map_or_else(|| !has(tag), has);
    let others: Vec<String> =
        asked.iter().filter(|tag| !is_master(tag)).filter(contradicts).map(|tag| clean(tag)).collect();
    (!others.is_empty()).then(|| {
        format!("the prepared query {name} asks for {}, which the master's tags contradict", others.join(", "))
    })
}
