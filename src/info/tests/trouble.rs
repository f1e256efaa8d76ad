//! Troubles that are told once, and only as long as they last.

use super::*;

#[test]
fn what_was_asked_for_or_is_over_is_no_problem_and_a_closed_port_is_one() {
    let none = json!({});
    let asked_for = json!({"standing_back": [{"node": "n1", "service_id": "redis", "until": "2026-11-30T12:30:20Z",
        "seconds": 30}]});
    let n2: &[&str] = &["10.0.0.2"];
    for (holder, value, instances, answers, state, problems) in [
        // The former master is right again.
        ("n2", &json!({"alone": "the token needs x"}), FINE, n2, State::Healthy, vec![]),
        // What was asked for is no problem.
        ("n2", &none, with(0, "n1 slave _node_maintenance:critical,election:passing"), n2, State::Healthy, vec![]),
        ("n2", &asked_for, FINE, n2, State::Healthy, vec![]),
        (
            "n2",
            &none,
            with(0, "n1 slave ping:passing,election:passing priority=0 port_is_closed"),
            n2,
            State::Troubled,
            vec![
                "if n2 fails, only n3 can take over".to_owned(),
                "n1 cannot lead: nothing listens on the watched port".to_owned(),
            ],
        ),
    ] {
        let info = view(&asked(Some(lock(holder, value)), &instances, answers), &Policy::default());
        assert_eq!((info.state, &info.problems), (state, &problems), "{holder} {value} {instances:?}");
    }
}

#[test]
fn a_split_election_has_few_sentences_and_that_nobody_leads_is_the_first() {
    let other = |node: &str, tags: &str| format!("{node} {tags} ping:passing,election:passing key=other");
    let mut all: Vec<RemoteInstance> =
        [other("n1", "master"), other("n2", "slave"), other("n3", "slave"), FINE[0].replace("n1", "n4")]
            .iter()
            .map(|text| instance(text))
            .collect();
    let leading = json!({"ID": "redis", "Service": "redis", "Port": 6379, "Tags": ["master"], "Meta": {
        "election-redis-master-session": "s",
        "election-redis-master-mark": "{\"key\": \"other\", \"tags\": [\"master\", \"slave\"]}"}});
    all[0].health.registration = serde_json::from_value(leading).unwrap();
    let asked = Asked {
        instances: Ok(Instances { seen: all, is_filtered: false }),
        ..asked(Some(lock("-", &json!({}))), &[], &["10.0.0.1"])
    };
    let info = view(&asked, &Policy::default());
    let key = "service/redis-master/leader";
    assert_eq!(info.state, State::Leaderless);
    assert_eq!(
        info.problems,
        [
            format!("nobody leads with the lock key {key}; nobody takes that lock while n1 leads with another key"),
            format!(
                "the election is split: n1, n2 and n3 have the lock key other, with which n1 leads; n4 has the lock key {key}; \
                 give all instances the same --lock-key"
            ),
        ]
    );
}

#[test]
fn the_same_fault_is_said_once_and_with_what_helps() {
    let words = |remedy: &crate::consul::Remedy| {
        matches!(remedy, crate::consul::Remedy::ReachAgent).then(|| "start it".to_owned())
    };
    let missing = |words: &str, is_denied: bool| Missing {
        words: words.to_owned(),
        is_denied,
        is_unreached: !is_denied,
        fault: Some(if is_denied { "403" } else { "no connection" }.to_owned()),
        remedy: (!is_denied).then_some(crate::consul::Remedy::ReachAgent),
    };
    let fine = asked(Some(lock("n2", &json!({}))), &FINE, &["10.0.0.2"]);
    let down = Asked {
        lock: Err(missing("cannot read the key: no connection", false)),
        instances: Err(missing("cannot read the instances: no connection", false)),
        found: Err(missing("cannot execute: no connection", false)),
        query: Err(missing("cannot read the query: no connection", false)),
        dns: Err(Missing::because("cannot ask DNS")),
        ..fine.clone()
    };
    let info = view(&down.explained(&words), &Policy::default());
    assert_eq!(info.problems, ["cannot read the key: no connection; start it"]);
    assert_eq!(info.dns.unwrap().error.as_deref(), Some("the agent does not answer"));
    let denied = Asked {
        instances: Err(missing("cannot read the instances: 403", true)),
        query: Err(missing("cannot read the query: 403", true)),
        ..fine
    };
    assert_eq!(view(&denied, &Policy::default()).problems.len(), 2, "each names its rule");
}

#[test]
fn where_dns_cannot_be_asked_the_prepared_query_answers_by_its_own_name() {
    let off = Asked {
        dns: Err(Missing::because("this agent answers no DNS")),
        ..asked(Some(lock("n2", &json!({}))), &FINE, &[])
    };
    let info = view(&off, &Policy::default());
    let words = "prepared query and lock disagree: redis-master finds no instance, and the lock's holder is 10.0.0.2:6379; \
                 there is no prepared query of that name, and the leader's next run creates it";
    assert_eq!(info.problems, [words]);
    let dns = info.dns.unwrap();
    assert_eq!((dns.source, dns.error.as_deref()), (Some("query"), Some("this agent answers no DNS")));
}
