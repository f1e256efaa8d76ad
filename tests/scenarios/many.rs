//! An election of many: the master names its successors, only these act at once on a free lock, and nobody waits for them without end.

use std::time::Instant;

use serde_json::{Value, json};

use crate::harness::{Health, Pass, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;
use crate::wait::Stay;

/// More candidates than an election has that names nobody.
const MANY: usize = 12;

const WAIT: &[&str] = &["--wait", "60s"];

/// Registers and marks many candidates on three nodes. The first one leads.
fn many(size: usize) -> Vec<Candidate<'static>> {
    let (service, nodes) = (unique("redis"), shared().nodes::<3>());
    let one = |number: usize| Candidate::with(&service, &format!("{service}-{number:02}"), nodes[number % 3], |_| {});
    let candidates: Vec<Candidate> = (0..size).map(one).collect();
    for candidate in &candidates {
        candidate.report(&candidate.pass());
    }
    assert!(candidates[0].holds_the_lock());
    candidates
}

/// Moves the lead from the first candidate to the second, which sees all others and names some of them. Returns these, best first.
fn lead_of_the_second(candidates: &[Candidate]) -> Vec<String> {
    candidates[0].turn(Health::Critical);
    candidates[0].report(&candidates[0].pass());
    candidates[1].report(&candidates[1].pass());
    assert!(candidates[1].holds_the_lock());
    candidates[0].turn(Health::Passing);
    for candidate in candidates {
        // Twice: the check shows what the next run prints.
        candidate.report(&candidate.pass());
        candidate.report(&candidate.pass());
    }
    named(&candidates[0])
}

/// The IDs of the instances that the lock's value names.
fn named(candidate: &Candidate) -> Vec<String> {
    let lock = candidate.node.api().lock(&candidate.key()).expect("a lock key");
    let next = lock.value["successors"]["next"].as_array().cloned().unwrap_or_default();
    next.iter().map(|one| one["service_id"].as_str().expect("an ID").to_owned()).collect()
}

fn the<'a>(candidates: &'a [Candidate<'static>], id: &str) -> &'a Candidate<'static> {
    candidates.iter().find(|candidate| candidate.id == id).expect("a candidate")
}

/// Lets a run of each candidate wait. Their proxies have the requests from then on.
fn all_wait<'a>(candidates: &'a [Candidate<'static>]) -> Vec<(&'a Candidate<'static>, Stay)> {
    let stays: Vec<_> = candidates.iter().map(|candidate| (candidate, Stay::of(candidate, WAIT))).collect();
    for (_, stay) in &stays {
        stay.proxy.clear();
    }
    stays
}

/// The ID of the instance that holds the lock.
fn holder(candidate: &Candidate) -> Option<String> {
    let lock = candidate.node.api().lock(&candidate.key())?;
    lock.session.and(lock.value["service_id"].as_str().map(str::to_owned))
}

/// Writes a value into the free lock key, as a master of many would have left it.
fn leave(candidate: &Candidate, candidates: u32, next: &[&Candidate]) {
    let api = candidate.node.api();
    let session = api.create_session(&json!({"Name": "former", "LockDelay": "0s"}));
    let next: Vec<Value> = next.iter().map(|one| json!({"node": one.node.name(), "service_id": one.id})).collect();
    let value = json!({"successors": {"candidates": candidates, "next": next}});
    assert!(api.acquire(&candidate.key(), &session, &value.to_string()));
    api.destroy_session(&session);
}

#[test]
fn the_master_of_many_names_candidates_on_other_nodes_and_the_master_of_a_few_names_nobody() {
    let candidates = many(MANY);
    let next = lead_of_the_second(&candidates);
    let nodes: Vec<&str> = next.iter().map(|id| the(&candidates, id).node.name()).collect();
    let master = candidates[1].node.name();
    assert_eq!(nodes.len(), 3, "{next:?}");
    assert!(nodes[0] != nodes[1] && !nodes[..2].contains(&master), "{nodes:?}");
    // The one that `info` shows as next is the one that leads next.
    let info = Pass::bare().on(candidates[0].node).args(["info", "--consul-service-name", &candidates[0].service]);
    let info: Value = serde_json::from_str(&info.output().stdout).expect("JSON");
    let marked = info["candidates"].as_array().expect("candidates").iter().filter(|one| one["next"] == true);
    let marked: Vec<&str> = marked.map(|one| one["service_id"].as_str().expect("an ID")).collect();
    assert_eq!(marked, [&next[0]]);
    // What does not change is not written again.
    let index = || candidates[1].node.api().lock(&candidates[1].key()).expect("a key").modify_index;
    let before = index();
    for _ in 0..20 {
        candidates[1].run();
    }
    assert_eq!(index(), before);

    let few = many(3);
    lead_of_the_second(&few);
    let lock = few[1].node.api().lock(&few[1].key()).expect("a key");
    assert!(lock.value.get("successors").is_none(), "{}", lock.value);
}

