//! Only a redis with the data may lead: a redis that never had the last confirmed writes must not wipe them.

use std::fs;

use super::stage::{Form, Stage, role_file};
use crate::harness::{secs, seen, wait_for};

/// Writes this many keys that reach this many replicas.
fn write(stage: &Stage, master: usize, name: &str, count: u32, replicas: &str) {
    let mut client = stage.redis[master].connect().unwrap();
    for number in 0..count {
        assert_eq!(client.tell(&format!("SET {name}:{number} {number}")).unwrap(), "OK");
    }
    assert_eq!(client.tell(&format!("WAIT {replicas} 10000")).unwrap(), replicas);
}

fn all_have(stage: &Stage, name: &str, count: u32) {
    for redis in &stage.redis {
        let mut client = redis.connect().unwrap();
        for number in 0..count {
            assert_eq!(client.tell(&format!("GET {name}:{number}")).unwrap(), number.to_string(), "{}", redis.ip);
        }
    }
}

/// Returns the two that are not `master`, in the order of their names, in which they would be elected if all were
/// equal.
fn others(master: usize) -> [usize; 2] {
    [[1, 2], [0, 2], [0, 1]][master]
}

#[test]
fn a_replica_that_its_master_left_behind_does_not_lead_while_another_is_in_sync() {
    let stage = Stage::set(Form::Hooks);
    let master = stage.settled();
    let [left, other] = others(master);
    write(&stage, master, "before", 10, "2");
    stage.redis[left].lose_link();
    stage.is_said_to_be(left, "warning", "not in sync with");
    write(&stage, master, "after", 500, "1");
    stage.redis[master].kill();
    assert_eq!(stage.moved_from(master), other);
    stage.redis[left].tell("CONFIG SET masterauth \"\"").unwrap();
    stage.redis[master].start();
    stage.settled();
    all_have(&stage, "before", 10);
    all_have(&stage, "after", 500);
}

/// The agents live and see every redis end and start; only the master has its data on disk.
fn all_are_restarted(form: Form) {
    let stage = Stage::set(form);
    let mut master = stage.settled();
    if master == 0 {
        // The first by name would lead if all were equal.
        assert_eq!(stage.resign(0, Some(2)), 2);
        master = stage.settled();
    }
    for round in 0..2 {
        let name = format!("round{round}");
        write(&stage, master, &name, 100, "2");
        assert_eq!(stage.redis[master].tell("SAVE").unwrap(), "OK");
        for redis in &stage.redis {
            redis.kill();
        }
        // Once they return when all know that nobody leads, and once before anybody noticed that they were gone.
        for index in (0..3).filter(|_| round == 0) {
            stage.is_said_to_be(index, "critical", "does not say its role");
            if form == Form::ConsulTemplate {
                wait_for("the template to show that nobody leads", secs(30), || {
                    seen(fs::read_to_string(role_file(stage.node(index))).unwrap(), |line| line == "none\n").map(drop)
                });
            }
        }
        for redis in &stage.redis {
            redis.start();
        }
        master = stage.settled();
        for round in 0..=round {
            all_have(&stage, &format!("round{round}"), 100);
        }
    }
}

#[test]
fn when_every_redis_has_been_restarted_the_last_masters_data_is_everyones_with_consul_template() {
    all_are_restarted(Form::ConsulTemplate);
}

#[test]
fn when_every_redis_has_been_restarted_the_last_masters_data_is_everyones_with_hooks() {
    all_are_restarted(Form::Hooks);
}

/// A restart of all nodes can leave this behind, if an instance that must not lead held the lock for a moment.
#[test]
fn the_last_master_leads_again_although_it_was_told_of_another_that_never_was_one() {
    let stage = Stage::set(Form::Hooks);
    let master = stage.settled();
    let [other, third] = others(master);
    write(&stage, master, "kept", 100, "2");
    assert_eq!(stage.redis[master].tell("SAVE").unwrap(), "OK");
    for redis in &stage.redis {
        redis.kill();
    }
    for index in [other, third] {
        stage.is_said_to_be(index, "critical", "does not say its role");
    }
    stage.is_said_to_be(master, "critical", "does not say its role");
    fs::write(role_file(stage.node(master)), format!("replica {} 6379\n", stage.redis[other].ip)).unwrap();
    fs::write(role_file(stage.node(other)), "none\n").unwrap();
    for redis in &stage.redis {
        redis.start();
    }
    stage.redis[other].tell(&format!("REPLICAOF {} 6379", stage.redis[master].ip)).unwrap();
    assert_eq!(stage.first(), master);
    stage.settled();
    all_have(&stage, "kept", 100);
}

/// Its redis is still a master, and the role file says so too.
#[test]
fn a_former_master_whose_consul_template_is_dead_does_not_lead_before_one_that_is_in_sync() {
    let mut stage = Stage::set(Form::ConsulTemplate);
    let old = stage.settled();
    write(&stage, old, "before", 10, "2");
    stage.kill_template(old);
    stage.node(old).api().service_maintenance("redis", true);
    let new = stage.moved_from(old);
    stage.node(old).api().service_maintenance("redis", false);
    stage.is_said_to_be(old, "warning", "master without a replica");
    write(&stage, new, "after", 500, "1");
    stage.redis[new].kill();
    let third = 3 - old - new;
    assert_eq!(stage.moved_from(new), third);
    let mut client = stage.redis[third].connect().unwrap();
    for number in 0..500 {
        assert_eq!(client.tell(&format!("GET after:{number}")).unwrap(), number.to_string());
    }
}
