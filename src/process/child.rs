//! One child process and its group: starts it, waits for it, signals it and reaps it. Must never know why or for how long the child
//! runs.

use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::{Arc, Once, mpsc};
use std::thread;
use std::time::Duration;

use log::debug;
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid};

use super::output::{Output, pipe};
use crate::deadline::Deadline;

/// How long a killed child may take to end. Only a process that hangs in the kernel, or runs as another user, takes longer.
const KILLED_WITHIN: Duration = Duration::from_secs(1);

/// How often a group is polled that outlives the child's own process: the system does not report the end of a group.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A program to start, with its arguments and environment.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Begins each of its lines in the log, such as `on-promote`.
    pub name: &'a str,
    /// The program's file and its arguments.
    pub words: &'a [String],
    /// The variables that its environment has besides those of this program.
    pub environment: &'a [(&'static str, String)],
}

/// Lets the system report on children: a parent that ignores SIGCHLD passes that on, and then a child's status is lost. A handler that does
/// nothing of use ends it; if there can be none, the status is as unknown as before.
pub(super) fn reap_children() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGCHLD, Arc::default()) {
            debug!("cannot let the system report on children: {error}");
        }
    });
}

/// A started child, which leads its own process group.
pub struct Child<'a> {
    process: process::Child,
    /// The ID of the process and of its group. Both belong to the child until it is reaped, which happens only here.
    id: Pid,
    /// How it ended, once it has been reaped.
    status: Option<ExitStatus>,
    output: Output<'a>,
    /// Closed by the other side when the child's own process has ended.
    ended: UnixStream,
}

impl<'a> Child<'a> {
    /// Starts a program.
    ///
    /// # Errors
    /// When it cannot be started, or this process has no file descriptor or thread left to watch it.
    pub fn start(program: &Program<'a>) -> io::Result<Child<'a>> {
        let Some((file, arguments)) = program.words.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no program is named"));
        };
        reap_children();
        // One pipe for both outputs keeps their order, and keeps them out of this program's own output, which Consul stores.
        let (output, input) = pipe()?;
        // The waiter starts first: if there is no thread for it, the child is not started.
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
        // A waiter that has ended has closed its side, which `wait` notices.
        let _ = started.send(id);
        Ok(Child { process, id, status: None, output: Output::new(output, program.name), ended })
    }

    /// Takes output until the child's own process has ended, and returns its status. `None`: the deadline passed first.
    ///
    /// Other processes of the group do not count: a daemon may live, and keep the output open, forever.
    ///
    /// # Errors
    /// When the system does not report on the child.
    pub fn wait(&mut self, deadline: Deadline) -> io::Result<Option<ExitStatus>> {
        while self.status.is_none() {
            let (ended, readable) = self.output.poll(Some(&self.ended), deadline.remaining())?;
            if ended {
                self.output.take_the_rest()?;
                // It has ended, so this does not block.
                self.status = Some(self.process.wait()?);
            } else if deadline.remaining().is_zero() {
                // Checked in every round: with a child that writes all the time, the poll never times out.
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
    /// ESRCH after [`Child::wait`] or [`Child::terminate`] has returned a status, because the ID may belong to another group since then.
    /// EPERM when this user may not signal any of them.
    pub fn forward(&self, signal: Signal) -> io::Result<()> {
        if self.status.is_some() {
            return Err(Errno::SRCH.into());
        }
        Ok(kill_process_group(self.id, signal)?)
    }

    /// Ends the child's group: SIGTERM at once, and SIGKILL if any of its processes is left after `grace`. Returns the status of the
    /// child's own process. `None`: SIGKILL did not end that process within a second.
    ///
    /// Returns as soon as the whole group has ended. An ended process that has not been reaped still belongs to the group. A child that
    /// has been reaped already gets no signal.
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
        // Without a limit this could take forever. A process that is not reaped keeps its ID until this program ends.
        self.wait(Deadline::after(KILLED_WITHIN))
    }

    /// Takes output until the group of a reaped child is empty, and returns whether that happened before the deadline.
    ///
    /// The group keeps its ID as long as it has a process. The system reuses a free ID only after all others, which takes longer than the
    /// pause between two polls.
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

    /// Returns the last line of the output so far that is not blank.
    pub fn last_line(self) -> Option<String> {
        self.output.end()
    }
}

/// Starts a thread that waits for the process whose ID it receives, and then closes the other side of the stream. It does not reap the
/// process, so that a signal to its ID cannot reach another process.
fn waiter() -> io::Result<(mpsc::Sender<Pid>, UnixStream)> {
    let (started, process) = mpsc::channel();
    let (ended, open) = UnixStream::pair()?;
    thread::Builder::new().spawn(move || {
        if let Ok(process) = process.recv() {
            // A process that cannot be waited for counts as ended.
            let _ = retry_on_intr(|| waitid(WaitId::Pid(process), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT));
        }
        drop(open);
    })?;
    Ok((started, ended))
}
