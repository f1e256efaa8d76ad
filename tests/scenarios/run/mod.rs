//! `run`: a command that only the leader runs. Also holds the helpers of this folder.

mod chaos;
mod checker;
mod codes;
mod guards;
mod netns;
mod policies;
mod systemd;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Api, Node, Pass, Running, secs, seen, signal, unique, wait_for};
use rustix::process::Signal;

/// A run's options and its command, before it starts.
pub struct Runner {
    pub name: String,
    pub pass: Pass,
}

impl Runner {
    /// A run of an election that no other scenario has, with options. The command follows.
    pub fn alone(node: &Node, options: &[&str]) -> Runner {
        Runner::of(&unique("run"), node, options)
    }

    pub fn of(name: &str, node: &Node, options: &[&str]) -> Runner {
        let pass = Pass::bare().on(node).args(["run", "--name", name]).args(options.iter().copied());
        Runner { name: name.to_owned(), pass }
    }

    pub fn key(&self) -> String {
        format!("service/{}/leader", self.name)
    }

    /// The run of a shell script.
    pub fn script(&self, script: &str) -> Pass {
        self.pass.clone().args(["--", "/bin/sh", "-c", script])
    }
}

/// A directory for the files of one scenario.
pub fn folder(node: &Node) -> PathBuf {
    let folder = node.directory().join(unique("run"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Waits until a file has a whole line, and returns its text.
pub fn wait_for_line(file: &Path) -> String {
    wait_for(&format!("a line in {}", file.display()), secs(30), || {
        seen(fs::read_to_string(file).unwrap_or_default(), |text| text.ends_with('\n'))
    })
}

/// Reads the process ID that a script has written.
pub fn pid_in(file: &Path) -> u32 {
    wait_for_line(file).lines().next().unwrap().trim().parse().expect("a process ID")
}

/// Whether a process runs. One that nobody has reaped has ended.
pub fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .and_then(|(_, rest)| rest.trim_start().chars().next())
        .is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

pub fn wait_for_end(pid: u32) {
    wait_for(&format!("process {pid} to end"), secs(60), || if runs(pid) { Err("it runs".to_owned()) } else { Ok(()) });
}

/// The child processes of a process.
pub fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// The guard of a run: its only child.
pub fn guard_of(run: u32) -> u32 {
    wait_for("the guard", secs(30), || seen(children(run), |found| found.len() == 1))[0]
}

/// Waits until a session holds the key, and returns it.
pub fn wait_for_holder(api: &Api, key: &str) -> String {
    wait_for("a holder", secs(60), || api.holder(key).ok_or_else(|| "nobody holds it".to_owned()))
}

pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

/// What a run has written to standard error so far ends with it, so a scenario that reads it stops the run.
pub fn stop(running: Running) -> crate::harness::Output {
    running.signal(Signal::TERM);
    running.output()
}

pub fn value_of(api: &Api, key: &str) -> Value {
    api.lock(key).map(|key| key.value).unwrap_or_default()
}
