//! What a leader does about a tick, as a table. All times are seconds; a tick is due every 10.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::{Interrupted, Missed, Overlap, Policy, Record, Running, Step, Why, decide, ended, jitter};
use super::{at, schedule};

fn time(seconds: i64) -> Timestamp {
    at("2026-06-01T00:00:00Z").checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn seconds(moment: Timestamp) -> i64 {
    moment.duration_since(time(0)).as_secs()
}

/// A policy, as words such as `missed=skip deadline=5`.
fn policy(words: &str) -> Policy {
    let mut policy = Policy::default();
    for word in words.split_whitespace() {
        let (name, value) = word.split_once('=').unwrap();
        let length = || Duration::from_secs(value.parse().unwrap());
        match (name, value) {
            ("missed", "skip") => policy.missed = Missed::Skip,
            ("interrupted", "rerun") => policy.interrupted = Interrupted::Rerun,
            ("overlap", "queue") => policy.overlap = Overlap::Queue,
            ("overlap", "replace") => policy.overlap = Overlap::Replace,
            ("deadline", _) => policy.deadline = Some(length()),
            ("max", _) => policy.max_runtime = Some(length()),
            ("jitter", _) => policy.jitter = length(),
            _ => panic!("{word}"),
        }
    }
    policy
}

/// A record that is settled up to a time; with `open`, the run of its last tick has not ended.
fn record(settled: i64, open: Option<i64>) -> Record {
    let due = open.map(time);
    Record { due, started: due, ..Record::new(&schedule("@every 10s"), time(settled)) }
}

fn in_words(record: &Record, step: &Step) -> String {
    let after = format!("settled {} missed {}", seconds(record.settled), record.missed);
    match step {
        Step::Start { tick } => {
            assert_eq!((record.due, record.ended, record.status), (Some(*tick), None, None));
            format!("start {}, {after}", seconds(*tick))
        }
        Step::Stop(Why::MaxRuntime) => format!("stop it: too long, {after}"),
        Step::Stop(Why::Replaced) => format!("stop it: replaced, {after}"),
        Step::Rest { until, within } => {
            let until = until.map_or(String::new(), |until| format!(" until {}", seconds(until)));
            let within = within.map_or(String::new(), |within| format!(" for {}", within.as_secs()));
            format!("rest{until}{within}, {after}")
        }
    }
}

/// Policy; settled, the open run's tick, how long a run runs, leading since, now; what to do.
#[test]
fn every_case_has_its_step() {
    type Row<'a> = (&'a str, i64, Option<i64>, Option<u64>, i64, i64, &'a str);
    let table: &[Row] = &[
        // On time, early, late.
        ("", 0, None, None, 0, 0, "rest until 10, settled 0 missed 0"),
        ("", 0, None, None, 0, 9, "rest until 10, settled 0 missed 0"),
        ("", 0, None, None, 0, 10, "start 10, settled 10 missed 0"),
        ("", 0, None, None, 0, 19, "start 10, settled 10 missed 0"),
        ("", 3, None, None, 3, 10, "start 10, settled 10 missed 0"),
        // The next due time follows from the record, not from the clock: a clock behind waits, one ahead does not start again.
        ("", 50, None, None, 20, 20, "rest until 60, settled 50 missed 0"),
        ("", 50, None, None, 20, 59, "rest until 60, settled 50 missed 0"),
        ("", 50, None, None, 20, 60, "start 60, settled 60 missed 0"),
        // After a failover, or a suspended machine: the latest one runs, once.
        ("", 0, None, None, 35, 35, "start 30, settled 30 missed 2"),
        ("", 30, None, None, 35, 36, "rest until 40, settled 30 missed 0"),
        ("", 0, None, None, 0, 35, "start 30, settled 30 missed 2"),
        ("missed=skip", 0, None, None, 35, 35, "rest until 40, settled 30 missed 3"),
        ("missed=skip", 0, None, None, 30, 35, "start 30, settled 30 missed 2"),
        ("missed=skip", 0, None, None, 25, 30, "start 30, settled 30 missed 2"),
        ("missed=skip", 0, None, None, 0, 10, "start 10, settled 10 missed 0"),
        // Not later than the deadline.
        ("deadline=5", 0, None, None, 35, 35, "start 30, settled 30 missed 2"),
        ("deadline=5", 0, None, None, 36, 36, "rest until 40, settled 30 missed 3"),
        ("deadline=5 jitter=3", 0, None, None, 38, 38, "start 30, settled 30 missed 2"),
        ("deadline=0", 0, None, None, 0, 10, "start 10, settled 10 missed 0"),
        // Jitter moves each start, and no due time.
        ("jitter=3", 0, None, None, 0, 10, "rest until 13, settled 0 missed 0"),
        ("jitter=3", 0, None, None, 0, 13, "start 10, settled 10 missed 0"),
        ("jitter=25", 0, None, None, 0, 34, "rest until 35, settled 0 missed 0"),
        ("jitter=25", 0, None, None, 0, 35, "start 10, settled 10 missed 0"),
        ("jitter=3 missed=skip", 0, None, None, 12, 13, "start 10, settled 10 missed 0"),
        ("jitter=3 missed=skip", 0, None, None, 14, 14, "rest until 23, settled 10 missed 1"),
        // A run that nobody saw end.
        ("", 10, Some(10), None, 15, 15, "rest until 20, settled 10 missed 0"),
        ("", 10, Some(10), None, 25, 25, "start 20, settled 20 missed 0"),
        ("interrupted=rerun", 10, Some(10), None, 15, 15, "start 10, settled 10 missed 0"),
        ("interrupted=rerun", 10, Some(10), None, 25, 25, "start 20, settled 20 missed 0"),
        ("interrupted=rerun", 10, None, None, 15, 15, "rest until 20, settled 10 missed 0"),
        ("interrupted=rerun missed=skip", 10, Some(10), None, 25, 25, "start 10, settled 20 missed 1"),
        ("interrupted=rerun deadline=3", 10, Some(10), None, 15, 15, "rest until 20, settled 10 missed 0"),
        // While a run runs.
        ("", 10, Some(10), Some(1), 0, 11, "rest, settled 10 missed 0"),
        ("", 10, Some(10), Some(15), 0, 25, "rest, settled 10 missed 0"),
        ("interrupted=rerun", 10, Some(10), Some(15), 0, 25, "rest, settled 10 missed 0"),
        ("overlap=queue", 10, Some(10), Some(15), 0, 25, "rest, settled 10 missed 0"),
        ("overlap=replace", 10, Some(10), Some(1), 0, 11, "rest until 20, settled 10 missed 0"),
        ("overlap=replace", 10, Some(10), Some(10), 0, 20, "stop it: replaced, settled 10 missed 0"),
        ("overlap=replace jitter=3", 10, Some(10), Some(9), 0, 22, "rest until 23, settled 10 missed 0"),
        ("max=5", 10, Some(10), Some(1), 0, 11, "rest for 4, settled 10 missed 0"),
        ("max=5", 10, Some(10), Some(5), 0, 15, "stop it: too long, settled 10 missed 0"),
        ("max=5 overlap=replace", 10, Some(10), Some(1), 0, 11, "rest until 20 for 4, settled 10 missed 0"),
        ("max=50 overlap=replace", 10, Some(10), Some(11), 0, 21, "stop it: replaced, settled 10 missed 0"),
    ];
    for (words, settled, open, runs, leads_since, now, expected) in table {
        let running = runs.map(|runs| Running { runs: Duration::from_secs(runs) });
        let schedule = schedule("@every 10s");
        let (after, step) =
            decide(&record(*settled, *open), &schedule, &policy(words), running, time(*leads_since), time(*now));
        let row = format!("{words} settled {settled} open {open:?} runs {runs:?} leads since {leads_since} now {now}");
        assert_eq!(in_words(&after, &step), *expected, "{row}");
    }
}

/// Policy; when a run of tick 10 ended; the record's end and counts, and what is started at once.
#[test]
fn ticks_during_a_run_are_skipped_or_the_latest_one_follows_it() {
    for (words, end, settled, skipped, then) in [
        ("", 19, 10, 0, "rest until 20, settled 10 missed 0"),
        ("", 20, 20, 1, "rest until 30, settled 20 missed 0"),
        ("", 45, 40, 3, "rest until 50, settled 40 missed 0"),
        ("jitter=3", 22, 10, 0, "rest until 23, settled 10 missed 0"),
        ("jitter=3", 23, 20, 1, "rest until 33, settled 20 missed 0"),
        ("overlap=queue", 19, 10, 0, "rest until 20, settled 10 missed 0"),
        ("overlap=queue", 25, 19, 0, "start 20, settled 20 missed 0"),
        ("overlap=queue", 45, 39, 2, "start 40, settled 40 missed 0"),
        ("overlap=queue missed=skip", 45, 39, 2, "start 40, settled 40 missed 0"),
        ("overlap=queue deadline=3", 45, 39, 2, "rest until 50, settled 40 missed 1"),
        ("overlap=replace", 21, 19, 0, "start 20, settled 20 missed 0"),
        ("overlap=replace", 35, 29, 1, "start 30, settled 30 missed 0"),
        ("interrupted=rerun", 19, 10, 0, "rest until 20, settled 10 missed 0"),
    ] {
        let (schedule, policy) = (schedule("@every 10s"), policy(words));
        let after = ended(&record(10, Some(10)), &schedule, &policy, 1, time(end));
        let found =
            (seconds(after.settled), after.skipped, after.ended.map(seconds), after.status, after.due.map(seconds));
        assert_eq!(found, (settled, skipped, Some(end), Some(1), Some(10)), "{words} ended at {end}");
        let (after, step) = decide(&after, &schedule, &policy, None, time(0), time(end));
        assert_eq!(in_words(&after, &step), then, "{words} ended at {end}");
    }
}

#[test]
fn a_schedule_that_ends_rests_for_ever_and_extreme_times_do_no_harm() {
    let last = schedule("@yearly");
    let settled = Record::new(&last, at("9999-01-01T00:00:00Z"));
    let (_, step) = decide(&settled, &last, &Policy::default(), None, Timestamp::MAX, Timestamp::MAX);
    assert_eq!(step, Step::Rest { until: None, within: None });
    let policy = Policy {
        jitter: Duration::MAX,
        deadline: Some(Duration::MAX),
        max_runtime: Some(Duration::MAX),
        ..Policy::default()
    };
    for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
        for settled in [Timestamp::MIN, Timestamp::MAX] {
            let record = Record::new(&last, settled);
            let _ = decide(&record, &last, &policy, Some(Running { runs: Duration::MAX }), now, now);
            let _ = decide(&record, &last, &policy, None, now, now);
            let _ = ended(&record, &last, &policy, 0, now);
        }
    }
}

#[test]
fn a_jitter_is_the_same_on_every_node_and_differs_between_names() {
    let most = Duration::from_secs(60);
    let (reports, backup) = (jitter("reports", most), jitter("backup", most));
    assert!(reports <= most && backup <= most && reports != backup);
    assert_eq!((reports, backup), (jitter("reports", most), jitter("backup", most)));
    // Builds of all versions must agree on it.
    assert_eq!(reports, Duration::from_millis(23_287));
    assert_eq!(jitter("reports", Duration::ZERO), Duration::ZERO);
    let spread: std::collections::BTreeSet<u64> =
        (0..1000).map(|n| jitter(&format!("job-{n}"), most).as_secs() / 6).collect();
    assert!(spread.len() >= 10, "all parts of the time are used");
    let _ = jitter("x", Duration::MAX);
}
