//! Measures what an election costs by its size: per failover and at rest, CPU, bytes, requests and raft entries of servers and
//! agents, with waiting and with plain runs. `make scale` runs it on every Consul.
//!
//! Environment: `SIZES` (10 100 300 1000) and `MODES` (none wait plain); `ROUNDS` (5) failovers of each; `SERVERS` (1);
//! `AT_ONCE=1`: all instances begin before one leads; `NAMED_FAIL=1`: the candidates that the leader names fail before it;
//! `REST` (51), the seconds that are measured at rest; `LIMIT` (300), the seconds that a failover may take; `OUT`, a CSV
//! to which lines are added; `ELECTION_BIN`, another build of the program.

// A panic breaks off its size and mode and says what was seen; the others go on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod counts;
#[path = "../../tests/scenarios/harness/mod.rs"]
mod harness;
mod mode;
mod process;
mod round;
mod settings;
mod stage;
mod table;
mod watch;
// Of the failovers' benchmark. DNS is not asked here.
#[allow(dead_code)]
#[path = "../failover/wire.rs"]
mod wire;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use harness::{Pass, consul};
use mode::Mode;
use round::Broken;
use settings::{Settings, set};
use stage::Stage;
use table::{Measured, broken_line, failover_lines, head, rest_line, tables};

fn main() -> ExitCode {
    let begin = Instant::now();
    let settings = match Settings::read() {
        Ok(settings) => settings,
        Err(text) => return usage(&text),
    };
    let (major, minor, patch) = consul().version;
    let consul = format!("{major}.{minor}.{patch}");
    let program = Pass::bare().arg("--version").output().stdout.trim().to_owned();
    println!("\nscale on Consul {consul}, {} server(s), {program}", settings.servers);
    // Two builds of one version differ by their path.
    let label = set("LABEL").or_else(|| set("ELECTION_BIN")).unwrap_or(program);
    let mut all = Vec::new();
    for size in &settings.sizes {
        for mode in &settings.modes {
            let about = format!("{consul},{},{},{},{size}", label.replace(',', " "), settings.servers, mode.name);
            all.push(measure(*size, mode, &about, &settings));
        }
    }
    println!("\n{}", tables(&all));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').nth(2).unwrap_or("unknown");
    println!("took {} min; load average of the last 15 minutes: {load}", begin.elapsed().as_secs() / 60);
    if all.iter().all(|measured| measured.broken_off.is_none()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures one size in one mode, on its own cluster. A panic ends it, and what it had measured counts.
fn measure(size: usize, mode: &'static Mode, about: &str, settings: &Settings) -> Measured {
    let begin = Instant::now();
    let mut measured = Measured { size, mode: mode.name, rest: None, failovers: Vec::new(), broken_off: None };
    let say = |text: &str| eprintln!("{:>5} s  {size:>5} {:<6} {text}", begin.elapsed().as_secs(), mode.name);
    let work = || {
        let stage = Stage::set(mode, size, settings.servers);
        let mut leader = round::start(&stage, settings.at_once, settings.limit);
        say("all instances are there");
        let rest = round::rest(&stage, settings.rest);
        record(settings, &rest_line(about, &rest));
        measured.rest = Some(rest);
        say(&format!("measured at rest; the servers have {} MB in memory", round::memory(&stage) / 1024));
        for number in 1..=settings.rounds {
            let Some(old) = leader else { break };
            let (new, failover) = match round::fail_over(&stage, old, &rest, settings) {
                Ok(end) => end,
                Err(broken) => {
                    record(settings, &broken_line(about, number, &broken));
                    panic!("{}", told(&broken));
                }
            };
            leader = Some(new);
            say(&format!(
                "{number}/{} moved after {:.3} s, leader's CPU {:.3} s, entries {:.0}, attempts {:.0}, quiet after {:.1} s",
                settings.rounds,
                failover.moved.as_secs_f64(),
                failover.net[counts::LEADER_CPU] / 1000.0,
                failover.net[counts::ENTRIES],
                failover.net[counts::ATTEMPTS],
                failover.quiet.as_secs_f64(),
            ));
            record(settings, &failover_lines(about, number, &failover));
            measured.failovers.push(failover);
        }
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        let why = round::message(panic.as_ref());
        say(&format!("broken off: {why}"));
        measured.broken_off = Some(why);
    }
    measured
}

fn told(broken: &Broken) -> String {
    let (cpu, agents) = (broken.raw[counts::LEADER_CPU] / 1000.0, broken.raw[counts::AGENTS_CPU] / 1000.0);
    let (sent, seconds) = (broken.raw[counts::LEADER_SENT] / 1e6, broken.seconds);
    let why = broken.why.lines().next().unwrap_or_default();
    format!(
        "{why}; within {seconds:.0} s the leader used {cpu:.1} s of CPU and sent {sent:.0} MB, the agents used {agents:.1} s"
    )
}

/// Adds lines to the CSV at once, so that an interrupted measurement leaves what it had.
fn record(settings: &Settings, lines: &str) {
    let Some(path) = &settings.out else { return };
    let is_new = fs::metadata(path).map_or(true, |file| file.len() == 0);
    let head = if is_new { format!("{}\n", head()) } else { String::new() };
    let file = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| writeln!(file, "{head}{lines}"));
    written.unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
}

fn usage(text: &str) -> ExitCode {
    eprintln!("scale: {text}");
    ExitCode::from(2)
}
