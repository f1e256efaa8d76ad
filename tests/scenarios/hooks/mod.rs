//! Hooks: when they run, what is true meanwhile, their environment, and how often they run.

mod amiss;
mod environment;

use serde_json::json;

use crate::harness::{Cluster, Pass, Proxy, Scripts, Signal, holds_for, millis, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;

fn dns_name(candidate: &Candidate) -> String {
    format!("{}.query.consul", candidate.query())
}

#[test]
fn at_the_promote_hook_the_lock_is_held_and_nobody_is_led_to_the_new_master_yet() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(one.node);
    let pass = one.pass().args(["--on-promote", &scripts.gate("promote")]).spawn();
    scripts.wait_for_runs("promote", 1);
    assert!(one.holds_the_lock());
    assert!(one.is_tagged("slave") && !one.is_tagged("master"), "{:?}", one.tags());
    assert_eq!(one.node.dns(&dns_name(&one)), [] as [std::net::Ipv4Addr; 0]);
    two.follows(&one);
    scripts.open("promote");
    assert!(one.said_by(&pass.wait(), 0).starts_with("master on "));
    assert!(one.is_tagged("master") && !one.is_tagged("slave"), "{:?}", one.tags());
    assert_eq!(one.node.dns(&dns_name(&one)), [one.node.ip()]);
    assert_eq!(scripts.count("promote"), 1);
}

#[test]
fn at_the_demote_hook_the_tag_is_off_and_the_lock_is_still_held() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(one.node);
    one.said_by(&one.pass().args(["--on-demote", &scripts.noting("first")]).run(), 0);
    assert!(one.is_tagged("master"));
    one.node.api().service_maintenance(&one.id, true);
    let pass = one.pass().args(["--on-demote", &scripts.gate("demote")]).spawn();
    scripts.wait_for_runs("demote", 1);
    assert!(one.holds_the_lock(), "nobody can lead before the old master has stopped");
    assert!(one.is_tagged("slave") && !one.is_tagged("master"), "{:?}", one.tags());
    assert_eq!(one.node.dns(&dns_name(&one)), [] as [std::net::Ipv4Addr; 0]);
    two.follows(&one);
    scripts.open("demote");
    assert_eq!(one.said_by(&pass.wait(), 0), "slave, no master: the instance is in maintenance");
    assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
    two.leads();
}

#[test]
fn a_pass_killed_in_the_middle_of_any_hook_has_the_next_one_run_it_again_and_only_that_one() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(one.node);
    let hooks = ["promote", "demote", "follow"].map(|name| (format!("--on-{name}"), scripts.gate(name)));
    let pass = one.pass().args(hooks.iter().flat_map(|(option, command)| [option.as_str(), command]));
    let interrupted = |name: &str, said: &str| {
        let before = scripts.count(name);
        let running = pass.spawn();
        scripts.wait_for_runs(name, before + 1);
        running.kill();
        // Two passes are killed: the one that finds what a killed one left may be killed too.
        let running = pass.spawn();
        scripts.wait_for_runs(name, before + 2);
        running.kill();
        scripts.open(name);
        for _ in 0..3 {
            let line = one.said_by(&pass.run(), 0);
            assert!(line.starts_with(said), "{name}: {line}");
        }
        assert_eq!(scripts.count(name), before + 3, "{name}");
    };
    // Nothing shows of a new instance that it never led.
    scripts.open("demote");
    interrupted("promote", "master on ");
    std::fs::remove_file(scripts.path("demote.open")).unwrap();
    one.node.api().service_maintenance(&one.id, true);
    interrupted("demote", "slave, no master: the instance is in maintenance");
    one.node.api().service_maintenance(&one.id, false);
    two.leads();
    interrupted("follow", "slave of ");
    assert_eq!(["promote", "demote", "follow"].map(|name| scripts.count(name)), [3, 4, 3]);
}

