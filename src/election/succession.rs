//! Why the lock is free, in words for the lock's value and for people. Pure: goes by what the pass that takes the lock has read anyway.

use super::config::Names;
use super::eligibility::obstacle;
use super::history::Past;
use super::identity::Identity;
use super::marks::{self, Marks};
use super::model::Instance;
use super::obstacle::Obstacle;
use super::outcome::Vacancy;
use super::value::{Failure, Holder};
use crate::consul::{RemoteInstance, Status};

/// The check that Consul itself keeps of every node.
const NODE_ALIVE: &str = "serfHealth";

/// Why a master hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOverReason {
    /// Somebody asked for it.
    Resign,
    /// A candidate of higher priority has been passing for long enough.
    Preempt,
    /// It is in warning, and another candidate is passing.
    Warning,
    /// Its term is over.
    MaxTerm,
}

/// What a master notes that hands over.
pub fn of_hand_over(node: &str, reason: HandOverReason) -> String {
    let reason = match reason {
        HandOverReason::Resign => "resign",
        HandOverReason::Preempt => "a higher priority",
        HandOverReason::Warning => "it was in warning",
        HandOverReason::MaxTerm => "its term was over",
    };
    format!("handed over by {node} ({reason})")
}

/// What a master notes that could not do its work.
pub fn of_failure(node: &str, failure: &Failure) -> String {
    format!("{node} stepped down: {}", failure.error)
}

/// What a master notes that releases the lock.
pub fn of_vacancy(node: &str, vacancy: &Vacancy) -> String {
    match vacancy {
        Vacancy::NotEligible(obstacle) => of_obstacle(node, obstacle),
        Vacancy::NothingListens(target) => format!("nothing listened on {target} of {node}"),
        Vacancy::NoPort(id) => format!("the address of instance {id} of {node} was unknown"),
        Vacancy::CheckRemoved(id) => format!("check {id} was removed from {node}"),
        Vacancy::NeverLeads => format!("the priority of {node} became 0"),
        Vacancy::StandsBack(Some(failure)) => of_failure(node, failure),
        Vacancy::Split(split) => format!("{} led with another lock key than {node}", split.node),
        Vacancy::HandedTo(to) => format!("handed over by {node} to {to}"),
        Vacancy::StandsBack(None)
        | Vacancy::NothingToResign
        | Vacancy::Yields(_)
        | Vacancy::YieldsInWarning(_)
        | Vacancy::NotNamed(_)
        | Vacancy::LockDelay => format!("{node} stepped down"),
    }
}

fn of_obstacle(node: &str, obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::NodeInMaintenance => format!("node {node} was in maintenance"),
        Obstacle::InstanceInMaintenance => format!("the instance of {node} was in maintenance"),
        Obstacle::Check { id, .. } if id == NODE_ALIVE => format!("node {node} failed"),
        Obstacle::Check { id, status: Status::Critical } | Obstacle::SilentCheck(id) => {
            format!("{id} was critical on {node}")
        }
        Obstacle::Check { id, .. } => format!("{id} was in warning on {node}"),
    }
}

/// Whether somebody has asked for such a change of leader, by a command or an option, or there was none before.
pub fn is_asked_for(reason: &str) -> bool {
    let ends = ["(resign)", "(a higher priority)", "(its term was over)", " was in maintenance", " became 0"];
    ["the first leader", "the lock key was deleted"].contains(&reason) || ends.iter().any(|end| reason.ends_with(end))
}

/// Why the lock is free. `term` is the number of the last term; `instances` are those that the token may see.
/// `former` is the holder that the value of the free lock still describes.
pub fn reason(term: u64, past: &Past, former: Option<&Holder>, instances: &[RemoteInstance], names: &Names) -> String {
    if let Some(left) = &past.left {
        return left.reason.clone();
    }
    match former {
        Some(former) => of_former(former, instances, names),
        None if term == 0 && instances.iter().any(|remote| has_led(remote, names)) => {
            "the lock key was deleted".to_owned()
        }
        None if term == 0 => "the first leader".to_owned(),
        None => "unknown: the lock's value does not name the former leader".to_owned(),
    }
}

