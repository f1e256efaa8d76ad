//! What is found of the instances on other nodes: each row is such an instance.

use serde_json::{Value, json};

use super::*;
use crate::consul::Instances;
use crate::doctor::tests::facts;

const QUERY: &str = "redis-master";
const KEY: &str = "service/redis-master/leader";
const SLAVE: &str = "election redis-master: slave of n1\n";

/// A check: its ID, status and output.
type Shown<'a> = (&'a str, &'a str, &'a str);

/// The instance of a node, with a mark of the election of this name and lock key, and these checks.
fn instance(node: &str, mark: Option<(&str, &str)>, checks: &[Shown]) -> RemoteInstance {
    let checks = checks.iter().map(|(id, status, output)| {
        let check = json!({"Node": node, "CheckID": id, "Status": status, "Output": output, "ServiceID": "redis"});
        serde_json::from_value(check).unwrap()
    });
    let mark = mark.map(|(query, key)| {
        let mark = json!({"key": key, "check": "election", "tags": ["master", "slave"]});
        (format!("election-{query}-mark"), Value::from(mark.to_string()))
    });
    let meta: serde_json::Map<String, Value> = mark.into_iter().collect();
    let registration = json!({"ID": "redis", "Service": "redis", "Port": 6379, "Tags": ["slave"], "Meta": meta});
    RemoteInstance {
        node: node.to_owned(),
        node_address: "10.0.0.1".to_owned(),
        health: Health { registration: serde_json::from_value(registration).unwrap(), checks: checks.collect() },
        checks_index: 0,
        agent_version: None,
    }
}

fn right(node: &str) -> RemoteInstance {
    instance(node, Some((QUERY, KEY)), &[("ping", "passing", "pong"), ("election", "passing", SLAVE)])
}

/// What is found where the first instance is the agent's own.
fn found(all: Vec<RemoteInstance>) -> Vec<Finding> {
    let mut facts = facts();
    facts.instances = Ok(vec![all[0].health.clone()]);
    facts.everywhere = Ok(Instances { seen: all, is_filtered: false });
    judge_candidates(&facts, &Config::for_tests(), "consul-master-election-tagger", SystemTime::now())
}

fn nodes(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn only_those_who_may_lead_are_candidates_and_of_each_other_the_reason_is_found() {
    let ping = ("ping", "passing", "pong");
    let fine = |names: &[&str]| Finding::CandidatesFine { nodes: nodes(names) };
    let cannot =
        |why: Unfit, output: &str| Finding::CannotLead { nodes: nodes(&["n2"]), why, output: output.to_owned() };
    let critical = || Unfit::CheckCritical("election".to_owned());
    assert_eq!(found(vec![right("n1"), right("n2"), right("n3")]), [fine(&["n1", "n2", "n3"])]);
    let denied = "error: denied; the token needs: key";
    let missing = "exec: \"consul-master-election-tager\": executable file not found in $PATH";
    let obstacle = |status| Unfit::Obstacle(Obstacle::Check { id: "ping".to_owned(), status });
    let maintenance = ("_service_maintenance:redis", "critical", "Maintenance mode");
    for (mark, checks, expected) in [
        (
            true,
            &[("ping", "critical", "gone"), ("election", "passing", SLAVE)][..],
            cannot(obstacle(Status::Critical), ""),
        ),
        (
            true,
            &[ping, ("election", "warning", "election redis-master: error: denied; the token needs: key\n")],
            cannot(Unfit::CheckReports(denied.to_owned()), ""),
        ),
        (true, &[ping], Finding::NothingRunsThere { node: "n2".to_owned(), id: "redis".to_owned() }),
        (false, &[ping], Finding::NoMark { nodes: nodes(&["n2"]) }),
        (false, &[ping, ("election", "critical", missing)], cannot(critical(), missing)),
        (
            false,
            &[ping, ("election", "warning", "election: error: --wiat is unknown\n")],
            cannot(Unfit::CheckReports("election: error: --wiat is unknown".to_owned()), ""),
        ),
        // That is how somebody wants it.
        (true, &[ping, ("election", "passing", SLAVE), maintenance], fine(&["n1", "n3"])),
    ] {
        let mark = mark.then_some((QUERY, KEY));
        assert_eq!(found(vec![right("n1"), instance("n2", mark, checks), right("n3")]), [expected], "{checks:?}");
    }
}

#[test]
fn a_reason_of_several_instances_is_found_once() {
    let denied = || {
        let line = "election redis-master: error: denied\n";
        instance("n", Some((QUERY, KEY)), &[("ping", "passing", ""), ("election", "warning", line)])
    };
    let at = |node: &str, one: RemoteInstance| RemoteInstance { node: node.to_owned(), ..one };
    let why = Unfit::CheckReports("error: denied".to_owned());
    let all =
        vec![right("n1"), at("n2", denied()), at("n3", denied()), instance("n4", None, &[]), instance("n5", None, &[])];
    let none = Finding::NoMark { nodes: nodes(&["n4", "n5"]) };
    assert_eq!(found(all), [Finding::CannotLead { nodes: nodes(&["n2", "n3"]), why, output: String::new() }, none]);
}

#[test]
fn elections_of_other_names_and_keys_are_one_finding_each() {
    let of = |node: &str, query: &str, key: &str, line: &str| {
        instance(node, Some((query, key)), &[("ping", "passing", "pong"), ("election", "passing", line)])
    };
    let other = |node: &str| of(node, "other", "service/other/leader", "election other: master on n\n");
    let split = |members: &[&str], others: &[&str]| Finding::OtherQuery {
        query: QUERY.to_owned(),
        members: nodes(members),
        others: vec![("other".to_owned(), nodes(others))],
    };
    assert_eq!(found(vec![right("n1"), other("n2"), right("n3")]), [split(&["n1", "n3"], &["n2"])]);
    assert_eq!(found(vec![right("n1"), other("n2"), other("n3")]), [split(&["n1"], &["n2", "n3"])]);
    // Before it has a mark, the line of its check shows its election.
    let printing = instance("n2", None, &[("election", "passing", "election other: slave of n3\n")]);
    assert_eq!(found(vec![right("n1"), printing]), [split(&["n1"], &["n2"])]);
    // Two elections of one service, and one instance stands in one of them only.
    let mut both = right("n1");
    both.health.checks.extend(other("n1").health.checks);
    assert_eq!(found(vec![both, other("n2")]), [Finding::NoMark { nodes: nodes(&["n2"]) }]);
    // The local instance's own finding says that it takes part in another election.
    assert_eq!(found(vec![other("n1"), other("n2")]), []);
    let elsewhere = |node: &str| of(node, QUERY, "elsewhere", SLAVE);
    let keys = Finding::OtherLockKey {
        key: KEY.to_owned(),
        members: nodes(&["n1", "n4"]),
        others: vec![("elsewhere".to_owned(), nodes(&["n2", "n3"]))],
    };
    assert_eq!(found(vec![right("n1"), elsewhere("n2"), elsewhere("n3"), right("n4")]), [keys]);
}
