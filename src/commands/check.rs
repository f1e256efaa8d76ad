//! The check: a pass, and with a wait another one after every change.

use crate::cli::lines::{Verdict, of_outcome};
use crate::election::{Cause, Complaint, Config, Pass, Waiter};
use crate::interrupt::Interrupt;

/// Runs the check and returns how it ended. Blocks for no longer than the configured wait and one timeout after that; an interrupt ends the
/// wait early.
#[must_use]
pub fn check(config: &Config, interrupt: &Interrupt) -> Verdict {
    let mut pass = Pass::new(config);
    let mut waiter = Waiter::new(config, interrupt);
    let mut cause = Cause::Change;
    let mut last: Option<Verdict> = None;
    loop {
        let outcome = pass.settle(cause);
        // A run that a newer one has superseded ends without a word: its line is the one that Consul shows already.
        let verdict = match last.take_if(|_| matches!(outcome, Err(Complaint::Superseded))) {
            Some(verdict) => verdict,
            None => of_outcome(config, &outcome),
        };
        let Some(next) = waiter.wait(&mut pass, &outcome, verdict.status, &verdict.line) else {
            pass.drop_spare();
            return verdict;
        };
        (cause, last) = (next, Some(verdict));
    }
}
