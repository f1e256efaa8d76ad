//! Troubles that are told once, and only as long as they last.

use super::*;
use crate::consul::Session;

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
        rule: is_denied.then(|| format!("rule of {words}").into()),
        is_unreached: !is_denied,
        fault: Some(if is_denied { "403" } else { "no connection" }.into()),
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
        ..fine.clone()
    };
    let words = ["cannot read the instances: 403", "the token also needs: rule of cannot read the query: 403"];
    assert_eq!(view(&denied, &Policy::default()).problems, words, "each has its rule");
    // A token that does not exist needs no rule.
    let expired = || Missing { rule: None, fault: Some("403 ACL not found".into()), ..missing("expired", true) };
    let expired = Asked { instances: Err(expired()), query: Err(expired()), ..fine };
    assert_eq!(view(&expired, &Policy::default()).problems, ["expired"]);
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

#[test]
fn a_session_on_the_lock_leads_only_if_something_shows_that_it_is_an_instances() {
    let lock = |value: &str| Key { value: value.as_bytes().to_vec(), ..lock("n2", &json!({})) };
    let named = |name: &str| -> Option<Session> {
        let session = json!({"ID": SESSION, "Name": name, "Node": "n0"});
        Some(serde_json::from_value(session).unwrap())
    };
    let taken = "holds the lock, and is no instance's; end the program that took service/redis-master/leader";
    let former = json!({"node": "n2", "service_id": "redis", "session": "an earlier one"}).to_string();
    for (value, session, leader, words) in [
        (
            "",
            named("Consul API Lock"),
            None,
            format!("nobody leads; session {SESSION} of node n0, named 'Consul API Lock', {taken}"),
        ),
        (&*former, named("election other of redis"), None, taken.to_owned()),
        (
            "",
            named("election redis-master of redis"),
            Some("n0"),
            "the lock's value does not describe its holder, n0".to_owned(),
        ),
        (
            &former,
            None,
            None,
            "nothing shows that it is an instance's; to see whose it is, the token needs: session_prefix".to_owned(),
        ),
    ] {
        let asked = Asked { session, ..asked(Some(lock(value)), &FINE, &[]) };
        let info = view(&asked, &Policy::default());
        let state = if leader.is_some() { State::Troubled } else { State::Leaderless };
        let found = info.leader.as_ref().and_then(|leader| leader.node.as_deref());
        assert_eq!(
            (info.state, found, info.is_taken),
            (state, leader, leader.is_none()),
            "{value} {:?}",
            info.problems
        );
        assert!(info.problems[0].contains(&words), "{words}: {:?}", info.problems);
    }
    // The session mark of an instance shows it as well.
    let mut asked = asked(Some(lock("")), &FINE, &["10.0.0.2"]);
    let registration = json!({"ID": "redis", "Service": "redis", "Port": 6379, "Tags": ["master"],
        "Meta": {"election-redis-master-session": SESSION}});
    asked.instances.as_mut().unwrap().seen[1].health.registration = serde_json::from_value(registration).unwrap();
    assert_eq!(view(&asked, &Policy::default()).leader.unwrap().node.as_deref(), Some("n2"));
}

