//! The decisions of a run on a schedule, as a table: inputs with the actions that follow. A tick is due every 10 s.

use jiff::SignedDuration;

use super::*;
use crate::schedule::Local;

pub(super) fn schedule() -> Schedule {
    Schedule::read("@every 10s", &Local::default()).unwrap()
}

pub(super) fn clock(seconds: i64) -> Timestamp {
    "2026-06-01T00:00:00Z".parse::<Timestamp>().unwrap().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

pub(super) fn timetable(policy: Policy) -> Timetable {
    Timetable::new(Plan { schedule: schedule(), policy, ends_on_failure: None })
}

/// The seconds of a time of this hour.
fn second(shown: &str) -> String {
    let minutes: i64 = shown[14..16].parse().unwrap();
    (minutes * 60 + shown[17..19].parse::<i64>().unwrap()).to_string()
}

fn short(actions: &[Action]) -> String {
    let one = |action: &Action| match action {
        Action::StartTick(tick) => format!("start {}", second(tick)),
        Action::Record(record) => {
            let time = |name: &str| record[name].as_str().map_or("-".to_owned(), second);
            let status = &record["status"];
            format!("record {} ended {} status {status} skipped {}", time("due"), time("ended"), record["skipped"])
        }
        Action::Stop => "stop".to_owned(),
        Action::Forward(signal) => format!("forward {signal}"),
        Action::Release(None) => "release".to_owned(),
        Action::Say(News::Next(next, ..)) => format!("next {}", next.as_deref().map_or("none".to_owned(), second)),
        Action::Say(news) => format!("{news:?}").split('(').next().unwrap_or_default().to_lowercase(),
        Action::End(ending) => format!("end {ending:?}"),
        other => panic!("{other:?}"),
    };
    actions.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A row: when, what happens, and the actions in short.
pub(super) type Row = (i64, Input, &'static str);

pub(super) fn play(mut timetable: Timetable, rows: &[Row]) {
    for (number, (seconds, input, expected)) in rows.iter().enumerate() {
        let moment = Moment::since_start(Duration::from_secs(1000 + seconds.unsigned_abs()));
        let actions = timetable.decide(input.clone(), moment, clock(*seconds));
        assert_eq!(short(&actions), *expected, "row {number}: {input:?}");
    }
}

pub(super) fn lead(settled: i64) -> Input {
    Input::Recorded("n1".to_owned(), Box::new(Record::new(&schedule(), clock(settled))))
}

pub(super) fn lost() -> Input {
    Input::Lost("n2 leads".to_owned())
}

pub(super) const WRITTEN: Input = Input::Written(Ok(true));
pub(super) const OK: Input = Input::Ended(Ended::Code(0));
pub(super) const TERM: Input = Input::Signal(number::TERM);

pub(super) fn unwritten() -> Input {
    Input::Written(Err("timed out".to_owned()))
}

#[test]
fn a_tick_is_recorded_then_started_and_its_end_is_recorded() {
    play(
        timetable(Policy::default()),
        &[
            (1, Input::Leading(7), "leading"),
            (1, lead(1), "next 10"),
            (1, Input::Tick, ""),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, Input::Tick, ""),
            (10, WRITTEN, "runs, start 10"),
            (11, Input::Tick, ""),
            (25, Input::Tick, ""),
            (35, Input::Ended(Ended::Signal(9)), "ran, record 10 ended 35 status 137 skipped 2"),
            (35, Input::Tick, ""),
            (35, WRITTEN, "next 40"),
            (40, Input::Tick, "record 40 ended - status null skipped 2"),
        ],
    );
}

#[test]
fn a_record_that_cannot_be_written_is_tried_again_and_nothing_starts_meanwhile() {
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (12, unwritten(), "notrecorded"),
            (12, Input::Tick, ""),
            (13, Input::Tick, "record 10 ended - status null skipped 0"),
            (13, WRITTEN, "runs, start 10"),
            (14, OK, "ran, record 10 ended 14 status 0 skipped 0"),
            (16, unwritten(), "notrecorded"),
            (17, Input::Tick, "record 10 ended 14 status 0 skipped 0"),
            (17, WRITTEN, "next 20"),
        ],
    );
    // Consul says that another process holds the lock: the election confirms that.
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, Input::Written(Ok(false)), ""),
            (20, Input::Tick, ""),
            (20, lost(), "lost, release"),
            (21, WRITTEN, ""),
            (22, Input::Tick, ""),
        ],
    );
}

