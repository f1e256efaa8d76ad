//! A bounded fuzz of the whole program: whatever an agent answers and whatever is typed, a run ends in time with one clean line, an exit code
//! from 0 to 2, and no secret. `FUZZ_SEED` repeats a run, `FUZZ_SECONDS` makes it longer.
//!
//! The agent is a stand-in, since no healthy Consul answers like this.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod hostile;
mod program;
mod random;
mod server;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use program::{Ran, SECRETS, run};
use random::Random;
use server::Server;

/// How many runs go on at the same time.
const THREADS: u64 = 3;

/// The options of a run, some right and some wrong.
const OPTIONS: [&[&str]; 24] = [
    &["--wait", "1s"],
    &["--no-fence"],
    &["--only-passing"],
    &["--priority", "7"],
    &["--preempt", "--preempt-after", "1s"],
    &["--max-term", "1s"],
    &["--on-outage", "demote"],
    &["--on-promote", "true"],
    &["--on-demote", "false"],
    &["--on-follow", "true"],
    &["--ttl", "10s"],
    &["--query-ttl", "5s"],
    &["--consul-query-tag", "x"],
    &["--check-id", "election"],
    &["--log-level", "debug"],
    &["--consul-service-id", "redis-1"],
    &["--watch-port", "--watch-address", "127.0.0.1:1"],
    &["--master-tag", "-h"],
    &["--slave-tag", "\u{202e}x"],
    &["--lock-key", "a b"],
    &["--priority", "99999999999"],
    &["--max-term", "9999999h"],
    &["--error-status", "passing"],
    &["--consul-query-name", "Redis.\u{0}"],
];

fn seconds() -> u64 {
    std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

fn seed() -> u64 {
    let given = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| u64::from(std::process::id()) ^ (now() << 20))
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Makes a command line.
fn arguments(random: &mut Random) -> Vec<String> {
    let mut words = Vec::new();
    if random.one_in(6) {
        words.push("resign".to_owned());
    }
    if !random.one_in(30) {
        words.extend(["--consul-service-name".to_owned(), "redis".to_owned()]);
    }
    for _ in 0..random.below(4) {
        let option = OPTIONS[random.below(OPTIONS.len())];
        // The operating system itself takes no NUL in an argument.
        words.extend(option.iter().map(|word| word.replace('\0', "")));
    }
    words
}

#[test]
fn whatever_is_answered_and_typed_a_run_ends_in_time_with_one_clean_line() {
    let (seed, until) = (seed(), Instant::now() + Duration::from_secs(seconds()));
    println!("FUZZ_SEED={seed}");
    let runs = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let runs = &runs;
            scope.spawn(move || {
                let mut round = 0;
                while Instant::now() < until {
                    // Each round can be repeated alone.
                    one_round(seed.wrapping_add(thread * 1_000_000 + round));
                    round += 1;
                    runs.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let runs = runs.into_inner();
    println!("{runs} runs");
    assert!(runs > 20, "only {runs} runs");
}

fn one_round(seed: u64) {
    let mut random = Random::new(seed);
    let words = arguments(&mut random);
    let server = Server::start(random.fork());
    let ran = run(&words, server.address());
    let what = || format!("FUZZ_SEED={seed}, one round, {words:?}: {ran:?}\n{}", server.log().join("\n"));
    let Ran { code, stdout, stderr, took, memory } = &ran;
    assert!(matches!(code, Some(0..=2)), "the exit code: {}", what());
    assert!(stdout.ends_with('\n') && stdout.lines().count() == 1, "one line: {}", what());
    let is_clean = |text: &str| !text.chars().any(|c| c != '\n' && (c.is_control() || hostile::turns(c)));
    assert!(is_clean(stdout) && is_clean(stderr), "clean characters: {}", what());
    assert!(stdout.starts_with("election") && stdout.chars().count() <= 1_002, "the line: {}", what());
    assert!(!SECRETS.iter().any(|secret| stdout.contains(secret) || stderr.contains(secret)), "a secret: {}", what());
    assert!(*took < program::TIMEOUT + Duration::from_secs(1) + program::waits(&words), "in time: {}", what());
    assert!(*memory < 64 * 1024, "{memory} KiB of memory: {}", what());
}
