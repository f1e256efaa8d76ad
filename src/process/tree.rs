//! All descendants of this process: those that have left the child's group or session, and those whose parents have ended, too. Must never
//! know why they end.
//!
//! A subreaper becomes the parent of every orphan below it. So once it has no child left, nothing of the tree is left.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use log::debug;
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, Signal, WaitOptions, getpgid, getpid, kill_process, set_child_subreaper, wait};

/// The first and the longest pause between two looks for processes that were killed: others may have started meanwhile, and one that
/// another user runs does not end.
pub const KILL_EVERY: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(100));

/// How a process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit code.
    Code(u8),
    /// By this signal.
    Signal(u8),
}

/// Makes this process the parent of every orphan among its descendants.
///
/// # Errors
/// When the system refuses it.
pub fn adopt_orphans() -> io::Result<()> {
    super::child::reap_children();
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Reaps every child that has ended, and passes on who it was and how it ended. Returns whether any child is left.
///
/// # Errors
/// When the system does not report on children.
pub fn reap(mut ended: impl FnMut(Pid, Ended)) -> io::Result<bool> {
    loop {
        match retry_on_intr(|| wait(WaitOptions::NOHANG)) {
            Ok(Some((pid, status))) => {
                let number = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
                if let Some(code) = status.exit_status() {
                    ended(pid, Ended::Code(number(code)));
                } else if let Some(signal) = status.terminating_signal() {
                    ended(pid, Ended::Signal(number(signal)));
                }
            }
            Ok(None) => return Ok(true),
            Err(Errno::CHILD) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sends a signal to every descendant, except those in this group.
pub fn signal_all(signal: Signal, except: Option<Pid>) {
    for pid in descendants() {
        let is_excepted = || except.is_some() && getpgid(Some(pid)).ok() == except;
        if is_excepted() {
            continue;
        }
        if let Err(error) = kill_process(pid, signal) {
            debug!("{signal:?} does not reach process {pid}: {error}");
        }
    }
}

/// Sends SIGKILL to every descendant until none is left, or `give_up` holds. Returns whether none is left.
pub fn end_all(mut ended: impl FnMut(Pid, Ended), mut give_up: impl FnMut() -> bool) -> bool {
    let mut pause = KILL_EVERY.0;
    loop {
        signal_all(Signal::KILL, None);
        match reap(&mut ended) {
            Ok(false) => return true,
            Ok(true) => {}
            Err(error) => debug!("the system does not report on children: {error}"),
        }
        if give_up() {
            return false;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(KILL_EVERY.1);
    }
}

/// The descendants of this process, as `/proc` shows them.
fn descendants() -> Vec<Pid> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        // A process that has ended meanwhile has no such file.
        if let Some(parent) = fs::read_to_string(entry.path().join("stat")).ok().as_deref().and_then(parent_in) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut next = vec![getpid().as_raw_nonzero().get()];
    while let Some(parent) = next.pop() {
        let own = children.remove(&parent).unwrap_or_default();
        found.extend(own.iter().filter_map(|pid| Pid::from_raw(*pid)));
        next.extend(own);
    }
    found
}

/// The parent's ID in a `/proc/PID/stat`. The command before it may hold spaces and parentheses.
fn parent_in(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_command() {
        assert_eq!(parent_in("7 (sh) S 3 7 7"), Some(3));
        assert_eq!(parent_in("7 (a) S 9 (b) R 3 7 7"), Some(3));
        for stat in ["", "7", "7 (sh) S", "7 (sh) S x"] {
            assert_eq!(parent_in(stat), None, "{stat}");
        }
    }
}
