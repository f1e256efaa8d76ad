//! Three nodes with an instance of redis each, defined in files as users do, and their election checks, old or new.

use serde_json::json;

use super::shell;
use crate::harness::{Cluster, Node, secs, seen, wait_for};
use crate::stage::Candidate;

/// Starts the nodes with definitions that have no election check.
pub fn redis_on_three() -> Cluster {
    let cluster = Cluster::of(3);
    cluster.settle();
    for node in cluster.clients() {
        define_redis(node);
    }
    cluster
}

/// Defines an instance with a passing health check, in a file without an election.
pub fn define_redis(node: &Node) {
    let ping = json!({"id": "redis-ping", "name": "redis answers", "ttl": "1h", "status": "passing"});
    let service = json!({"name": "redis", "port": 6379, "tags": ["v7"], "meta": {"rack": "b"}, "checks": [ping]});
    node.write_config("redis.json", json!({"service": service}));
    node.reload();
    // The agent brings a reloaded definition into the catalog a little later.
    wait_for_check(node, "redis-ping");
}

/// Returns an instance as a candidate.
pub fn instance(node: &Node) -> Candidate<'_> {
    Candidate { node, service: "redis".to_owned(), id: "redis".to_owned() }
}

/// Defines a stand-in for the old tool's check, which prints a line with the time, as the tool did, and exits with 0.
/// The scenario sends the tool's requests itself, so it decides when.
pub fn define_the_old_check(node: &Node) {
    let args = ["/bin/sh", "-c", "date '+%Y/%m/%d %H:%M:%S 1. try'"];
    let check = json!({"id": "redis-election", "name": "redis master election", "service_id": "redis",
        "args": args, "interval": "1s", "status": "passing"});
    node.write_config("election.hcl", json!({"check": check}));
}

/// As [`define_the_old_check`], loaded, and passing in the catalog.
pub fn let_the_old_check_run(node: &Node) {
    define_the_old_check(node);
    node.reload();
    wait_for_check(node, "redis-election");
}

/// Replaces the old check by the document's definition of the new one.
pub fn define_the_new_check(node: &Node) {
    let shown = shell::block(shell::NEW_CHECK);
    node.write_config("election.hcl", shell::at_home(&shown, node));
}

/// Waits until a check of this node passes in the catalog.
pub fn wait_for_check(node: &Node, id: &str) {
    wait_for(&format!("{id} to pass"), secs(30), || {
        seen(node.api().catalog_check_of(node.name(), id), |status| status.as_deref() == Some("passing")).map(drop)
    });
}