#[test]
fn a_lead_that_changes_again_and_again_is_a_problem_and_asked_for_changes_are_none() {
    let told = |changes: &[(&str, &str)]| {
        let change =
            |(since, reason): &(&str, &str)| json!({"term": 7, "node": "n2", "since": since, "reason": reason});
        let history: Vec<_> = changes.iter().map(change).collect();
        let lock = lock("n2", &json!({"history": history}));
        view(&asked(Some(lock), &FINE, &["10.0.0.2"]), &Policy::default())
    };
    let [one, two, three, early] =
        ["2026-11-30T12:29:30Z", "2026-11-30T12:29:00Z", "2026-11-30T12:27:30Z", "2026-11-30T12:19:59Z"];
    let (ping, own) = ("ping was critical on n1", "election was critical on n3");
    let info = told(&[(one, ping), (two, own), (three, ping)]);
    let words = "the lead changed 3 times within 2m30s: ping was critical on n1 (2 times); election was critical on n3; the timeout of \
                 an election check must be longer than --wait and --timeout together; on these nodes, doctor \
                 --consul-service-name redis finds out why";
    assert_eq!((info.state, &info.problems[..]), (State::Troubled, &[words.to_owned()][..]));
    let words = "the lead changed 3 times within 2m30s: ping was critical on n1 (3 times)";
    assert_eq!(told(&[(one, ping), (two, ping), (three, ping)]).problems, [words]);
    for fine in [
        &[(one, ping), (two, ping)][..],
        &[(one, ping), (two, ping), (early, ping)],
        &[(one, "handed over by n1 (resign)"), (two, "handed over by n3 (its term was over)"), (three, ping)],
        &[(one, ping), (two, "node n3 was in maintenance"), (three, "the first leader")],
    ] {
        assert_eq!(told(fine).state, State::Healthy, "{fine:?}");
    }
}

#[test]
fn a_master_in_warning_is_a_problem_only_while_nobody_passes() {
    let ill = |node: &str, tags: &str| format!("{node} {tags} ping:warning,election:passing");
    let all = [ill("n1", "slave"), ill("n2", "master"), ill("n3", "slave")];
    let told =
        |instances: &[&str]| view(&asked(Some(lock("n2", &json!({}))), instances, &["10.0.0.2"]), &Policy::default());
    let info = told(&[&all[0], &all[1], &all[2]]);
    let words = "n2 leads in warning, and no instance passes: ping (\"x\"); if that check exits with 1 when the service is down, let it \
                 exit with 2: Consul takes 1 for a warning";
    assert_eq!((info.state, &info.problems[..]), (State::Troubled, &[words.to_owned()][..]));
    assert_eq!(told(&[FINE[0], &all[1], &all[2]]).state, State::Healthy, "it hands over");
    assert_eq!(told(&[FINE[0], FINE[1], &all[2]]).state, State::Healthy, "a slave in warning");
}

#[test]
fn a_term_keeps_its_number_when_the_lock_moves_to_another_session() {
    let term = |since: &str| {
        let change = json!({"term": 6, "node": "n2", "since": since, "reason": "the first leader"});
        let lock = lock("n2", &json!({"history": [change]}));
        let info = view(&asked(Some(lock), &FINE, &["10.0.0.2"]), &Policy::default());
        (info.leader.unwrap().term, info.lock.fencing_token)
    };
    assert_eq!(term("2026-11-30T12:29:00.000Z"), (6, Some("118.7".to_owned())));
    assert_eq!(term("2026-11-30T12:00:00.000Z").0, 7, "its entry is unknown");
}

#[test]
fn instances_of_one_service_in_elections_of_different_names_are_named_with_their_elections() {
    let elsewhere = |tags: [&str; 2]| {
        let mark = json!({"key": "service/redis-main/leader", "check": "other", "tags": tags}).to_string();
        let mut remote = instance("n4 - ping:passing,other:passing unmarked");
        let registration = json!({"ID": "redis", "Service": "redis", "Port": 6379, "Tags": tags[..1],
            "Meta": {"election-redis-main-mark": mark}});
        remote.health.registration = serde_json::from_value(registration).unwrap();
        let mut asked = asked(Some(lock("n2", &json!({}))), &FINE, &["10.0.0.2"]);
        asked.instances.as_mut().unwrap().seen.push(remote);
        view(&asked, &Policy::default())
    };
    let info = elsewhere(["master", "slave"]);
    let several = "one service has several elections, each with a master: n1, n2 and n3 take part in election redis-master; n4 takes \
                   part in election redis-main; give all the same --consul-query-name";
    assert_eq!(info.problems, [several, "n2 and n4 are both tagged master"]);
    assert_eq!(info.candidates[3].why.as_deref(), Some("in election redis-main, not in this one"));
    let info = elsewhere(["writer", "reader"]);
    assert_eq!(
        (info.state, &info.problems[..], info.candidates[3].lost),
        (State::Healthy, &[][..] as &[String], false)
    );
}
