//! What can be wrong with an instance and its checks.

use serde_json::json;

use crate::doctor::Found;
use crate::harness::{Health, Pass, secs, shared, unique, wait_for};
use crate::stage::{Candidate, LOCAL};

/// Two instances of one service that take part in its election; the first one is looked at.
fn pair() -> [Candidate<'static>; 2] {
    let [one, two, _] = shared().nodes::<3>();
    let candidates = Candidate::on_each([one, two]);
    for _ in 0..2 {
        for candidate in &candidates {
            candidate.said_by(&candidate.report(&candidate.pass()), 0);
        }
    }
    candidates
}

#[test]
fn a_right_instance_has_no_finding_and_each_trouble_of_its_checks_is_found() {
    let [one, two] = &pair();
    let doctor = |options: &[&str]| Found::of(one, options);
    let right = doctor(&[]);
    assert_eq!((right.status, right.wrong()), (0, vec![]), "{right:?}");
    assert_eq!(doctor(&["--check-id", &one.election_check()]).status, 0);
    doctor(&["--check-id", "other"]).shows("no-such-check");
    doctor(&["--check-id", &one.ping()]).shows("wrong-check");
    doctor(&["--consul-query-tag", "v2"]).shows("query-tag");
    assert!(!doctor(&["--consul-query-tag", "!v2"]).has("query-tag"));
    doctor(&["--consul-query-name", &unique("another")]).shows("not-run-yet");
    one.turn(Health::Warning);
    assert_eq!(doctor(&[]).shows("check-fails").status, 1);
    one.turn(Health::Critical);
    doctor(&[]).shows("check-fails");
    one.turn(Health::Passing);
    one.node.api().service_maintenance(&one.id, true);
    doctor(&[]).shows("maintenance");
    one.node.api().service_maintenance(&one.id, false);
    one.node.api().delete_check(&one.ping());
    doctor(&[]).shows("no-health-check");
    assert!(!doctor(&["--watch-port", "--watch-address", &one.node.address()]).has("no-health-check"));
    one.node.api().delete_check(&one.election_check());
    // Consul keeps an instance that the API has changed when its definition is removed.
    let deregister = format!("consul services deregister -id={}", one.id);
    let found = doctor(&[]).shows("nothing-runs");
    assert!(found.stdout.contains(&deregister), "{found:?}");
    let other = Found::of(two, &[]).shows("nothing-runs-there");
    assert!(other.stdout.contains(&deregister), "{other:?}");
    assert_eq!(other.wrong(), ["nothing-runs-there"], "{other:?}");
}

#[test]
fn a_port_that_is_watched_and_silent_or_unknown_is_found() {
    let [one, _two] = &pair();
    assert!(!Found::of(one, &["--watch-port", "--watch-address", &one.node.address()]).has("port-silent"));
    Found::of(one, &["--watch-port", "--watch-address", "127.0.0.1:1"]).shows("port-silent");
    // A service that is registered without an address is at its node's.
    let listener = std::net::TcpListener::bind((one.node.ip(), 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let here = Candidate::with(&unique("redis"), &unique("redis"), one.node, |body| body["Port"] = port.into());
    here.said_by(&here.report(&here.pass()), 0);
    assert!(!Found::of(&here, &["--watch-port"]).has("port-silent"));
    drop(listener);
    let found = Found::of(&here, &["--watch-port"]).shows("port-silent");
    assert!(found.stdout.contains(&format!("{}:{port}", one.node.ip())), "{found:?}");
    let service = unique("redis");
    let bare = Candidate::with(&service, &service, one.node, |body| body["Port"] = 0.into());
    Found::of(&bare, &["--watch-port"]).shows("port-unknown");
}

#[test]
fn an_instance_that_is_missing_ambiguous_or_of_another_kind_is_found() {
    let node = shared().nodes::<1>()[0];
    let service = unique("redis");
    let named = |options: &[&str]| {
        let named = ["--consul-service-name", &service];
        Found::by(&Pass::bare().on(node).args(named).args(options.iter().copied()))
    };
    named(&[]).shows("no-instance");
    let local = |body: &mut serde_json::Value| body["Address"] = "127.0.0.1".into();
    let first = Candidate::with(&service, &service, node, local);
    named(&[]).shows("local-address");
    let found = named(&["--consul-service-id", "none"]).shows("no-instance");
    assert!(found.stdout.contains("correct --consul-service-id"), "{found:?}");
    let second =
        Candidate::with(&service, &format!("{service}-2"), node, |body| body["Address"] = LOCAL.to_string().into());
    named(&[]).shows("several-instances");
    let found = named(&["--consul-service-id", &second.id]);
    assert!(!found.has("several-instances") && !found.has("local-address"), "{found:?}");
    node.api().delete_check(&first.ping());
    let left = named(&[]).shows("leftover-instance");
    assert!(!left.has("no-part") && !left.has("nothing-runs-there"), "{left:?}");
    let proxy = unique("proxy");
    node.api().register(&json!({"Name": proxy, "ID": proxy, "Kind": "connect-proxy", "Port": 1,
        "Proxy": {"DestinationServiceName": "redis"}}));
    Found::by(&Pass::bare().on(node).args(["--consul-service-name", &proxy])).shows("not-plain");
    node.api().deregister(&proxy);
}

#[test]
fn an_instance_of_another_election_is_found() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let other = unique("other");
    let pass = one.pass().args(["--consul-query-name", &other]);
    assert_eq!(pass.run().status, 0);
    let found = Found::of(&one, &[]).shows("other-election");
    assert!(found.stdout.contains(&format!("--consul-query-name {other}")), "{found:?}");
    assert!(!Found::of(&one, &["--consul-query-name", &other]).has("other-election"));
}

#[test]
fn an_election_check_that_reports_an_error_is_found_with_its_line() {
    let [one, _two] = &pair();
    assert!(!Found::of(one, &[]).has("election-fails"));
    one.report(&one.pass().args(["--check-id", "none"]));
    let found = Found::of(one, &[]).shows("election-fails");
    assert!(found.stdout.contains("correct --check-id"), "{found:?}");
    one.report(&one.pass());
    assert!(!Found::of(one, &[]).has("election-fails"));
}

#[test]
fn a_hook_that_fails_and_a_check_that_times_out_are_found_with_what_to_run() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let hook = ["--on-promote", "sh -c 'exit 3'"];
    one.report(&one.pass().args(hook));
    let unknown = Found::of(&one, &[]).shows("election-fails");
    assert!(unknown.stdout.contains("run the command of --on-promote by hand"), "{unknown:?}");
    let known = Found::of(&one, &hook).shows("election-fails");
    assert!(known.stdout.contains("until it exits with 0: sh -c exit 3"), "{known:?}");
    assert!(!known.stdout.contains("do what its line says"), "{known:?}");
    let api = one.node.api();
    api.report_check(&one.ping(), "critical", "Timed out (10s) running check");
    let found = Found::of(&one, &[]).shows("check-fails");
    assert!(found.stdout.contains("it printed: Timed out (10s) running check"), "{found:?}");
    assert!(found.stdout.contains("to see where it hangs"), "{found:?}");
    api.report_check(&one.ping(), "critical", "could not connect");
    let found = Found::of(&one, &[]).shows("check-fails");
    assert!(found.stdout.contains("it printed: could not connect"), "{found:?}");
    assert!(found.stdout.contains("mend what the check looks at"), "{found:?}");
    // Its mark names its check.
    one.turn(Health::Passing);
    for _ in 0..2 {
        one.report(&one.pass());
    }
    api.report_check(&one.election_check(), "critical", "Timed out (30s) running check");
    let killed = Found::of(&one, &[]).shows("election-fails");
    assert!(killed.stdout.contains("write a timeout of more than --wait and --timeout together"), "{killed:?}");
}

