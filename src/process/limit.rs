//! How long a child may run: when it gets SIGTERM and when SIGKILL. Must never know how a signal is sent.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use rustix::process::Signal;

use super::child::{Child, Program};
use super::end::{End, Failure};
use crate::deadline::Deadline;

/// The longest time between SIGTERM and SIGKILL. Below a limit of 20 s, it is a tenth of the limit.
const LONGEST_GRACE: Duration = Duration::from_secs(2);

/// Runs a program for at most `limit`, or up to a second longer if SIGKILL does not end it. Its whole group gets SIGTERM a tenth of the
/// limit before the limit, 2 s at most. Its output goes to the log while it runs.
///
/// # Errors
/// When it cannot be started, fails, or is ended at the limit. A program that gets SIGTERM and still succeeds within the limit has
/// succeeded.
pub fn run(program: &Program, limit: Duration) -> Result<(), Failure> {
    let mut child = match Child::start(program) {
        Ok(child) => child,
        Err(error) => {
            let file = program.words.first().cloned().unwrap_or_default();
            return Err(Failure { end: End::NotStarted { program: file, error }, last_line: None });
        }
    };
    let end = follow(&mut child, limit);
    let last_line = child.last_line();
    match end {
        End::Ended(status) | End::Terminated(_, status) if status.success() => Ok(()),
        end => Err(Failure { end, last_line }),
    }
}

/// Waits for a child, and ends it at the limit.
fn follow(child: &mut Child, limit: Duration) -> End {
    let deadline = Deadline::after(limit);
    let grace = (limit / 10).min(LONGEST_GRACE);
    match child.wait(Deadline::after(limit.saturating_sub(grace))) {
        Ok(Some(status)) => return End::Ended(status),
        Ok(None) => {}
        Err(error) => {
            // It must not continue unwatched.
            let _ = child.terminate(Duration::ZERO);
            return End::Unwatched(error);
        }
    }
    match child.terminate(deadline.remaining()) {
        Ok(Some(status)) if is_by(status.signal()) => End::Killed(limit),
        Ok(Some(status)) => End::Terminated(limit, status),
        Ok(None) => End::Unkillable(limit),
        Err(error) => End::Unwatched(error),
    }
}

/// Returns whether a signal that ended a child is one of those sent at the limit.
fn is_by(signal: Option<i32>) -> bool {
    [Signal::TERM, Signal::KILL].iter().any(|sent| signal == Some(sent.as_raw()))
}
