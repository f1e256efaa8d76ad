//! Whether passes wait, seen from outside: a pass that waits holds two connections to its agent, and that of the master one to redis.
//! And how it is brought about that the master's does not.

use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Node, Random, millis, secs, seen, wait_for};
use crate::stage::Stage;

/// `ESTABLISHED` in `/proc/net/tcp`.
const ESTABLISHED: &str = "01";
/// The agent's, 8500.
const HTTP_PORT: u16 = 8500;
/// From the end of a run on, nobody watches for the interval of the check, a second; the fault comes within this part of it.
const GAP: Duration = Duration::from_millis(800);

/// Waits until the passes of all nodes wait, and have done so for a random time.
pub fn wait_for_passes(stage: &Stage, master: usize, random: &mut Random) {
    loop {
        wait_for("all passes to wait", secs(30), || all_wait(stage, master));
        std::thread::sleep(random.duration(millis(50)..millis(300)));
        if all_wait(stage, master).is_ok() {
            return;
        }
    }
}

/// Ends the pass that waits on the master's node, as the end of its wait would, and lets a random part of the gap go by.
pub fn enter_the_gap(stage: &Stage, master: usize, random: &mut Random) {
    let passes = passes_of(stage.client(master));
    assert!(!passes.is_empty(), "no pass on {}", stage.client(master).name());
    for pass in passes {
        // One that has just ended by itself has left the same gap.
        let _ = kill_process(pass, Signal::TERM);
    }
    wait_for("the gap between two runs", secs(2), || seen(stage.redis(master).idle_connections()?, |idle| *idle == 0));
    std::thread::sleep(random.duration(Duration::ZERO..GAP));
}

fn all_wait(stage: &Stage, master: usize) -> Result<(), String> {
    let connections: Vec<_> =
        stage.cluster().clients().iter().map(|node| connections_of(node.ip(), HTTP_PORT)).collect();
    // The check of redis may have a connection of its own for a moment.
    let idle = stage.redis(master).idle_connections()?;
    seen((connections, idle), |(connections, idle)| connections.iter().all(|count| *count >= 2) && *idle == 1).map(drop)
}

/// How many connections a server has, by the system's own list.
fn connections_of(ip: Ipv4Addr, port: u16) -> usize {
    let local = format!("{:08X}:{port:04X}", u32::from_le_bytes(ip.octets()));
    let list = fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp can be read");
    let is_one = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().take(4).collect();
        matches!(fields[..], [_, own, _, state] if own == local && state == ESTABLISHED)
    };
    list.lines().filter(is_one).count()
}

/// The passes that a node's agent runs: whoever has that agent's address in its environment.
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
