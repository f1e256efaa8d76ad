//! Clocks that differ. libfaketime, from Debian's package faketime, gives one run a clock of its own.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::{Job, Said, at};
use crate::harness::{Pass, shared};
use crate::run::stop;

/// Gives a run, and its command, a clock that is ahead by so many seconds.
pub fn ahead(pass: Pass, seconds: &str) -> Pass {
    let library = library();
    pass.env("LD_PRELOAD", library.to_str().unwrap())
        .env("FAKETIME", seconds)
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("FAKETIME_DONT_RESET", "1")
}

fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|file| file.exists());
    found.expect("libfaketime is installed: Debian's package faketime")
}

#[test]
fn a_tick_that_a_clock_ahead_has_started_is_not_started_again_by_a_true_one() {
    let [n1, n2, _] = shared().nodes();
    let one = Job::alone(n1, "@every 2s", &[]);
    let first = ahead(one.script("true"), "+8s").spawn();
    let early = one.wait_for_ticks(2);
    stop(first);
    let early = one.ticks().len().max(early.len());
    let two = Job::of(&one.runner.name, &one.file, n2, "@every 2s", &[]);
    let second = two.script("true").spawn();
    let ticks = two.wait_for_ticks(early + 2);
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
    let record = two.wait_for_record(&n2.api(), "an end", |record| record["by"] == "n2" && !record["ended"].is_null());
    // It waited for its own clock to come there.
    assert!(at(record["started"].as_str().unwrap()) >= at(record["due"].as_str().unwrap()), "{record}");
    stop(second);
}

#[test]
fn a_record_far_ahead_of_the_clock_is_said() {
    let [n1] = shared().nodes();
    let (job, api) = (Job::alone(n1, "@every 1s", &[]), n1.api());
    job.leave(&api, "@every 1s", &json!({"settled": "2999-01-01T00:00:00+00:00"}));
    let said = Said::of(&job);
    let running = said.by(job.script("true")).spawn();
    said.wait_for("ahead of this clock, so ticks wait until then");
    stop(running);
    assert_eq!(job.ticks(), []);
}
