//! A master that leads, and that something important is missing for: the line says what, the same in every run, at no cost.

use serde_json::{Value, json};

use crate::harness::{Cluster, unique};
use crate::stage::Candidate;

type Change = fn(&mut Value);

fn without_check(body: &mut Value) {
    body.as_object_mut().unwrap().remove("Check");
}

#[test]
fn a_master_without_a_health_check_or_at_an_address_of_its_own_machine_says_so_in_every_run_and_writes_nothing() {
    let cluster = Cluster::of(1);
    let node = cluster.nodes::<1>()[0];
    let no_check = "; warning: no health check: only the end of its agent moves the lead; register a health check, or \
        give --watch-port";
    let cases: [(Change, &str); 5] = [
        (|_| {}, ""),
        (without_check, no_check),
        (|body| body["Address"] = json!("127.0.0.1"), "; warning: the service is registered at 127.0.0.1, which"),
        (|body| body["Address"] = json!("localhost"), "; warning: the service is registered at localhost, which"),
        // Other addresses of the loopback network serve several agents on one machine.
        (|body| body["Address"] = json!("127.0.0.77"), ""),
    ];
    for (change, warning) in cases {
        let service = unique("redis");
        let one = Candidate::with(&service, &service, node, change);
        let said = one.run();
        assert!(said.starts_with("master on n1 ("), "{said}");
        match said.split_once("; warning: ") {
            None => assert_eq!(warning, "", "{said}"),
            Some(_) => assert!(!warning.is_empty() && said.contains(warning), "{said}"),
        }
        let entries = cluster.quiet_raft_entries(|| assert_eq!(one.run(), said));
        assert_eq!(entries, 0, "{said}");
    }
}

#[test]
fn a_check_that_comes_or_a_watched_port_ends_the_warning() {
    let cluster = Cluster::of(1);
    let service = unique("redis");
    let one = Candidate::with(&service, &service, cluster.nodes::<1>()[0], without_check);
    let warns = |said: &str| said.contains("; warning: no health check");
    assert!(warns(&one.run()));
    let listener = std::net::TcpListener::bind((one.node.ip(), 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let watched = one.said_by(&one.pass().args(["--watch-port", "--watch-address", &address]).run(), 0);
    assert!(watched.starts_with("master on n1 (") && !warns(&watched), "{watched}");
    // A check of the node shows the health of all that runs there.
    let check = json!({"ID": "disk", "Name": "disk", "TTL": "1h", "Status": "passing"});
    one.node.api().register_check(&check);
    assert!(!warns(&one.run()));
    one.node.api().delete_check("disk");
    assert!(warns(&one.run()));
}
