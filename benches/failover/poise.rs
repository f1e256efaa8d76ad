//! Sees from outside whether passes wait, and ends the master's pass on request. A waiting pass holds two connections
//! to its agent; the master's pass also holds one to redis.

use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Node, Random, millis, secs, seen, wait_for};
use crate::stage::Stage;

/// `ESTABLISHED` in `/proc/net/tcp`.
const ESTABLISHED: &str = "01";
/// The agent's HTTP port.
const HTTP_PORT: u16 = 8500;
/// After a run, nobody watches for one interval of the check, 1 s. The fault occurs within this part of it.
const GAP: Duration = Duration::from_millis(800);

/// Waits until the passes of all nodes have been waiting for a random time.
pub fn wait_for_passes(stage: &Stage, master: usize, random: &mut Random) {
    loop {
        wait_for("all passes to wait", secs(30), || all_wait(stage, master));
        std::thread::sleep(random.duration(millis(50)..millis(300)));
        if all_wait(stage, master).is_ok() {
            return;
        }
    }
}

/// Ends the waiting pass on the master's node, as its timeout would, and lets a random part of the gap pass.
pub fn enter_the_gap(stage: &Stage, master: usize, random: &mut Random) {
    let passes = passes_of(stage.client(master));
    assert!(!passes.is_empty(), "no pass on {}", stage.client(master).name());
    for pass in passes {
        // A pass that just ended by itself leaves the same gap.
        let _ = kill_process(pass, Signal::TERM);
    }
    wait_for("the gap between two runs", secs(2), || seen(stage.redis(master).idle_connections()?, |idle| *idle == 0));
    std::thread::sleep(random.duration(Duration::ZERO..GAP));
}

fn all_wait(stage: &Stage, master: usize) -> Result<(), String> {
    let connections: Vec<_> =
        stage.cluster().clients().iter().map(|node| connections_of(node.ip(), HTTP_PORT)).collect();
    // The health check of redis may briefly have its own connection.
    let idle = stage.redis(master).idle_connections()?;
    seen((connections, idle), |(connections, idle)| connections.iter().all(|count| *count >= 2) && *idle == 1).map(drop)
}

/// Counts the connections to a server in the system's list.
fn connections_of(ip: Ipv4Addr, port: u16) -> usize {
    let local = format!("{:08X}:{port:04X}", u32::from_le_bytes(ip.octets()));
    let list = fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp can be read");
    let is_one = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().take(4).collect();
        matches!(fields[..], [_, own, _, state] if own == local && state == ESTABLISHED)
    };
    list.lines().filter(is_one).count()
}

/// Returns the passes that a node's agent runs, found by the agent's address in their environment.
fn passes_of(node: &Node) -> Vec<Pid> {
    let address = format!("CONSUL_HTTP_ADDR={}", node.address());
    let ids = fs::read_dir("/proc").expect("/proc can be read").flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let has_it = |id: &i32| {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == address.as_bytes())
    };
    ids.filter(has_it).filter_map(Pid::from_raw).collect()
}
