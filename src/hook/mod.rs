//! One hook command, run to its end: owns its process group, its output and its limit, and knows no roles and no Consul.
//!
//! Only the hook's own process is waited for. What it leaves running in the background is its own affair, unless the limit
//! passes: then the whole group is killed.

mod transcript;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use log::debug;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionread, read, retry_on_intr};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::deadline::Deadline;
use crate::duration;
use crate::text::one_line;
use transcript::Transcript;

/// How long a killed hook may take to be gone. Only a process that hangs in the kernel, or runs as another user, takes longer.
const GRACE: Duration = Duration::from_secs(1);

/// How many bytes of output are taken at once.
const CHUNK: usize = 8 * 1024;

/// How many characters of a program's name an error tells.
const LONGEST_NAME: usize = 200;

/// A hook and what it is given.
#[derive(Clone, Copy, Debug)]
pub struct Hook<'a> {
    /// What the log calls it, such as `on-promote`.
    pub name: &'a str,
    /// The program and its arguments.
    pub words: &'a [String],
    /// What its environment has beside this program's own.
    pub environment: &'a [(&'static str, String)],
}

/// Splits a command line into words by the quoting rules of a POSIX shell; `None` when a quote is not closed or no program is
/// named. Nothing is expanded, and what else a shell would act on, such as `;`, is text.
pub fn split(text: &str) -> Option<Vec<String>> {
    shlex::split(text).filter(|words| words.first().is_some_and(|program| !program.is_empty()))
}

/// Runs a hook for no longer than `limit`, and for up to a second more when it cannot be killed. Its output goes to the log
/// while it runs.
///
/// # Errors
/// When it cannot be started, ends with anything but success, or has not ended when the limit passes.
pub fn run(hook: &Hook, limit: Duration) -> Result<(), Failure> {
    let deadline = Deadline::after(limit);
    let mut transcript = Transcript::new(hook.name);
    let end = match Running::start(hook) {
        Ok(running) => running.follow(deadline, &mut transcript),
        Err(error) => End::NotStarted { program: hook.words.first().cloned().unwrap_or_default(), error },
    };
    let last_line = transcript.end();
    match end {
        End::Ended(status) if status.success() => Ok(()),
        end => Err(Failure { end, last_line }),
    }
}

/// Why a hook is not done. Its text is one line of bounded length: how the hook ended, and the last line it wrote.
#[derive(Debug)]
pub struct Failure {
    end: End,
    last_line: Option<String>,
}

/// How a hook ended.
#[derive(Debug)]
enum End {
    /// It never ran.
    NotStarted { program: String, error: io::Error },
    /// By itself, or killed by someone else.
    Ended(ExitStatus),
    /// The limit passed, and it was killed.
    Killed(Duration),
    /// The limit passed, and killing it did not end it.
    Unkillable(Duration),
    /// The system did not tell, and so it was killed.
    Untold(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match &self.end {
            End::NotStarted { program, error } => {
                let program: String = program.chars().take(LONGEST_NAME).collect();
                write!(out, "cannot start {}: {error}", one_line(&program))?;
            }
            End::Ended(status) => match (status.code(), status.signal()) {
                (Some(code), _) => write!(out, "exit status {code}")?,
                (None, Some(signal)) => write!(out, "killed by signal {signal}")?,
                (None, None) => write!(out, "{status}")?,
            },
            End::Killed(limit) => write!(out, "killed after {}", duration::format(*limit))?,
            End::Unkillable(limit) => {
                write!(out, "still running after {}, and cannot be killed", duration::format(*limit))?;
            }
            End::Untold(error) => write!(out, "cannot be watched: {error}")?,
        }
        self.last_line.as_ref().map_or(Ok(()), |line| write!(out, ": {line}"))
    }
}

impl std::error::Error for Failure {}

/// A hook that runs.
struct Running {
    /// Reaped here and nowhere else: until then its ID, which is its group's too, is no one else's, and can be killed safely.
    child: Child,
    /// Its standard output and standard error; `None` once nobody is left who could write there.
    output: Option<OwnedFd>,
    /// Closed by the other side when the hook's own process has ended.
    ended: UnixStream,
}

