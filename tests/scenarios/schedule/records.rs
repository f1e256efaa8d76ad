//! What a new leader does about ticks that were missed or interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::{Job, LAST, RARE, Said, at, carried};
use crate::harness::{Api, Cluster, Proxy, holds_for, secs, seen, shared, wait_for};
use crate::run::stop;

/// A record after which two ticks were missed.
fn missed_two() -> serde_json::Value {
    json!({"settled": "2020-01-01T00:00:00+00:00", "skipped": 1, "missed": 5})
}

#[test]
fn the_latest_missed_tick_is_started_once() {
    let [n1] = shared().nodes();
    let (job, api) = (Job::alone(n1, RARE, &[]), n1.api());
    job.leave(&api, RARE, &missed_two());
    let running = job.script("true").spawn();
    assert_eq!(job.wait_for_ticks(1), [at(LAST)]);
    let record = job.wait_for_record(&api, "the end", |record| !record["ended"].is_null());
    assert_eq!((&record["due"], &record["by"]), (&json!(LAST), &json!("n1")));
    assert_eq!((&record["missed"], &record["skipped"], &record["status"]), (&json!(6), &json!(1), &json!(0)));
    let output = stop(running);
    assert!(output.stderr.contains("next tick 2028-02-29T00:00:00+00:00"), "{}", output.stderr);
    // The record outlives its leader, so the tick is not started again.
    let said = Said::of(&job);
    let again = said.by(job.script("true")).spawn();
    said.wait_for("next tick");
    let output = stop(again);
    assert_eq!(job.ticks().len(), 1, "{}", output.stderr);
    assert_eq!(job.record(&api), record);
}

#[test]
fn missed_ticks_are_left_out_on_request_and_after_the_deadline() {
    let [n1] = shared().nodes();
    for options in [&["--missed", "skip"][..], &["--deadline", "1h"]] {
        let (job, api) = (Job::alone(n1, RARE, options), n1.api());
        job.leave(&api, RARE, &missed_two());
        let said = Said::of(&job);
        let running = said.by(job.script("true")).spawn();
        said.wait_for("next tick");
        let output = stop(running);
        assert_eq!(job.ticks(), [], "{options:?}: {}", output.stderr);
    }
    // A tick within the deadline is started: it was due long ago, and so is the deadline.
    let (job, api) = (Job::alone(n1, "@every 8784h", &["--deadline", "8784h"]), n1.api());
    job.leave(&api, "@every 8784h", &json!({"settled": "2020-01-01T00:00:00+00:00"}));
    let running = job.script("true").spawn();
    job.wait_for_ticks(1);
    stop(running);
}

#[test]
fn a_run_that_nobody_saw_end_is_started_again_only_on_request() {
    let [n1] = shared().nodes();
    let interrupted = json!({"settled": LAST, "due": LAST, "started": LAST});
    let (job, api) = (Job::alone(n1, RARE, &["--if-interrupted", "rerun"]), n1.api());
    job.leave(&api, RARE, &interrupted);
    let running = job.script("true").spawn();
    assert_eq!(job.wait_for_ticks(1), [at(LAST)]);
    job.wait_for_record(&api, "the end", |record| !record["ended"].is_null());
    stop(running);
    for (options, fields) in [
        (&["--if-interrupted", "skip"][..], interrupted.clone()),
        (&["--if-interrupted", "rerun"], json!({"settled": LAST, "due": LAST, "started": LAST, "ended": LAST})),
    ] {
        let job = Job::alone(n1, RARE, options);
        job.leave(&api, RARE, &fields);
        let said = Said::of(&job);
        let running = said.by(job.script("true")).spawn();
        said.wait_for("next tick");
        let output = stop(running);
        assert!(job.ticks().is_empty(), "{options:?}: {}", output.stderr);
    }
}

#[test]
fn a_killed_leader_is_followed_by_one_that_does_not_start_its_tick_again() {
    let cluster = Cluster::of(2);
    let [n1, n2] = cluster.nodes();
    let one = Job::alone(n1, "@every 1s", &["--grace", "0s", "--lock-delay", "7s"]);
    let first = one.script("exec sleep 1000").spawn();
    let tick = one.wait_for_ticks(1)[0];
    let two = Job::of(&one.runner.name, &one.file, n2, "@every 1s", &["--grace", "0s", "--lock-delay", "7s"]);
    let second = two.script("true").spawn();
    first.kill();
    let ticks = two.wait_for_ticks(3);
    assert_eq!(ticks[0], tick);
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
    let record = two.wait_for_record(&n2.api(), "a record of n2", |record| record["by"] == "n2");
    // What was due while the first run ran and nobody led.
    assert_eq!(record["missed"].as_i64().unwrap(), ticks[1].as_second() - tick.as_second() - 1, "{record}");
    stop(second);
}

#[test]
fn a_record_that_arrives_late_does_not_replace_a_newer_one() {
    let [n1] = shared().nodes();
    let (job, api) = (Job::alone(n1, RARE, &[]), n1.api());
    job.leave(&api, RARE, &missed_two());
    let proxy = Proxy::before(n1);
    let (writes, passed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let watch_end = |api: Api, key: String| move || seen(carried(&api, &key), |record| record["status"] == 0);
    let has_ended = watch_end(n1.api(), job.key());
    let (ended, count, late) = (watch_end(n1.api(), job.key()), Arc::clone(&writes), Arc::clone(&passed));
    proxy.fail(move |request, _| {
        let writes = request.body.contains("check-session");
        if writes && count.fetch_add(1, Ordering::SeqCst) == 0 {
            // The first write waits on its way until the run of its tick is over.
            wait_for("the end of the run", secs(90), &ended);
            late.fetch_add(1, Ordering::SeqCst);
        }
        None
    });
    let running = job.script("true").through(&proxy).spawn();
    wait_for("the late write", secs(90), || seen(passed.load(Ordering::SeqCst), |passed| *passed == 1));
    holds_for("the end stays recorded", secs(2), || has_ended().map(drop));
    assert_eq!(job.ticks().len(), 1);
    assert!(writes.load(Ordering::SeqCst) >= 3);
    stop(running);
}
