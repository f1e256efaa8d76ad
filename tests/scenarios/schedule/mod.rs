//! `run --schedule`: a command whenever it is due, on one node. Also holds the helpers of this folder.

mod chaos;
mod clocks;
mod overlap;
mod records;
mod standing;

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::harness::{Api, Cluster, NOBODY_LISTENS, Node, Pass, secs, seen, shared, unique, wait_for};
use crate::run::{Runner, folder, stop};

/// A schedule whose ticks a scenario can count on: the last one was 29 February 2024, and the next one is far away.
pub const RARE: &str = "0 0 29 2 *";

/// The last tick of [`RARE`].
pub const LAST: &str = "2024-02-29T00:00:00+00:00";

/// A run on a schedule in UTC, and the file to which its command writes each tick.
pub struct Job {
    pub runner: Runner,
    pub file: PathBuf,
}

impl Job {
    pub fn alone(node: &Node, schedule: &str, options: &[&str]) -> Job {
        Job::of(&unique("job"), &folder(node).join("ticks"), node, schedule, options)
    }

    /// A run of this election, which shares the file with others.
    pub fn of(name: &str, file: &Path, node: &Node, schedule: &str, options: &[&str]) -> Job {
        let all = [&["--schedule", schedule], options].concat();
        let mut runner = Runner::of(name, node, &all);
        runner.pass = runner.pass.env("TZ", "UTC");
        Job { runner, file: file.to_path_buf() }
    }

    /// The run of a command that writes its tick, and what it does then.
    pub fn script(&self, then: &str) -> Pass {
        self.runner.script(&format!("echo $ELECTION_TICK $$ >> {}; {then}", self.file.display()))
    }

    /// The ticks that were started so far.
    pub fn ticks(&self) -> Vec<Timestamp> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().filter_map(|line| line.split(' ').next()).map(at).collect()
    }

    /// Waits until so many ticks were started.
    pub fn wait_for_ticks(&self, count: usize) -> Vec<Timestamp> {
        wait_for(&format!("{count} ticks"), secs(90), || seen(self.ticks(), |ticks| ticks.len() >= count))
    }

    pub fn key(&self) -> String {
        self.runner.key()
    }

    /// What the lock's value says of ticks.
    pub fn record(&self, api: &Api) -> Value {
        carried(api, &self.key())
    }

    /// Writes a record as an earlier leader has left it.
    pub fn leave(&self, api: &Api, schedule: &str, fields: &Value) {
        let mut record = json!({"schedule": schedule, "zone": "UTC", "by": "n9"});
        for (name, value) in fields.as_object().unwrap() {
            record[name] = value.clone();
        }
        api.put_key(&self.key(), &json!({"node": "n9", "released": true, "carried": record}).to_string());
    }

    /// Waits for a record.
    pub fn wait_for_record(&self, api: &Api, what: &str, good: impl Fn(&Value) -> bool) -> Value {
        wait_for(what, secs(90), || seen(self.record(api), |record| good(record)))
    }
}

/// What a run says while it runs, as a service manager hears it.
pub struct Said {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Said {
    pub fn of(job: &Job) -> Said {
        let path = job.file.with_file_name(unique("said"));
        Said { socket: UnixDatagram::bind(&path).expect("a short path"), path }
    }

    /// Makes a run say it here.
    pub fn by(&self, pass: Pass) -> Pass {
        pass.env("NOTIFY_SOCKET", self.path.to_str().unwrap())
    }

