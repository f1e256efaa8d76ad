//! The check: a pass, and with a wait another one after every change.

use std::path::Path;
use std::time::SystemTime;

use crate::cli::Run;
use crate::cli::lines::{Verdict, of_outcome};
use crate::cli::pass_metrics::{MOST_BYTES, next_text, with_warning};
use crate::election::{Cause, Complaint, Names, Outcome, Pass, Seen, Waiter};
use crate::interrupt::Interrupt;
use crate::textfile;

/// Runs the check and returns how it ended. Blocks for no longer than the configured wait and one timeout after that; an interrupt ends the
/// wait early.
#[must_use]
pub fn check(run: &Run, interrupt: &Interrupt) -> Verdict {
    let config = &run.config;
    let mut pass = Pass::new(config);
    let mut waiter = Waiter::new(config, interrupt);
    let mut cause = Cause::Change;
    let mut last: Option<Verdict> = None;
    loop {
        let outcome = pass.settle(cause);
        // A run that a newer one has superseded ends without a word: its line is the one that Consul shows already.
        let kept = last.take_if(|_| matches!(outcome, Err(Complaint::Superseded)));
        let verdict = kept.unwrap_or_else(|| verdict(run, &pass, &outcome));
        let Some(next) = waiter.wait(&mut pass, &outcome, verdict.status, &verdict.line) else {
            pass.drop_spare();
            return verdict;
        };
        (cause, last) = (next, Some(verdict));
    }
}

/// The verdict on a pass. A file of metrics that cannot be written changes nothing but its line.
fn verdict(run: &Run, pass: &Pass, outcome: &Outcome) -> Verdict {
    let verdict = of_outcome(&run.config, &run.places, outcome);
    let Some(path) = &run.show.metrics_file else { return verdict };
    match write_metrics(path, &run.config.names, pass, outcome.is_err()) {
        Ok(()) => verdict,
        Err(error) => with_warning(&verdict, path, &error),
    }
}

/// Writes the metrics of a pass, if they have changed.
fn write_metrics(path: &Path, names: &Names, pass: &Pass, has_error: bool) -> std::io::Result<()> {
    let before = textfile::read(path, MOST_BYTES)?;
    let seen = pass.seen().and_then(Seen::lead);
    match next_text(before.as_deref(), names, seen.as_ref(), has_error, SystemTime::now()) {
        Some(text) => textfile::replace(path, &text),
        None => Ok(()),
    }
}
