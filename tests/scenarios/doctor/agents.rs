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
fn where_nothing_can_be_asked_the_exit_code_is_3_and_the_message_says_what_to_do() {
    let cluster = Cluster::of(1);
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let silent = Found::by(&Pass::bare().at(NOBODY_LISTENS).args(["--consul-service-name", "redis"]));
    assert_eq!((silent.status, silent.stdout.as_str()), (3, ""));
    assert!(silent.stderr.contains("is the agent running there?"), "{silent:?}");
    let nothing = Found::by(&Pass::bare().on(one.node));
    assert!(
        nothing.status == 3 && nothing.stderr.contains("name the service with --consul-service-name"),
        "{nothing:?}"
    );
    cluster.server().kill();
    wait_for("the agent to see that no server leads", secs(60), || {
        let found = Found::of(&one, &["--timeout", "9s"]);
        let says = found.has("no-servers-leader") || !found.stderr.is_empty();
        if found.status == 3 && says { Ok(()) } else { Err(format!("{found:?}")) }
    });
}
