//! The registration: every field survives, the tags follow the lock, and lost tags are restored.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Cluster, Node, Pass, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;

/// A registration with every field that an operator can set on a plain service.
fn everything(service: &str) -> Value {
    json!({
        "Name": service, "ID": service, "Address": "10.1.2.3", "Port": 6380, "Tags": ["v7", "rack=b", "Österreich"],
        "Meta": {"version": "7.0", "empty": "", "odd-key": "\"quoted\" \\ ü"},
        "TaggedAddresses": {"lan": {"Address": "10.1.2.3", "Port": 6380}, "wan": {"Address": "198.51.100.7", "Port": 16380},
            "virtual": {"Address": "240.0.0.9", "Port": 1}},
        "Weights": {"Passing": 10, "Warning": 3}, "Connect": {"Native": true},
    })
}

fn passes_leave_the_rest(one: &Candidate, expected_tags: [&str; 3]) {
    let before = one.rest_of_registration();
    assert_eq!(before["Meta"]["version"], "7.0", "{before}");
    assert_eq!(before["Weights"]["Passing"], 10);
    one.leads();
    assert_eq!(one.tags(), [expected_tags.as_slice(), &["master"]].concat());
    assert_eq!(one.rest_of_registration(), before);
    one.node.api().service_maintenance(&one.id, true);
    one.run();
    assert_eq!(one.tags(), [expected_tags.as_slice(), &["slave"]].concat());
    assert_eq!(one.rest_of_registration(), before);
    one.node.api().service_maintenance(&one.id, false);
}

#[test]
fn every_field_of_a_registration_survives_promotion_and_demotion() {
    for override_tags in [false, true] {
        let service = unique("redis");
        let one = Candidate::with(&service, &service, shared().nodes::<1>()[0], |body| {
            *body = everything(&service);
            body["EnableTagOverride"] = json!(override_tags);
        });
        passes_leave_the_rest(&one, ["v7", "rack=b", "Österreich"]);
        let catalog = one.node.api().catalog(&service).remove(0);
        assert_eq!(catalog["ServiceEnableTagOverride"], override_tags);
        assert_eq!(catalog["ServiceMeta"]["odd-key"], "\"quoted\" \\ ü");
        assert_eq!(catalog["ServiceTaggedAddresses"]["wan"]["Port"], 16380);
        assert_eq!(catalog["ServiceConnect"]["Native"], true);
    }
}

#[test]
fn a_locality_survives_where_consul_knows_it() {
    let service = unique("redis");
    let node = shared().nodes::<1>()[0];
    let body = json!({"Name": service, "Meta": {"version": "7.0"}, "Weights": {"Passing": 10, "Warning": 1},
        "Locality": {"Region": "eu", "Zone": "b"}});
    let answer = node.api().put("/v1/agent/service/register", &body);
    if answer.status == 400 {
        assert!(answer.text.contains("Locality"), "1.8.7 does not know the field: {}", answer.text);
        return;
    }
    let one = Candidate { node, service: service.clone(), id: service };
    one.leads();
    assert_eq!(node.api().local(&one.id)["Locality"], json!({"Region": "eu", "Zone": "b"}));
}

/// Returns a service from a configuration file, with the file format's JSON keys.
fn file_service(node: &Node, service: &str, override_tags: bool, interval: &str, pass: &Pass) {
    file_service_with(node, service, override_tags, interval, &pass.check_args());
}

/// As [`file_service`], with the arguments of the check's command.
fn file_service_with(node: &Node, service: &str, override_tags: bool, interval: &str, args: &[String]) {
    node.write_config(
        &format!("{service}.json"),
        json!({"service": {
            "name": service, "id": service, "port": 6380, "tags": ["v7", "rack=b", "x"],
            "meta": {"version": "7.0"}, "weights": {"passing": 10, "warning": 3},
            "tagged_addresses": {"wan": {"address": "198.51.100.7", "port": 16380}},
            "enable_tag_override": override_tags,
            "checks": [{"id": format!("{service}-election"), "name": "election", "args": args,
                "interval": interval, "timeout": "30s"}],
        }}),
    );
    node.reload();
}

