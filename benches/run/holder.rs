//! A program that runs a command under a lock, and what can be done to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;

use crate::harness::{Node, Pass, clean_environment, consul, secs, signal, wait_for};

/// Which program it is.
#[derive(Clone, Copy, PartialEq)]
pub enum Tool {
    Run,
    ConsulLock,
}

impl Tool {
    pub fn name(self) -> &'static str {
        match self {
            Tool::Run => "`run`",
            Tool::ConsulLock => "`consul lock`",
        }
    }
}

/// A program, and the folder of the notes of its command.
pub struct Holder {
    child: Child,
    folder: PathBuf,
}

/// The time of day in nanoseconds.
pub fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

impl Holder {
    pub fn start(tool: Tool, node: &Node, key: &str, folder: PathBuf) -> Holder {
        fs::create_dir_all(&folder).unwrap();
        let fifo = folder.join("end");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let text = folder.display();
        let script =
            format!("echo $(date +%s%N) $$ > {text}/new; mv {text}/new {text}/started; read end < {}", fifo.display());
        let mut command = match tool {
            Tool::Run => {
                let pass = Pass::bare().on(node).args(["run", "--name", key, "--", "/bin/sh", "-c", &script]);
                let words = pass.check_args();
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]);
                command
            }
            Tool::ConsulLock => {
                let mut command = Command::new(&consul().binary);
                let address = format!("-http-addr={}", node.address());
                command.args(["lock", &address, "-shell=false", key, "/bin/sh", "-c", &script]);
                command
            }
        };
        clean_environment(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Holder { child: command.spawn().unwrap(), folder }
    }

    fn note(&self) -> Option<(u64, u32)> {
        let text = fs::read_to_string(self.folder.join("started")).ok()?;
        let (time, pid) = text.trim().split_once(' ')?;
        Some((time.parse().ok()?, pid.parse().ok()?))
    }

    /// Waits until its command has started, and returns when that was.
    pub fn wait_for_start(&self) -> u64 {
        wait_for("the command to start", secs(120), || self.note().ok_or_else(|| "it has not".to_owned())).0
    }

    /// Waits until it has had the time to ask for the lock.
    pub fn wait_until_it_waits(&self, node: &Node) {
        // The agent counts its connections; the last one to come waits for the key.
        node.wait_for_api();
        sleep(Duration::from_millis(1500));
        assert!(self.note().is_none(), "it should wait");
    }

    /// Lets its command end by itself.
    pub fn end_command(&self) {
        fs::write(self.folder.join("end"), "end\n").unwrap();
    }

    /// Kills the program itself.
    pub fn kill(&self) {
        signal(self.child.id(), Signal::KILL);
    }

    /// Kills the program, its children and their children.
    pub fn kill_everything(&mut self) {
        let guards = children(self.child.id());
        let below: Vec<u32> = guards.iter().flat_map(|guard| children(*guard)).collect();
        for pid in [self.child.id()].iter().chain(&guards).chain(&below) {
            signal(*pid, Signal::KILL);
        }
        if let Some((_, pid)) = self.note() {
            signal(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }

    /// Returns when its command ended; `None`: it runs as the next one starts.
    pub fn watch_end(&self, next: &Holder) -> Option<u64> {
        let (_, pid) = self.note()?;
        let begin = Instant::now();
        while runs(pid) && next.note().is_none() {
            assert!(begin.elapsed() < secs(120), "the command neither ends nor has a successor");
            sleep(Duration::from_millis(1));
        }
        (!runs(pid)).then(now)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.kill_everything();
    }
}

fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).unwrap_or_default();
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