#[test]
fn a_hook_that_is_done_runs_again_in_the_next_run_after_a_reload_has_wiped_its_note() {
    let cluster = Cluster::of(1);
    let node = cluster.nodes::<1>()[0];
    let (service, scripts) = (unique("redis"), Scripts::on(node));
    let definition = json!({"service": {"name": service, "id": service, "port": 6379, "tags": ["v7"]}});
    node.write_config("redis.json", definition);
    node.reload();
    let one = Candidate { node, service: service.clone(), id: service };
    let hooks = ["promote", "demote"].map(|name| (format!("--on-{name}"), scripts.noting(name)));
    let pass = one.pass().args(hooks.iter().flat_map(|(option, command)| [option.as_str(), command]));
    let run = |said: &str| assert!(one.said_by(&pass.run(), 0).starts_with(said));
    for _ in 0..3 {
        run("master on ");
    }
    node.reload();
    assert!(!one.node.api().local_tags(&one.id).contains(&"master".to_owned()), "the reload wipes the tag");
    // The lock's value alone does not prove a promotion: a snapshot restore would bring it back.
    for _ in 0..3 {
        run("master on ");
        assert!(one.is_tagged("master"));
    }
    assert_eq!((scripts.count("promote"), scripts.count("demote")), (2, 1));
    node.api().service_maintenance(&one.id, true);
    for _ in 0..3 {
        run("slave, no master: ");
    }
    assert_eq!((scripts.count("promote"), scripts.count("demote")), (2, 2));
    // The record of a slave's hooks is in its registration, so a reload makes them run again: hooks must be idempotent.
    node.reload();
    run("slave, no master: ");
    run("slave, no master: ");
    assert_eq!((scripts.count("promote"), scripts.count("demote")), (2, 3));
}

#[test]
fn the_follow_hook_runs_once_for_every_new_master() {
    let [one, two, three] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(three.node);
    let follow = scripts.noting("follow");
    let pass = three.pass().args(["--on-follow", &follow]);
    let follows = |leader: &Candidate, runs: usize| {
        for _ in 0..3 {
            let said = three.said_by(&pass.run(), 0);
            assert!(said.starts_with(&format!("slave of {}", leader.node.name())), "{said}");
        }
        assert_eq!(scripts.count("follow"), runs);
    };
    one.leads();
    follows(&one, 1);
    one.node.api().service_maintenance(&one.id, true);
    one.run();
    three.said_by(&three.pass().args(["--on-follow", &follow, "--priority", "0"]).run(), 0);
    assert_eq!(scripts.count("follow"), 1, "without a leader there is no new master");
    two.leads();
    follows(&two, 2);
    // A master on the same node with another session is a new one: anything may have happened in between.
    two.node.api().destroy_session(&two.sessions()[0]);
    two.leads();
    follows(&two, 3);
}

#[test]
fn a_master_whose_session_is_replaced_under_it_is_no_new_master() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(two.node);
    one.leads();
    let pass = two.pass().args(["--on-follow", &scripts.noting("follow")]);
    two.said_by(&pass.run(), 0);
    let session = one.sessions();
    one.node.api().register_check(&json!({
        "ID": format!("{}-disk", one.id), "Name": "disk", "ServiceID": one.id, "TTL": "1h", "Status": "passing",
    }));
    one.leads();
    assert_ne!(one.sessions(), session, "the new one is bound to the new check");
    two.said_by(&pass.run(), 0);
    assert_eq!(scripts.count("follow"), 1);
}

