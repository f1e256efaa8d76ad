//! One run of the program, and what it used.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The token, the login and its encoded form: nothing of it may be printed.
pub const SECRETS: [&str; 3] = ["3b2f6d1e-0000-4000-8000-5ec2e75ec2e7", "hunter22", "dXNlcjpodW50ZXIyMg"];

/// The limit of a pass.
pub const TIMEOUT: Duration = Duration::from_secs(3);

/// Longer than any run may take.
const HANGS: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
    /// The most memory that was seen, in KiB.
    pub memory: u64,
}

/// What `--wait` adds to the time of a run: the wait, and one more pass.
pub fn waits(words: &[String]) -> Duration {
    if words.iter().any(|word| word == "--wait") { Duration::from_secs(1) + TIMEOUT } else { Duration::ZERO }
}

pub fn run(words: &[String], agent: &str) -> Ran {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_consul-master-election-tagger"))
        .args(words)
        .args(["--timeout", "3s"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("CONSUL_HTTP_ADDR", agent)
        .env("CONSUL_HTTP_TOKEN", SECRETS[0])
        .env("CONSUL_HTTP_AUTH", format!("user:{}", SECRETS[1]))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |mut from: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = from.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let (out, err) = (read(Box::new(out)), read(Box::new(err)));
    let mut memory = 0;
    let status = loop {
        memory = memory.max(peak(child.id()));
        match child.try_wait().expect("a child") {
            Some(status) => break Some(status),
            None if begin.elapsed() > HANGS => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    let took = begin.elapsed();
    let [stdout, stderr] = [out, err].map(|thread| thread.join().unwrap());
    Ran { code: status.and_then(|status| status.code()), stdout, stderr, took, memory }
}

/// The most memory that a process has used so far, in KiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    // Before it executes the program, the process is a copy of this one.
    if !status.starts_with("Name:\tconsul-master-e") {
        return 0;
    }
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
