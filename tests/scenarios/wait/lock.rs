//! `--wait` and the lock: lost, freed, in its lock-delay, and used by two passes at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use serde_json::json;

use crate::harness::{
    Api, Cluster, Fault, Node, Pass, Proxy, Random, Signal, holds_for, millis, secs, seen, shared, signal, wait_for,
};
use crate::stage::{Candidate, tries_the_lock};
use crate::wait::Stay;

/// Longer than any of these scenarios.
const WAIT: [&str; 2] = ["--wait", "20s"];

/// Returns a pass with this lock-delay.
fn pass(one: &Candidate, lock_delay: &str) -> Pass {
    Pass::of(&one.service).on(one.node).args(["--lock-delay", lock_delay])
}

/// Makes a foreign session hold the lock, and returns it.
fn rival(one: &Candidate, on: &Node, lock_delay: &str) -> String {
    let session = on.api().create_session(&json!({"Name": "rival", "LockDelay": lock_delay}));
    assert!(on.api().acquire(&one.key(), &session, "{}"));
    session
}

#[test]
fn a_lock_lost_is_a_tag_taken_off_at_once_and_a_signal_during_the_tries_leaves_no_session() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    for signal in [Signal::TERM, Signal::INT] {
        let pass = pass(&one, "2s");
        assert!(one.settles_by(&pass).starts_with("master on "));
        let stay = Stay::by(&one, &pass.clone().args(WAIT));
        let session = one.sessions().pop().unwrap();
        one.node.api().destroy_session(&session);
        let took = one.wait_for_tag("slave", secs(5));
        assert!(took < secs(1), "{took:?}");
        wait_for("an attempt", secs(5), || seen(stay.tries(), |tries| *tries > 1).map(drop));
        stay.running.signal(signal);
        assert_eq!(one.said_by(&stay.running.wait(), 0), "slave, no master: the lock is in its lock-delay");
        assert_eq!(one.sessions(), Vec::<String>::new());
        // The check's output in the agent does not matter now, because there is work to do.
        assert!(one.said_by(&pass.clone().args(WAIT).run(), 0).starts_with("master on "));
    }
}

#[test]
fn a_lock_freed_is_taken_at_once_without_lock_delay() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let mut random = Random::new();
    let mut times = Vec::new();
    for _ in 0..5 {
        let session = rival(&one, two.node, "0s");
        assert_eq!(one.settles(), format!("slave of {}", two.node.name()));
        let stay = Stay::of(&one, &WAIT);
        std::thread::sleep(random.duration(millis(0)..millis(300)));
        two.node.api().destroy_session(&session);
        times.push(one.wait_for_tag("master", secs(5)));
        assert!(one.said_by(&stay.running.wait(), 0).starts_with("master on "), "told at once");
        for session in one.sessions() {
            one.node.api().destroy_session(&session);
        }
    }
    println!("from freed to tagged: {times:?}");
    assert!(times.iter().all(|took| *took < secs(1)), "{times:?}");
}

#[test]
fn a_lock_in_its_lock_delay_is_taken_as_soon_as_that_ends_with_ten_tries_a_second_and_one_session() {
    let nodes = shared().nodes::<2>();
    for (lock_delay, length) in [("1s", secs(1)), ("3s", secs(3))] {
        let one = Candidate::alone(nodes[0]);
        let session = rival(&one, nodes[1], lock_delay);
        let pass = pass(&one, "0s");
        one.settles_by(&pass);
        let mut stay = Stay::by(&one, &pass.clone().args(WAIT));
        stay.proxy.clear();
        nodes[1].api().destroy_session(&session);
        let freed = Instant::now();
        // At all times: never a second session.
        wait_for("the pass to end", secs(15), || {
            let sessions = one.sessions();
            assert!(sessions.len() <= 1, "{sessions:?}");
            if stay.running.has_ended() { Ok(()) } else { Err(format!("{sessions:?}")) }
        });
        let took = freed.elapsed();
        assert!(one.said_by(&stay.running.wait(), 0).starts_with("master on "));
        assert!(
            took + millis(50) >= length && took < length + secs(1),
            "lock-delay {lock_delay}, taken after {took:?}"
        );
        let tries = stay.proxy.requests().iter().filter(|request| tries_the_lock(request)).count();
        let lines = stay.proxy.lines();
        let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        let created = count("/v1/session/create");
        println!("lock-delay {lock_delay}: {tries} tries, {} requests, taken after {took:?}", lines.len());
        assert_eq!(created, 1);
        assert!(count("GET /v1/session/") <= 2, "it knows its session: {lines:?}");
        // Two more at the end write the lock's value.
        assert!(tries <= usize::try_from(took.as_millis() / 100).unwrap() + 3, "{tries} tries in {took:?}");
        assert!(tries >= usize::try_from(length.as_millis() / 250).unwrap(), "{tries} tries in {took:?}");
        assert_eq!(one.sessions().len(), 1);
    }
}

