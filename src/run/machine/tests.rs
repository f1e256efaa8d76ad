//! The decisions of a run, as a table: options, then inputs with the actions that follow.

use super::*;
use crate::lead::Outage;

/// The moment `seconds` after the run began.
fn at(seconds: u64) -> Moment {
    Moment::since_start(Duration::from_secs(1000 + seconds))
}

fn machine(change: impl FnOnce(&mut Settings)) -> Machine {
    let mut settings = Settings { name: "x".to_owned(), outage: Outage::Stop, ..Settings::default() };
    change(&mut settings);
    Machine::new(&settings, at(0))
}

/// A row: when, what happens, and the actions in short.
type Row = (u64, Input, &'static str);

fn short(actions: &[Action]) -> String {
    let one = |action: &Action| match action {
        Action::Start => "start".to_owned(),
        Action::StartTick(_) | Action::Record(_) => "tick".to_owned(),
        Action::Stop => "stop".to_owned(),
        Action::Forward(signal) => format!("forward {signal}"),
        Action::Release(None) => "release".to_owned(),
        Action::Release(Some(_)) => "resign".to_owned(),
        Action::Say(News::Reruns(_, pause)) => format!("rerun in {}", pause.as_secs()),
        Action::Say(news) => format!("{news:?}").split('(').next().unwrap_or_default().to_lowercase(),
        Action::End(ending) => format!("end {ending:?}"),
    };
    actions.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn play(mut machine: Machine, rows: &[Row]) {
    for (number, (seconds, input, expected)) in rows.iter().enumerate() {
        let actions = machine.decide(input.clone(), at(*seconds));
        assert_eq!(short(&actions), *expected, "row {number}: {input:?}");
    }
}

const OK: Input = Input::Ended(Ended::Code(0));
const BAD: Input = Input::Ended(Ended::Code(3));

fn lost() -> Input {
    Input::Lost("n2 leads".to_owned())
}

fn cut() -> Input {
    Input::Unreachable(at(0), "no connection".to_owned())
}

#[test]
fn a_command_that_ends_ends_the_run_with_its_status() {
    for (ended, expected) in [
        (Ended::Code(0), "release, end Command(Code(0))"),
        (Ended::Code(3), "release, end Command(Code(3))"),
        (Ended::Signal(9), "release, end Command(Signal(9))"),
    ] {
        let following = Input::Following("n2".to_owned());
        play(
            machine(|_| ()),
            &[
                (0, following, "following"),
                (1, Input::Leading(7), "leading, start"),
                (2, Input::Ended(ended), expected),
            ],
        );
    }
}

#[test]
fn each_policy_after_the_end_does_what_it_says() {
    let leading = (1, Input::Leading(7), "leading, start");
    play(machine(|s| s.on_error = AfterEnd::Ignore), &[leading.clone(), (2, BAD, "release, end Ignored(Code(3))")]);
    play(
        machine(|s| s.on_success = AfterEnd::Rerun),
        &[
            leading.clone(),
            (2, OK, "rerun in 1"),
            (2, Input::Tick, ""),
            (3, Input::Tick, "start"),
            (4, OK, "rerun in 2"),
            (6, Input::Tick, "start"),
            (7, OK, "rerun in 4"),
            (11, Input::Tick, "start"),
            // It has run for long, so the pause begins again.
            (99, OK, "rerun in 1"),
            (100, Input::Tick, "start"),
            (101, BAD, "release, end Command(Code(3))"),
        ],
    );
    play(
        machine(|s| s.on_error = AfterEnd::Reelect),
        &[
            leading.clone(),
            (2, BAD, "reelects, resign"),
            (2, Input::Waiting("it stands back".to_owned()), "waiting"),
            (2, Input::Leading(8), "leading"),
            (3, Input::Tick, "start"),
            (4, BAD, "reelects, resign"),
            (7, Input::Leading(9), "leading, start"),
            (8, OK, "release, end Command(Code(0))"),
        ],
    );
}

#[test]
fn a_lost_lead_stops_the_command_and_counts_as_an_error() {
    let leading = (1, Input::Leading(7), "leading, start");
    let gone = Input::Ended(Ended::Signal(15));
    for policy in [AfterEnd::Exit, AfterEnd::Ignore] {
        play(
            machine(|s| s.on_error = policy),
            &[leading.clone(), (2, lost(), "lost, stop"), (3, gone.clone(), "release, end Lost(\"n2 leads\")")],
        );
    }
    for policy in [AfterEnd::Rerun, AfterEnd::Reelect] {
        play(
            machine(|s| s.on_error = policy),
            &[
                leading.clone(),
                (2, lost(), "lost, stop"),
                (3, gone.clone(), "release"),
                (4, Input::Following("n2".to_owned()), "following"),
                (5, Input::Leading(9), "leading, start"),
            ],
        );
    }
    // Between two runs of the command nothing has to stop.
    play(
        machine(|s| s.on_success = AfterEnd::Rerun),
        &[leading, (2, OK, "rerun in 1"), (2, lost(), "lost, release, end Lost(\"n2 leads\")")],
    );
}

#[test]
fn signals_end_a_run_that_waits_and_go_to_a_command_that_runs() {
    for (signal, waiting, running) in [
        (number::TERM, "release, end Signal(15)", "stops, stop"),
        (number::INT, "release, end Signal(2)", "stops, forward 2"),
        (number::QUIT, "release, end Signal(3)", "stops, forward 3"),
        (number::HUP, "release, end Signal(1)", "forward 1"),
        (10, "", "forward 10"),
        (12, "", "forward 12"),
        (28, "", "forward 28"),
    ] {
        play(machine(|_| ()), &[(1, Input::Signal(signal), waiting)]);
        play(machine(|_| ()), &[(1, Input::Leading(7), "leading, start"), (2, Input::Signal(signal), running)]);
    }
    // A command that was told to end does not run again.
    play(
        machine(|s| s.on_success = AfterEnd::Rerun),
        &[
            (1, Input::Leading(7), "leading, start"),
            (2, Input::Signal(number::INT), "stops, forward 2"),
            (3, Input::Signal(number::TERM), "stop"),
            (3, lost(), "lost, stop"),
            (4, OK, "release, end Command(Code(0))"),
        ],
    );
}

#[test]
fn a_signal_counts_even_while_the_command_ends_for_another_reason() {
    play(
        machine(|s| s.on_error = AfterEnd::Reelect),
        &[
            (1, Input::Leading(7), "leading, start"),
            (2, lost(), "lost, stop"),
            (3, Input::Signal(number::TERM), "stops, stop"),
            (4, BAD, "release, end Command(Code(3))"),
        ],
    );
}

#[test]
fn a_run_waits_for_the_lead_no_longer_than_it_may() {
    let limited = || machine(|s| s.wait_lock = Some(Duration::from_secs(10)));
    play(limited(), &[(9, Input::Tick, ""), (10, Input::Tick, "end NotElected(10s)")]);
    play(limited(), &[(9, Input::Leading(7), "leading, start"), (11, lost(), "lost, stop"), (99, Input::Tick, "")]);
}

#[test]
fn an_election_that_fails_is_retried_left_or_done_without() {
    let denied = || Input::Failed("403".to_owned());
    play(
        machine(|_| ()),
        &[(1, denied(), "failed"), (1, denied(), ""), (1, cut(), "unreachable"), (999, Input::Tick, "")],
    );
    play(machine(|s| s.on_failure = OnFailure::Exit), &[(1, denied(), "end Failed(\"403\")")]);
    play(
        machine(|s| s.on_failure = OnFailure::Exit),
        &[
            (1, cut(), "unreachable"),
            (2, Input::Following("n2".to_owned()), "following"),
            (40, Input::Tick, ""),
            (41, cut(), "unreachable, end Failed(\"no connection\")"),
        ],
    );
    // Never when denied.
    play(machine(|s| s.on_failure = OnFailure::RunAnyway), &[(1, denied(), "failed"), (99, Input::Tick, "")]);
    let anyway = || machine(|s| s.on_failure = OnFailure::RunAnyway);
    let begins = [(1, cut(), "unreachable"), (29, Input::Tick, ""), (30, Input::Tick, "runsanyway, start")];
    let with = |rest: &[Row]| [&begins[..], rest].concat();
    // Consul is back, and another leads.
    play(
        anyway(),
        &with(&[
            (40, Input::Following("n2".to_owned()), "yields, stop"),
            (41, Input::Ended(Ended::Signal(15)), ""),
            (42, Input::Leading(8), "leading, start"),
        ]),
    );
    // Consul is back, and the lock is free.
    play(
        anyway(),
        &with(&[
            (40, Input::Leading(7), "leading"),
            (41, lost(), "lost, stop"),
            (42, OK, "release, end Lost(\"n2 leads\")"),
        ]),
    );
    play(anyway(), &with(&[(40, OK, "release, end Command(Code(0))")]));
}

#[test]
fn a_command_that_yields_is_followed_by_one_under_the_lead() {
    let anyway = || machine(|s| s.on_failure = OnFailure::RunAnyway);
    let begins = [
        (1, cut(), "unreachable"),
        (30, Input::Tick, "runsanyway, start"),
        (40, Input::Following("n2".to_owned()), "yields, stop"),
        (41, Input::Leading(7), "leading"),
    ];
    let with = |rest: &[Row]| [&begins[..], rest].concat();
    play(anyway(), &with(&[(42, OK, "start"), (43, OK, "release, end Command(Code(0))")]));
    play(anyway(), &with(&[(42, lost(), "lost, stop"), (43, OK, "release, end Lost(\"n2 leads\")")]));
}

#[test]
fn a_loss_that_is_reported_twice_is_said_once() {
    let expired = Input::Lost("its deadline came".to_owned());
    play(
        machine(|_| ()),
        &[
            (1, Input::Leading(7), "leading, start"),
            (2, lost(), "lost, stop"),
            (2, expired, ""),
            // The run ends a command whose guard is stopped, and the loss counts, not the signal.
            (3, Input::Ended(Ended::Signal(9)), "release, end Lost(\"n2 leads\")"),
        ],
    );
}

#[test]
fn an_outage_under_a_lead_ends_with_the_command() {
    let change = |s: &mut Settings| {
        s.on_failure = OnFailure::Exit;
        s.on_error = AfterEnd::Reelect;
    };
    let begins = [(1, Input::Leading(7), "leading, start"), (2, cut(), "unreachable"), (99, BAD, "reelects, resign")];
    let with = |rest: &[Row]| [&begins[..], rest].concat();
    play(machine(change), &with(&[(99, Input::Tick, ""), (100, Input::Leading(8), "leading, start")]));
    // It lasts: it is reported once more, since when it began.
    play(machine(change), &with(&[(99, cut(), "unreachable, end Failed(\"no connection\")")]));
    // Without a lead, it lasts.
    play(
        machine(|s| {
            s.on_failure = OnFailure::RunAnyway;
            s.on_success = AfterEnd::Rerun;
        }),
        &[
            (30, cut(), "unreachable, runsanyway, start"),
            (31, OK, "rerun in 1"),
            (32, Input::Tick, "runsanyway, start"),
        ],
    );
}
