//! The master is lost ten times, each time in one of four ways, while clients write.

use std::time::Instant;

use super::stage::{Form, Stage};
use super::writers::Writers;
use crate::harness::Random;

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Redis gets a SIGKILL, and starts again, empty, when another leads.
    RedisKilled,
    /// Redis gets a SIGKILL and is back at once, empty: it must not be elected.
    RedisBackAtOnce,
    /// The agent gets a SIGKILL, and redis does not notice.
    AgentKilled,
    /// Both.
    NodeKilled,
}

use Fault::{AgentKilled, NodeKilled, RedisBackAtOnce, RedisKilled};

fn ten_rounds(form: Form) {
    let mut random = Random::new();
    let mut faults = vec![
        RedisKilled,
        RedisKilled,
        RedisKilled,
        RedisBackAtOnce,
        RedisBackAtOnce,
        RedisBackAtOnce,
        AgentKilled,
        AgentKilled,
        NodeKilled,
        NodeKilled,
    ];
    let stage = Stage::set(form);
    let mut master = stage.settled();
    let writers = Writers::start(&stage);
    while !faults.is_empty() {
        writers.wait_for_writes_to(stage.redis[master].ip, true);
        let index = random.within(0..faults.len() as u64);
        let fault = faults.swap_remove(usize::try_from(index).unwrap());
        let (old, begin, terms) = (master, Instant::now(), writers.terms());
        if matches!(fault, AgentKilled | NodeKilled) {
            stage.node(old).kill();
        }
        if !matches!(fault, AgentKilled) {
            stage.redis[old].kill();
        }
        if matches!(fault, RedisBackAtOnce) {
            stage.redis[old].start();
        }
        let new = stage.moved_from(old);
        // By the two that are left, or by all three.
        writers.wait_for_writes_to(stage.redis[new].ip, false);
        println!("{fault:?} on {}: the next write after {:?}", stage.node(old).name(), begin.elapsed());
        if matches!(fault, RedisKilled | NodeKilled) {
            stage.redis[old].start();
        }
        if matches!(fault, AgentKilled | NodeKilled) {
            stage.node(old).start_again();
        }
        master = stage.settled();
        // On a busy machine the new one can lose the lead as well.
        assert!(master != old || writers.terms() > terms + 1, "the returned redis did not take the lead");
    }
    writers.judge(&stage, master);
}

#[test]
fn ten_masters_are_lost_and_no_write_that_two_replicas_had_with_consul_template() {
    ten_rounds(Form::ConsulTemplate);
}

#[test]
fn ten_masters_are_lost_and_no_write_that_two_replicas_had_with_hooks() {
    ten_rounds(Form::Hooks);
}
