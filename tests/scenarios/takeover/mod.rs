//! The tags move with the lock: the transaction that takes it also takes the tag of the former master, whose own run need not come first.

mod cost;
mod kills;
mod owners;
mod returns;
mod rights;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Fault, Health, Proxy, Scripts, shared, unique};
use crate::stage::{Candidate, tries_the_lock};

/// Ends the lead of an instance whose own run does not notice: its session ends, and it stays healthy.
pub fn end_the_lead(one: &Candidate) {
    for session in one.sessions() {
        one.node.api().destroy_session(&session);
    }
}

/// Returns an instance's whole catalog entry, without what an election may change there and without the raft indexes.
pub fn rest_of_entry(one: &Candidate) -> Value {
    let entries = one.node.api().catalog(&one.service);
    let own = entries.into_iter().find(|entry| entry["Node"] == one.node.name() && entry["ServiceID"] == *one.id);
    let mut entry = own.expect("the instance is in the catalog");
    let fields = entry.as_object_mut().unwrap();
    fields.remove("ModifyIndex");
    let tags = fields["ServiceTags"].as_array_mut().unwrap();
    tags.retain(|tag| tag != "master" && tag != "slave");
    if let Some(meta) = fields["ServiceMeta"].as_object_mut() {
        meta.retain(|key, _| !key.starts_with(&format!("election-{}-", one.query())));
    }
    entry
}

/// Returns the instance's keys of its election in the catalog's Meta, without the prefix.
pub fn keys(one: &Candidate) -> Vec<String> {
    let entries = one.node.api().catalog(&one.service);
    let own = entries.into_iter().find(|entry| entry["Node"] == one.node.name() && entry["ServiceID"] == *one.id);
    let prefix = format!("election-{}-", one.query());
    let meta = own.unwrap()["ServiceMeta"].take();
    meta.as_object().into_iter().flatten().filter_map(|(key, _)| key.strip_prefix(&prefix).map(str::to_owned)).collect()
}

/// Returns why the last takeover left the former master's tag, as the lock's value has it.
pub fn alone(one: &Candidate) -> Value {
    one.node.api().lock(&one.key()).unwrap().value["alone"].clone()
}

/// Checks that the catalog calls the instance a slave and has nothing of a master there.
pub fn is_slave(one: &Candidate, when: &str) {
    assert!(one.is_tagged("slave") && !one.is_tagged("master"), "{when}: {:?}", one.tags());
    assert_eq!(keys(one), ["mark"], "{when}");
}

#[test]
fn the_transaction_that_takes_the_lock_takes_the_tag_and_the_own_run_of_the_former_master_follows() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    end_the_lead(&one);
    let proxy = Proxy::before(two.node);
    let (api, service) = (shared().server().api(), one.service.clone());
    let tagged = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&tagged);
    proxy.fail(move |request, _| {
        // The requests that follow the transaction find one master.
        if request.line() == "POST /v1/query" || request.path.ends_with("/service/register") {
            assert_eq!(api.nodes_tagged(&service, "master"), ["n2"]);
            seen.fetch_add(1, Ordering::SeqCst);
        }
        None::<Fault>
    });
    assert!(two.said_by(&two.pass().through(&proxy).run(), 0).starts_with("master on n2"));
    let requests = proxy.requests();
    assert_eq!(requests.iter().filter(|request| tries_the_lock(request)).count(), 1, "{:?}", proxy.lines());
    assert_eq!(tagged.load(Ordering::SeqCst), 2, "the query and the registration: {:?}", proxy.lines());
    is_slave(&one, "in the catalog");
    assert_eq!(one.node.api().local_tags(&one.id), ["master"], "its own run has not been there");
    assert!(two.is_tagged("master") && two.holds_the_lock());
    assert_eq!(alone(&two), Value::Null);
    one.follows(&two);
    assert_eq!(one.node.api().local_tags(&one.id), ["slave"]);
    let whole = two.node.api().lock(&two.key());
    two.leads();
    assert_eq!(two.node.api().lock(&two.key()), whole, "nothing is left to do");
}