#[test]
fn a_service_from_a_file_keeps_every_field_and_a_reload_heals_within_one_pass() {
    let cluster = Cluster::of(1);
    let node = cluster.nodes::<1>()[0];
    cluster.settle();
    for override_tags in [false, true] {
        let service = unique("redis");
        // Consul never runs the check by itself here: its first run comes after a random part of the interval.
        let pass = Pass::of(&service).on(node);
        file_service(node, &service, override_tags, "1h", &pass.clone().args(["--log-level", "warn"]));
        let one = Candidate { node, service: service.clone(), id: service };
        let own = one.election_check();
        let run = || one.said_by(&pass.clone().args(["--check-id", &own]).run(), 0);
        assert!(run().starts_with("master on "));
        let before = one.rest_of_registration();
        assert_eq!(before["TaggedAddresses"]["wan"]["Port"], 16380, "{before}");
        for _ in 0..3 {
            node.reload();
            assert!(!one.node.api().local_tags(&one.id).contains(&"master".to_owned()), "the reload wipes the tag");
            let session = node.api().holder(&one.key());
            assert!(run().starts_with("master on "));
            assert!(one.is_tagged("master") && !one.is_tagged("slave"), "{:?}", one.tags());
            assert_eq!(node.api().holder(&one.key()), session, "the lead was never lost");
            assert_eq!(one.rest_of_registration(), before);
        }
    }
}

#[test]
fn a_service_whose_file_is_removed_stays_without_checks_until_it_is_deregistered_too() {
    // No pass can prevent this: an agent persists everything that is registered through its API, and there is no other
    // way to set a tag. The documentation says so. If a later Consul behaves differently, this test shows it.
    let cluster = Cluster::of(1);
    let node = cluster.nodes::<1>()[0];
    let service = unique("redis");
    let pass = Pass::of(&service).on(node);
    file_service(node, &service, false, "1h", &pass);
    let one = Candidate { node, service: service.clone(), id: service };
    one.said_by(&pass.clone().args(["--check-id", &one.election_check()]).run(), 0);
    node.remove_config(&format!("{}.json", one.service));
    node.reload();
    assert_eq!((one.tags().last().unwrap().as_str(), node.api().check(&one.election_check())), ("master", None));
    node.api().deregister(&one.id);
    node.reload();
    assert_eq!(node.api().tags(&one.service), []);
}

#[test]
fn a_reload_is_healed_by_the_check_itself() {
    let cluster = Cluster::of(1);
    let node = cluster.nodes::<1>()[0];
    cluster.settle();
    let service = unique("redis");
    // A run continues while the gate is open; otherwise it reports that it waits.
    let (gate, waits) = (node.directory().join("open"), node.directory().join("waits"));
    fs::write(&gate, "").unwrap();
    let script =
        format!("while [ ! -e '{}' ]; do : >'{}'; sleep 0.02; done; exec \"$@\"", gate.display(), waits.display());
    let mut args = ["/bin/sh", "-c", &script, "run"].map(str::to_owned).to_vec();
    args.extend(Pass::of(&service).on(node).check_args());
    file_service_with(node, &service, false, "1s", &args);
    let one = Candidate { node, service: service.clone(), id: service };
    let name = format!("{}.query.consul", one.query());
    let leads = || {
        wait_for("the tag", secs(20), || seen(one.tags_now(), |tags| tags.iter().any(|tag| tag == "master")).map(drop));
        wait_for("the name", secs(20), || seen(node.dns(&name), |found| *found == [node.ip()]).map(drop));
    };
    wait_for("the lead", secs(20), || seen(node.api().holder(&one.key()), Option::is_some).map(drop));
    leads();
    let term = node.api().lock(&one.key()).unwrap().lock_index;
    fs::remove_file(&gate).unwrap();
    // Runs of one check never overlap, so when one waits, the previous one has ended.
    wait_for("a run to wait", secs(20), || seen(waits.exists(), |waits| *waits).map(drop));
    node.reload();
    assert!(!node.api().local_tags(&one.id).contains(&"master".to_owned()), "the reload wipes the tag");
    wait_for("the name to be gone", secs(20), || seen(node.dns(&name), Vec::is_empty).map(drop));
    fs::write(&gate, "").unwrap();
    leads();
    assert_eq!(node.api().lock(&one.key()).unwrap().lock_index, term, "and the lead was not lost");
}

