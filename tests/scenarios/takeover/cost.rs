//! The raft entries of a failover: counted, not timed.

use serde_json::{Value, json};

use crate::harness::{Cluster, unique};
use crate::stage::Candidate;
use crate::takeover::end_the_lead;

/// Returns the lowest number of raft entries of three failovers, with everything that the runs of all instances do about one, and without
/// what ends the lead. Every instance runs until nothing is left to do.
fn entries_of_a_failover(fields: &Value, options: &[&str]) -> u64 {
    let cluster = Cluster::of(3);
    let service = unique("redis");
    let candidates = cluster.nodes::<3>().map(|node| {
        Candidate::with(&service, &service, node, |body| {
            for (field, value) in fields.as_object().unwrap() {
                body[field] = value.clone();
            }
        })
    });
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

const HOOKS: [&str; 6] = ["--on-promote", "/bin/true", "--on-demote", "/bin/true", "--on-follow", "/bin/true"];

#[test]
fn a_failover_of_three_instances_costs_at_most_five_raft_entries_and_ten_with_all_hooks() {
    // The session, the lock with all tags, the query, and what the agents of both masters are told. An agent that is told what the catalog
    // has already writes it all the same: it compares with its own memory (1.8.7 and 1.21.0).
    let entries = entries_of_a_failover(&json!({}), &[]);
    assert!(entries <= 5, "{entries}");
    // What a transaction would not keep is written after it (1.8.7).
    let entries = entries_of_a_failover(&json!({"Address": "127.0.0.9"}), &[]);
    assert!(entries <= 6, "with an address: {entries}");
    // The notes around the hooks of all three.
    let entries = entries_of_a_failover(&json!({}), &HOOKS);
    assert!(entries <= 10, "with hooks: {entries}");
}
