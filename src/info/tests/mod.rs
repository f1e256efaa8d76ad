//! What `info` makes of what Consul answers: a table of states, each with its problems.

use std::time::{Duration, SystemTime};

use serde_json::json;

mod reasons;
mod trouble;

use super::*;
use crate::consul::{Check, Health, Instances, Key, RemoteInstance};
use crate::dns::Target;
use crate::election::{Names, Policy};

const SESSION: &str = "9a1a3d22-0000-0000-0000-000000000001";

fn now() -> SystemTime {
    humantime::parse_rfc3339("2026-11-30T12:30:00Z").unwrap()
}

/// An instance from `NODE TAGS CHECKS [MARK]`, such as `n1 master ping:passing,election:passing`; `-` is nothing. The mark names the lock key
/// and the check `election`, unless it says otherwise.
fn instance(text: &str) -> RemoteInstance {
    let mut words = text.split(' ');
    let [node, tags, checks] = std::array::from_fn(|_| words.next().unwrap());
    let list = |text: &str| -> Vec<String> { text.split(',').filter(|word| *word != "-").map(str::to_owned).collect() };
    let checks: Vec<Check> = list(checks)
        .iter()
        .map(|check| {
            let (id, status) = check.split_once(':').unwrap();
            let output = match (id, status) {
                ("election", "warning") => "election redis-master: error: why\n",
                ("election", "passing") => "election redis-master: slave of n9\n",
                ("other", _) => "election redis2-master: error: no instance of service redis2\n",
                _ => "x",
            };
            let of_node = matches!(id, "serfHealth" | "_node_maintenance");
            let service_id = if of_node { "" } else { "redis" };
            let check =
                json!({"Node": node, "CheckID": id, "Status": status, "Output": output, "ServiceID": service_id});
            serde_json::from_value(check).unwrap()
        })
        .collect();
    let mut mark = json!({"key": "service/redis-master/leader", "check": "election", "tags": ["master", "slave"]});
    for change in words {
        match change.split_once('=') {
            None if change == "port_is_closed" => mark[change] = json!(true),
            Some(("priority", value)) => mark["priority"] = json!(value.parse::<u32>().unwrap()),
            Some((field, value)) => mark[field] = json!(value),
            None => mark = json!(null),
        }
    }
    let meta = if mark.is_null() { json!({}) } else { json!({"election-redis-master-mark": mark.to_string()}) };
    let registration =
        json!({"ID": "redis", "Service": "redis", "Port": 6379, "Tags": list(tags), "Meta": meta, "Address": ""});
    RemoteInstance {
        node: node.to_owned(),
        node_address: format!("10.0.0.{}", &node[1..]),
        checks_index: 0,
        agent_version: None,
        health: Health { registration: serde_json::from_value(registration).unwrap(), checks },
    }
}

/// The lock of this holder, with more fields in its value; `-`: free.
fn lock(holder: &str, more: &serde_json::Value) -> Key {
    let mut value = json!({});
    if holder != "-" {
        value = json!({"node": holder, "service_id": "redis", "address": format!("10.0.0.{}", &holder[1..]), "port": 6379,
            "session": SESSION, "since": "2026-11-30T12:29:00.000Z"});
    }
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Key {
        session: (holder != "-").then(|| SESSION.to_owned()),
        value: value.to_string().into_bytes(),
        lock_index: 7,
        create_index: 118,
        modify_index: 130,
    }
}

fn asked(lock: Option<Key>, instances: &[&str], dns: &[&str]) -> Asked {
    let names = Names::of_service("redis");
    Asked {
        lock: Ok(lock),
        session: None,
        instances: Ok(Instances { seen: instances.iter().map(|text| instance(text)).collect(), is_filtered: false }),
        found: Ok(None),
        query: Ok(None),
        dns_name: "redis-master.query.consul".to_owned(),
        dns: Ok(dns.iter().map(|host| Target { host: (*host).to_owned(), port: 6379 }).collect()),
        stale: None,
        now: now(),
        names,
    }
}

const FINE: [&str; 3] = [
    "n1 slave ping:passing,election:passing",
    "n2 master ping:passing,election:passing",
    "n3 slave ping:passing,election:passing",
];

/// [`FINE`] with another instance in one place.
fn with(at: usize, text: &'static str) -> [&'static str; 3] {
    let mut all = FINE;
    all[at] = text;
    all
}