/// Fields that a registration can have, by what a transaction would make of them.
fn registrations() -> [(&'static str, Value); 6] {
    [
        ("bare", json!({"Port": 0})),
        ("with an address", json!({"Address": "127.0.0.9"})),
        (
            "with Meta and weights",
            json!({"Meta": {"a": "b", "c": ""}, "Weights": {"Passing": 7, "Warning": 0}, "Tags": ["x", "y"]}),
        ),
        (
            "with tagged addresses",
            json!({"TaggedAddresses": {"lan": {"Address": "127.0.0.9", "Port": 1}, "wan": {"Address": "::1", "Port": 2}}}),
        ),
        ("overridden", json!({"EnableTagOverride": true, "Tags": ["b", "a", "b"]})),
        ("for connect", json!({"Connect": {"Native": true}})),
    ]
}

pub fn pair_of<'a>(fields: &Value) -> [Candidate<'a>; 2] {
    let service = unique("redis");
    let [n1, n2] = shared().nodes::<2>();
    [n1, n2].map(|node| {
        Candidate::with(&service, &service, node, |body| {
            for (field, value) in fields.as_object().unwrap() {
                body[field] = value.clone();
            }
        })
    })
}

#[test]
fn every_field_of_both_catalog_entries_survives_a_takeover() {
    for (how, fields) in registrations() {
        let [one, two] = pair_of(&fields);
        one.leads();
        two.follows(&one);
        for (old, new) in [(&one, &two), (&two, &one), (&one, &two)] {
            let before = [rest_of_entry(old), rest_of_entry(new)];
            end_the_lead(old);
            new.leads();
            is_slave(old, how);
            assert_eq!([rest_of_entry(old), rest_of_entry(new)], before, "{how}");
            old.follows(new);
            assert_eq!([rest_of_entry(old), rest_of_entry(new)], before, "{how}");
        }
    }
}

#[test]
fn an_instance_without_checks_gives_its_tag_up_with_the_lock() {
    let service = unique("redis");
    let [n1, n2] = shared().nodes::<2>();
    let [one, two] = [n1, n2].map(|node| {
        Candidate::with(&service, &service, node, |body| {
            body.as_object_mut().unwrap().remove("Check");
        })
    });
    one.leads();
    two.follows(&one);
    end_the_lead(&one);
    two.leads();
    is_slave(&one, "without checks");
    one.follows(&two);
}

#[test]
fn with_tags_that_the_catalog_overrides_agent_and_catalog_agree_after_both_runs() {
    let [one, two] = pair_of(&json!({"EnableTagOverride": true}));
    for options in [&[][..], &["--no-fence"]] {
        let run = |candidate: &Candidate| candidate.said_by(&candidate.pass().args(options.iter().copied()).run(), 0);
        run(&one);
        run(&two);
        for (old, new) in [(&one, &two), (&two, &one)] {
            end_the_lead(old);
            assert!(run(new).starts_with("master on "));
            assert!(run(old).starts_with("slave of "));
            for (candidate, tag) in [(old, "slave"), (new, "master")] {
                assert_eq!(candidate.tags(), [tag], "{options:?}");
                assert_eq!(candidate.node.api().local_tags(&candidate.id), [tag], "{options:?}");
                // The agent writes its own tags into the catalog with the next change of a check.
                candidate.turn(Health::Warning);
                assert_eq!(candidate.tags(), [tag], "{options:?}");
                candidate.turn(Health::Passing);
            }
        }
    }
}

