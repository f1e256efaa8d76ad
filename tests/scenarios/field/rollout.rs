//! One bad change on all nodes takes no instance out of its service's DNS.

use serde_json::{Value, json};

use super::watched::Watched;
use crate::harness::{Cluster, Node, Pass, secs, seen, unique, wait_for};
use crate::stage::{Candidate, wait_for_settled};

/// A service with a health check and the election, as a file defines it.
fn definition(service: &str, node: &Node, arguments: &[&str]) -> Value {
    let pass = Pass::of(service).on(node).args(["--lock-delay", "0s"]).args(arguments.iter().copied());
    json!({"service": {"name": service, "port": 6379, "checks": [
        {"id": format!("{service}-ping"), "name": "ping", "args": ["/bin/true"], "interval": "1s"},
        {"id": format!("{service}-election"), "name": "election", "args": pass.check_args(), "interval": "1s", "timeout": "30s"},
    ]}})
}

fn roll_out(candidates: &[Candidate], arguments: &[&str]) {
    for candidate in candidates {
        let text = definition(&candidate.service, candidate.node, arguments);
        candidate.node.write_config("service.json", text);
        candidate.node.reload();
    }
}

fn all_say(candidates: &[Candidate], words: &str) {
    for candidate in candidates {
        wait_for(&format!("{} to say {words}", candidate.node.name()), secs(30), || {
            let check = candidate.node.api().check(&candidate.election_check());
            seen(check, |check| check.as_ref().is_some_and(|(now, line)| now == "warning" && line.contains(words)))
        });
    }
}

#[test]
fn a_bad_rollout_on_all_nodes_leaves_the_service_in_dns_and_the_lock_with_its_holder() {
    let cluster = Cluster::of(3);
    let service = unique("redis");
    let candidates = cluster.nodes::<3>().map(|node| Candidate { node, service: service.clone(), id: service.clone() });
    let api = cluster.server().api();
    roll_out(&candidates, &[]);
    let master = wait_for_settled(&candidates, &api);
    let lock = api.lock(&candidates[master].key()).unwrap();
    let name = Watched::service(&candidates);
    for (arguments, words) in [
        (&["--nonsense"][..], "error: unknown option --nonsense"),
        (&["--lock-delay", "soon"], "error: --lock-delay is given twice"),
        (&["--http-addr", "127.0.0.1:1"], "error: cannot read the health of service "),
        (&["--ca-file", "/no/such/file", "--http-addr", "https://127.0.0.1:1"], "error: --ca-file: cannot read"),
        (&["--consul-service-id", "other"], "has no instance other of service"),
        (&["--check-id", "other"], "have no check other"),
    ] {
        roll_out(&candidates, arguments);
        all_say(&candidates, words);
        assert!(candidates[master].holds_the_lock(), "{words}");
    }
    roll_out(&candidates, &[]);
    assert_eq!(wait_for_settled(&candidates, &api), master);
    name.kept_its_answer();
    let now = api.lock(&candidates[master].key()).unwrap();
    assert_eq!((now.lock_index, now.session), (lock.lock_index, lock.session), "the same term");
}
