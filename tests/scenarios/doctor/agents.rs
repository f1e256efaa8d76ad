//! What can be wrong with an agent and its DNS.

use serde_json::json;

use crate::doctor::Found;
use crate::harness::{Cluster, Fault, NOBODY_LISTENS, Pass, Proxy, secs, shared, wait_for};
use crate::stage::Candidate;

#[test]
fn each_setting_of_an_agent_that_harms_an_election_is_found() {
    let dns = json!({"only_passing": true, "use_cache": true, "soa": {"min_ttl": 30}, "service_ttl": {"*": "10s"}});
    let cluster = Cluster::with(1)
        .client_config(json!({"enable_local_script_checks": false, "enable_script_checks": false,
            "discard_check_output": true, "dns_config": dns}))
        .server_config(json!({"check_output_max_size": 200, "session_ttl_min": "30s"}))
        .start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let found = Found::of(&one, &[]);
    for name in ["scripts-disabled", "output-discarded", "dns-only-passing", "dns-cache", "negative-ttl", "service-ttl"]
    {
        assert!(found.has(name), "no {name}: {found:?}");
    }
    assert_eq!(found.status, 2);
    assert!(!Found::of(&one, &["--query-ttl", "0s"]).has("service-ttl"));
    let server = Candidate::alone(cluster.server());
    let found = Found::of(&server, &["--ttl", "10s"]).shows("ttl-below-minimum");
    assert!(found.has("output-cut"), "{found:?}");
    let right = Found::of(&server, &["--ttl", "30s"]);
    for name in ["ttl-below-minimum", "dns-only-passing", "dns-cache", "negative-ttl", "service-ttl", "stale-dns"] {
        assert!(!right.has(name), "{name}: {right:?}");
    }
    let ordinary = Candidate::alone(shared().nodes::<1>()[0]);
    let right = Found::of(&ordinary, &[]);
    assert!(!right.has("scripts-disabled") && !right.has("output-discarded") && !right.has("output-cut"), "{right:?}");
}