#[test]
fn each_state_has_its_problems_the_important_first() {
    let none = json!({});
    let back = json!({"standing_back": [{"node": "n1", "service_id": "redis", "until": "2026-11-30T12:30:20Z",
        "seconds": 30, "failure": {"error": "on-promote: no"}}]});
    let n2: &[&str] = &["10.0.0.2"];
    let dns = "redis-master.query.consul";
    for (holder, value, instances, answers, state, problems) in [
        ("n2", &none, FINE, n2, State::Healthy, vec![]),
        (
            "n2",
            &none,
            with(0, "n1 slave ping:critical,election:passing"),
            n2,
            State::Troubled,
            vec!["if n2 fails, only n3 can take over".to_owned(), "n1 cannot lead: critical: ping (\"x\")".to_owned()],
        ),
        ("n2", &none, with(0, "n1 slave ping:passing,election:passing priority=0"), n2, State::Healthy, vec![]),
        (
            "n2",
            &none,
            with(0, "n1 slave,master ping:passing,election:passing"),
            n2,
            State::Troubled,
            vec!["n1 and n2 are both tagged master".to_owned(), "n1 carries both tags".to_owned()],
        ),
        (
            "n3",
            &none,
            FINE,
            n2,
            State::Troubled,
            vec![
                "tag and lock disagree: n2 is tagged master, and n3 holds the lock".to_owned(),
                format!("DNS and lock disagree: {dns} leads to 10.0.0.2:6379, and the lock's holder is 10.0.0.3:6379"),
            ],
        ),
        (
            "n2",
            &none,
            with(0, "n1 slave ping:passing,election:warning"),
            n2,
            State::Troubled,
            vec![
                "if n2 fails, only n3 can take over".to_owned(),
                "n1 cannot lead: the election check reports \"error: why\" (up to 5 min old)".to_owned(),
            ],
        ),
        (
            "n2",
            &none,
            with(0, "n1 slave ping:passing,election:passing key=other"),
            n2,
            State::Troubled,
            vec![
                "the election is split: n1 has the lock key other; n2 and n3 have the lock key service/redis-master/leader, with \
                 which n2 leads; give all instances the same --lock-key"
                    .to_owned(),
            ],
        ),
        (
            "n2",
            &json!({"alone": "the token needs x"}),
            with(2, "n3 master ping:passing,election:passing"),
            n2,
            State::Troubled,
            vec![
                "the former master's tag did not go with the lock: the token needs x".to_owned(),
                "n2 and n3 are both tagged master".to_owned(),
            ],
        ),
        (
            "n2",
            &back,
            FINE,
            n2,
            State::Troubled,
            vec![
                "if n2 fails, only n3 can take over".to_owned(),
                "n1 cannot lead: stands back until 2026-11-30T12:30:20Z: on-promote: no".to_owned(),
            ],
        ),
        (
            "-",
            &json!({"left": {"node": "n2", "service_id": "redis", "reason": "handed over by n2 (resign)"}}),
            with(1, "n2 slave ping:critical,election:passing"),
            &[],
            State::Leaderless,
            vec![
                "nobody leads since the last leader lost the lock: handed over by n2 (resign); the lock is free, and n1 can take it"
                    .to_owned(),
                "n2 cannot lead: critical: ping (\"x\")".to_owned(),
            ],
        ),
    ] {
        let info = view(&asked(Some(lock(holder, value)), &instances, answers), &Policy::default());
        assert_eq!((info.state, &info.problems), (state, &problems), "{holder} {value} {instances:?}");
    }
}

#[test]
fn an_instance_whose_checks_run_no_election_is_not_the_next_leader() {
    let problems = |n1: &str| {
        let all = [n1, FINE[1]];
        let info = view(&asked(Some(lock("n2", &json!({}))), &all, &["10.0.0.2"]), &Policy::default());
        assert_eq!((info.state, info.candidates[0].next), (State::Troubled, false), "{n1}");
        info.problems
    };
    let alone = "if n2 fails, nobody can take over";
    for (n1, why) in [
        ("n1 slave ping:passing", "the election check election does not exist"),
        ("n1 slave ping:passing check=ping", "no check runs the election there"),
        ("n1 slave ping:passing,other:warning check=other", "no check runs the election there"),
        ("n1 slave ping:passing,other:passing check=other", "no check runs the election there"),
    ] {
        let hint = "on that node, doctor --consul-service-name redis finds out why";
        let expected = [alone.to_owned(), format!("n1 cannot lead: {why}; {hint}")];
        assert_eq!(problems(n1), expected, "{n1}");
    }
}