#[test]
fn two_elections_that_share_a_lock_key_report_it_and_write_nothing() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let other = format!("{}-writer", one.service);
    let lock = one.node.api().lock(&one.key());
    for _ in 0..2 {
        let arguments =
            ["--consul-query-name", &other, "--lock-key", &one.key(), "--master-tag", "w", "--slave-tag", "r"];
        let outcome = Pass::of(&one.service).on(one.node).args(arguments).run();
        assert_eq!(outcome.status, 1, "{outcome:?}");
        assert!(
            outcome.line.contains(&format!("belongs to election {} of this same instance", one.query())),
            "{outcome:?}"
        );
        one.leads();
    }
    assert_eq!((one.node.api().lock(&one.key()), one.sessions().len()), (lock, 1));
}

#[test]
fn role_tags_of_any_case_or_both_at_once_become_exactly_one() {
    let service = unique("redis");
    let one = Candidate::with(&service, &service, shared().nodes::<1>()[0], |body| {
        body["Tags"] = json!(["MASTER", "a", "slave", "master"]);
    });
    one.leads();
    assert_eq!(one.tags(), ["master", "a"]);
}

#[test]
fn two_instances_of_one_service_on_one_node_elect_one_of_them() {
    let service = unique("redis");
    let node = shared().nodes::<1>()[0];
    let one = Candidate::with(&service, &format!("{service}/\"a b\""), node, |_| {});
    let two = Candidate::with(&service, &format!("{service}-2"), node, |body| body["Port"] = json!(6380));
    one.leads();
    assert_eq!(two.run(), format!("slave of {} ({}:6379)", node.name(), node.ip()));
    assert!(two.is_tagged("slave") && one.is_tagged("master"));
    node.api().service_maintenance(&one.encoded_id(), true);
    one.run();
    two.leads();
    let outcome = Pass::of(&service).on(node).run();
    let said = two.said_by(&outcome, 1);
    assert!(said.contains(&format!("several instances of service {service}: {}, {}", two.id, one.id)), "{said}");
    let outcome = Pass::of(&service).on(node).args(["--consul-service-id", "other"]).run();
    let said = two.said_by(&outcome, 1);
    assert!(said.contains("no instance other of service") && said.contains(&two.id), "{said}");
}

#[test]
fn two_elections_on_one_instance_do_not_touch_each_other() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let query = format!("{}-writer", one.service);
    let second = |candidate: &Candidate| {
        let tags = ["--consul-query-name", &query, "--master-tag", "writer", "--slave-tag", "reader"];
        Pass::of(&candidate.service).on(candidate.node).args(tags).run()
    };
    one.leads();
    two.follows(&one);
    assert!(second(&two).line.starts_with(&format!("election {query}: master on n2")));
    assert!(second(&one).line.starts_with(&format!("election {query}: slave of n2")));
    two.follows(&one);
    assert_eq!(
        (one.tags(), two.tags()),
        (vec!["master".into(), "reader".into()], vec!["slave".into(), "writer".into()])
    );
    assert_eq!(one.node.dns(&format!("{}.query.consul", one.query())), [one.node.ip()]);
    assert_eq!(one.node.dns(&format!("{query}.query.consul")), [two.node.ip()]);
}

#[test]
fn no_such_service_is_an_error_that_names_those_there_are() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let outcome = Pass::of("no-such-service").on(one.node).run();
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.line.contains("no instance of service no-such-service; it has "), "{outcome:?}");
    assert!(outcome.line.contains(&one.service), "{outcome:?}");
}

#[test]
fn a_proxy_is_refused_since_its_registration_cannot_be_written_back() {
    let service = unique("proxy");
    let node = shared().nodes::<1>()[0];
    let one = Candidate::with(&service, &service, node, |body| {
        *body = json!({"Name": service, "ID": service, "Kind": "connect-proxy", "Port": 1,
            "Proxy": {"DestinationServiceName": "redis"}});
    });
    let before = node.api().local(&one.id);
    let said = one.said_by(&one.pass().run(), 1);
    assert!(said.contains("is a connect-proxy"), "{said}");
    assert_eq!(node.api().local(&one.id), before);
}
