//! The rows of the table that only `run --schedule` has. Names options, reads no value.

use super::commands::CommandKind;
use super::option::{OptionSpec, option};
use super::values::{choice, count, duration, keep, put, some_time, word};
use crate::duration::format as time;
use crate::schedule::{Interrupted, Missed, Overlap};

/// The words for what happens to missed ticks.
const MISSED: &[(&str, Missed)] = &[("once", Missed::Once), ("skip", Missed::Skip)];

/// The words for what happens to a run that was interrupted.
const INTERRUPTED: &[(&str, Interrupted)] = &[("skip", Interrupted::Skip), ("rerun", Interrupted::Rerun)];

/// The words for what happens to ticks during a run.
const OVERLAP: &[(&str, Overlap)] =
    &[("skip", Overlap::Skip), ("queue", Overlap::Queue), ("replace", Overlap::Replace)];

const RUN: &[CommandKind] = &[CommandKind::Run];

/// A row that needs the schedule.
const fn of_schedule(row: OptionSpec) -> OptionSpec {
    row.only_of(RUN).needs("--schedule")
}

/// The rows, in the order of the help.
pub const ROWS: &[OptionSpec] = &[
    option("--schedule", "SCHEDULE", |draft, text| keep(&mut draft.run.schedule, text))
        .help(
            "Run the command whenever it is due, on one node: 5 fields as in cron, 6 with the second in front, @hourly to \
             @yearly, or @every 90s; CRON_TZ=Zone in front names the time zone",
        )
        .default_words("run it at once")
        .only_of(RUN),
    of_schedule(option("--next", "N", |draft, text| put(&mut draft.run.next, count(text))).help(
        "Print the next N due times, and end. Asks no Consul; the exit code is 2 if nothing is ever due",
    )),
    of_schedule(
        option("--missed", "once|skip", |draft, text| put(&mut draft.run.ticks.missed, choice(MISSED, text)))
            .help("What happens to ticks that nobody was there to start: once starts the latest one, skip none")
            .default(|draft| word(MISSED, &draft.run.ticks.missed)),
    ),
    of_schedule(
        option("--deadline", "DURATION", |draft, text| put(&mut draft.run.ticks.deadline, duration(text).map(Some)))
            .help("Start no tick that was due longer ago")
            .default_words("start it however late"),
    ),
    of_schedule(
        option("--if-interrupted", "skip|rerun", |draft, text| {
            put(&mut draft.run.ticks.interrupted, choice(INTERRUPTED, text))
        })
        .help(
            "What happens to a run that was started and whose end nobody saw: rerun starts it once more, so the command must \
             be idempotent",
        )
        .default(|draft| word(INTERRUPTED, &draft.run.ticks.interrupted)),
    ),
    of_schedule(
        option("--overlap", "skip|queue|replace", |draft, text| {
            put(&mut draft.run.ticks.overlap, choice(OVERLAP, text))
        })
        .help(
            "What happens to ticks that are due during a run: skip counts them, queue starts the latest one afterwards, \
             replace ends the run for it",
        )
        .default(|draft| word(OVERLAP, &draft.run.ticks.overlap)),
    ),
    of_schedule(
        option("--max-runtime", "DURATION", |draft, text| put(&mut draft.run.ticks.max_runtime, some_time(text)))
            .help("End a run that takes longer")
            .default_words("never"),
    ),
    of_schedule(
        option("--jitter", "DURATION", |draft, text| put(&mut draft.run.ticks.jitter, duration(text)))
            .help("Start each tick later by up to this time. The election's name decides how much, so nodes agree")
            .default(|draft| time(draft.run.ticks.jitter)),
    ),
];