#[test]
fn tries_in_a_lock_delay_cost_no_raft_entry() {
    let cluster = Cluster::of(2);
    let [node, other] = cluster.nodes::<2>();
    let one = Candidate::alone(node);
    let session = rival(&one, other, "60s");
    let pass = pass(&one, "0s");
    one.settles_by(&pass);
    cluster.settle();
    let stay = Stay::by(&one, &pass.clone().args(WAIT));
    other.api().destroy_session(&session);
    let tries = || stay.tries();
    wait_for("the attempts to begin", secs(5), || seen(tries(), |tries| *tries > 1).map(drop));
    let entries = cluster.quiet_raft_entries(|| {
        let before = tries();
        wait_for("ten more attempts", secs(10), || seen(tries(), |tries| *tries > before + 10).map(drop));
    });
    assert_eq!(entries, 0, "in ten tries");
    assert_eq!(one.said_by(&stay.ended(), 0), "slave, no master: the lock is in its lock-delay");
    assert_eq!(one.sessions(), Vec::<String>::new());
}

#[test]
fn a_signal_in_the_moment_before_the_wait_begins_is_not_lost() {
    let nodes = shared().nodes::<2>();
    let one = Candidate::alone(nodes[0]);
    let first = rival(&one, nodes[1], "1s");
    let shown = one.settles();
    nodes[1].api().destroy_session(&first);
    // The pass finds the lock in its lock-delay. Just before its second attempt, a rival gets the lock: now Consul
    // shows everything the pass has to say, and it ends the session of its attempts before it waits. At that point the
    // signal comes.
    let second = nodes[1].api().create_session(&json!({"Name": "rival", "LockDelay": "0s"}));
    let pid = Arc::new(AtomicU32::new(0));
    let proxy = Proxy::before(one.node);
    proxy.fail({
        let (address, key, second) = (nodes[1].address(), one.key(), second.clone());
        let (pid, tries) = (Arc::clone(&pid), AtomicU32::new(0));
        move |request, _| {
            if tries_the_lock(request) && tries.fetch_add(1, Ordering::SeqCst) == 1 {
                let api = Api::at(&address, None);
                wait_for("the rival to win", secs(10), || seen(api.acquire(&key, &second, "{}"), |won| *won).map(drop));
            }
            if request.path.starts_with("/v1/session/node/") && tries.load(Ordering::SeqCst) > 1 {
                signal(pid.load(Ordering::SeqCst), Signal::TERM);
            }
            None::<Fault>
        }
    });
    let running = pass(&one, "0s").args(WAIT).through(&proxy).spawn();
    pid.store(running.id(), Ordering::SeqCst);
    let outcome = running.wait();
    assert_eq!(one.said_by(&outcome, 0), shown);
    assert!(outcome.took < secs(10), "it went on waiting: {outcome:?}");
    assert_eq!(one.sessions(), Vec::<String>::new());
    nodes[1].api().destroy_session(&second);
}

#[test]
fn two_waiting_passes_of_one_instance_do_each_other_no_harm() {
    let nodes = shared().nodes::<2>();
    let one = Candidate::alone(nodes[0]);
    for round in 0..3 {
        let session = rival(&one, nodes[1], "500ms");
        one.settles();
        let stays = [Stay::of(&one, &WAIT), Stay::of(&one, &WAIT)];
        nodes[1].api().destroy_session(&session);
        for stay in stays {
            let said = one.said_by(&stay.running.wait(), 0);
            assert!(said.starts_with("master on "), "round {round}: {said}");
        }
        one.leads();
        assert_eq!(one.sessions().len(), 1, "round {round}");
        // Two waiting masters of one instance lose the lead together.
        one.settles();
        let stays = [Stay::of(&one, &WAIT), Stay::of(&one, &WAIT)];
        one.node.api().service_maintenance(&one.id, true);
        for stay in stays {
            let said = one.said_by(&stay.running.wait(), 0);
            assert!(said.starts_with("slave, no master: "), "round {round}: {said}");
        }
        assert_eq!(one.sessions(), Vec::<String>::new(), "round {round}");
        assert!(one.is_tagged("slave") && !one.is_tagged("master"));
        one.node.api().service_maintenance(&one.id, false);
    }
}

