//! Instances that claim to be better candidates and never take the lock.

use serde_json::{Value, json};

use crate::harness::{Cluster, holds_for, secs, seen, wait_for};
use crate::stage::Candidate;

/// Marks an instance as a candidate of this priority, as a run of the program would; none ever runs.
fn claim(one: &Candidate, priority: u64) {
    let mark = json!({"key": one.key(), "priority": priority, "tags": ["master", "slave"], "options": "0"});
    let body: Value = json!({"Name": one.service, "ID": one.id, "Port": 6379, "Tags": ["slave"],
        "Meta": {format!("election-{}-mark", one.query()): mark.to_string()}});
    one.node.api().register(&body);
}

#[test]
fn an_instance_that_claims_the_highest_priority_and_never_leads_is_waited_for_for_some_seconds_only() {
    let cluster = Cluster::of(2);
    let [one, rival] = Candidate::on_each(cluster.nodes::<2>());
    claim(&rival, 1_000_000);
    let run = || one.said_by(&one.pass().run(), 0);
    assert_eq!(run(), "slave, no master: n2 has a higher priority");
    // The note of it costs nothing more.
    let entries = cluster.quiet_raft_entries(|| assert_eq!(run(), "slave, no master: n2 has a higher priority"));
    assert_eq!(entries, 0);
    wait_for("the lead", secs(20), || seen(run(), |said| said.starts_with("master on n1")).map(drop));
    assert_eq!(run(), one.run());
    // In the next term it is waited for again, but no longer.
    one.node.api().destroy_session(&one.node.api().holder(&one.key()).unwrap());
    wait_for("the lead again", secs(20), || seen(run(), |said| said.starts_with("master on n1")).map(drop));
}

#[test]
fn a_priority_beyond_what_this_program_writes_is_no_candidates() {
    let cluster = Cluster::of(2);
    let [one, rival] = Candidate::on_each(cluster.nodes::<2>());
    claim(&rival, 4_294_967_295);
    one.leads();
}

#[test]
fn a_rival_that_does_not_take_the_lead_that_is_handed_to_it_unseats_a_master_once() {
    let cluster = Cluster::of(2);
    let [one, rival] = Candidate::on_each(cluster.nodes::<2>());
    let pass = one.pass().args(["--preempt", "--preempt-after", "1s"]);
    let run = || one.said_by(&pass.run(), 0);
    assert!(run().starts_with("master on n1"));
    claim(&rival, 1_000);
    wait_for("the hand-over", secs(20), || seen(run(), |said| said.contains("handed over to n2")).map(drop));
    wait_for("the lead again", secs(70), || seen(run(), |said| said.starts_with("master on n1")).map(drop));
    holds_for("the lead", secs(5), || seen(run(), |said| said.starts_with("master on n1")).map(drop));
}