#[test]
fn the_first_named_candidate_leads_next_and_the_others_ask_for_nothing_but_the_key() {
    let candidates = many(MANY);
    let next = lead_of_the_second(&candidates);
    let stays = all_wait(&candidates);
    candidates[1].turn(Health::Critical);
    wait_for("the first named candidate to lead", secs(20), || {
        seen(holder(&candidates[1]), |holder| holder.as_deref() == Some(next[0].as_str())).map(drop)
    });
    for (candidate, mut stay) in stays {
        let is_other = candidate.id != next[0] && candidate.id != candidates[1].id;
        if is_other {
            wait_for("the run to end", secs(20), || if stay.running.has_ended() { Ok(()) } else { Err(String::new()) });
        }
        let (lines, tries) = (stay.proxy.lines(), stay.tries());
        let reads: Vec<&String> = lines.iter().filter(|line| line.contains("/v1/health/service/")).collect();
        if candidate.id == next[0] {
            assert!(!reads.is_empty() && reads.iter().all(|read| read.contains("?filter=")), "{lines:#?}");
            assert!(tries >= 1);
        } else if !next.contains(&candidate.id) && is_other {
            assert!(reads.is_empty() && tries == 0, "{}: {lines:#?}", candidate.id);
            let waits: Vec<&String> = lines.iter().filter(|line| line.contains("?index=")).collect();
            assert!(waits.iter().all(|wait| wait.ends_with("&stale")), "{waits:?}");
            let line = candidate.said_by(&stay.running.wait(), 0);
            assert!(line.starts_with(&format!("slave of {}", the(&candidates, &next[0]).node.name())), "{line}");
        }
    }
    let left: Vec<String> = next[1..].to_vec();
    assert_eq!(named(&candidates[1]), left, "the next master keeps the other names");
}

#[test]
fn when_the_named_candidates_do_not_act_another_leads_within_a_second() {
    let candidates = many(MANY);
    let next = lead_of_the_second(&candidates);
    let others = candidates.iter().filter(|candidate| !next.contains(&candidate.id));
    let stays: Vec<Stay> = others.map(|candidate| Stay::of(candidate, WAIT)).collect();
    candidates[1].turn(Health::Critical);
    let mut free = None;
    wait_for("another candidate to lead", secs(20), || {
        let holder = holder(&candidates[1]);
        if holder.is_none() {
            free.get_or_insert_with(Instant::now);
        }
        seen(holder, |holder| {
            holder.as_ref().is_some_and(|holder| *holder != candidates[1].id && !next.contains(holder))
        })
        .map(drop)
    });
    let took = free.map(|free| free.elapsed()).unwrap_or_default();
    println!("{took:?}");
    // On a busy machine; docs/scale.md has the time that it takes.
    assert!(took < secs(3), "{took:?}");
    let tries: usize = stays.iter().map(Stay::tries).sum();
    assert!(tries <= 4, "{tries} attempts on the lock");
}

#[test]
fn a_deleted_key_does_not_make_many_candidates_read_all_instances() {
    let candidates = many(MANY);
    let next = lead_of_the_second(&candidates);
    let stays = all_wait(&candidates);
    candidates[1].node.api().delete_key(&candidates[1].key());
    wait_for("a leader", secs(20), || seen(holder(&candidates[1]), Option::is_some).map(drop));
    let others =
        stays.iter().filter(|(candidate, _)| !next.contains(&candidate.id) && candidate.id != candidates[1].id);
    let reads: usize = others.map(|(_, stay)| stay.asked("/v1/health/service/")).sum();
    assert_eq!(reads, 0);
}

#[test]
fn a_run_that_finds_the_lock_free_leaves_it_to_the_named_candidates_most_of_the_time() {
    let found = (0..5).any(|_| {
        let candidates = Candidate::on_each(shared().nodes::<3>());
        let [one, two, three] = &candidates;
        leave(one, 100_000, &[two]);
        // One of 128 runs of the others tries all the same.
        let line = one.run();
        if line.starts_with("master on ") {
            return false;
        }
        let node = two.node.name();
        assert_eq!(line, format!("slave, no master: left to {node} and others that the last master named"));
        assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
        two.leads();
        three.follows(two);
        true
    });
    assert!(found, "five runs in a row did not leave the lock to the named candidate");
}

#[test]
fn the_named_candidates_cannot_keep_the_others_from_leading() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let [one, two, _] = &candidates;
    leave(one, 20, &[two]);
    let runs = (1..100).find(|_| one.run().starts_with("master on ") || one.holds_the_lock());
    println!("{runs:?} runs");
    assert!(one.holds_the_lock());
}

#[test]
fn names_that_are_gone_are_replaced_and_a_better_candidate_is_named_first() {
    let candidates = many(MANY);
    let next = lead_of_the_second(&candidates);
    for id in &next {
        the(&candidates, id).turn(Health::Critical);
    }
    let better = candidates.iter().find(|one| one.id != candidates[1].id && !next.contains(&one.id)).expect("another");
    better.report(&better.pass().args(["--priority", "200"]));
    wait_for("the master to name others", secs(120), || {
        candidates[1].run();
        seen(named(&candidates[1]), |now| now[0] == better.id && !now.iter().any(|id| next.contains(id))).map(drop)
    });
}

#[test]
fn a_master_that_hands_over_leaves_the_names_to_the_next_one() {
    let candidates = many(MANY);
    let next = lead_of_the_second(&candidates);
    assert_eq!(candidates[1].resign().run().status, 0);
    assert_eq!(named(&candidates[1]), next);
    the(&candidates, &next[1]).leads();
    assert_eq!(named(&candidates[1]), [next[0].clone(), next[2].clone()]);
}

#[test]
fn a_small_election_that_has_grown_under_a_waiting_master_is_large_in_its_next_run() {
    let candidates = many(MANY);
    assert_eq!(named(&candidates[0]), [] as [&str; 0], "it was alone when it took the lock");
    let runs = std::cell::Cell::new(0);
    wait_for("the master to name others", secs(60), || {
        runs.set(runs.get() + 1);
        candidates[0].report(&candidates[0].pass().args(["--wait", "1s"]));
        seen(named(&candidates[0]), |named| named.len() == 3).map(drop)
    });
    println!("{} runs", runs.get());
}