#[test]
fn dns_that_finds_nobody_is_found_whatever_the_token_may_read_of_the_agent() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let token =
        cluster.server().api().token_with(&format!("{}\nnode_prefix \"\" {{ policy = \"read\" }}", one.rules()));
    one.said_by(&one.report(&one.pass().token(&token)), 0);
    let doctor = || Found::by(&Pass::bare().on(one.node).token(&token).args(["--consul-service-name", &one.service]));
    // The agent answers DNS by the rights of its own token or of the anonymous one, which sees nothing.
    let found = doctor();
    assert!(found.has("settings-hidden") && found.has("name-disagrees"), "{found:?}");
    cluster
        .server()
        .api()
        .allow_anonymous("service_prefix \"\" { policy = \"read\" }\nnode_prefix \"\" { policy = \"read\" }");
    wait_for("DNS to find the master", secs(60), || {
        let found = doctor();
        if found.has("name") && !found.has("name-disagrees") { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

#[test]
fn an_agent_whose_dns_is_switched_off_is_found() {
    let cluster = Cluster::with(1).client_config(json!({"ports": {"dns": -1}})).start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let found = Found::of(&one, &[]).shows("dns-off");
    assert!(!found.has("dns-silent"), "{found:?}");
    assert!(!Found::of(&Candidate::alone(shared().nodes::<1>()[0]), &[]).has("dns-off"));
}

#[test]
fn several_servers_of_which_one_may_lag_are_a_note() {
    let cluster = Cluster::with(1).servers(3).start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let found = Found::of(&one, &[]);
    assert!(found.findings.contains(&("note".to_owned(), "stale-dns".to_owned())), "{found:?}");
}

#[test]
fn a_question_without_an_answer_is_named_and_everything_else_is_still_examined() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    let doctor = || Found::by(&Pass::bare().through(&proxy).args(["--consul-service-name", &one.service]));
    let whole = doctor();
    assert!(!whole.has("not-asked") && whole.has("query"), "{whole:?}");
    proxy.fail(|request, _| request.path.starts_with("/v1/health/service").then_some(Fault::Garbage));
    let found = doctor();
    assert!(found.has("not-asked") && found.has("query") && !found.has("no-other-candidate"), "{found:?}");
    assert_eq!(found.status, 3, "{found:?}");
}

#[test]
fn an_agent_that_runs_no_script_checks_is_found_where_it_shows_no_election() {
    let cluster = Cluster::with(1)
        .client_config(json!({"enable_local_script_checks": false, "enable_script_checks": false}))
        .start();
    let node = cluster.nodes::<1>()[0];
    let check = json!({"args": ["consul-master-election-tagger", "--consul-service-name", "redis"], "interval": "5s"});
    node.write_config("redis.json", json!({"service": {"name": "redis", "checks": [check]}}));
    // The agent refuses the definition, and so has neither the service nor the check.
    assert_ne!(node.api().request("PUT", "/v1/agent/reload", None).unwrap().status, 200);
    let found = Found::by(&Pass::bare().on(node)).shows("scripts-disabled");
    assert!(found.stdout.contains("enable_local_script_checks = true"), "{found:?}");
    assert!(!Found::by(&Pass::bare().on(shared().nodes::<1>()[0])).has("scripts-disabled"));
}

#[test]
fn on_the_agent_of_a_server_the_missing_instance_comes_first_and_nothing_that_follows_from_it_shows() {
    let cluster = Cluster::with(1)
        .server_config(json!({"enable_local_script_checks": false, "enable_script_checks": false}))
        .start();
    let (one, server) = (Candidate::alone(cluster.nodes::<1>()[0]), cluster.server());
    one.leads();
    let doctor = |service: &str| Found::by(&Pass::bare().on(server).args(["--consul-service-name", service]));
    let found = doctor(&one.service).shows("no-instance");
    assert_eq!(found.findings[0].1, "no-instance", "{found:?}");
    assert!(found.stdout.contains(&format!("with --http-addr: {}", one.node.name())), "{found:?}");
    assert_eq!(found.wrong(), ["no-instance"], "{found:?}");
    // A server's agent that runs no checks may still be why the service is nowhere.
    let nowhere = doctor("nowhere").shows("scripts-disabled");
    assert_eq!(nowhere.findings[0].1, "no-instance", "{nowhere:?}");
    let own = Found::of(&one, &[]);
    assert!(!own.has("no-instance") && !own.has("scripts-disabled"), "{own:?}");
}

#[test]
fn an_error_of_the_servers_does_not_end_doctor_and_is_to_be_tried_again_by_hand() {
    let cluster = Cluster::with(1).client_config(json!({"dns_config": {"only_passing": true}})).start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    let doctor = |service: &[&str]| Found::by(&Pass::bare().through(&proxy).args(service.iter().copied()));
    let named = ["--consul-service-name", one.service.as_str()];
    assert!(!doctor(&named).has("not-asked"));
    proxy.fail(|request, _| request.path.starts_with("/v1/status/leader").then_some(Fault::Status(500, "rpc error")));
    for service in [&named[..], &[]] {
        let found = doctor(service);
        assert!(found.status == 3 && found.has("not-asked") && found.has("agent"), "{found:?}");
        assert!(found.stdout.contains("run doctor again") && !found.stdout.contains("the next run"), "{found:?}");
    }
    // Nothing is known of an agent that does not even answer this.
    proxy.fail(|_, _| Some(Fault::Status(500, "rpc error")));
    let found = doctor(&named);
    assert!(found.status == 3 && found.stdout.is_empty(), "{found:?}");
    assert!(found.stderr.trim_end().ends_with("; run doctor again"), "{found:?}");
}

#[test]
fn an_agent_that_hangs_costs_its_time_limit_once() {
    let cluster = Cluster::of(1);
    let node = cluster.nodes::<1>()[0];
    node.pause();
    let begin = std::time::Instant::now();
    let found = Found::by(&Pass::bare().on(node).args(["--consul-service-name", "redis", "--timeout", "6s"]));
    let took = begin.elapsed();
    node.resume();
    assert!(found.status == 3 && found.stderr.contains("no answer within 6s"), "{found:?}");
    assert!(took < secs(11), "{took:?}");
}

#[test]
fn what_keeps_several_questions_from_an_answer_is_said_once() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    let doctor = || Found::by(&Pass::bare().through(&proxy).args(["--consul-service-name", &one.service]));
    proxy.fail(|request, _| {
        let is_passed_on = ["/v1/health/", "/v1/kv/", "/v1/query"].iter().any(|path| request.path.starts_with(path));
        is_passed_on.then_some(Fault::Status(500, "rpc error getting client: failed to get conn: EOF"))
    });
    let found = doctor();
    assert_eq!(found.findings.iter().filter(|(_, name)| name == "not-asked").count(), 1, "{found:?}");
    assert!(found.stdout.contains("Consul's servers do not answer the agent: cannot "), "{found:?}");
    proxy.fail(|request, _| request.path.starts_with("/v1/health/").then_some(Fault::Status(500, "something else")));
    let found = doctor();
    assert!(found.has("not-asked") && !found.stdout.contains("servers do not answer"), "{found:?}");
}

#[test]
fn where_nothing_can_be_asked_the_exit_code_is_3_and_the_message_says_what_to_do() {
    let cluster = Cluster::of(1);
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let silent = Found::by(&Pass::bare().at(NOBODY_LISTENS).args(["--consul-service-name", "redis"]));
    assert_eq!((silent.status, silent.stdout.as_str()), (3, ""));
    assert!(silent.stderr.contains("is the agent running there?"), "{silent:?}");
    let nothing = Found::by(&Pass::bare().on(one.node));
    assert!(nothing.status == 3 && nothing.has("no-election-named") && nothing.has("agent"), "{nothing:?}");
    assert!(nothing.stdout.contains("name the service with --consul-service-name"), "{nothing:?}");
    assert!(!Found::of(&one, &[]).has("no-election-named"));
    cluster.server().kill();
    wait_for("the agent to see that no server leads", secs(60), || {
        let found = Found::of(&one, &["--timeout", "9s"]);
        // The agent says either that they have no leader, or that it knows no server.
        let says = found.has("no-servers-leader") || found.has("not-asked");
        if found.status == 3 && says { Ok(()) } else { Err(format!("{found:?}")) }
    });
}