impl Running {
    fn start(hook: &Hook) -> io::Result<Running> {
        let Some((program, arguments)) = hook.words.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no program is named"));
        };
        // Both outputs in one pipe keep their order, and never reach this program's own, which Consul stores.
        let (output, input) = pipe()?;
        // The waiter comes first: when there can be no thread, nothing has been started yet.
        let (started, ended) = waiter()?;
        let child = Command::new(program)
            .args(arguments)
            .envs(hook.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input)
            .process_group(0)
            .spawn()?;
        // A waiter that is gone has closed its side, which is seen.
        let _ = started.send(Pid::from_child(&child));
        Ok(Running { child, output: Some(output), ended })
    }

    /// Sees the hook to its end, by force where the deadline asks for it.
    fn follow(mut self, deadline: Deadline, transcript: &mut Transcript) -> End {
        let reason = match self.watch(deadline, transcript) {
            // It has ended, so that this does not block.
            Ok(true) => return self.child.wait().map_or_else(End::Untold, End::Ended),
            Ok(false) => End::Killed(deadline.limit()),
            Err(error) => End::Untold(error),
        };
        // SIGTERM would ask for more time than there is.
        if let Err(error) = kill_process_group(Pid::from_child(&self.child), Signal::KILL) {
            debug!("the hook's process group cannot be killed: {error}");
        }
        if !matches!(self.watch(Deadline::after(GRACE), transcript), Ok(true)) {
            // Waiting for it could take forever. Its ID stays taken until this program ends.
            return End::Unkillable(deadline.limit());
        }
        match self.child.wait() {
            Ok(_) => reason,
            Err(error) => End::Untold(error),
        }
    }

    /// Takes output until the hook's process has ended, with all that is there by then; says whether it did before the deadline.
    ///
    /// The end of the output is not waited for: a daemon that the hook has left behind may hold it open forever.
    fn watch(&mut self, deadline: Deadline, transcript: &mut Transcript) -> io::Result<bool> {
        loop {
            let mut watched = vec![PollFd::new(&self.ended, PollFlags::IN)];
            watched.extend(self.output.as_ref().map(|output| PollFd::new(output, PollFlags::IN)));
            // More time than the system can express is as good as no limit.
            match poll(&mut watched, Timespec::try_from(deadline.remaining()).ok().as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let mut happened = watched.iter().map(|descriptor| !descriptor.revents().is_empty());
            let (ended, readable) = (happened.next() == Some(true), happened.next() == Some(true));
            if ended {
                self.take_the_rest(transcript)?;
                return Ok(true);
            }
            // Looked at every time: a hook that always writes never lets the poll run out of time.
            if deadline.remaining().is_zero() {
                return Ok(false);
            }
            if readable {
                self.take(CHUNK, transcript)?;
            }
        }
    }

    /// Takes what the pipe holds now, which is everything that the ended process wrote, and no more: a daemon may be writing
    /// faster than this reads.
    fn take_the_rest(&mut self, transcript: &mut Transcript) -> io::Result<()> {
        let held = self.output.as_ref().map_or(Ok(0), ioctl_fionread)?;
        let mut held = usize::try_from(held).unwrap_or(usize::MAX);
        while held > 0 && self.output.is_some() {
            held -= self.take(held, transcript)?;
        }
        Ok(())
    }

    /// Takes up to `most` bytes of output and says how many there were. Blocks when there are none.
    fn take(&mut self, most: usize, transcript: &mut Transcript) -> io::Result<usize> {
        let Some(output) = &self.output else { return Ok(0) };
        let mut chunk = [0; CHUNK];
        let room = &mut chunk[..most.min(CHUNK)];
        let count = retry_on_intr(|| read(output, &mut *room))?;
        transcript.add(&room[..count]);
        if count == 0 {
            self.output = None;
        }
        Ok(count)
    }
}

/// A pipe that no other process inherits by accident.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    // std's own asks for Rust 1.87. In two steps, as macOS knows it no other way; a process that another thread starts between
    // them does no harm, since nothing waits for this pipe to close.
    let (reader, writer) = rustix::pipe::pipe()?;
    fcntl_setfd(&reader, FdFlags::CLOEXEC)?;
    fcntl_setfd(&writer, FdFlags::CLOEXEC)?;
    Ok((reader, writer))
}

/// Starts a thread that waits for the process it is told of, and closes the other side of the stream when that has ended. The
/// process is left unreaped, so that it can still be killed by its ID without a chance of hitting another.
fn waiter() -> io::Result<(mpsc::Sender<Pid>, UnixStream)> {
    let (started, process) = mpsc::channel();
    let (ended, open) = UnixStream::pair()?;
    thread::Builder::new().spawn(move || {
        if let Ok(process) = process.recv() {
            // Whatever cannot be waited for here has ended as far as anyone can tell.
            let _ = retry_on_intr(|| waitid(WaitId::Pid(process), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
        }
        drop(open);
    })?;
    Ok((started, ended))
}
