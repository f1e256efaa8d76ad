//! The cost of a pass: requests, connections and raft entries, counted and not timed.

use crate::harness::{Cluster, Health, Proxy, holds_for, secs, seen, shared, unique, wait_for};
use crate::stage::{Candidate, let_consul_run_all, wait_for_settled};

#[test]
fn a_steady_slave_makes_two_requests_and_a_steady_master_three_over_one_connection() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    for (candidate, expected) in [
        (
            &one,
            vec![
                format!("GET /v1/agent/health/service/id/{}", one.id),
                format!("GET /v1/kv/{}", one.key()),
                format!("GET /v1/query/{}/execute", one.query()),
            ],
        ),
        (&two, vec![format!("GET /v1/agent/health/service/id/{}", two.id), format!("GET /v1/kv/{}", two.key())]),
    ] {
        let proxy = Proxy::before(candidate.node);
        candidate.pass().through(&proxy).run();
        assert_eq!(proxy.lines(), expected);
        assert_eq!(proxy.connections(), 1);
    }
    // A slave that waits for a master costs no more.
    one.turn(Health::Critical);
    two.turn(Health::Critical);
    two.run();
    let proxy = Proxy::before(two.node);
    two.pass().through(&proxy).run();
    assert_eq!((proxy.lines().len(), proxy.connections()), (2, 1));
}

#[test]
fn an_instance_whose_tags_only_the_catalog_knows_costs_one_request_more() {
    let service = unique("redis");
    let one = Candidate::with(&service, &service, shared().nodes::<1>()[0], |body| {
        body["EnableTagOverride"] = true.into();
    });
    one.leads();
    let proxy = Proxy::before(one.node);
    one.said_by(&one.pass().through(&proxy).run(), 0);
    assert_eq!((proxy.requests().len(), proxy.connections()), (4, 1));
}

#[test]
fn a_hundred_steady_passes_on_every_node_write_no_raft_entry_create_no_session_and_log_nothing() {
    let cluster = Cluster::of(3);
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    candidates[0].leads();
    candidates[1].follows(&candidates[0]);
    candidates[2].follows(&candidates[0]);
    let sessions = cluster.server().api().sessions();
    let entries = cluster.quiet_raft_entries(|| {
        for _ in 0..100 {
            for candidate in &candidates {
                let outcome = candidate.pass().args(["--log-level", "info"]).run();
                assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
            }
        }
    });
    assert_eq!(entries, 0);
    assert_eq!(cluster.server().api().sessions(), sessions);
}

#[test]
fn a_settled_cluster_that_consul_runs_writes_no_raft_entry() {
    let cluster = Cluster::of(3);
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let_consul_run_all(&candidates, "1s", &[]);
    wait_for_settled(&candidates, &cluster.server().api());
    let said = || -> Vec<_> { candidates.iter().map(|one| one.node.api().check(&one.election_check())).collect() };
    wait_for("the checks to show their final output", secs(20), || {
        let settled = said().iter().flatten().all(|(_, line)| line.contains("master on") || line.contains("slave of"));
        seen(said(), |_| settled).map(drop)
    });
    let before = said();
    let entries = cluster.quiet_raft_entries(|| {
        holds_for("the line of every check", secs(6), || seen(said(), |said| *said == before).map(drop));
    });
    assert_eq!(entries, 0, "in six intervals on three nodes");
}

#[test]
fn the_same_state_prints_the_same_line() {
    let [one, two, three] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    three.turn(Health::Critical);
    for candidate in [&one, &two, &three] {
        let first = candidate.run();
        for _ in 0..10 {
            assert_eq!(candidate.run(), first);
        }
    }
}

#[test]
fn a_promotion_costs_a_bounded_number_of_requests_over_one_connection() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    one.said_by(&one.pass().through(&proxy).run(), 0);
    let first = proxy.lines();
    assert!(first.len() <= 23, "the very first promotion: {}\n{}", first.len(), first.join("\n"));
    assert_eq!(proxy.connections(), 1);
    one.node.api().service_maintenance(&one.id, true);
    one.run();
    one.node.api().service_maintenance(&one.id, false);
    proxy.clear();
    one.said_by(&one.pass().through(&proxy).run(), 0);
    assert!(proxy.lines().len() <= 18, "a later one:\n{}", proxy.lines().join("\n"));
    assert_eq!(proxy.connections(), 1);
}
