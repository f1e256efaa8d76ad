//! `--wait` and `consul reload`, which resets an instance to its definition, and removes it for a moment meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::json;

use crate::harness::{Api, Cluster, Fault, Node, holds_for, millis, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;
use crate::wait::Stay;

/// Writes a definition of the instance without tags, as in a user's file, and this many other services.
fn define(node: &Node, service: &str, others: usize) {
    let mut services = vec![json!({"name": service, "id": service, "port": 6379,
        "checks": [{"id": format!("{service}-ping"), "name": "ping", "ttl": "1h", "status": "passing"},
            {"id": format!("{service}-election"), "name": "election", "ttl": "1h"}]})];
    services.extend((0..others).map(|number| {
        json!({"name": format!("{service}-other-{number}"), "port": 1,
        "checks": [{"name": "a", "ttl": "1h", "status": "passing"}, {"name": "b", "ttl": "1h", "status": "passing"}]})
    }));
    node.write_config(&format!("{service}.json"), json!({"services": services}));
    node.reload();
}

#[test]
fn a_tag_that_a_reload_wipes_is_put_back_within_milliseconds_by_the_waiting_pass() {
    let cluster = Cluster::of(2);
    cluster.settle();
    let service = unique("redis");
    let candidates = cluster.nodes::<2>().map(|node| {
        define(node, &service, 0);
        Candidate { node, service: service.clone(), id: service.clone() }
    });
    let api = cluster.server().api();
    let mut times = Vec::new();
    for (candidate, tag) in candidates.iter().zip(["master", "slave"]) {
        let line = candidate.settles();
        assert!(line.starts_with(tag), "{line}");
        let stay = Stay::of(candidate, &["--wait", "25s"]);
        for round in 0..3 {
            let lock = api.lock(&candidate.key());
            let begin = Instant::now();
            candidate.node.reload();
            wait_for("the pass to register the instance", secs(4), || {
                seen(stay.asked("/v1/agent/service/register"), |number| *number == round + 1).map(drop)
            });
            candidate.wait_for_tag(tag, secs(4));
            times.push(begin.elapsed());
            // Frequent changes are handled more slowly.
            holds_for("the tag", millis(1_200), || seen(candidate.tags_now(), |tags| tags == &[tag]).map(drop));
            assert_eq!(api.lock(&candidate.key()), lock, "{tag}, reload {round}: no other session, no other term");
        }
        let outcome = stay.ended();
        assert_eq!((outcome.status, outcome.line), (0, format!("election {}: {line}", candidate.query())));
        assert_eq!(candidate.sessions().len(), usize::from(tag == "master"));
    }
    println!("from the start of the reload to the tag: {times:?}");
    assert!(times.iter().all(|took| *took < millis(900)), "{times:?}");
}

#[test]
fn a_reload_of_many_definitions_never_makes_a_waiting_pass_fail() {
    let cluster = Cluster::of(1);
    cluster.settle();
    let (node, service) = (cluster.nodes::<1>()[0], unique("redis"));
    define(node, &service, 150);
    let one = Candidate { node, service: service.clone(), id: service };
    let line = one.settles();
    let lock = node.api().lock(&one.key());
    for round in 0..8 {
        let mut stay = Stay::of(&one, &["--wait", "25s"]);
        node.reload();
        one.wait_for_tag("master", secs(5));
        if stay.running.has_ended() {
            // The check may be gone for a moment, so that there is nothing to wait for; but nothing is wrong.
            let outcome = stay.running.wait();
            assert_eq!(
                (outcome.status, outcome.line),
                (0, format!("election {}: {line}", one.query())),
                "reload {round}"
            );
        } else {
            assert_eq!(one.said_by(&stay.ended(), 0), line, "reload {round}");
        }
        assert_eq!(node.api().lock(&one.key()), lock, "reload {round}: the same lead");
        assert_eq!(one.sessions().len(), 1);
    }
}

#[test]
fn a_tag_wiped_again_just_after_it_was_put_back_is_put_back_again() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.settles();
    two.settles();
    for (candidate, tag) in [(&one, "master"), (&two, "slave")] {
        let stay = Stay::of(candidate, &["--wait", "20s"]);
        let body = json!({"Name": candidate.service, "ID": candidate.id, "Port": 6379, "Tags": []});
        let (again, wipes, registered) = (body.clone(), AtomicUsize::new(0), AtomicUsize::new(0));
        let address = candidate.node.address();
        // When the pass has restored the tag and looked at the instance again, the tag is wiped in the same way once
        // more.
        stay.proxy.fail(move |request, _| {
            registered.fetch_add(usize::from(request.path.ends_with("/register")), Ordering::SeqCst);
            let looks = request.method == "GET" && request.path.starts_with("/v1/kv/");
            if looks && registered.load(Ordering::SeqCst) == 1 && wipes.fetch_add(1, Ordering::SeqCst) == 0 {
                Api::at(&address, None).register(&again);
            }
            None::<Fault>
        });
        candidate.node.api().register(&body);
        wait_for("the pass to register it twice", secs(3), || {
            seen(stay.asked("/v1/agent/service/register"), |number| *number == 2).map(drop)
        });
        candidate.wait_for_tag(tag, secs(3));
    }
}
