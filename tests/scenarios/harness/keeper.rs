//! A small shell between the test process and one agent, so that no agent outlives the tests.
//!
//! The agent is the keeper's child, and the keeper reads its orders from a pipe that only the test process holds.
//! However the test process ends (a panic, `exit` without dropping statics, SIGKILL), the pipe closes, and the keeper
//! kills the agent and removes its directory. It also sends the signals: a process ID is safe to signal only for its
//! parent, which decides when the ID may be reused.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::program::clean_environment;
use super::wait::{secs, wait_for};

/// SIGHUP is ignored because the kernel sends one when a process group loses its last tie to the session (here: when
/// the test process ends) while a member is stopped, as a paused agent is. The agent itself handles all three signals
/// again.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
dir=$1; shift
agent=
while read -r order; do
    if [ "$order" = start ]; then
        [ -z "$agent" ] || wait "$agent"
        "$@" </dev/null >>"$dir/agent.log" 2>&1 &
        agent=$!
        echo "$agent"
    else
        kill -s "$order" "$agent"
        echo "$?"
    fi
done
if [ -n "$agent" ]; then
    kill -s KILL "$agent"
    wait "$agent"
fi
rm -rf "$dir"
"#;

pub struct Keeper {
    shell: Child,
    /// Taken, and so closed, to end the keeper.
    orders: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
    agent: u32,
}

impl Keeper {
    /// Starts a keeper of `directory` that can run `command`; nothing runs yet.
    pub fn of(directory: &Path, command: &[impl AsRef<OsStr>]) -> Keeper {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(SCRIPT).arg("keeper").arg(directory).args(command);
        clean_environment(&mut shell);
        let mut shell = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // In its own process group, because Ctrl-C would end the keeper before it has cleaned up.
            .process_group(0)
            .spawn()
            .expect("/bin/sh starts");
        let orders = shell.stdin.take();
        let replies = BufReader::new(shell.stdout.take().expect("stdout is piped"));
        Keeper { shell, orders, replies, agent: 0 }
    }

    /// Starts the agent, which must not be running.
    pub fn start(&mut self) {
        assert!(!self.runs(), "the agent {} is still running", self.agent);
        self.agent = self.order("start");
    }

    pub fn signal(&mut self, signal: &str) {
        assert_eq!(self.order(signal), 0, "signal {signal} to the agent {}", self.agent);
    }

    /// Sends SIGKILL, and returns when the agent has ended.
    pub fn kill(&mut self) {
        self.signal("KILL");
        self.wait_for_end();
    }

    /// Sends SIGSTOP, and returns when the agent is stopped.
    pub fn pause(&mut self) {
        self.signal("STOP");
        self.wait_for_state(|state| state == 'T');
    }

    /// Sends SIGCONT, and returns when the agent runs again.
    pub fn resume(&mut self) {
        self.signal("CONT");
        self.wait_for_state(|state| state != 'T');
    }

    /// The ID of the agent's process; 0 before the first start.
    pub fn agent(&self) -> u32 {
        self.agent
    }

    /// Whether the agent was started and has not ended; a stopped one still runs.
    pub fn runs(&self) -> bool {
        !matches!(self.state(), None | Some('Z' | 'X'))
    }

    /// Waits until the agent has ended; the keeper stays.
    pub fn wait_for_end(&self) {
        wait_for("the agent to end", secs(30), || {
            if self.runs() { Err(format!("process {} in state {:?}", self.agent, self.state())) } else { Ok(()) }
        });
    }

    /// Waits until the agent is in the given state of `/proc/PID/stat`, such as `T`, stopped.
    pub fn wait_for_state(&self, wanted: impl Fn(char) -> bool) {
        wait_for("the agent's process state", secs(10), || {
            self.state().filter(|&state| wanted(state)).ok_or_else(|| format!("state {:?}", self.state()))
        });
    }

    /// Orders the keeper to stop the agent and remove its directory, without waiting for it.
    pub fn release(&mut self) {
        self.orders = None;
    }

    fn order(&mut self, order: &str) -> u32 {
        let orders = self.orders.as_mut().expect("the keeper was not released");
        orders.write_all(format!("{order}\n").as_bytes()).expect("the keeper reads its orders");
        let mut reply = String::new();
        self.replies.read_line(&mut reply).expect("the keeper answers");
        reply.trim().parse().unwrap_or_else(|_| panic!("the keeper answered {reply:?} to {order}"))
    }

    /// Returns the state letter of the agent's process, if it is the keeper's child.
    fn state(&self) -> Option<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.agent)).ok()?;
        // The second field is the command in parentheses, which may itself contain spaces and parentheses.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent: u32 = fields.next()?.parse().ok()?;
        (parent == self.shell.id()).then_some(state)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.release();
        // It fails only if the shell is gone already, and a panic in drop would hide the test's own.
        let _ = self.shell.wait();
    }
}