/// Whether an instance still has the mark of a session that held the lock.
fn has_led(remote: &RemoteInstance, names: &Names) -> bool {
    Marks::from(&remote.health.registration).meta.contains_key(&marks::session_key(names))
}

/// Why the session of the former holder ended, as far as its checks still show it.
fn of_former(former: &Holder, instances: &[RemoteInstance], names: &Names) -> String {
    let Identity { node, service_id } = &former.instance;
    let is_it = |remote: &&RemoteInstance| remote.node == *node && remote.health.registration.id() == service_id;
    let Some(remote) = instances.iter().find(is_it) else {
        return format!("instance {service_id} of {node} is gone");
    };
    let is_critical = |id: &str| {
        let checks = &remote.health.checks;
        checks.iter().any(|check| check.id == id && check.status == Status::Critical)
    };
    if is_critical(NODE_ALIVE) {
        return format!("node {node} failed");
    }
    if let Some(id) = former.checks.iter().find(|id| is_critical(id)) {
        return format!("{id} was critical on {node}");
    }
    let instance = Instance::of_remote(remote.clone(), names);
    match obstacle(&instance, former.check_id.as_deref(), names, false) {
        Some(obstacle) => of_obstacle(node, &obstacle),
        None if former.ttl > 0 => format!("the session of {node} was not renewed, or was destroyed"),
        None => format!("the session of {node} ended"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::consul::{Check, Health};
    use crate::election::history::Left;

    fn remote(node: &str, checks: &[(&str, &str)], meta: &Value) -> RemoteInstance {
        let check = |(id, status): &(&str, &str)| -> Check {
            let check = json!({"Node": node, "CheckID": id, "Status": status, "Output": "", "ServiceID": "redis"});
            serde_json::from_value(check).unwrap()
        };
        let registration = json!({"ID": "redis", "Service": "redis", "Meta": meta});
        RemoteInstance {
            node: node.to_owned(),
            node_address: String::new(),
            checks_index: 0,
            agent_version: None,
            health: Health {
                registration: serde_json::from_value(registration).unwrap(),
                checks: checks.iter().map(check).collect(),
            },
        }
    }

    #[test]
    fn the_reason_is_the_first_that_consul_still_shows() {
        let names = Names::of_service("redis");
        let instance = Identity { node: "n1".to_owned(), service_id: "redis".to_owned() };
        let former = |ttl| {
            let checks = vec!["ping".to_owned(), "disk".to_owned()];
            Some(Holder { instance: instance.clone(), checks, ttl, ..Holder::default() })
        };
        let fine = [("serfHealth", "passing"), ("ping", "passing"), ("disk", "passing")];
        let with = |id: &str, status: &'static str| fine.map(|(own, was)| (own, if own == id { status } else { was }));
        let left = Some(Left { instance: instance.clone(), reason: "handed over by n1 (resign)".to_owned() });
        let left = Past { left, ..Past::default() };
        let none = Past::default();
        let is_master = json!({"election-redis-master-session": "9a1a3d22"});
        for (term, past, former, checks, meta, expected) in [
            (3, &none, former(0), &with("ping", "critical")[..], json!({}), "ping was critical on n1"),
            (3, &none, former(0), &with("serfHealth", "critical"), json!({}), "node n1 failed"),
            (3, &none, former(0), &[("_node_maintenance", "critical")], json!({}), "node n1 was in maintenance"),
            (3, &none, former(0), &fine, json!({}), "the session of n1 ended"),
            (3, &none, former(10), &fine, json!({}), "the session of n1 was not renewed, or was destroyed"),
            (3, &left, former(0), &with("ping", "critical"), json!({}), "handed over by n1 (resign)"),
            (3, &none, None, &fine, json!({}), "unknown: the lock's value does not name the former leader"),
            (0, &none, None, &fine, json!({}), "the first leader"),
            (0, &none, None, &fine, is_master, "the lock key was deleted"),
        ] {
            assert_eq!(reason(term, past, former.as_ref(), &[remote("n1", checks, &meta)], &names), expected);
        }
        let gone = reason(3, &none, former(0).as_ref(), &[remote("n2", &fine, &json!({}))], &names);
        assert_eq!(gone, "instance redis of n1 is gone");
    }
}
