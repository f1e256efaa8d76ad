//! `--wait` as intended: an interval of 1s, three nodes, and agents that run the program.

use std::time::Instant;

use crate::harness::{Cluster, Health, Random, secs, seen, wait_for};
use crate::stage::{Candidate, Watch, let_consul_run_all, wait_for_settled};

/// Longer than the old master takes to drop its tag.
const ARGUMENTS: &[&str] = &["--wait", "9s", "--lock-delay", "1s"];

#[test]
fn with_a_wait_the_lead_moves_many_times_and_never_are_there_two_masters_or_sessions_left() {
    let cluster = Cluster::of(3);
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let rest: Vec<_> = candidates.iter().map(Candidate::rest_of_registration).collect();
    let api = cluster.server().api();
    let name = format!("{}.query.consul", candidates[0].query());
    let mut random = Random::new();
    let_consul_run_all(&candidates, "1s", ARGUMENTS);
    let mut master = wait_for_settled(&candidates, &api);
    let watch = Watch::over(&candidates[0].service, cluster.server().api());
    let mut took = Vec::new();
    for round in 0..8 {
        std::thread::sleep(random.duration(secs(0)..secs(2)));
        let old = candidates[master].node.ip();
        let in_maintenance = random.within(0..3) == 0;
        if in_maintenance {
            candidates[master].node.api().service_maintenance(&candidates[master].id, true);
        } else {
            candidates[master].turn(Health::Critical);
        }
        let begin = Instant::now();
        wait_for("DNS to move", secs(20), || {
            let sessions: usize = candidates.iter().map(|candidate| candidate.sessions().len()).sum();
            // The lock's holder, and at most one session for each of the others' attempts.
            assert!(sessions <= 3, "round {round}: {sessions} sessions");
            let answer = cluster.server().dns(&name);
            seen(answer, |answer| answer.len() == 1 && answer[0] != old).map(drop)
        });
        took.push((in_maintenance, begin.elapsed()));
        wait_for("the old master's agent to drop its tag", secs(10), || {
            let former = &candidates[master];
            seen(former.node.api().local_tags(&former.id), |tags| tags == &["slave"]).map(drop)
        });
        candidates[master].node.api().service_maintenance(&candidates[master].id, false);
        candidates[master].turn(Health::Passing);
        master = wait_for_settled(&candidates, &api);
        assert!(candidates[master].holds_the_lock());
        wait_for("the sessions of the attempts to go", secs(5), || {
            let sessions: usize = candidates.iter().map(|candidate| candidate.sessions().len()).sum();
            seen(sessions, |sessions| *sessions == 1).map(drop)
        });
    }
    watch.saw_never_two_masters();
    println!("(in maintenance, until DNS moved): {took:?}");
    for (candidate, rest) in candidates.iter().zip(rest) {
        assert_eq!(candidate.rest_of_registration(), rest);
    }
    assert!(took.iter().all(|(_, took)| *took < secs(5)), "{took:?}");
}
