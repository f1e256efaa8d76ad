//! Which instances may lead: health checks, warnings, maintenance, and the election's own check, which must not count.

use serde_json::json;

use crate::harness::{Health, Pass, secs, seen, shared, wait_for};
use crate::stage::Candidate;

/// A check that may be the election's own, which has not run yet: no check of the instance is known to be that one.
const SILENT: &str = "critical without output; if it has not run yet, the next run takes part";

#[test]
fn a_slave_whose_check_is_critical_or_with_only_passing_in_warning_never_wins() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let strict = one.pass().arg("--only-passing");
    for (health, word, pass) in [
        (Health::Critical, SILENT, &one.pass()),
        (Health::Critical, SILENT, &strict),
        (Health::Warning, "warning", &strict),
    ] {
        one.turn(health);
        for _ in 0..3 {
            let said = one.said_by(&pass.run(), 0);
            assert_eq!(said, format!("slave, no master: check {} is {word}", one.ping()));
        }
        assert_eq!((one.sessions().len(), one.node.api().lock(&one.key())), (0, None));
    }
}

#[test]
fn a_master_in_warning_leads_and_is_found_by_dns_and_steps_down_with_only_passing() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let strict = one.pass().arg("--only-passing");
    one.turn(Health::Warning);
    one.leads();
    assert_eq!(one.node.dns(&format!("{}.query.consul", one.query())), [one.node.ip()]);
    assert_eq!(one.said_by(&strict.run(), 0), format!("slave, no master: check {} is warning", one.ping()));
    assert!(one.is_tagged("slave") && !one.is_tagged("master"));
}

#[test]
fn maintenance_of_the_instance_or_of_its_node_ends_the_lead_and_its_end_allows_it_again() {
    let cluster = crate::harness::Cluster::of(1);
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let api = one.node.api();
    one.leads();
    api.service_maintenance(&one.id, true);
    assert_eq!(one.run(), "slave, no master: the instance is in maintenance");
    assert!(!one.holds_the_lock() && one.is_tagged("slave"));
    api.service_maintenance(&one.id, false);
    one.leads();
    api.node_maintenance(true);
    assert_eq!(one.run(), "slave, no master: the node is in maintenance");
    assert!(!one.holds_the_lock() && one.is_tagged("slave"));
    api.node_maintenance(false);
    one.leads();
}

#[test]
fn a_check_of_the_node_counts_and_ends_the_session() {
    let cluster = crate::harness::Cluster::of(1);
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let api = one.node.api();
    api.register_check(&json!({"ID": "disk", "Name": "disk", "TTL": "1h", "Status": "passing"}));
    one.leads();
    api.set_check("disk", Health::Critical);
    assert_eq!(api.holder(&one.key()), None, "Consul itself ends the lead");
    assert_eq!(one.run(), format!("slave, no master: check disk is {SILENT}"));
}

#[test]
fn an_instance_without_any_check_run_by_hand_or_by_cron_leads_and_binds_to_its_node() {
    let service = crate::harness::unique("redis");
    let one = Candidate::with(&service, &service, shared().nodes::<1>()[0], |body| {
        body.as_object_mut().unwrap().remove("Check");
    });
    one.leads();
    let session = one.node.api().session(&one.sessions()[0]).unwrap();
    assert_eq!(session["NodeChecks"], json!(["serfHealth"]));
    assert_eq!(session["ServiceChecks"].as_array().map_or(0, Vec::len), 0);
}

#[test]
fn the_elections_own_check_is_known_by_its_output_and_does_not_count_whatever_its_status() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let own = format!("{}-own", one.id);
    api.register_check(&json!({"ID": own, "Name": "own", "ServiceID": one.id, "TTL": "1h"}));
    assert_eq!(one.run(), format!("slave, no master: check {own} is {SILENT}"), "before its first run it says nothing");
    let note = format!("/v1/agent/check/update/{own}");
    let output = format!("election {}: slave, no master: check {own} is critical", one.query());
    api.put(&note, &json!({"Status": "critical", "Output": output})).ok();
    one.leads();
    let session = api.session(&one.sessions()[0]).unwrap();
    assert_eq!(session["ServiceChecks"].as_array().unwrap().len(), 1, "not bound to the own check: {session}");
    // After Consul kills a run, the check's output is Consul's own; the lock's value still has the check's ID.
    assert_eq!(api.lock(&one.key()).unwrap().value["check_id"], own);
    api.put(&note, &json!({"Status": "critical", "Output": "Timed out (30s) running check"})).ok();
    one.leads();
}

#[test]
fn check_id_says_outright_which_check_is_the_elections_own() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let own = format!("{}-own", one.id);
    one.node.api().register_check(&json!({"ID": own, "Name": "own", "ServiceID": one.id, "TTL": "1h"}));
    let outcome = one.pass().args(["--check-id", &own]).run();
    assert!(one.said_by(&outcome, 0).starts_with("master on "), "in the first run already");
    let outcome = one.pass().args(["--check-id", "no-such"]).run();
    let said = one.said_by(&outcome, 1);
    assert!(said.contains("have no check no-such; they have ") && said.contains(&own), "{said}");
    assert!(one.holds_the_lock() && one.is_tagged("master"), "no role changed");
}

#[test]
fn a_first_run_under_consul_waits_one_run_and_then_leads() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.let_consul_run_it("1s", &Pass::of(&one.service).on(one.node));
    wait_for("the lead", secs(20), || seen(one.holds_the_lock(), |holds| *holds));
    let session = one.node.api().session(&one.sessions()[0]).unwrap();
    let bound: Vec<&str> =
        session["ServiceChecks"].as_array().unwrap().iter().filter_map(|c| c["ID"].as_str()).collect();
    assert_eq!(bound, [one.election_check(), one.ping()], "its own check is passing by then: {session}");
}

#[test]
fn of_several_failing_checks_the_same_one_is_always_named() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    for id in ["d", "a", "c", "b"] {
        let check = json!({"ID": format!("{}-{id}", one.id), "Name": id, "ServiceID": one.id, "TTL": "1h"});
        one.node.api().register_check(&check);
    }
    for _ in 0..20 {
        assert_eq!(one.run(), format!("slave, no master: check {}-a is {SILENT}", one.id));
    }
}
