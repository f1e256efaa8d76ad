//! The decisions of a run on a schedule when something fails or ends meanwhile, as a table.

use super::tests::{OK, TERM, WRITTEN, clock, lead, lost, play, schedule, timetable, unwritten};
use super::*;

const RECORD_10: &str = "record 10 ended - status null skipped 0";

fn at(seconds: u64) -> Moment {
    Moment::since_start(Duration::from_secs(1000 + seconds))
}

fn ending() -> Timetable {
    let ends_on_failure = Some(Duration::from_secs(30));
    Timetable::new(Plan { schedule: schedule(), policy: Policy::default(), ends_on_failure })
}

fn unreachable(since: u64) -> Input {
    Input::Unreachable(at(since), "refused".to_owned())
}

#[test]
fn a_signal_ends_a_run_whose_lead_is_lost_while_a_record_is_on_its_way() {
    // The command has ended; its record is not written yet.
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (10, WRITTEN, "runs, start 10"),
            (12, TERM, "stops, stop"),
            (13, OK, "ran, record 10 ended 13 status 0 skipped 0"),
            (14, lost(), "lost, release, end Signal(15)"),
        ],
    );
    // The tick has not started yet.
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (10, TERM, ""),
            (11, lost(), "lost, release, end Signal(15)"),
        ],
    );
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (10, TERM, ""),
            (11, Input::Written(Ok(false)), "release, end Signal(15)"),
        ],
    );
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (12, unwritten(), "notrecorded"),
            (12, TERM, "release, end Signal(15)"),
        ],
    );
    // The command was not started.
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (10, WRITTEN, "runs, start 10"),
            (10, TERM, "stops, stop"),
            (10, lost(), "lost, stop"),
            (10, Input::NotStarted, "release, end Signal(15)"),
        ],
    );
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (10, WRITTEN, "runs, start 10"),
            (10, TERM, "stops, stop"),
            (10, Input::NotStarted, "record - ended - status null skipped 0"),
            (10, WRITTEN, "release, end Signal(15)"),
        ],
    );
}

#[test]
fn a_failure_that_stays_is_said_once() {
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (12, unwritten(), "notrecorded"),
            (13, Input::Tick, RECORD_10),
            (15, unwritten(), ""),
            (16, Input::Tick, RECORD_10),
            (16, WRITTEN, "runs, start 10"),
            (17, OK, "ran, record 10 ended 17 status 0 skipped 0"),
            (18, unwritten(), "notrecorded"),
            (19, lost(), "lost, release"),
        ],
    );
    let failed = |why: &str| Input::Failed(why.to_owned());
    play(
        timetable(Policy::default()),
        &[
            (1, failed("denied"), "failed"),
            (3, failed("denied"), ""),
            (4, Input::Tick, ""),
            (5, failed("no such key"), "failed"),
            (6, Input::Waiting("stands back".to_owned()), "waiting"),
            (7, failed("no such key"), "failed"),
        ],
    );
    // The guard and the election say the same.
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (10, WRITTEN, "runs, start 10"),
            (12, lost(), "lost, stop"),
            (12, lost(), ""),
            (13, OK, "ran, release"),
        ],
    );
}

#[test]
fn an_outage_ends_only_a_run_that_asks_for_it_and_has_no_command() {
    play(timetable(Policy::default()), &[(1, unreachable(1), "unreachable"), (99, Input::Tick, "")]);
    play(
        ending(),
        &[(2, unreachable(1), "unreachable"), (30, Input::Tick, ""), (31, Input::Tick, "end Failed(\"refused\")")],
    );
    // Consul answers again.
    play(
        ending(),
        &[
            (2, unreachable(1), "unreachable"),
            (20, Input::Following("n2".to_owned()), "following"),
            (99, Input::Tick, ""),
            (100, unreachable(99), "unreachable"),
            (128, Input::Tick, ""),
            (129, Input::Tick, "end Failed(\"refused\")"),
        ],
    );
    // While it leads, the lead ends first.
    play(
        ending(),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (10, WRITTEN, "runs, start 10"),
            (12, unreachable(11), "unreachable"),
            (50, Input::Tick, ""),
            (50, lost(), "lost, stop"),
            (51, unreachable(11), "unreachable"),
            (51, Input::Tick, ""),
            (52, OK, "ran, release"),
            (52, Input::Tick, "end Failed(\"refused\")"),
        ],
    );
}

#[test]
fn it_does_not_wake_in_a_hurry_while_a_command_ends() {
    let mut timetable = timetable(Policy { overlap: Overlap::Replace, ..Policy::default() });
    timetable.decide(lead(1), at(1), clock(1));
    timetable.decide(Input::Tick, at(10), clock(10));
    timetable.decide(WRITTEN, at(10), clock(10));
    assert_eq!(timetable.wakes_in(clock(15)), Some(Duration::from_secs(5)));
    timetable.decide(Input::Tick, at(20), clock(20));
    assert_eq!(timetable.wakes_in(clock(21)), None);
    timetable.decide(TERM, at(22), clock(22));
    assert_eq!(timetable.wakes_in(clock(22)), None);
}

#[test]
fn a_tick_that_did_not_start_though_the_leader_lives_is_taken_back_and_starts_later() {
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (10, WRITTEN, "runs, start 10"),
            (10, Input::NotStarted, "record - ended - status null skipped 0"),
            (10, WRITTEN, ""),
            (10, Input::Tick, ""),
            (11, Input::Tick, RECORD_10),
            (11, WRITTEN, "runs, start 10"),
        ],
    );
    // The lead is lost meanwhile, so the next leader starts it.
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (10, WRITTEN, "runs, start 10"),
            (10, Input::NotStarted, "record - ended - status null skipped 0"),
            (10, WRITTEN, ""),
            (10, lost(), "lost, release"),
            (11, Input::Tick, ""),
        ],
    );
}

#[test]
fn a_record_that_is_late_is_decided_again() {
    let policy = Policy { deadline: Some(Duration::from_secs(3)), ..Policy::default() };
    play(
        timetable(policy),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (12, unwritten(), "notrecorded"),
            (13, Input::Tick, RECORD_10),
            (15, unwritten(), ""),
            // Its deadline is over. The record says so, since it may say that it started.
            (16, Input::Tick, "record - ended - status null skipped 0"),
            (16, WRITTEN, "next 20"),
            (20, Input::Tick, "record 20 ended - status null skipped 0"),
        ],
    );
    // A later tick is due by now.
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, RECORD_10),
            (12, unwritten(), "notrecorded"),
            (21, Input::Tick, "record 20 ended - status null skipped 0"),
            (21, WRITTEN, "runs, start 20"),
        ],
    );
}
