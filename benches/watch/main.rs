//! Measures how long after a change `watch` prints its line: the health of an instance, a lost lead, a new leader. `make bench-watch` runs it
//! on every Consul.
//!
//! A change counts from before the request that makes it; a new leader from the last look that did not show it. So each time is an upper bound.
//! Environment: `ROUNDS` (100).

// A panic says what was seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../tests/scenarios/harness/mod.rs"]
mod harness;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use harness::{Cluster, Health, Node, Pass, clean_environment, consul, secs, unique};

/// How often the lock is looked at while a pass takes it.
const PACE: Duration = Duration::from_micros(500);

/// What is measured, in the order of a round.
const CHANGES: [&str; 3] = ["health of an instance", "lost lead", "new leader"];

/// A watch, whose lines come with their time. It is killed when dropped.
struct Watch {
    child: Child,
    lines: Receiver<(Instant, String)>,
}

impl Watch {
    fn start(node: &Node, service: &str) -> Watch {
        let words = ["watch", "--consul-service-name", service, "--format", "table"];
        let arguments = Pass::bare().on(node).args(words).check_args();
        let mut command = Command::new(&arguments[0]);
        clean_environment(&mut command);
        let mut child = command.args(&arguments[1..]).stdout(Stdio::piped()).spawn().expect("it starts");
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Watch { child, lines }
    }

    /// Waits for a line with these words, and returns how long after `since` it came.
    fn says(&self, words: &str, since: Instant) -> Duration {
        loop {
            let (at, line) = self.lines.recv_timeout(secs(30)).unwrap_or_else(|_| panic!("no line with {words:?}"));
            if line.contains(words) {
                return at.saturating_duration_since(since);
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() {
    let rounds = std::env::var("ROUNDS").map_or(100, |text| text.parse().expect("a number"));
    let cluster = Cluster::of(2);
    cluster.settle();
    let nodes: [&Node; 2] = cluster.nodes();
    let service = unique("redis");
    let ping = format!("{service}-ping");
    for node in nodes {
        node.api().register(&json!({
            "Name": service, "ID": service, "Port": 6379,
            "Check": {"CheckID": ping, "Name": "ping", "TTL": "10h", "Status": "passing"},
        }));
    }
    let pass = |node: &Node| Pass::of(&service).on(node).args(["--lock-delay", "0s"]);
    for node in nodes {
        assert_eq!(pass(node).run().status, 0);
    }
    let key = format!("service/{service}-master/leader");
    let watch = Watch::start(cluster.server(), &service);
    watch.says(" leads, term 1", Instant::now());
    let mut times = CHANGES.map(|_| Vec::new());
    for round in 0..rounds {
        let (old, new) = (nodes[round % 2], nodes[1 - round % 2]);
        for (health, words) in [(Health::Warning, "is warning"), (Health::Passing, "is passing")] {
            let since = Instant::now();
            new.api().set_check(&ping, health);
            times[0].push(watch.says(&format!("{} {words}", new.name()), since));
        }
        let session = old.api().holder(&key).expect("somebody leads");
        let since = Instant::now();
        old.api().destroy_session(&session);
        times[1].push(watch.says(&format!("{} lost the lead", old.name()), since));
        let taken = thread::scope(|scope| {
            let look = scope.spawn(|| {
                loop {
                    let asked = Instant::now();
                    thread::sleep(PACE);
                    if cluster.server().api().holder(&key).is_some() {
                        return asked;
                    }
                }
            });
            let outcome = pass(new).run();
            assert!(outcome.line.contains(": master on "), "{outcome:?}");
            look.join().expect("the look at the lock")
        });
        times[2].push(watch.says(&format!("{} leads, term ", new.name()), taken));
        assert_eq!(pass(old).run().status, 0);
    }
    let (major, minor, patch) = consul().version;
    println!("\nwatch on Consul {major}.{minor}.{patch}, from a change to its line\n");
    println!("| change | median | 90 % | 99 % | slowest | n |\n|---|---|---|---|---|---|");
    for (name, times) in CHANGES.iter().zip(&mut times) {
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
        let [median, most, nearly_all, slowest] = [50, 90, 99, 100].map(|percent| format!("{:.1} ms", at(percent)));
        println!("| {name} | {median} | {most} | {nearly_all} | {slowest} | {} |", times.len());
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\nload average of the last minute: {}", load.split(' ').next().unwrap_or("unknown"));
}
