//! Ten failovers on three nodes with the README's configuration, interval 2s and lock-delay 1s.

use std::time::{Duration, Instant};

use crate::harness::{Cluster, Health, holds_for, millis, secs, seen, wait_for};
use crate::stage::{Candidate, Watch, let_consul_run_all, wait_for_settled};

/// How long it may take to start a process on a machine that is busy with other tests.
const SLACK: Duration = Duration::from_millis(500);

#[test]
fn dns_moves_within_lock_delay_and_one_interval_of_detection_and_never_are_there_two_masters() {
    let cluster = Cluster::of(3);
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    let name = format!("{}.query.consul", candidates[0].query());
    let_consul_run_all(&candidates, "2s", &["--lock-delay", "1s"]);
    let mut master = wait_for_settled(&candidates, &api);
    let watch = Watch::over(&candidates[0].service, cluster.server().api());
    let mut took = Vec::new();
    for _ in 0..10 {
        let old = candidates[master].node.ip();
        candidates[master].turn(Health::Critical);
        let detected = Instant::now();
        wait_for("DNS to move", secs(20), || {
            let answer = cluster.server().dns(&name);
            seen(answer, |answer| answer.len() == 1 && answer[0] != old).map(drop)
        });
        took.push(detected.elapsed());
        // With a lock-delay shorter than the interval, the agent of an instance that recovers before its next run writes its
        // old tag back. A service that died takes longer to become healthy; one that flaps needs a longer lock-delay.
        wait_for("the old master's agent to drop its tag", secs(10), || {
            let former = &candidates[master];
            seen(former.node.api().local_tags(&former.id), |tags| tags == &["slave"]).map(drop)
        });
        candidates[master].turn(Health::Passing);
        master = wait_for_settled(&candidates, &api);
        let sessions: usize = candidates.iter().map(|candidate| candidate.sessions().len()).sum();
        assert_eq!(sessions, 1, "one session, which holds the lock");
        assert!(candidates[master].holds_the_lock());
    }
    watch.saw_never_two_masters();
    took.sort();
    println!("detection to DNS, sorted: {took:?}");
    let (lock_delay, interval) = (secs(1), secs(2));
    assert!(took[9] <= lock_delay + interval + SLACK, "{took:?}");
    assert!(took[0] + millis(50) >= lock_delay, "sooner than the lock-delay allows: {took:?}");
    assert_eq!(api.lock(&candidates[0].key()).unwrap().lock_index, 11, "eleven terms, one for each leadership");
    let entries = cluster.quiet_raft_entries(|| {
        holds_for("the lead", secs(6), || seen(candidates[master].holds_the_lock(), |holds| *holds).map(drop));
    });
    assert_eq!(entries, 0, "nothing changes, nothing is written");
}
