//! Ticks that are due during a run, runs that take too long, and starts that are spread.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;

use super::{Job, at};
use crate::harness::{secs, shared, wait_for};
use crate::run::stop;
use consul_master_election_tagger::schedule::jitter;

/// The seconds between two ticks.
const EVERY: i64 = 10;

/// Runs a command over the next tick, ends it well before the one after that, and returns the first two ticks and the time of that end.
fn over_a_tick(overlap: &str) -> (i64, i64, i64, Job) {
    let [n1] = shared().nodes();
    let job = Job::alone(n1, "@every 10s", &["--overlap", overlap]);
    let gate = job.file.with_extension("gate");
    let running = job.script(&format!("while [ ! -e {} ]; do sleep 0.1; done", gate.display())).spawn();
    let first = job.wait_for_ticks(1)[0].as_second();
    let end = wait_for("the middle of the time between two ticks", secs(60), || {
        let now = Timestamp::now().as_second();
        if now > first + EVERY && (1..4).contains(&(now % EVERY)) { Ok(now) } else { Err(now.to_string()) }
    });
    fs::write(&gate, "").unwrap();
    let second = job.wait_for_ticks(2)[1].as_second();
    job.wait_for_record(&n1.api(), "the end of the second run", |record| {
        record["due"].as_str().is_some_and(|due| at(due).as_second() >= second) && !record["ended"].is_null()
    });
    stop(running);
    (first, second, end, job)
}

#[test]
fn a_tick_during_a_run_is_skipped_and_counted() {
    let (first, second, end, job) = over_a_tick("skip");
    assert!(second > end, "{first} {second} {end}");
    let [n1] = shared().nodes();
    let skipped = job.record(&n1.api())["skipped"].as_i64().unwrap();
    assert!(skipped >= (end - first) / EVERY, "{skipped} {first} {end}");
}

#[test]
fn a_tick_during_a_run_follows_it_on_request() {
    let (first, second, end, _) = over_a_tick("queue");
    assert!(second > first && second <= end, "{first} {second} {end}");
}

#[test]
fn a_tick_replaces_the_run_before_it_on_request() {
    let [n1] = shared().nodes();
    let job = Job::alone(n1, "@every 2s", &["--overlap", "replace"]);
    let running = job.script("exec sleep 1000").spawn();
    let ticks = job.wait_for_ticks(3);
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
    let output = stop(running);
    assert!(
        output.stderr.contains("ending the command: the next tick is due (--overlap replace)"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("ended with signal 15"), "{}", output.stderr);
}

#[test]
fn a_run_that_takes_too_long_is_ended() {
    let [n1] = shared().nodes();
    let job = Job::alone(n1, "@every 2s", &["--max-runtime", "1s"]);
    let running = job.script("exec sleep 1000").spawn();
    job.wait_for_record(&n1.api(), "an end", |record| record["status"] == 143);
    job.wait_for_ticks(2);
    let output = stop(running);
    assert!(output.stderr.contains("it has run for 1s (--max-runtime)"), "{}", output.stderr);
}

#[test]
fn each_start_is_later_by_a_time_that_follows_from_the_name() {
    let [n1] = shared().nodes();
    let job = Job::alone(n1, "@every 5s", &["--jitter", "4s"]);
    let delay = jitter(&job.runner.name, secs(4));
    let running = job.script("true").spawn();
    let tick = job.wait_for_ticks(1)[0];
    assert_eq!(tick.as_second() % 5, 0);
    let record = job.wait_for_record(&n1.api(), "an end", |record| !record["ended"].is_null());
    let time = |name: &str| at(record[name].as_str().unwrap());
    let after = Duration::try_from(time("started").duration_since(time("due"))).unwrap();
    assert!(after >= delay, "{after:?} {delay:?}");
    stop(running);
}