#[test]
fn a_program_that_the_agent_cannot_start_is_found() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    assert!(!Found::of(&one, &[]).has("cannot-start"));
    one.node.api().register_check(&json!({
        "ID": one.election_check(), "Name": "election", "ServiceID": one.id, "Interval": "1s",
        "Args": ["/nowhere/consul-master-election-tagger", "--consul-service-name", one.service],
    }));
    wait_for("the agent to try", secs(30), || {
        let found = Found::of(&one, &[]);
        if found.has("cannot-start") { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

#[test]
fn args_in_one_string_are_found_by_what_the_agent_says_of_the_check() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.node.api().register_check(&json!({
        "ID": one.election_check(), "Name": "election", "ServiceID": one.id, "Interval": "1s",
        "Args": [format!("consul-master-election-tagger --consul-service-name {} --wait 50s", one.service)],
    }));
    wait_for("the agent to try", secs(30), || {
        let found = Found::of(&one, &[]);
        let is_it = found.has("args-in-one-string") && !found.has("cannot-start");
        if is_it && found.stdout.contains("write each word as its own") { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

#[test]
fn an_election_check_of_the_node_is_found_by_what_it_prints() {
    let cluster = crate::harness::Cluster::of(1);
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let api = one.node.api();
    let report = |service_id: &str| {
        api.register_check(
            &json!({"ID": one.election_check(), "Name": "election", "ServiceID": service_id, "TTL": "1h"}),
        );
        api.report_check(&one.election_check(), "passing", &format!("{}\n", one.pass().run().line));
    };
    report("");
    let found = Found::of(&one, &[]).shows("node-check");
    assert!(found.stdout.contains(&format!("add service_id = \\\"{}\\\"", one.id)), "{found:?}");
    api.delete_check(&one.election_check());
    report(&one.id);
    assert!(!Found::of(&one, &[]).has("node-check"));
}

#[test]
fn a_check_that_the_agent_may_not_register_is_found() {
    let cluster = crate::harness::Cluster::with(1).acls().start();
    let node = cluster.nodes::<1>()[0];
    let one = Candidate { node, service: "redis".to_owned(), id: "redis".to_owned() };
    let token = node.api().token_with(&format!("{}\nnode_prefix \"\" {{ policy = \"read\" }}", one.rules()));
    let doctor = || Found::by(&Pass::bare().on(node).token(&token).args(["--consul-service-name", "redis"]));
    let write = |token: Option<&str>| {
        let check = json!({"id": one.ping(), "name": "ping", "ttl": "1h", "status": "passing"});
        let mut service = json!({"name": "redis", "port": 6379, "checks": [check]});
        if let Some(token) = token {
            service["token"] = token.into();
        }
        node.write_config("redis.json", json!({"service": service}));
        node.reload();
    };
    // The agent has no token of its own that may register the service.
    write(None);
    wait_for("the agent to have it and the catalog not", secs(30), || {
        let found = doctor();
        if found.has("not-in-catalog") && found.status == 2 { Ok(()) } else { Err(format!("{found:?}")) }
    });
    write(Some(&token));
    wait_for("the catalog to have it", secs(60), || {
        let found = doctor();
        if found.has("not-in-catalog") { Err(format!("{found:?}")) } else { Ok(()) }
    });
}
