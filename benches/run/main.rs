//! Measures how long it takes until the next node runs a command: after a clean end, after SIGKILL of the program that holds the lock, and
//! after the death of a node; for `run` and for `consul lock` of the same Consul. `make bench-run` runs it on every Consul.
//!
//! Environment: `ROUNDS` (20) for the clean end and SIGKILL of `run`; `SLOW_ROUNDS` (3) for what takes a lock-delay.

// A panic says what was seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../tests/scenarios/harness/mod.rs"]
mod harness;
mod holder;

use std::time::Duration;

use harness::{Cluster, consul};
use holder::{Holder, Tool};

/// What happens to the holder of the lock.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    CleanEnd,
    Kill,
    NodeDeath,
}

const FAULTS: [(Fault, &str); 3] = [
    (Fault::CleanEnd, "the command ends by itself"),
    (Fault::Kill, "SIGKILL of the program that holds the lock"),
    (Fault::NodeDeath, "death of the node"),
];

/// What one round has shown.
struct Round {
    /// From the fault to the start of the next command.
    from_fault: Duration,
    /// From the end of the command to the start of the next; `None`: it still ran.
    from_end: Option<Duration>,
}

fn main() {
    let number =
        |name: &str, default: usize| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (rounds, slow) = (number("ROUNDS", 20), number("SLOW_ROUNDS", 3));
    let (major, minor, patch) = consul().version;
    println!(
        "\nrun on Consul {major}.{minor}.{patch}, times to the next start of the command, median (slowest) of n\n"
    );
    println!("| | | from the fault | from the command's end | n |\n|---|---|---|---|---|");
    for (fault, name) in FAULTS {
        for tool in [Tool::Run, Tool::ConsulLock] {
            let is_slow = fault == Fault::NodeDeath || (fault == Fault::Kill && tool == Tool::ConsulLock);
            let all: Vec<Round> = measure(tool, fault, if is_slow { slow } else { rounds });
            let from_fault = spread(all.iter().map(|round| round.from_fault).collect());
            let ended: Vec<Duration> = all.iter().filter_map(|round| round.from_end).collect();
            let overlaps = all.len() - ended.len();
            let from_end = match (spread(ended), overlaps) {
                (text, 0) => text,
                (_, count) => format!("**{count} times it still ran**"),
            };
            println!("| {name} | {} | {from_fault} | {from_end} | {} |", tool.name(), all.len());
        }
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\nload average of the last minute: {}", load.split(' ').next().unwrap_or("unknown"));
}

fn measure(tool: Tool, fault: Fault, rounds: usize) -> Vec<Round> {
    let cluster = Cluster::of(2);
    cluster.settle();
    let nodes: [_; 2] = cluster.nodes();
    let key = harness::unique("bench");
    let folder = cluster.server().directory().to_owned();
    let mut count = 0;
    let mut start = |node: &harness::Node| {
        count += 1;
        Holder::start(tool, node, &key, folder.join(format!("h{count}")))
    };
    let mut leader = (0, start(nodes[0]));
    leader.1.wait_for_start();
    let mut all = Vec::new();
    for _ in 0..rounds {
        let next = 1 - leader.0;
        let follower = start(nodes[next]);
        follower.wait_until_it_waits(nodes[next]);
        let begin = holder::now();
        match fault {
            Fault::CleanEnd => leader.1.end_command(),
            Fault::Kill => leader.1.kill(),
            Fault::NodeDeath => {
                nodes[leader.0].kill();
                leader.1.kill_everything();
            }
        }
        let ended = leader.1.watch_end(&follower);
        let started = follower.wait_for_start();
        all.push(Round {
            from_fault: Duration::from_nanos(started - begin),
            from_end: ended.map(|ended| Duration::from_nanos(started.saturating_sub(ended))),
        });
        leader.1.kill_everything();
        if fault == Fault::NodeDeath {
            nodes[leader.0].start_again();
            cluster.wait_for_members();
        }
        leader = (next, follower);
    }
    all
}

/// The median and the slowest.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let (Some(slowest), Some(median)) = (times.last(), times.get(times.len() / 2)) else { return "-".to_owned() };
    let text = |time: &Duration| match time.as_millis() {
        short @ 0..10_000 => format!("{short} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    };
    format!("{} ({})", text(median), text(slowest))
}
