//! How long a failover takes, through DNS and through tags, and whether DNS ever lies: three nodes with a real redis each, real
//! faults at random moments, several modes of the program. `make failover` runs it on every Consul and prints its table.
//!
//! `ROUNDS` (50) is for each mode, and for each fault of those that measure what the watched port tells. `MODES` names some modes,
//! `SEED` repeats the same faults at the same moments. It ends by itself, with 1 when DNS was wrong in a mode that promises that it
//! never is, when the lead moved that the port must not move, or when a mode could not be measured to its end.

// Whoever cannot go on says what was seen and panics: the mode is broken off, the others go on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fault;
#[path = "../../tests/scenarios/harness/mod.rs"]
mod harness;
mod judge;
mod mode;
mod poise;
mod redis;
mod round;
mod stage;
mod table;
mod verdict;
mod watch;
mod wire;

use std::any::Any;
use std::env;
use std::fmt::Write;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use fault::Fault;
use harness::{Pass, Random, consul};
use mode::{MODES, Mode};
use round::Round;
use stage::Stage;
use table::{Results, short, table};
use verdict::verdict;

/// So many wrong answers of a round are told in words.
const EXAMPLES: usize = 3;

fn main() -> ExitCode {
    let begin = Instant::now();
    let rounds = match set("ROUNDS").map_or(Ok(50), |rounds| rounds.parse()) {
        Ok(rounds) if rounds > 0 => rounds,
        _ => return usage("ROUNDS is a number, from 1"),
    };
    let names = set("MODES").unwrap_or_default();
    let wanted: Vec<_> = names.split([' ', ',']).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = wanted.iter().find(|name| MODES.iter().all(|mode| mode.name != **name)) {
        return usage(&format!("there is no mode {unknown}; MODES are {}", MODES.map(|mode| mode.name).join(", ")));
    }
    let (major, minor, patch) = consul().version;
    let date = humantime::format_rfc3339_seconds(SystemTime::now());
    println!("\nfailover on Consul {major}.{minor}.{patch}, {}, {date}", version());
    // A failover is a handful of raft entries one after the other, and each is on the disk before Consul answers.
    println!("the servers write to {} (TMPDIR)", env::temp_dir().display());
    let mut random = Random::new();
    let mut all = Vec::new();
    for mode in &MODES {
        // Drawn for every mode, wanted or not, so that the same seed gives a mode the same rounds.
        let own = Random::seeded(random.next());
        if wanted.is_empty() || wanted.contains(&mode.name) {
            all.push(measure(mode, rounds, own));
        }
    }
    let (verdict, good) = verdict(&all);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').nth(2).unwrap_or("unknown");
    println!("\n{}\n{verdict}", table(&all));
    println!("took {} min; load of the machine in the last quarter of an hour: {load}", begin.elapsed().as_secs() / 60);
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All rounds of a mode, on a cluster of its own. A panic ends the mode and not the measurement.
fn measure(mode: &Mode, rounds: usize, mut random: Random) -> Results<'_> {
    let begin = Instant::now();
    eprintln!("\n{}: {}", mode.name, mode.title);
    let mut results = Results { mode, rounds: Vec::new(), broken_off: None };
    let work = || {
        let stage = Stage::set(mode);
        let mut master = round::warm_up(&stage, mode);
        let plan = Fault::plan(mode, rounds, &mut random);
        for (number, fault) in plan.iter().enumerate() {
            let round = round::run(&stage, mode, *fault, master, &mut random);
            master = round.master;
            eprintln!("{:>6} s  {:>3}/{}  {}", begin.elapsed().as_secs(), number + 1, plan.len(), told(&round, mode));
            results.rounds.push(round);
        }
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        results.broken_off = Some(message(panic.as_ref()));
    }
    results
}

/// A round in a line, and what was wrong in it.
fn told(round: &Round, mode: &Mode) -> String {
    let time = |time| Option::map_or(time, "not measured".to_owned(), short);
    let mut text = format!("{:<26} DNS {:>8}, tags {:>8}", round.fault.name(mode), time(round.dns), time(round.tags));
    if round.too_early {
        text += ", the lead was lost too early";
    }
    if !round.two_tagged.is_zero() {
        let _ = write!(text, ", two tagged for {}", short(round.two_tagged));
    }
    for (who, wrong) in [("", &round.wrong), (" of a server", &round.wrong_by_servers)] {
        if wrong.answers > 0 {
            let _ = write!(text, "\n{:20}{} wrong answers{who} in {}", "", wrong.answers, short(wrong.time));
            for example in wrong.examples.iter().take(EXAMPLES) {
                let _ = write!(text, "\n{:24}{example}", "");
            }
        }
    }
    text
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}

/// The program's name and version, as it says them itself.
fn version() -> String {
    Pass::bare().arg("--version").output().stdout.trim().to_owned()
}

/// A variable that is set to something.
fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn usage(text: &str) -> ExitCode {
    eprintln!("failover: {text}");
    ExitCode::from(2)
}
