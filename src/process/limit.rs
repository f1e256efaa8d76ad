//! How long a child may run: owns when it is asked to end and when it is killed, and knows nothing of how that is done.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use rustix::process::Signal;

use super::child::{Child, Program};
use super::end::{End, Failure};
use crate::deadline::Deadline;

/// The most time between SIGTERM and SIGKILL. A shorter limit leaves a tenth of itself.
const LONGEST_GRACE: Duration = Duration::from_secs(2);

/// Runs a program for no longer than `limit`, and for up to a second more when SIGKILL does not end it. The last tenth of the limit, 2 s at
/// most, begins with SIGTERM to its whole group. Its output goes to the log while it runs.
///
/// # Errors
/// When it cannot be started, ends with anything but success, or is ended by the limit. A program that SIGTERM does not end, and that
/// succeeds within the limit, has succeeded.
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

/// Follows a child to its end, by force where the limit asks for it.
fn follow(child: &mut Child, limit: Duration) -> End {
    let deadline = Deadline::after(limit);
    let grace = (limit / 10).min(LONGEST_GRACE);
    match child.wait(Deadline::after(limit.saturating_sub(grace))) {
        Ok(Some(status)) => return End::Ended(status),
        Ok(None) => {}
        Err(error) => {
            // It must not run on unwatched.
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

/// Whether a signal that ended a child is one of those that the limit sends.
fn is_by(signal: Option<i32>) -> bool {
    [Signal::TERM, Signal::KILL].iter().any(|sent| signal == Some(sent.as_raw()))
}
