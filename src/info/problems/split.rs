//! Instances of one service that stand in different elections: by their lock key, or by the election's name. Pure.

use super::Scene;
use crate::election::{Survey, Surveyed, Unfit};
use crate::info::words::{clean, grouped, list};

/// Whether an instance has another lock key.
pub fn has_other_key(instance: &Surveyed) -> bool {
    matches!(instance.unfit, Some(Unfit::OtherKey(_)))
}

/// Whether an instance stands in another election by its lock key or its name.
pub fn is_elsewhere(instance: &Surveyed) -> bool {
    has_other_key(instance) || matches!(instance.unfit, Some(Unfit::OtherElections { share_tag: true, .. }))
}

/// Which instances take part in which election, if several have the same service and master tag.
pub fn of_elections(scene: &Scene, found: &mut Vec<String>) {
    let Scene { seen, asked, .. } = scene;
    if !seen.instances.iter().any(|one| is_elsewhere(one) && !has_other_key(one)) {
        return;
    }
    let election_of = |one: &Surveyed| match &one.unfit {
        Some(Unfit::OtherElections { names, share_tag: true }) => {
            Some(list(&names.iter().map(|name| clean(name)).collect::<Vec<_>>()))
        }
        _ => one.mark.as_ref().map(|_| clean(&asked.names.query)),
    };
    let of_instances = seen.instances.iter().filter_map(|one| Some((clean(&one.instance.node), election_of(one)?)));
    let parts = grouped(of_instances).into_iter().map(|(nodes, election)| {
        let takes = if nodes.len() == 1 { "takes" } else { "take" };
        format!("{} {takes} part in election {election}", list(&nodes))
    });
    let parts = parts.collect::<Vec<_>>().join("; ");
    found.push(format!(
        "one service has several elections, each with a master: {parts}; give all the same --consul-query-name"
    ));
}

/// Whether instances have different lock keys.
pub fn is_split(seen: &Survey) -> bool {
    seen.split.is_some() || seen.instances.iter().any(has_other_key)
}

/// Which instances have which lock key, if they do not have the same.
pub fn of_keys(scene: &Scene, found: &mut Vec<String>) {
    let Scene { seen, asked, .. } = scene;
    if !is_split(seen) {
        return;
    }
    let key_of = |instance: &Surveyed| match (&instance.unfit, &instance.mark) {
        (Some(Unfit::OtherKey(key)), _) => Some(clean(key)),
        (_, Some(_)) => Some(clean(&asked.names.lock_key)),
        (_, None) => None,
    };
    let of_instances = seen.instances.iter().filter_map(|one| Some((clean(&one.instance.node), key_of(one)?)));
    let leader = seen.lead.instance().map(|leader| (clean(&leader.node), clean(&asked.names.lock_key)));
    let other = seen.split.as_ref().map(|split| (clean(&split.node), clean(&split.key)));
    let leaders: Vec<(String, String)> = [leader, other].into_iter().flatten().collect();
    let keys = grouped(of_instances).into_iter().map(|(nodes, key)| {
        let has = if nodes.len() == 1 { "has" } else { "have" };
        let leads = leaders.iter().find(|(_, its)| *its == key);
        let leads = leads.map(|(node, _)| format!(", with which {node} leads")).unwrap_or_default();
        format!("{} {has} the lock key {key}{leads}", list(&nodes))
    });
    let keys = keys.collect::<Vec<_>>().join("; ");
    found.push(format!("the election is split: {keys}; give all instances the same --lock-key"));
}
