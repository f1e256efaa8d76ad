//! All nodes at once, so that nobody is left who remembers anything.

use super::NAME;
use super::stage::{Form, Stage};
use crate::harness::{holds_for, secs, seen, wait_for};

/// Kills every redis and every agent, and starts them in this order: the last master comes last.
fn power_cut(form: Form) {
    let stage = Stage::set(form);
    let master = stage.settled();
    for (node, redis) in stage.cluster.clients().iter().zip(&stage.redis) {
        node.kill();
        redis.kill();
    }
    let nobody_leads = || {
        let led = stage.cluster.server().try_dns(NAME)?;
        seen(led, Vec::is_empty).map(drop)
    };
    wait_for("Consul to see it", secs(60), nobody_leads);
    let start = |index: usize| {
        stage.redis[index].start();
        stage.node(index).start_again();
    };
    let others = || (0..3).filter(|index| *index != master);
    others().for_each(start);
    for index in others() {
        stage.is_said_to_be(index, "critical", "restarted");
    }
    wait_for("all to have run for longer than a redis waits for others", secs(60), || {
        nobody_leads().expect("nobody leads");
        let has_waited = |index: usize| stage.redis[index].info()["uptime_in_seconds"].parse::<u64>().unwrap() > 12;
        if others().all(has_waited) { Ok(()) } else { Err(String::new()) }
    });
    holds_for("nobody leads", secs(3), nobody_leads);
    start(master);
    assert_eq!(stage.first(), master, "only the last master can know that nobody has newer data");
    stage.settled();
}

#[test]
fn after_a_power_cut_the_last_master_leads_again_with_consul_template() {
    power_cut(Form::ConsulTemplate);
}

#[test]
fn after_a_power_cut_the_last_master_leads_again_with_hooks() {
    power_cut(Form::Hooks);
}
