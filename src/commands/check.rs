//! The check: a pass, and with a wait another one after every change.

use crate::cli::lines::{Verdict, of_outcome};
use crate::election::{Cause, Config, Pass, Waiter};
use crate::interrupt::Interrupt;

/// Runs the check and returns how it ended. Blocks for no longer than the configured wait and one timeout after that; an interrupt ends the
/// wait early.
#[must_use]
pub fn check(config: &Config, interrupt: &Interrupt) -> Verdict {
    let mut pass = Pass::new(config);
    let mut waiter = Waiter::new(config, interrupt);
    let mut cause = Cause::Change;
    loop {
        let outcome = pass.settle(cause);
        let verdict = of_outcome(config, &outcome);
        let Some(next) = waiter.wait(&mut pass, &outcome, verdict.status, &verdict.line) else {
            pass.drop_spare();
            return verdict;
        };
        cause = next;
    }
}