#[test]
fn a_hook_that_leaves_a_daemon_with_its_output_open_delays_no_run_and_says_nothing_in_the_check() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let scripts = Scripts::on(one.node);
    let daemon = "echo talk; echo noise >&2; while [ -d \"$D\" ]; do sleep 0.1; done &";
    one.let_consul_run_it(
        "1s",
        &Pass::of(&one.service).on(one.node).args(["--on-promote", &scripts.command("promote", daemon)]),
    );
    let says = |text: &str| {
        let expected = ("passing".to_owned(), format!("election {}: {text}\n", one.query()));
        wait_for(text, secs(12), || {
            seen(one.node.api().check(&one.election_check()), |check| check.as_ref() == Some(&expected)).map(drop)
        });
    };
    says(&format!("master on {} ({}:6379), term 1", one.node.name(), one.node.ip()));
    one.node.api().service_maintenance(&one.id, true);
    says("slave, no master: the instance is in maintenance");
    assert_eq!(scripts.count("promote"), 1);
}

#[test]
fn a_pass_that_waits_runs_the_hooks_as_soon_as_the_role_changes() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(two.node);
    one.leads();
    let hooks = ["demote", "follow"].map(|name| (format!("--on-{name}"), scripts.noting(name)));
    let pass = two.pass().args(hooks.iter().flat_map(|(option, command)| [option.as_str(), command]));
    let pass = pass.args(["--on-promote", &scripts.gate("promote"), "--wait", "15s"]);
    two.report(&pass);
    let mut waiting = pass.spawn();
    holds_for("the wait", millis(500), || if waiting.has_ended() { Err("ended".to_owned()) } else { Ok(()) });
    assert_eq!(["promote", "demote", "follow"].map(|name| scripts.count(name)), [0, 1, 1]);
    one.node.api().service_maintenance(&one.id, true);
    one.run();
    scripts.wait_for_runs("promote", 1);
    assert!(two.holds_the_lock() && !two.is_tagged("master"), "{:?}", two.tags());
    scripts.open("promote");
    let outcome = waiting.wait();
    assert!(two.said_by(&outcome, 0).starts_with("master on "), "{outcome:?}");
    assert!(two.is_tagged("master"));
    // And back: the session ends under a waiting master.
    two.report(&pass);
    let waiting = pass.spawn();
    two.node.api().service_maintenance(&two.id, true);
    let outcome = waiting.wait();
    assert_eq!(two.said_by(&outcome, 0), "slave, no master: the instance is in maintenance");
    assert_eq!(["promote", "demote", "follow"].map(|name| scripts.count(name)), [1, 2, 1]);
}

#[test]
fn a_waiting_pass_that_is_told_to_end_lets_the_hook_that_runs_finish() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let scripts = Scripts::on(one.node);
    for (number, signal) in [Signal::TERM, Signal::INT].into_iter().enumerate() {
        let mut pass = one.pass().args(["--on-promote", &scripts.gate("promote"), "--wait", "15s"]).spawn();
        scripts.wait_for_runs("promote", number + 1);
        pass.signal(signal);
        holds_for("the pass", millis(300), || if pass.has_ended() { Err("ended".to_owned()) } else { Ok(()) });
        scripts.open("promote");
        let outcome = pass.wait();
        assert!(one.said_by(&outcome, 0).starts_with("master on "), "{outcome:?}");
        assert!(one.is_tagged("master") && outcome.took < secs(10), "{outcome:?}");
        std::fs::remove_file(scripts.path("promote.open")).unwrap();
        one.node.api().service_maintenance(&one.id, true);
        one.run();
        one.node.api().service_maintenance(&one.id, false);
    }
}

#[test]
fn hooks_and_a_priority_cost_a_steady_pass_nothing() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let hooks = ["--on-promote", "true", "--on-demote", "true", "--on-follow", "true", "--priority", "7"];
    for (candidate, requests) in [(&one, 3), (&two, 2)] {
        let proxy = Proxy::before(candidate.node);
        let pass = candidate.pass().args(hooks).through(&proxy);
        pass.run();
        proxy.clear();
        candidate.said_by(&pass.run(), 0);
        assert_eq!(proxy.lines().len(), requests, "{:?}", proxy.lines());
        assert!(proxy.requests().iter().all(|request| request.method == "GET"), "{:?}", proxy.lines());
    }
}
