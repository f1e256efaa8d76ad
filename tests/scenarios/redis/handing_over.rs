//! A lead that moves without a failure, and a group with a password.

use super::stage::{Form, Stage};
use super::writers::Writers;
use crate::harness::{secs, seen, wait_for};

/// One resigns, one hands over to another, and one goes into maintenance, while clients write.
fn moved_by_hand(form: Form) {
    let stage = Stage::set(form);
    let mut master = stage.settled();
    let writers = Writers::start(&stage);
    let mut resigned = master;
    for way in 0..3 {
        writers.wait_for_writes_to(stage.redis[master].ip, true);
        let old = master;
        if way == 2 {
            stage.node(old).api().service_maintenance("redis", true);
            stage.moved_from(old);
            stage.node(old).api().service_maintenance("redis", false);
        } else {
            // An instance that resigned stands back for a while.
            let to = (0..3).find(|node| way == 1 && *node != old && *node != resigned);
            let new = stage.resign(old, to);
            assert!(to.is_none_or(|to| to == new), "{to:?}, {new}");
            resigned = old;
        }
        master = stage.settled();
    }
    writers.wait_for_writes_to(stage.redis[master].ip, true);
    writers.judge(&stage, master);
}

#[test]
fn no_write_that_two_replicas_had_is_lost_when_the_lead_is_moved_by_hand_with_consul_template() {
    moved_by_hand(Form::ConsulTemplate);
}

#[test]
fn no_write_that_two_replicas_had_is_lost_when_the_lead_is_moved_by_hand_with_hooks() {
    moved_by_hand(Form::Hooks);
}

#[test]
fn a_group_with_a_password_elects_and_follows_as_one_without() {
    let stage = Stage::with_password(Some("a-password"), Form::Hooks);
    let old = stage.settled();
    assert!(stage.redis[old].tell("SET a 1").is_ok());
    wait_for("every redis to have the write", secs(10), || {
        let values: Vec<_> = stage.redis.iter().map(|redis| redis.tell("GET a")).collect();
        seen(values, |values| values.iter().all(|value| value.as_deref() == Ok("1"))).map(drop)
    });
    stage.redis[old].kill();
    let new = stage.moved_from(old);
    stage.redis[old].start();
    stage.settled();
    assert_eq!(stage.redis[new].tell("GET a").unwrap(), "1");
    assert_eq!(stage.redis[old].tell("GET a").unwrap(), "1");
}
