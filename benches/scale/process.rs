//! The CPU time of processes and the bytes that they have sent, as the kernel counts them. Knows neither Consul nor elections.

use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;

/// The kernel counts the time of ended children in ticks of this many milliseconds (`USER_HZ` is 100 everywhere).
const TICK: f64 = 10.0;

/// Returns the CPU time of a process in milliseconds, without its children. Threads are read one by one, because the sum for
/// the process has a resolution of a tick only; the Go runtime keeps its threads.
pub fn cpu_of(process: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.map(|thread| on_cpu(&thread.path().join("schedstat").to_string_lossy())).sum()
}

/// Returns the CPU time that the children of these processes have used so far, in milliseconds: of those that have ended, and
/// of those that still run.
pub fn cpu_of_children(parents: &[u32]) -> f64 {
    let ended: f64 = parents.iter().filter_map(|parent| stat(*parent)).map(|fields| ticks(&fields[13..15])).sum();
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |id: &u32| {
        let parent = stat(*id).and_then(|fields| fields[1].parse().ok());
        parent.is_some_and(|parent| parents.contains(&parent))
    };
    ended + ids.filter(is_child).map(cpu_of).sum::<f64>()
}

/// Returns how many bytes the connections of an address have sent over TCP from this port. A connection that has been closed
/// no longer counts; agents keep theirs.
pub fn sent_from(address: Ipv4Addr, port: u16) -> f64 {
    let output = Command::new("ss").args(["-tinH", "src", &format!("{address}:{port}")]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let sent = text.split_whitespace().filter_map(|word| word.strip_prefix("bytes_sent:")?.parse::<f64>().ok());
    sent.sum()
}

/// The first number of `schedstat` is the time on a CPU in nanoseconds.
fn on_cpu(path: &str) -> f64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let nanoseconds: Option<f64> = text.split_whitespace().next().and_then(|number| number.parse().ok());
    nanoseconds.unwrap_or_default() / 1e6
}

/// Returns the fields of `stat` that follow the command, the first of which is the state; at least 15 of them.
fn stat(process: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect();
    (fields.len() >= 15).then_some(fields)
}

fn ticks(fields: &[String]) -> f64 {
    fields.iter().filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() * TICK
}