#[test]
fn a_lost_lead_ends_the_run_and_its_end_is_not_recorded() {
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, WRITTEN, "runs, start 10"),
            (12, lost(), "lost, stop"),
            (13, Input::Tick, ""),
            (14, OK, "ran, release"),
            (20, Input::Tick, ""),
            (21, lead(20), "next 30"),
        ],
    );
    // The lead is over before the command is started.
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, WRITTEN, "runs, start 10"),
            (10, Input::NotStarted, "record - ended - status null skipped 0"),
            (11, lost(), "lost, release"),
        ],
    );
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, WRITTEN, "runs, start 10"),
            (10, lost(), "lost, stop"),
            (10, Input::NotStarted, "release"),
        ],
    );
}

#[test]
fn a_signal_ends_the_run_and_then_this_program() {
    play(timetable(Policy::default()), &[(1, TERM, "release, end Signal(15)")]);
    play(timetable(Policy::default()), &[(1, lead(1), "next 10"), (2, TERM, "release, end Signal(15)")]);
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, WRITTEN, "runs, start 10"),
            (11, Input::Signal(number::HUP), "forward 1"),
            (12, TERM, "stops, stop"),
            (12, Input::Signal(number::INT), "forward 2"),
            (13, Input::Ended(Ended::Signal(15)), "ran, record 10 ended 13 status 143 skipped 0"),
            (13, WRITTEN, "release, end Signal(15)"),
        ],
    );
    // A tick that is recorded and not started yet is taken back, so another node starts it.
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, TERM, ""),
            (10, WRITTEN, "record - ended - status null skipped 0"),
            (10, WRITTEN, "release, end Signal(15)"),
        ],
    );
    // An end that cannot be recorded does not keep this program.
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, WRITTEN, "runs, start 10"),
            (12, TERM, "stops, stop"),
            (13, OK, "ran, record 10 ended 13 status 0 skipped 0"),
            (15, unwritten(), "release, end Signal(15)"),
        ],
    );
    play(
        timetable(Policy::default()),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, WRITTEN, "runs, start 10"),
            (12, lost(), "lost, stop"),
            (12, TERM, "stops, stop"),
            (13, OK, "ran, release, end Signal(15)"),
        ],
    );
}

#[test]
fn a_run_that_takes_too_long_or_is_replaced_is_stopped_once() {
    let policy = Policy { max_runtime: Some(Duration::from_secs(5)), ..Policy::default() };
    play(
        timetable(policy),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, WRITTEN, "runs, start 10"),
            (14, Input::Tick, ""),
            (15, Input::Tick, "toolong, stop"),
            (16, Input::Tick, ""),
            (17, Input::Ended(Ended::Signal(15)), "ran, record 10 ended 17 status 143 skipped 0"),
            (17, WRITTEN, "next 20"),
        ],
    );
    play(
        timetable(Policy { overlap: Overlap::Replace, ..Policy::default() }),
        &[
            (1, lead(1), "next 10"),
            (10, Input::Tick, "record 10 ended - status null skipped 0"),
            (10, WRITTEN, "runs, start 10"),
            (20, Input::Tick, "replaced, stop"),
            (21, Input::Tick, ""),
            (22, OK, "ran, record 10 ended 22 status 0 skipped 0"),
            (22, WRITTEN, "next 20, record 20 ended - status null skipped 0"),
            (22, WRITTEN, "runs, start 20"),
        ],
    );
}

#[test]
fn a_record_ahead_of_this_clock_is_said_and_waited_for() {
    play(
        timetable(Policy::default()),
        &[
            (1, lead(100), "ahead, next 110"),
            (20, Input::Tick, ""),
            (109, Input::Tick, ""),
            (110, Input::Tick, "record 110 ended - status null skipped 0"),
        ],
    );
}

#[test]
fn an_election_that_fails_ends_only_a_run_that_asks_for_it_and_has_no_command() {
    let failed = Input::Failed("denied".to_owned());
    play(timetable(Policy::default()), &[(1, failed.clone(), "failed")]);
    let plan = Plan { schedule: schedule(), policy: Policy::default(), ends_on_failure: Some(Duration::from_secs(30)) };
    play(Timetable::new(plan), &[(1, failed, "end Failed(\"denied\")")]);
}

#[test]
fn it_wakes_when_the_next_tick_is_due_and_never_in_a_hurry() {
    let policy = Policy { jitter: Duration::from_secs(3), ..Policy::default() };
    let mut timetable = timetable(policy);
    assert_eq!(timetable.wakes_in(clock(1)), None);
    let moment = Moment::since_start(Duration::from_secs(1000));
    timetable.decide(lead(1), moment, clock(1));
    assert_eq!(timetable.wakes_in(clock(4)), Some(Duration::from_secs(9)));
    timetable.decide(Input::Tick, moment, clock(13));
    assert_eq!(timetable.wakes_in(clock(13)), None, "a record is on its way");
    timetable.decide(WRITTEN, moment, clock(13));
    assert_eq!(timetable.wakes_in(clock(25)), None, "a run is under way");
}