#[test]
fn a_deleted_key_and_one_that_someone_wrote_are_seen_by_a_waiting_master() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.settles();
    let stay = Stay::of(&one, &WAIT);
    one.node.api().put_key(&one.key(), "not JSON");
    wait_for("the value to be repaired", secs(2), || {
        seen(one.node.api().lock(&one.key()).unwrap().value, |value| value["node"] == one.node.name()).map(drop)
    });
    drop(stay);
    one.settles();
    let stay = Stay::of(&one, &WAIT);
    one.node.api().delete_key(&one.key());
    wait_for("the lock to be taken again", secs(2), || seen(one.holds_the_lock(), |holds| *holds).map(drop));
    drop(stay);
    one.leads();
    assert_eq!(one.sessions().len(), 1);
}

#[test]
fn what_was_learnt_of_the_key_before_the_last_look_at_it_is_not_acted_on() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let pass = pass(&one, "0s");
    one.settles_by(&pass);
    let api = one.node.api();
    let stay = Stay::by(&one, &pass.args(WAIT));
    let (begun, gate) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(true)));
    stay.proxy.fail({
        let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
        move |request, _| {
            // A request for the instance's health by name is a whole look; in between, it is asked for by ID.
            if request.path.starts_with("/v1/agent/health/service/name/") {
                begun.store(true, Ordering::SeqCst);
                wait_for("the gate to open", secs(10), || seen(gate.load(Ordering::SeqCst), |shut| !shut).map(drop));
            }
            None::<Fault>
        }
    });
    // Another registration wakes the pass. Before it has looked, someone writes the key and repairs it.
    api.register(&json!({"Name": one.service, "ID": one.id, "Port": 6379, "Tags": ["master"]}));
    wait_for("the look to begin", secs(5), || seen(begun.load(Ordering::SeqCst), |begun| *begun).map(drop));
    let before = api.lock(&one.key()).unwrap();
    let session = before.session.clone().unwrap();
    assert!(api.acquire(&one.key(), &session, "not JSON"));
    // Leaves time for the blocking query to be answered with that, and for a slow look.
    holds_for("what was written", millis(1_300), || Ok(()));
    assert!(api.acquire(&one.key(), &session, &before.value.to_string()));
    let mended = api.lock(&one.key()).unwrap();
    gate.store(false, Ordering::SeqCst);
    wait_for("the registration to be whole", secs(5), || {
        let meta = one.node.api().local(&one.id)["Meta"].clone();
        seen(meta, |meta| meta.as_object().is_some_and(|meta| !meta.is_empty())).map(drop)
    });
    holds_for("the lead", millis(700), || seen(api.lock(&one.key()).unwrap(), |lock| *lock == mended).map(drop));
    drop(stay);
}

#[test]
fn a_waiting_run_whose_check_was_removed_leaves_the_election_and_never_leads() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    for candidate in &candidates {
        candidate.settles();
    }
    let stays = candidates.each_ref().map(|candidate| Stay::of(candidate, &["--wait", "60s"]));
    let before = shared().server().api().lock(&candidates[0].key()).expect("a lock key");
    // Consul ends no run whose check is removed. The master's goes last, and ends its session.
    for candidate in candidates.iter().rev() {
        candidate.node.api().delete_check(&candidate.election_check());
    }
    for (candidate, stay) in candidates.iter().zip(stays) {
        candidate.said_by(&stay.running.wait(), 0);
        assert_eq!((candidate.mark(), candidate.tags_now(), candidate.sessions()), (json!(null), vec![], vec![]));
    }
    let lock = shared().server().api().lock(&candidates[0].key()).expect("a lock key");
    assert_eq!((lock.session, lock.lock_index), (None, before.lock_index), "nobody has led since");
}
