//! The options that set more on the prepared query than what finds the master, and the settings they leave to an
//! operator.

use serde_json::{Value, json};

use crate::harness::{Cluster, Proxy, secs, seen, shared, wait_for};
use crate::stage::Candidate;

fn query(one: &Candidate) -> Value {
    one.node.api().query(&one.query()).unwrap()
}

/// Returns the settings of a query that these options change.
fn settings(query: &Value) -> [Value; 3] {
    [&query["DNS"]["TTL"], &query["Service"]["Near"], &query["Service"]["Failover"]["Datacenters"]].map(Value::clone)
}

#[test]
fn ttl_and_near_are_set_and_kept_with_the_fence_and_without() {
    for fence in [&[][..], &["--no-fence"]] {
        let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
        let set = ["--query-ttl", "1m30s", "--query-near", "_agent"];
        let pass = |candidate: &Candidate| candidate.pass().args(set).args(fence.iter().copied());
        let plain = |candidate: &Candidate| candidate.pass().args(fence.iter().copied());
        let wanted = [json!("1m30s"), json!("_agent")];
        assert!(one.said_by(&pass(&one).run(), 0).starts_with("master on "));
        assert_eq!(settings(&query(&one))[..2], wanted);
        // A setting whose option is gone stays, because an operator may own it by now.
        one.said_by(&plain(&one).run(), 0);
        assert_eq!(settings(&query(&one))[..2], wanted);
        let id = query(&one)["ID"].as_str().unwrap().to_owned();
        let mut changed = query(&one);
        changed["DNS"]["TTL"] = json!("5s");
        changed["Service"]["Near"] = json!("n1");
        one.node.api().put_query(&id, &changed);
        one.said_by(&plain(&one).run(), 0);
        assert_eq!(settings(&query(&one))[..2], [json!("5s"), json!("n1")]);
        one.said_by(&pass(&one).run(), 0);
        assert_eq!((settings(&query(&one))[..2].to_vec(), query(&one)["ID"].clone()), (wanted.to_vec(), json!(id)));
        // Every master sets them, on any query it finds.
        one.node.api().service_maintenance(&one.id, true);
        one.said_by(&pass(&one).run(), 0);
        assert!(two.said_by(&pass(&two).run(), 0).starts_with("master on "));
        assert_eq!(settings(&query(&two))[..2], wanted);
    }
}

#[test]
fn failover_is_set_and_kept_without_a_fence() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let set = ["--no-fence", "--query-failover", "dc2", "--query-failover", "dc3"];
    let pass = one.pass().args(set);
    one.said_by(&pass.run(), 0);
    assert_eq!(settings(&query(&one))[2], json!(["dc2", "dc3"]));
    let mut changed = query(&one);
    changed["Service"]["Failover"] = json!({"NearestN": 2, "Datacenters": ["dc9"]});
    one.node.api().put_query(query(&one)["ID"].as_str().unwrap(), &changed);
    // No answer shows where a query fails over to, so that the definition is looked at in turn.
    wait_for("the datacenters", secs(40), || {
        one.said_by(&pass.run(), 0);
        seen(query(&one), |query| query["Service"]["Failover"]["Datacenters"] == json!(["dc2", "dc3"])).map(drop)
    });
    let failover = &query(&one)["Service"]["Failover"];
    assert_eq!((&failover["Datacenters"], &failover["NearestN"]), (&json!(["dc2", "dc3"]), &json!(2)));
    one.said_by(&one.pass().arg("--no-fence").run(), 0);
    assert_eq!(settings(&query(&one))[2], json!(["dc2", "dc3"]));
}

#[test]
fn failover_with_the_fence_is_an_error_that_says_why_and_what_to_do() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    let said = one.said_by(&one.pass().args(["--query-failover", "dc2"]).through(&proxy).run(), 1);
    assert!(said.contains("--query-failover") && said.contains("--no-fence") && said.contains("session"), "{said}");
    assert_eq!(proxy.lines(), [] as [String; 0]);
}

#[test]
fn what_an_operator_sets_beside_stays_while_the_fenced_query_lives() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let before = query(&one);
    let mut changed = before.clone();
    changed["DNS"]["TTL"] = json!("7s");
    changed["Service"]["Near"] = json!("_agent");
    changed["Service"]["IgnoreCheckIDs"] = json!(["noise"]);
    changed["Service"]["NodeMeta"] = json!({"rack": "b"});
    changed["Service"]["ServiceMeta"]["version"] = json!("7");
    changed["Service"]["Failover"] = json!({"NearestN": 2});
    let id = before["ID"].as_str().unwrap();
    one.node.api().put_query(id, &changed);
    let set = query(&one);
    one.leads();
    assert_eq!(query(&one), set, "none of it belongs to this election, so nothing is written");
    // Every missing part of the fence is restored, and nothing else changes.
    let mut broken = set.clone();
    broken["Session"] = json!("");
    broken["Service"]["ServiceMeta"] = json!({"version": "7"});
    one.node.api().put_query(id, &broken);
    one.leads();
    for field in ["ID", "Name", "Session", "Service", "DNS", "Token"] {
        assert_eq!(query(&one)[field], set[field], "{field}");
    }
}

#[test]
fn steady_passes_cost_three_requests_and_no_raft_entry_with_the_fence_and_without_whatever_is_set_on_the_query() {
    let cluster = Cluster::of(2);
    let options: [&[&str]; 3] = [
        &["--query-ttl", "1m30s", "--query-near", "_agent"],
        &["--no-fence"],
        &[
            "--no-fence",
            "--query-ttl",
            "10s",
            "--query-near",
            "n2",
            "--query-failover",
            "dc2",
            "--query-failover",
            "dc3",
        ],
    ];
    let pairs = options.map(|options| (options, Candidate::on_each(cluster.nodes::<2>())));
    let pass = |one: &Candidate, options: &[&str]| one.pass().args(options.iter().copied());
    for (options, [one, two]) in &pairs {
        assert!(one.said_by(&pass(one, options).run(), 0).starts_with("master on "));
        assert!(two.said_by(&pass(two, options).run(), 0).starts_with("slave of "));
    }
    let entries = cluster.quiet_raft_entries(|| {
        for (options, candidates) in &pairs {
            for (candidate, requests) in candidates.iter().zip([3, 2]) {
                for _ in 0..5 {
                    let proxy = Proxy::before(candidate.node);
                    candidate.said_by(&pass(candidate, options).through(&proxy).run(), 0);
                    assert_eq!((proxy.requests().len(), proxy.connections()), (requests, 1), "{:?}", proxy.lines());
                }
            }
        }
    });
    assert_eq!(entries, 0);
}