#[test]
fn a_takeover_in_one_election_of_an_instance_leaves_its_other_election_alone() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let other = format!("{}-writer", one.service);
    let options = ["--consul-query-name", &other, "--master-tag", "writer", "--slave-tag", "reader"];
    let writer = |candidate: &Candidate| candidate.pass().args(options).run();
    one.leads();
    assert!(writer(&one).line.contains("master on n1"));
    two.follows(&one);
    assert!(writer(&two).line.contains("slave of n1"));
    let first = one.node.api().holder(&one.key()).unwrap();
    one.node.api().destroy_session(&first);
    two.leads();
    assert_eq!(one.tags(), ["slave", "writer"]);
    assert_eq!(two.tags(), ["master", "reader"]);
    let marks = one.node.api().catalog(&one.service).remove(0)["ServiceMeta"].take();
    assert!(!marks[format!("election-{other}-session")].is_null(), "{marks}");
    assert!(writer(&one).line.contains("master on n1"));
    one.follows(&two);
    let session = one.node.api().holder(&format!("service/{other}/leader")).unwrap();
    one.node.api().destroy_session(&session);
}

#[test]
fn a_master_of_another_election_of_the_same_service_and_tag_keeps_its_tag() {
    let [one, two, three] = Candidate::on_each(shared().nodes::<3>());
    let shard = |candidate: &Candidate, name: &str| {
        let query = format!("{}-{name}", candidate.service);
        candidate.pass().args(["--consul-query-name", &query]).run().line
    };
    assert!(shard(&one, "a").contains("master on n1"));
    assert!(shard(&two, "b").contains("master on n2"));
    assert!(shard(&three, "b").contains("slave of n2"));
    let session = two.node.api().holder(&format!("service/{}-b/leader", two.service)).unwrap();
    two.node.api().destroy_session(&session);
    assert!(shard(&three, "b").contains("master on n3"));
    assert_eq!(one.node.api().nodes_tagged(&one.service, "master"), ["n1", "n3"]);
    for shard in ["a", "b"] {
        let session = one.node.api().holder(&format!("service/{}-{shard}/leader", one.service)).unwrap();
        one.node.api().destroy_session(&session);
    }
}

#[test]
fn a_value_that_was_overwritten_or_deleted_does_not_keep_the_former_master_from_being_found() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    for (old, new, value) in [(&one, &two, Some("not JSON")), (&two, &one, Some("{}")), (&one, &two, None)] {
        match value {
            Some(value) => old.node.api().put_key(&old.key(), value),
            None => old.node.api().delete_key(&old.key()),
        }
        end_the_lead(old);
        new.leads();
        is_slave(old, &format!("{value:?}"));
        assert_eq!(alone(new), Value::Null);
        old.follows(new);
    }
}

#[test]
fn with_a_promote_hook_the_former_tag_goes_with_the_lock_and_the_own_one_comes_after_the_hook() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(two.node);
    one.leads();
    two.follows(&one);
    end_the_lead(&one);
    let pass = two.pass().args(["--on-promote", &scripts.gate("promote")]).spawn();
    scripts.wait_for_runs("promote", 1);
    assert_eq!(one.node.api().nodes_tagged(&one.service, "master"), [] as [&str; 0]);
    is_slave(&one, "during the hook");
    assert!(two.holds_the_lock());
    scripts.open("promote");
    assert!(two.said_by(&pass.wait(), 0).starts_with("master on n2"));
    assert_eq!(one.node.api().nodes_tagged(&one.service, "master"), ["n2"]);
}

#[test]
fn a_former_master_with_hooks_runs_them_though_its_tag_is_gone_already() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(one.node);
    let hooks = [("--on-demote", scripts.noting("demote")), ("--on-follow", scripts.noting("follow"))];
    let pass = one.pass().args(hooks.iter().flat_map(|(option, command)| [*option, command.as_str()]));
    assert!(one.said_by(&pass.run(), 0).starts_with("master on n1"));
    let before = (scripts.count("demote"), scripts.count("follow"));
    two.follows(&one);
    end_the_lead(&one);
    two.leads();
    assert!(one.said_by(&pass.run(), 0).starts_with("slave of n2"));
    assert!(one.said_by(&pass.run(), 0).starts_with("slave of n2"));
    assert_eq!((scripts.count("demote"), scripts.count("follow")), (before.0 + 1, before.1 + 1));
}
