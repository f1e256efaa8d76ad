//! One real redis with the script `redis-role` next to it, and no Consul.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use super::server::{Redis, place_in};
use super::stage::redis_role;
use crate::harness::{secs, seen, shared, wait_for};

/// One redis for which the script runs.
pub struct Beside {
    pub redis: Redis,
    pub file: PathBuf,
}

impl Beside {
    pub fn a_redis() -> Beside {
        let node = shared().nodes::<1>()[0];
        let place = place_in(node.directory(), "role");
        let free = TcpListener::bind((node.ip(), 0)).unwrap().local_addr().unwrap().port();
        Beside { redis: Redis::on(node.ip(), free, &place), file: place.join("role") }
    }

    pub fn run(&self, command: &str, env: &[(&str, &str)]) -> (i32, String) {
        self.run_in(&[], command, env)
    }

    /// As above, started through another command.
    pub fn run_in(&self, starter: &[&str], command: &str, env: &[(&str, &str)]) -> (i32, String) {
        run_script(starter, (self.redis.ip, self.redis.port), &self.file, command, env)
    }

    pub fn is(&self, role: &str) {
        fs::write(&self.file, format!("{role}\n")).unwrap();
    }

    pub fn apply(&self, role: &str) -> String {
        self.is(role);
        let (status, said) = self.run("apply", &[]);
        assert_eq!(status, 0, "{said}");
        said
    }

    pub fn check(&self) -> (i32, String) {
        self.run("check", &[])
    }

    /// Waits until the check prints exactly this.
    pub fn says(&self, status: i32, text: &str) {
        wait_for(&format!("the check to print {text}"), secs(60), || {
            seen(self.check(), |said| *said == (status, text.to_owned())).map(drop)
        });
    }

    /// Makes it master as the first of a group: it waited for others and was elected.
    pub fn leads(&self) {
        self.is("none");
        self.says(1, "knows of no master; has the data that it has started with");
        assert!(self.uptime() >= 10, "it waits for those whose data is better");
        self.apply(&format!("master {}", now()));
        assert_eq!(self.redis.role(), "master");
    }

    /// Waits until it has run for this long.
    pub fn has_run_for(&self, seconds: u64) {
        wait_for(&format!("redis to have run for {seconds} s"), secs(60), || {
            seen(self.uptime(), |uptime| *uptime >= seconds).map(drop)
        });
    }

    fn uptime(&self) -> u64 {
        self.redis.info().get("uptime_in_seconds").and_then(|uptime| uptime.parse().ok()).unwrap_or(0)
    }

    pub fn line(&self) -> String {
        fs::read_to_string(&self.file).unwrap_or_default().trim_end().to_owned()
    }

    pub fn address(&self) -> String {
        format!("{} {}", self.redis.ip, self.redis.port)
    }
}

/// Runs the script for the redis at this address, and returns its exit code and output.
pub fn run_script(
    starter: &[&str],
    (ip, port): (Ipv4Addr, u16),
    file: &Path,
    command: &str,
    env: &[(&str, &str)],
) -> (i32, String) {
    let mut words: Vec<String> = starter.iter().map(|word| (*word).to_owned()).collect();
    words.extend(redis_role(&ip.to_string(), port, file));
    let mut process = Command::new(&words[0]);
    let output = process.args(&words[1..]).arg(command).envs(env.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{said}");
    (output.status.code().unwrap(), said)
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The role of a redis that has just started.
pub const NOBODY: &str = "127.0.0.1:1 down";
