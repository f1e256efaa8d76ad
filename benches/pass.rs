//! Measures the cost of one run of the program against the floor (`floor.rs`). Absolute times mean little on a shared
//! machine, so both run in turns on the same real agent, and the ratio of their medians counts.

#[path = "../tests/scenarios/harness/mod.rs"]
mod harness;

use std::error::Error;
use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Cluster, Node, Pass, wait_for};
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_consul-master-election-tagger");
const RUNS: usize = 400;
const WARM_UP: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let floor = Path::new(PROGRAM).with_file_name("examples").join("floor");
    let cluster = Cluster::of(2);
    let [master, slave] = cluster.nodes();
    for node in [master, slave] {
        let check = json!({"Name": "ping", "TTL": "1h", "Status": "passing"});
        node.api().register(&json!({"Name": "redis", "Port": 6379, "Tags": ["v7"], "Check": check}));
        // The first pass settles the role; the others are steady.
        Pass::of("redis").on(node).run();
    }
    cluster.settle();
    let health = "/v1/agent/health/service/name/redis";
    let (key, query) = ("/v1/kv/service/redis-master/leader", "/v1/query/redis-master/execute");
    println!("{:<8} {:>10} {:>10} {:>8}   {RUNS} runs each, in turns", "pass", "median", "floor", "ratio");
    for (role, node, paths) in [("slave", slave, &[health, key][..]), ("master", master, &[health, key, query])] {
        let address = node.address();
        let mut pass = Command::new(PROGRAM);
        pass.env_clear().env("CONSUL_HTTP_ADDR", &address).args(["--consul-service-name", "redis"]);
        let mut least = Command::new(&floor);
        least.env_clear().arg(&address).args(paths);
        let (mut of_pass, mut of_floor) = (Vec::new(), Vec::new());
        for run in 0..RUNS + WARM_UP {
            let (first, second) = (time(&mut pass)?, time(&mut least)?);
            if run >= WARM_UP {
                of_pass.push(first);
                of_floor.push(second);
            }
        }
        let (of_pass, of_floor) = (median(of_pass), median(of_floor));
        let ratio = of_pass.as_secs_f64() / of_floor.as_secs_f64();
        println!("{role:<8} {:>7} us {:>7} us {ratio:>8.3}", of_pass.as_micros(), of_floor.as_micros());
    }
    println!("memory   {:>7} KiB at its peak", peak_memory(slave)?);
    println!("binary   {:>7} KiB", fs::metadata(PROGRAM)?.len() / 1024);
    Ok(())
}

/// Measures the wall time of one run, from before its start until it has been reaped.
fn time(command: &mut Command) -> Result<Duration, Box<dyn Error>> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    let begin = Instant::now();
    let status = command.status()?;
    let took = begin.elapsed();
    if status.success() { Ok(took) } else { Err(format!("{command:?}: {status}").into()) }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Returns the peak resident memory of a pass in KiB. Its stdout is a full socket, so it blocks with its line in hand
/// when all its work is done, and can be inspected.
fn peak_memory(node: &Node) -> Result<u64, Box<dyn Error>> {
    let (reader, mut writer) = UnixStream::pair()?;
    writer.set_nonblocking(true)?;
    for size in [4096, 1] {
        while writer.write(&vec![b'.'; size]).is_ok() {}
    }
    writer.set_nonblocking(false)?;
    let mut child = Command::new(PROGRAM)
        .env_clear()
        .env("CONSUL_HTTP_ADDR", node.address())
        .args(["--consul-service-name", "redis"])
        .stdout(OwnedFd::from(writer))
        .spawn()?;
    let waits = format!("/proc/{}/syscall", child.id());
    wait_for("the pass to write its line", Duration::from_secs(10), || {
        let call = fs::read_to_string(&waits).unwrap_or_default();
        // Blocked in write(1, ...): system call 1 on x86-64, 64 on 64-bit ARM.
        if call.starts_with("1 0x1 ") || call.starts_with("64 0x1 ") { Ok(()) } else { Err(call) }
    });
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    drop(reader);
    child.wait()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(peak.trim().trim_end_matches(" kB").parse()?)
}
