//! The rows of the table that only `run` has. Names options, reads no value.

use super::commands::CommandKind;
use super::option::{OptionSpec, option, switch};
use super::values::{add, choice, duration, keep, put, word};
use crate::duration::format as time;
use crate::lead::Outage;
use crate::run::{AfterEnd, OnFailure};

/// The words for what follows the end of the command.
const AFTER_END: &[(&str, AfterEnd)] = &[
    ("exit", AfterEnd::Exit),
    ("rerun", AfterEnd::Rerun),
    ("reelect", AfterEnd::Reelect),
    ("ignore", AfterEnd::Ignore),
];

/// The words for what follows an election that cannot be held.
const ON_FAILURE: &[(&str, OnFailure)] =
    &[("retry", OnFailure::Retry), ("run-anyway", OnFailure::RunAnyway), ("exit", OnFailure::Exit)];

/// The words for what happens to the command in an outage.
const ON_OUTAGE: &[(&str, Outage)] = &[("stop", Outage::Stop), ("keep", Outage::Keep)];

const RUN: &[CommandKind] = &[CommandKind::Run];

/// The rows, in the order of the help.
pub const ROWS: &[OptionSpec] = &[
    option("--name", "NAME", |draft, text| keep(&mut draft.run.name, text))
        .help("The election's name. Nodes with the same name form one election. Required, unless --lock-key is given")
        .default_words("the lock key")
        .only_of(RUN),
    option("--lock-key", "KEY", |draft, text| keep(&mut draft.run.key, text))
        .help("The KV key whose lock decides")
        .default_words("service/NAME/leader")
        .only_of(RUN),
    option("--service", "NAME", |draft, text| add(&mut draft.run.services, text))
        .help("Lead only while this agent has a healthy instance of this service")
        .repeatable()
        .only_of(RUN),
    option("--grace", "DURATION", |draft, text| put(&mut draft.run.grace, duration(text)))
        .help("How long the command may take to end after SIGTERM; then SIGKILL follows")
        .default(|draft| time(draft.run.grace))
        .only_of(RUN),
    option("--lock-delay", "DURATION", |draft, text| put(&mut draft.run.lock_delay, duration(text)))
        .help(
            "How long nobody can lead after a leader has failed: at least the grace and 7s, at most 1m. A longer one rides \
             out a longer outage of Consul: all of it but the grace and 3s",
        )
        .default(|draft| time(draft.run.lock_delay))
        .only_of(RUN),
    option("--ttl", "DURATION", |draft, text| put(&mut draft.run.ttl, duration(text)))
        .help("How soon Consul notices that a node has gone: 10s to 24h. Consul may take up to twice as long")
        .default(|draft| time(draft.run.ttl))
        .only_of(RUN),
    switch("--stdin", |draft, _| put(&mut draft.run.passes_stdin, Ok(true)))
        .help("Let the command read this program's standard input, instead of /dev/null")
        .only_of(RUN),
    switch("--wrap-output", |draft, _| put(&mut draft.run.wraps_output, Ok(true)))
        .help("Log each line that the command writes, instead of passing it through")
        .only_of(RUN),
    option("--wait-lock", "DURATION", |draft, text| put(&mut draft.run.wait_lock, duration(text).map(Some)))
        .help("End with exit code 124 if this node has not led after this time")
        .default_words("wait for ever")
        .only_of(RUN),
    option("--on-success", "exit|rerun|reelect|ignore", |draft, text| {
        put(&mut draft.run.on_success, choice(AFTER_END, text))
    })
    .help(
        "What follows a command that succeeds: exit ends with its status; rerun keeps the lead and runs it again, after a pause \
         that grows from 1s to 1m; reelect releases the lead and stands back, so that another node can run it; ignore ends with \
         0",
    )
    .default(|draft| word(AFTER_END, &draft.run.on_success))
    .only_of(RUN),
    option("--on-error", "exit|rerun|reelect|ignore", |draft, text| {
        put(&mut draft.run.on_error, choice(AFTER_END, text))
    })
    .help(
        "The same for a command that fails or cannot be executed. After a lost lead, exit and ignore end with 75, and rerun and \
         reelect stand again",
    )
    .default(|draft| word(AFTER_END, &draft.run.on_error))
    .only_of(RUN),
    option("--on-election-failure", "retry|run-anyway|exit", |draft, text| {
        put(&mut draft.run.on_failure, choice(ON_FAILURE, text))
    })
    .help(
        "What follows when Consul denies the election, or cannot be reached for --election-timeout. run-anyway runs the command \
         without a lead, but never when denied: two may then run at once",
    )
    .default(|draft| word(ON_FAILURE, &draft.run.on_failure))
    .only_of(RUN),
    option("--election-timeout", "DURATION", |draft, text| put(&mut draft.run.election_timeout, duration(text)))
        .help("How long Consul must have been out of reach for run-anyway and exit")
        .default(|draft| time(draft.run.election_timeout))
        .only_of(RUN),
    option("--on-outage", "stop|keep", |draft, text| put(&mut draft.run.outage, choice(ON_OUTAGE, text)))
        .help(
            "What happens to a running command while Consul cannot confirm the lead: stop ends it before another node can lead; \
             keep lets it run, so two may run at once",
        )
        .default(|draft| word(ON_OUTAGE, &draft.run.outage))
        .only_of(RUN),
    option("--stand-back", "DURATION", |draft, text| put(&mut draft.run.stand_back, duration(text)))
        .help("How long this node does not stand after reelect")
        .default(|draft| time(draft.run.stand_back))
        .only_of(RUN),
];
