//! No tick is started twice, and none is lost, whatever fails: a checker counts the starts of each tick under faults at random moments
//! around the ticks. `FAULTS` makes it longer, `SEED` repeats its choices; `make chaos-schedule` does both.
//!
//! A tick is due every second. Each leader counts what it skips and misses, so the counts must add up: between the first record and the
//! last one, each tick was started, skipped or missed. A leader that dies between its record and the start leaves a tick that nobody
//! starts, or, with `--if-interrupted rerun`, one that the next leader starts.

use std::collections::BTreeMap;
use std::env;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clocks::ahead;
use super::{Job, at};
use crate::harness::{
    Api, Node, Output, Random, Running, Signal, millis, secs, seen, shared, signal, unique, wait_for,
};
use crate::run::{children, folder};

/// What the commands do. Some take longer than a second.
const COMMANDS: [&str; 4] = ["true", "true", "sleep 0.2", "sleep 1.4"];

/// What the clocks of runs differ by. Most are true.
const CLOCKS: [&str; 6] = ["", "", "", "+3s", "-3s", "+0.4s"];

const EVERY_SECOND: &str = "* * * * * *";

/// A schedule's candidates, one on each node.
struct Election {
    jobs: [Job; 3],
    runs: [Option<Running>; 3],
    reruns: bool,
    /// Up to when ticks are settled in the first record.
    begin: i64,
}

/// What the faults have done.
#[derive(Default)]
struct Tally {
    faults: BTreeMap<&'static str, usize>,
    starts: usize,
    twice: usize,
    unstarted: i64,
}

#[test]
fn no_tick_is_started_twice_and_none_is_lost_whatever_fails() {
    let number = |name: &str, default: usize| env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let faults = number("FAULTS", 12);
    let mut random = Random::new();
    let nodes: [&Node; 3] = shared().nodes();
    let elections = number("ELECTIONS", if faults > 50 { 6 } else { 2 });
    let mut elections: Vec<Election> = (0..elections).map(|number| Election::new(&nodes, number % 2 == 1)).collect();
    let api = nodes[0].api();
    let mut tally = Tally::default();
    let mut paused: Vec<(Instant, u32)> = Vec::new();
    for election in &mut elections {
        election.jobs[0].leave(&api, EVERY_SECOND, &json!({"settled": at_second(election.begin).to_string()}));
        election.restart(&mut random);
        election.jobs[0].wait_for_ticks(1);
    }
    let mut told = 0;
    // A try that finds no leader is no fault.
    while tally.count() < faults {
        let which = usize::try_from(random.within(0..elections.len() as u64)).unwrap();
        elections[which].fault(&api, &mut random, &mut tally, &mut paused);
        // Some faults come while another one lasts.
        if random.within(0..3) > 0 {
            sleep(random.duration(millis(200)..millis(2500)));
        }
        paused.retain(|(until, pid)| {
            let lasts = *until > Instant::now();
            if !lasts {
                signal(*pid, Signal::CONT);
            }
            lasts
        });
        for election in &mut elections {
            election.restart(&mut random);
        }
        if tally.count() >= told + 40 {
            told = tally.count();
            println!("{told} of {faults} faults");
        }
    }
    for (_, pid) in paused {
        signal(pid, Signal::CONT);
    }
    for election in &mut elections {
        election.end(&api, &mut tally);
    }
    println!(
        "{:?}: {} starts, {} of them again on request, {} ticks recorded and not started",
        tally.faults, tally.starts, tally.twice, tally.unstarted
    );
}

impl Tally {
    fn count(&self) -> usize {
        self.faults.values().sum()
    }
}

impl Election {
    fn new(nodes: &[&Node; 3], reruns: bool) -> Election {
        let (name, file) = (unique("chaos"), folder(nodes[0]).join("ticks"));
        let policy = if reruns { "rerun" } else { "skip" };
        let options = ["--grace", "0s", "--lock-delay", "7s", "--if-interrupted", policy, "--log-level", "warn"];
        let jobs = (*nodes).map(|node| Job::of(&name, &file, node, EVERY_SECOND, &options));
        Election { jobs, runs: [const { None }; 3], reruns, begin: Timestamp::now().as_second() }
    }

