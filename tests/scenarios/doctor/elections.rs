//! What can be wrong between the instances of an election.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::doctor::Found;
use crate::harness::{Pass, secs, shared, unique, wait_for};
use crate::stage::Candidate;

#[test]
fn the_query_and_the_lock_of_somebody_else_are_found() {
    let [node, other, _] = shared().nodes::<3>();
    let [one, two] = &Candidate::on_each([node, other]);
    assert!(!Found::of(one, &[]).has("query-taken"));
    let query = node.api().create_query(&json!({"Name": one.query(), "Service": {"Service": "postgres"}}));
    Found::of(one, &[]).shows("query-taken");
    node.api().delete_query(&query);
    let session = node.api().create_session(&json!({"Name": "somebody else", "LockDelay": "0s"}));
    assert!(node.api().acquire(&one.key(), &session, "mine"));
    Found::of(one, &[]).shows("foreign-lock");
    node.api().destroy_session(&session);
    one.report(&one.pass());
    two.report(&two.pass());
    one.leads();
    two.report(&two.pass());
    let right = Found::of(one, &[]);
    assert_eq!((right.status, right.wrong()), (0, vec![]), "{right:?}");
    let mut query = node.api().query(&one.query()).unwrap();
    query["Service"]["NodeMeta"] = json!({"rack": "7"});
    let id = query["ID"].as_str().unwrap().to_owned();
    for field in ["CreateIndex", "ModifyIndex"] {
        query.as_object_mut().unwrap().remove(field);
    }
    node.api().put_query(&id, &query);
    let found = Found::of(one, &[]).shows("query-filters");
    assert!(found.has("name-disagrees"), "{found:?}");
}

#[test]
fn a_query_that_somebody_has_changed_or_deleted_is_found_until_the_check_has_repaired_it() {
    let [n1, n2, _] = shared().nodes::<3>();
    let [one, two] = &Candidate::on_each([n1, n2]);
    one.leads();
    two.follows(one);
    let right = Found::of(one, &[]);
    assert!(right.has("query") && !right.has("query-differs") && !right.has("query-missing"), "{right:?}");
    let api = n1.api();
    let original = api.query(&one.query()).unwrap();
    let id = original["ID"].as_str().unwrap().to_owned();
    let change = |field: &str, value: Value| {
        let mut query = original.clone();
        query["Service"][field] = value;
        for field in ["CreateIndex", "ModifyIndex"] {
            query.as_object_mut().unwrap().remove(field);
        }
        api.put_query(&id, &query);
    };
    for (field, value, words) in [
        ("Tags", json!([]), "Service.Tags is [] instead of [\"master\"]"),
        ("Tags", json!(["other"]), "Service.Tags is [\"other\"] instead of [\"master\"]"),
        ("OnlyPassing", json!(true), "Service.OnlyPassing is true instead of false"),
        ("ServiceMeta", json!({}), "Service.ServiceMeta."),
    ] {
        change(field, value);
        for candidate in [one, two] {
            let found = Found::of(candidate, &[]).shows("query-differs");
            assert!(found.stdout.replace("\\\"", "\"").contains(words), "{words}: {found:?}");
        }
        wait_for("the check to repair the query", secs(60), || {
            one.said_by(&one.pass().run(), 0);
            let found = Found::of(one, &[]);
            if found.has("query") && !found.has("query-differs") { Ok(()) } else { Err(format!("{found:?}")) }
        });
    }
    // The check's options say what the query should be.
    let other = Found::of(one, &["--query-ttl", "9s"]).shows("query-differs");
    assert!(other.stdout.contains("DNS.TTL is"), "{other:?}");
    api.delete_query(&id);
    Found::of(one, &[]).shows("query-missing");
    one.said_by(&one.pass().run(), 0);
    assert!(Found::of(one, &[]).has("query"));
    api.delete_query(api.query(&one.query()).unwrap()["ID"].as_str().unwrap());
    let template = api.create_query(
        &json!({"Name": one.query(), "Template": {"Type": "name_prefix_match"}, "Service": {"Service": one.service}}),
    );
    let found = Found::of(one, &[]).shows("query-taken");
    assert!(found.stdout.contains("is a template"), "{found:?}");
    api.delete_query(&template);
}

#[test]
fn other_instances_that_differ_or_take_no_part_are_found() {
    let [n1, n2, n3] = shared().nodes::<3>();
    let one = Candidate::alone(n1);
    one.report(&one.pass());
    one.report(&one.pass());
    Found::of(&one, &[]).shows("no-other-candidate");
    let two = Candidate::of(&one.service, n2);
    let found = Found::of(&one, &[]).shows("no-part");
    assert!(!found.has("no-other-candidate"), "{found:?}");
    two.report(&two.pass());
    two.report(&two.pass());
    let right = Found::of(&one, &[]);
    assert_eq!((right.status, right.wrong()), (0, vec![]), "{right:?}");
    let three = Candidate::of(&one.service, n3);
    three.report(&three.pass().args(["--slave-tag", "follower"]));
    Found::of(&one, &[]).shows("other-tags");
    // What its owner's options would be, as the instance itself shows it.
    let mut local = n3.api().local(&three.id);
    let mut mark = three.mark();
    mark["key"] = "service/elsewhere/leader".into();
    let mut body =
        json!({"Name": three.service, "ID": three.id, "Port": 6379, "Tags": ["master"], "Meta": local["Meta"].take()});
    body["Meta"][three.mark_key()] = mark.to_string().into();
    n3.api().register(&body);
    let found = Found::of(&one, &[]).shows("other-lock-key");
    assert!(found.has("two-masters") && found.stdout.contains("service/elsewhere/leader"), "{found:?}");
}