#[test]
fn a_leader_that_has_lost_the_only_other_instance_is_a_problem() {
    let alone = |history: serde_json::Value| {
        let lock = lock("n2", &json!({"history": history}));
        view(&asked(Some(lock), &FINE[1..2], &["10.0.0.2"]), &Policy::default())
    };
    let change = |node: &str| json!({"term": 6, "node": node, "since": "2026-11-30T12:29:00Z", "reason": "x"});
    let info = alone(json!([change("n2"), change("n1")]));
    assert_eq!(info.problems, ["if n2 fails, nobody can take over: there is no other instance"]);
    assert_eq!(info.state, State::Troubled);
    assert_eq!(alone(json!([change("n2")])).state, State::Healthy);
}

#[test]
fn nobody_who_may_lead_is_named_with_each_reason() {
    let all = [
        "n1 slave ping:critical,election:passing",
        "n2 slave _node_maintenance:critical",
        "n3 slave serfHealth:critical,ping:passing",
        "n4 - ping:passing unmarked",
        "n5 slave ping:passing",
    ];
    let info = view(&asked(None, &all, &[]), &Policy::default());
    assert_eq!(
        info.problems,
        [
            "nobody leads; no instance can take the lock",
            "n1 cannot lead: critical: ping (\"x\")",
            "n2 cannot lead: node in maintenance",
            "n3 cannot lead: node failed",
            "n4 cannot lead: no mark of the election, which the next run of its check sets; on that node, doctor \
             --consul-service-name redis finds out why",
            "n5 cannot lead: the election check election does not exist; on that node, doctor --consul-service-name redis \
             finds out why",
        ]
    );
    assert_eq!((info.state, info.lock.fencing_token), (State::Leaderless, None));
}

#[test]
fn what_could_not_be_asked_is_named_and_makes_the_state_unknown_only_if_it_is_the_lock() {
    let missing = |words: &str| Missing { words: words.to_owned(), rule: Some(words.into()), ..Missing::default() };
    let fine = asked(Some(lock("n2", &json!({}))), &FINE, &["10.0.0.2"]);
    let without = Asked { lock: Err(missing("no key")), ..fine.clone() };
    let info = view(&without, &Policy::default());
    assert_eq!(
        (info.state, info.leader.is_none(), &info.problems[..]),
        (State::Unknown, true, &["no key".to_owned()][..])
    );
    assert_eq!(info.dns.and_then(|dns| dns.agrees), None);
    let without = Asked { query: Err(missing("no query")), instances: Err(missing("no instances")), ..fine.clone() };
    let info = view(&without, &Policy::default());
    assert_eq!(info.problems, ["no instances", "the token also needs: no query"]);
    assert_eq!((info.state, info.dns.and_then(|dns| dns.agrees)), (State::Troubled, Some(true)));
    let info = view(&Asked { stale: Some("no leader".to_owned()), ..fine }, &Policy::default());
    assert_eq!((info.state, info.problems.len()), (State::Unknown, 1));
}

#[test]
fn a_check_that_still_tells_of_a_former_leader_is_named_once_its_output_must_have_arrived() {
    let fine = asked(Some(lock("n2", &json!({}))), &FINE, &["10.0.0.2"]);
    let later = |seconds| Asked { now: now() + Duration::from_secs(seconds), ..fine.clone() };
    assert_eq!(view(&later(500), &Policy::default()).problems, [""; 0]);
    let problems = view(&later(600), &Policy::default()).problems;
    assert_eq!(problems[0], "the election check of n1 may not run: it still says \"slave of n9\"");
}

#[test]
fn nothing_that_others_write_breaks_a_line() {
    let hostile =
        json!({"history": [{"term": 7, "node": "n2", "since": "2026-11-30T12:29:00Z", "reason": "a\n\u{1b}[31mb"}]});
    let info = view(&asked(Some(lock("n2", &hostile)), &FINE, &["10.0.0.2"]), &Policy::default());
    assert_eq!(info.history[0].reason, "a  [31mb");
    for value in ["", "[]", "{\"node\": 7}", "\u{0}"] {
        let key = Key { value: value.as_bytes().to_vec(), ..lock("n2", &json!({})) };
        let info = view(&asked(Some(key), &FINE, &[]), &Policy::default());
        assert_eq!(info.leader, None, "{value}");
        let holds =
            format!("nobody leads; session {SESSION} holds the lock, and nothing shows that it is an instance's; ");
        assert!(info.problems[0].starts_with(&holds), "{:?}", info.problems);
    }
}
