//! One child process and its group: owns the start, the wait, the signals and the reaping, and knows neither why nor for how long the
//! child runs.

use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use log::debug;
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid};

use super::output::{Output, pipe};
use crate::deadline::Deadline;

/// How long a killed child may take to end. Only a process that hangs in the kernel, or runs as another user, takes longer.
const KILLED_WITHIN: Duration = Duration::from_secs(1);

/// How often a group is looked at that outlives the child's own process: the system reports the end of a group to nobody.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A program to start, and what it gets.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Begins each of its lines in the log, such as `on-promote`.
    pub name: &'a str,
    /// The program's file and its arguments.
    pub words: &'a [String],
    /// What its environment has besides this program's own.
    pub environment: &'a [(&'static str, String)],
}

/// A started child, which leads its own process group.
pub struct Child<'a> {
    process: process::Child,
    /// The ID of the process and of its group. Both stay the child's until it is reaped, which happens here and nowhere else.
    id: Pid,
    /// How it ended, once it is reaped.
    status: Option<ExitStatus>,
    output: Output<'a>,
    /// Closed by the other side when the child's own process has ended.
    ended: UnixStream,
}

impl<'a> Child<'a> {
    /// Starts a program.
    ///
    /// # Errors
    /// When it cannot be started, or nothing is left to watch it with.
    pub fn start(program: &Program<'a>) -> io::Result<Child<'a>> {
        let Some((file, arguments)) = program.words.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no program is named"));
        };
        // Both outputs in one pipe keep their order, and never reach this program's own, which Consul stores.
        let (output, input) = pipe()?;
        // The waiter comes first: when there can be no thread, nothing has been started yet.
        let (started, ended) = waiter()?;
        let process = Command::new(file)
            .args(arguments)
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input)
            .process_group(0)
            .spawn()?;
        let id = Pid::from_child(&process);
        // A waiter that is gone has closed its side, which `wait` sees.
        let _ = started.send(id);
        Ok(Child { process, id, status: None, output: Output::new(output, program.name), ended })
    }

    /// Takes output until the child's own process has ended, with all that it wrote, and returns its status; `None` when the deadline
    /// passes first.
    ///
    /// What it leaves in its group does not count: a daemon may live, and hold the output open, forever.
    ///
    /// # Errors
    /// When the system does not report on the child.
    pub fn wait(&mut self, deadline: Deadline) -> io::Result<Option<ExitStatus>> {
        while self.status.is_none() {
            let (ended, readable) = self.output.poll(Some(&self.ended), deadline.remaining())?;
            if ended {
                self.output.take_the_rest()?;
                // It has ended, so that this does not block.
                self.status = Some(self.process.wait()?);
            } else if deadline.remaining().is_zero() {
                // Looked at every time: a child that always writes never lets the poll run out of time.
                return Ok(None);
            } else if readable {
                self.output.take()?;
            }
        }
        Ok(self.status)
    }

    /// Sends a signal to every process of the child's group.
    ///
    /// # Errors
    /// ESRCH when [`Child::wait`] or [`Child::terminate`] has returned a status, since the group's ID may be another's from then on;
    /// EPERM when this user may signal none of them.
    pub fn forward(&self, signal: Signal) -> io::Result<()> {
        if self.status.is_some() {
            return Err(Errno::SRCH.into());
        }
        Ok(kill_process_group(self.id, signal)?)
    }

    /// Ends the child's group: SIGTERM at once, and SIGKILL when anything of it is left after `grace`. Returns the status of the child's
    /// own process; `None` when SIGKILL did not end that within a second.
    ///
    /// It returns as soon as the whole group has ended. An ended process that nobody reaps still belongs to it. A child that has been waited
    /// for already gets no signal.
    ///
    /// # Errors
    /// When the system does not report on the child; SIGKILL has been sent then, too.
    pub fn terminate(&mut self, grace: Duration) -> io::Result<Option<ExitStatus>> {
        if self.status.is_some() {
            return Ok(self.status);
        }
        let deadline = Deadline::after(grace);
        if let Err(error) = self.forward(Signal::TERM) {
            debug!("SIGTERM does not reach the group of process {}: {error}", self.id);
        }
        if matches!(self.wait(deadline), Ok(Some(_))) && matches!(self.group_ends(deadline), Ok(true)) {
            return Ok(self.status);
        }
        if let Err(error) = kill_process_group(self.id, Signal::KILL) {
            debug!("SIGKILL does not reach the group of process {}: {error}", self.id);
        }
        // Waiting for it without a limit could take forever. A process that is not reaped keeps its ID until this program ends.
        self.wait(Deadline::after(KILLED_WITHIN))
    }

    /// Takes output until the group of a reaped child is empty, and returns whether it was before the deadline.
    ///
    /// As long as a process is left in it, the group keeps its ID. An ID that has become free comes back only when the system has been
    /// through all others, which takes longer than the pause between two looks.
    fn group_ends(&mut self, deadline: Deadline) -> io::Result<bool> {
        while test_kill_process_group(self.id) != Err(Errno::SRCH) {
            let left = deadline.remaining();
            if left.is_zero() {
                return Ok(false);
            }
            if let (_, true) = self.output.poll(None, LOOK_EVERY.min(left))? {
                self.output.take()?;
            }
        }
        self.output.take_the_rest()?;
        Ok(true)
    }

    /// Returns the last line that says anything of what was written until now.
    pub fn last_line(self) -> Option<String> {
        self.output.end()
    }
}

/// Starts a thread that waits for the process whose ID it receives, and closes the other side of the stream when that has ended. It leaves
/// the process unreaped, so that its ID can still be signalled without a chance of hitting another.
fn waiter() -> io::Result<(mpsc::Sender<Pid>, UnixStream)> {
    let (started, process) = mpsc::channel();
    let (ended, open) = UnixStream::pair()?;
    thread::Builder::new().spawn(move || {
        if let Ok(process) = process.recv() {
            // A process that cannot be waited for here has ended as far as anyone can tell.
            let _ = retry_on_intr(|| waitid(WaitId::Pid(process), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
        }
        drop(open);
    })?;
    Ok((started, ended))
}
