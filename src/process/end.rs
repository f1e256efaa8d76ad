//! How a child ended, as a value and in words. Must never know how that is found out.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use crate::duration;
use crate::text::one_line;

/// How many characters of a program's name an error shows.
const LONGEST_NAME: usize = 200;

/// How a child ended. The durations are its time limit.
#[derive(Debug)]
pub enum End {
    /// It never ran.
    NotStarted {
        /// The file to execute.
        program: String,
        /// Why it could not be started.
        error: io::Error,
    },
    /// By itself, or by a signal from another process.
    Ended(ExitStatus),
    /// By itself, after SIGTERM at the limit.
    Terminated(Duration, ExitStatus),
    /// By SIGTERM or SIGKILL at the limit.
    Killed(Duration),
    /// Not even by SIGKILL.
    Unkillable(Duration),
    /// The system did not report on it, so it was killed.
    Unwatched(io::Error),
}

/// Why a child did not succeed. Its text is one line of bounded length: how the child ended, and the last line of its output.
#[derive(Debug)]
pub struct Failure {
    /// How it ended.
    pub end: End,
    /// The last line of its output that is not blank.
    pub last_line: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        self.end.fmt(out)?;
        self.last_line.as_ref().map_or(Ok(()), |line| write!(out, ": {line}"))
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for End {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            End::NotStarted { program, error } => {
                let program: String = program.chars().take(LONGEST_NAME).collect();
                write!(out, "cannot start {}: {error}", one_line(&program))
            }
            End::Ended(status) => write_status(out, *status),
            End::Terminated(limit, status) => {
                write!(out, "terminated after {}, ", duration::format(*limit))?;
                write_status(out, *status)
            }
            End::Killed(limit) => write!(out, "killed after {}", duration::format(*limit)),
            End::Unkillable(limit) => {
                write!(out, "still running after {}, and cannot be killed", duration::format(*limit))
            }
            End::Unwatched(error) => write!(out, "cannot be watched: {error}"),
        }
    }
}

fn write_status(out: &mut fmt::Formatter, status: ExitStatus) -> fmt::Result {
    match (status.code(), status.signal()) {
        (Some(code), _) => write!(out, "exit status {code}"),
        (None, Some(signal)) => write!(out, "killed by signal {signal}"),
        (None, None) => write!(out, "{status}"),
    }
}