#[test]
fn instances_that_take_part_under_another_name_are_one_finding_with_both_masters() {
    let [n1, n2, n3] = shared().nodes::<3>();
    let candidates = Candidate::on_each([n1, n2, n3]);
    let [one, two, three] = &candidates;
    let other = unique("other");
    for _ in 0..2 {
        one.report(&one.pass());
        two.report(&two.pass());
        three.report(&three.pass().args(["--consul-query-name", &other]));
    }
    assert!(one.is_tagged("master") && three.is_tagged("master"));
    let found = Found::of(one, &[]).shows("other-query");
    assert_eq!(found.wrong(), ["other-query"], "{found:?}");
    let words = [
        format!("{}, {} take part in election {}", n1.name(), n2.name(), one.query()),
        format!("{} takes part in election {other}", n3.name()),
        "give all instances the same --consul-query-name".to_owned(),
    ];
    assert!(words.iter().all(|words| found.stdout.contains(words)), "{words:?} {found:?}");
    let found = Found::of(three, &["--consul-query-name", &other]).shows("other-query");
    assert!(found.stdout.contains(&format!("take part in election {}", one.query())), "{found:?}");
    three.report(&three.pass());
    let named = Found::of(one, &[]);
    assert!(!named.has("other-query"), "{named:?}");
}

#[test]
fn an_election_that_is_split_by_lock_keys_is_one_finding_on_either_side() {
    let [n1, n2, n3] = shared().nodes::<3>();
    let [one, two, three] = &Candidate::on_each([n1, n2, n3]);
    let key = ["--lock-key", "service/split/leader"];
    for _ in 0..2 {
        one.report(&one.pass());
        two.report(&two.pass());
        three.report(&three.pass().args(key));
    }
    wait_for("the catalog to show what each check says", secs(30), || {
        for (candidate, options) in [(one, &[][..]), (three, &key)] {
            let found = Found::of(candidate, options);
            let is_once = found.wrong() == ["other-lock-key"] && !found.stdout.contains("two masters");
            let both = [one.key(), "service/split/leader".to_owned()];
            if found.status != 2 || !is_once || !both.iter().all(|key| found.stdout.contains(key)) {
                return Err(format!("{found:?}"));
            }
        }
        Ok(())
    });
}

#[test]
fn an_instance_that_cannot_lead_is_no_candidate_and_its_reason_is_found() {
    let [n1, n2, _] = shared().nodes::<3>();
    let [one, two] = &Candidate::on_each([n1, n2]);
    for _ in 0..2 {
        one.report(&one.pass());
        two.report(&two.pass());
    }
    let doctor = || Found::of(one, &[]);
    let right = doctor();
    assert!(right.status == 0 && right.has("candidates"), "{right:?}");
    two.turn(crate::harness::Health::Critical);
    let why = |words: &str| {
        wait_for("the catalog to show it", secs(30), || {
            let found = doctor();
            let is_it = found.wrong() == ["cannot-lead"] && !found.has("candidates") && found.stdout.contains(words);
            if is_it { Ok(()) } else { Err(format!("{found:?}")) }
        });
    };
    why(&format!("{} cannot lead: critical: {}", n2.name(), two.ping()));
    two.turn(crate::harness::Health::Passing);
    two.report(&two.pass().args(["--check-id", "none"]));
    why("have no check none");
    two.report(&two.pass());
    wait_for("the catalog to show it", secs(30), || {
        let found = doctor();
        if found.status == 0 && found.has("candidates") { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

#[test]
fn an_election_in_which_nobody_may_lead_is_found() {
    let [n1, n2, _] = shared().nodes::<3>();
    let [one, two] = &Candidate::on_each([n1, n2]);
    for candidate in [one, two] {
        candidate.report(&candidate.pass().args(["--priority", "0"]));
    }
    Found::of(one, &["--priority", "0"]).shows("nobody-may-lead");
    assert!(!Found::of(one, &["--priority", "1"]).has("nobody-may-lead"));
}

#[test]
fn a_master_whose_clock_is_far_ahead_is_found() {
    let [n1, n2, _] = shared().nodes::<3>();
    let [one, two] = &Candidate::on_each([n1, n2]);
    two.leads();
    one.report(&one.pass());
    assert!(!Found::of(one, &[]).has("clock-ahead"));
    let lock = n2.api().lock(&one.key()).unwrap();
    let mut value: Value = lock.value;
    value["since"] = humantime::format_rfc3339_millis(SystemTime::now() + secs(600)).to_string().into();
    assert!(n2.api().acquire(&one.key(), &lock.session.unwrap(), &value.to_string()));
    Found::of(one, &[]).shows("clock-ahead");
    assert!(!Found::of(two, &[]).has("clock-ahead"), "its own clock");
}

#[test]
fn a_variable_that_is_a_typo_is_found_and_what_a_child_is_told_is_not() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let named = Pass::bare().on(one.node).args(["--consul-service-name", &one.service]);
    let told = named.clone().env("ELECTION_TERM", "7").env("ELECTION_WAIT", "9s").env("ELECTION_ROLE", "master");
    assert!(!Found::by(&told).has("unknown-variable"));
    let typo = named.env("ELECTION_LOCKDELAY", &unique("9s"));
    Found::by(&typo).shows("unknown-variable");
}
