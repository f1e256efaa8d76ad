//! The raft entries of a failover: counted, not timed.

use crate::harness::Cluster;
use crate::stage::Candidate;
use crate::takeover::end_the_lead;

/// Returns the lowest number of raft entries of three failovers, with everything that the runs of all instances do about one, and without
/// what ends the lead. Every instance runs until nothing is left to do.
fn entries_of_a_failover(options: &[&str]) -> u64 {
    let cluster = Cluster::of(3);
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let run_all = |first: usize| {
        for place in (first..first + 3).chain(first..first + 3) {
            let candidate = &candidates[place % 3];
            candidate.said_by(&candidate.pass().args(options.iter().copied()).run(), 0);
        }
    };
    run_all(0);
    cluster.settle();
    let leader = cluster.leader().api();
    let mut least = u64::MAX;
    for round in 0..3 {
        end_the_lead(&candidates[round]);
        let before = leader.last_raft_index();
        run_all(round + 1);
        least = least.min(leader.last_raft_index() - before);
        assert!(candidates[(round + 1) % 3].holds_the_lock());
    }
    least
}

#[test]
fn a_failover_costs_at_most_five_raft_entries() {
    // The session, the lock with all tags, the query, and what the agents of both masters are told.
    assert!(entries_of_a_failover(&[]) <= 5, "{}", entries_of_a_failover(&[]));
}