    /// Starts every run that has ended, with any of the clocks.
    fn restart(&mut self, random: &mut Random) {
        for (job, run) in self.jobs.iter().zip(&mut self.runs) {
            if run.as_mut().is_none_or(Running::has_ended) {
                let command: &&str = random.pick(&COMMANDS);
                let pass = job.script(command);
                let clock: &&str = random.pick(&CLOCKS);
                *run = Some(if clock.is_empty() { pass.spawn() } else { ahead(pass, clock).spawn() });
            }
        }
    }

    /// Causes a fault of the leader, just before, at, or just after a tick.
    fn fault(&mut self, api: &Api, random: &mut Random, tally: &mut Tally, paused: &mut Vec<(Instant, u32)>) {
        let Some(at) = self.leader(api) else { return };
        let Some(pid) = self.runs[at].as_ref().map(Running::id) else { return };
        let what = random.within(0..9);
        sleep(until_tick(random.duration(millis(0)..millis(110))));
        let name = match what {
            0..=3 => {
                signal(pid, Signal::KILL);
                "killed"
            }
            4 | 5 => {
                signal(pid, Signal::TERM);
                "ended"
            }
            6 => {
                let guards = children(pid);
                signal(pid, Signal::KILL);
                for guard in guards {
                    signal(guard, Signal::KILL);
                }
                "killed with its guard"
            }
            7 => {
                signal(pid, Signal::STOP);
                paused.push((Instant::now() + random.duration(millis(200)..secs(12)), pid));
                "stopped"
            }
            _ => {
                if let Some(session) = api.holder(&self.jobs[0].key()) {
                    api.destroy_session(&session);
                }
                "its session destroyed"
            }
        };
        *tally.faults.entry(name).or_default() += 1;
    }

    fn leader(&self, api: &Api) -> Option<usize> {
        let key = api.lock(&self.jobs[0].key())?;
        key.session.as_ref()?;
        ["n1", "n2", "n3"].iter().position(|node| key.value["node"] == *node)
    }

    /// Lets one leader with a true clock settle everything, and checks the starts.
    fn end(&mut self, api: &Api, tally: &mut Tally) {
        for run in self.runs.iter_mut().filter_map(Option::take) {
            signal(run.id(), Signal::CONT);
            let output = stop(run);
            assert!(output.status == 143 || output.status < 0, "{} {}", output.status, output.stderr);
        }
        let last = self.jobs[0].script("true").spawn();
        let before = self.jobs[0].ticks().len();
        wait_for("ticks after all faults", secs(90), || seen(self.jobs[0].ticks().len(), |now| *now >= before + 3));
        stop(last);
        self.check(&self.jobs[0].record(api), tally);
    }

    fn check(&self, record: &Value, tally: &mut Tally) {
        let mut starts: BTreeMap<i64, usize> = BTreeMap::new();
        for tick in self.jobs[0].ticks() {
            *starts.entry(tick.as_second()).or_default() += 1;
        }
        let twice: usize = starts.values().map(|count| count - 1).sum();
        assert!(self.reruns || twice == 0, "ticks were started twice: {starts:?}");
        let count = |name: &str| record[name].as_i64().unwrap_or_default();
        let settled = at(record["settled"].as_str().expect("a record")).as_second();
        let due = settled - self.begin;
        let started = i64::try_from(starts.len()).unwrap();
        let unstarted = due - started - count("skipped") - count("missed");
        let faults = tally.count();
        // Each fault hits one leader, and so leaves at most one such tick.
        assert!(unstarted >= 0, "more starts than ticks: {due} due, {started} started, {record}");
        assert!(unstarted <= i64::try_from(faults).unwrap(), "lost: {due} due, {started} started, {record}");
        tally.starts += starts.values().sum::<usize>();
        tally.twice += twice;
        tally.unstarted += unstarted;
    }
}

/// Ends a run, however long it has run.
fn stop(mut run: Running) -> Output {
    signal(run.id(), Signal::TERM);
    wait_for("the end of a run", secs(60), || if run.has_ended() { Ok(()) } else { Err("it runs".to_owned()) });
    run.output()
}

/// The time until 50 ms before the next second, and this much more.
fn until_tick(more: Duration) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let into = Duration::from_nanos(now.subsec_nanos().into());
    let before = millis(950);
    let next = if into < before { before } else { secs(1) + before };
    next.saturating_sub(into) + more
}

fn at_second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}