    /// Waits until it says this, and returns the whole line.
    pub fn wait_for(&self, words: &str) -> String {
        self.socket.set_read_timeout(Some(secs(90))).unwrap();
        loop {
            let mut bytes = [0; 4096];
            let length = self.socket.recv(&mut bytes).unwrap_or_else(|error| panic!("nobody says {words}: {error}"));
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if text.contains(words) {
                return text;
            }
        }
    }
}

/// What the value of a lock says of ticks.
pub fn carried(api: &Api, key: &str) -> Value {
    api.lock(key).map(|key| key.value["carried"].clone()).unwrap_or_default()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn each_tick_is_started_once_on_the_leader_of_three_and_the_command_knows_it() {
    let nodes: [&Node; 3] = shared().nodes();
    let (name, file) = (unique("job"), folder(nodes[0]).join("ticks"));
    let jobs = nodes.map(|node| Job::of(&name, &file, node, "*/2 * * * * *", &[]));
    let mut running: Vec<_> = jobs.iter().map(|job| job.script("env > /dev/null").spawn()).collect();
    let ticks = jobs[0].wait_for_ticks(4);
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
    assert!(ticks.iter().all(|tick| tick.as_second() % 2 == 0 && tick.subsec_nanosecond() == 0), "{ticks:?}");
    let api = nodes[0].api();
    let record = jobs[0].wait_for_record(&api, "an end", |record| record["status"] == 0);
    assert_eq!((&record["schedule"], &record["zone"]), (&json!("*/2 * * * * *"), &json!("UTC")));
    assert!(at(record["due"].as_str().unwrap()) <= at(record["started"].as_str().unwrap()), "{record}");
    assert!(at(record["started"].as_str().unwrap()) <= at(record["ended"].as_str().unwrap()), "{record}");
    // The next leader goes on where this one ends.
    let leader = api.lock(&jobs[0].key()).unwrap().value["node"].as_str().unwrap().to_owned();
    assert_eq!(record["by"], leader.as_str());
    let at = nodes.iter().position(|node| node.name() == leader).unwrap();
    let output = stop(running.remove(at));
    assert_eq!(output.status, 143, "{}", output.stderr);
    jobs[0].wait_for_ticks(jobs[0].ticks().len() + 2);
    let ticks = jobs[0].ticks();
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
}

#[test]
fn a_run_costs_two_raft_entries_and_waiting_costs_none() {
    let cluster = Cluster::of(1);
    cluster.settle();
    let [n1] = cluster.nodes();
    let (job, api, leader) = (Job::alone(n1, "*/3 * * * * *", &[]), n1.api(), cluster.leader().api());
    let running = job.script("true").spawn();
    job.wait_for_ticks(1);
    // The tick of a run that has ended, its key's index, and the last entry, all of the same moment.
    let look = || {
        wait_for("a moment between two runs", secs(60), || {
            let read = || {
                let key = api.lock(&job.key()).unwrap();
                (key.value["carried"].clone(), key.modify_index)
            };
            let (record, index) = read();
            let last = leader.last_raft_index();
            if record["ended"].is_null() || read() != (record.clone(), index) {
                return Err(record.to_string());
            }
            Ok((at(record["due"].as_str().unwrap()), last, job.ticks().len() as u64))
        })
    };
    // An idle server writes an entry of its own about once a minute.
    let mut least = u64::MAX;
    for _ in 0..4 {
        let (tick, before, runs) = look();
        let later = wait_for("2 more runs", secs(60), || seen(look(), |(_, _, now)| *now >= runs + 2));
        assert!(later.0 > tick);
        let extra = (later.1 - before).checked_sub(2 * (later.2 - runs)).expect("2 entries for each run");
        least = least.min(extra);
        if least == 0 {
            break;
        }
    }
    assert_eq!(least, 0, "entries beside the two of each run");
    stop(running);
}

#[test]
fn due_times_are_printed_and_nobody_is_asked() {
    let next = |schedule: &str, count: &str| {
        Pass::bare().at(NOBODY_LISTENS).args(["run", "--schedule", schedule, "--next", count]).output()
    };
    let output = next("CRON_TZ=Asia/Tokyo 30 2 * * *", "3");
    assert_eq!((output.status, output.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", output.stdout);
    assert!(lines.iter().all(|line| line.ends_with("T02:30:00+09:00")), "{lines:?}");
    assert!(at(lines[0]) > Timestamp::now() && at(lines[0]) < at(lines[1]));
    let output = next("0 0 30 2 *", "3");
    assert_eq!((output.status, output.stdout.as_str()), (2, ""));
    let why = "consul-master-election-tagger run: error: invalid value '0 0 30 2 *' for --schedule; write a date that exists: \
               no day of any year matches\n";
    assert_eq!(output.stderr, why);
    let output = next("0 0 32 * *", "3");
    assert_eq!((output.status, output.stdout.as_str()), (125, ""));
    let words = "consul-master-election-tagger run: error: invalid value '0 0 32 * *' for --schedule; write 1-31 for the day of the month";
    assert!(output.stderr.starts_with(words), "{}", output.stderr);
}

#[test]
fn options_that_belong_to_one_command_are_refused() {
    for (options, words) in [
        (&["--on-success", "rerun"][..], "--on-success does not work with --schedule"),
        (&["--wait-lock", "5s"], "--wait-lock does not work with --schedule"),
        (&["--stdin"], "--stdin does not work with --schedule"),
        (&["--on-election-failure", "run-anyway"], "--on-election-failure run-anyway does not work with --schedule"),
        (&["--max-runtime", "0s"], "invalid value '0s' for --max-runtime; use 1s or more"),
        (&["--next", "0"], "invalid value '0' for --next; use a whole number from 1 to 1000"),
        (&["--overlap", "kill"], "invalid value 'kill' for --overlap; use skip, queue or replace"),
    ] {
        let all = [&["run", "--name", "x", "--schedule", "@daily"], options, &["--", "true"]].concat();
        let output = Pass::bare().at(NOBODY_LISTENS).args(all).output();
        assert_eq!(output.status, 125, "{options:?}");
        assert!(output.stderr.contains(words), "{options:?}: {}", output.stderr);
    }
    let output = Pass::bare().args(["run", "--name", "x", "--jitter", "5s", "--", "true"]).output();
    assert!(output.stderr.contains("--jitter does nothing without --schedule"), "{}", output.stderr);
}
