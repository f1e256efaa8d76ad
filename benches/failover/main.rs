//! Measures how long a failover takes, through DNS and through tags, and whether DNS ever gives a wrong answer: three nodes with a
//! real redis each, real faults at random moments, several modes of the program. `make failover` runs it on every Consul.
//!
//! Environment: `ROUNDS` (50) per mode, and per fault in the modes that measure the watched port; `MODES` picks modes
//! by name; `SEED` repeats the same faults at the same moments; `PICTURE` is the SVG to write
//! (`target/failover-VERSION.svg`); set it only together with `CONSUL_BIN`, or the last Consul's picture remains. The
//! exit code is 1 when DNS was wrong in a mode that rules it out, when the lead moved although it must not, or when a
//! mode was broken off.

// A panic breaks off its mode and says what was seen; the other modes go on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fault;
#[path = "../../tests/scenarios/harness/mod.rs"]
mod harness;
mod judge;
mod mode;
mod picture;
mod poise;
mod redis;
mod round;
mod stage;
mod summary;
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
use picture::{Caption, Row, picture};
use round::Round;
use stage::Stage;
use summary::{Results, short};
use table::table;
use verdict::verdict;

/// How many wrong answers of a round are described.
const EXAMPLES: usize = 3;

fn main() -> ExitCode {
    let begin = Instant::now();
    let rounds = match set("ROUNDS").map_or(Ok(50), |rounds| rounds.parse()) {
        Ok(rounds) if rounds > 0 => rounds,
        _ => return usage("ROUNDS must be a number, at least 1"),
    };
    let names = set("MODES").unwrap_or_default();
    let wanted: Vec<_> = names.split([' ', ',']).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = wanted.iter().find(|name| MODES.iter().all(|mode| mode.name != **name)) {
        return usage(&format!("unknown mode {unknown}; the modes are {}", MODES.map(|mode| mode.name).join(", ")));
    }
    let (major, minor, patch) = consul().version;
    let consul = format!("{major}.{minor}.{patch}");
    let (program, date) = (version(), humantime::format_rfc3339_seconds(SystemTime::now()).to_string());
    println!("\nfailover on Consul {consul}, {program}, {date}");
    // A failover is a few raft entries in sequence, and Consul answers only when each is on disk.
    println!("the servers write to {} (TMPDIR)", env::temp_dir().display());
    let mut random = Random::new();
    let mut all = Vec::new();
    for mode in &MODES {
        // Drawn for every mode, so that a seed gives a mode the same rounds whichever modes run.
        let own = Random::seeded(random.next());
        if wanted.is_empty() || wanted.contains(&mode.name) {
            all.push(measure(mode, rounds, own));
        }
    }
    let (verdict, good) = verdict(&all);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').nth(2).unwrap_or("unknown");
    println!("\n{}\n{verdict}", table(&all));
    println!("took {} min; load average of the last 15 minutes: {load}", begin.elapsed().as_secs() / 60);
    let file = set("PICTURE").unwrap_or_else(|| format!("target/failover-{consul}.svg"));
    let day = date.split('T').next().unwrap_or_default().to_owned();
    let caption = Caption { rounds, consul, program, day, load: load.to_owned() };
    if let Err(error) = fs::write(&file, picture(&caption, &all.iter().map(Row::of).collect::<Vec<_>>())) {
        return usage(&format!("cannot write {file}: {error}"));
    }
    println!("picture: {file}");
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs all rounds of a mode, on its own cluster. A panic ends the mode, not the measurement.
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
            eprintln!(
                "{:>6} s  {:>3}/{}  {}",
                begin.elapsed().as_secs(),
                number + 1,
                plan.len(),
                described(&round, mode)
            );
            results.rounds.push(round);
        }
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        results.broken_off = Some(message(panic.as_ref()));
    }
    results
}

/// Describes a round in one line, and its wrong answers below.
fn described(round: &Round, mode: &Mode) -> String {
    let time = |time| Option::map_or(time, "not measured".to_owned(), short);
    let mut text = format!("{:<26} DNS {:>8}, tags {:>8}", round.fault.name(mode), time(round.dns), time(round.tags));
    if round.too_early {
        text += ", the leadership ended too early";
    }
    if !round.two_tagged.is_zero() {
        let _ = write!(text, ", two tagged for {}", short(round.two_tagged));
    }
    for (who, wrong) in [("", &round.wrong), (" by a server", &round.wrong_by_servers)] {
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
    text.unwrap_or("a panic without a message").to_owned()
}

/// The output of `--version`.
fn version() -> String {
    Pass::bare().arg("--version").output().stdout.trim().to_owned()
}

/// Returns a variable unless it is unset or empty.
fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn usage(text: &str) -> ExitCode {
    eprintln!("failover: {text}");
    ExitCode::from(2)
}
