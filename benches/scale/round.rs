//! One size in one mode: the start, the time at rest, and failovers one after another. Returns what was counted; judges nothing.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::counts::{Counts, FOLLOWERS_CPU, LEADER_CPU, OUTPUTS, Snapshot};
use crate::harness::{Health, Node};
use crate::settings::Settings;
use crate::stage::Stage;
use crate::watch::Watch;

/// Two of them are an interval of the plain runs, and longer than the gap between two waiting runs.
const SLICE: Duration = Duration::from_millis(2500);

/// What a failover took and cost.
pub struct Failover {
    /// From detection to the moved name.
    pub moved: Duration,
    /// From the fault to detection: the agent's own work.
    pub detected: Duration,
    /// From the fault until everything was quiet.
    pub quiet: Duration,
    /// Everything that was counted until then.
    pub raw: Counts,
    /// Without what the same time costs at rest.
    pub net: Counts,
}

/// Waits until one instance leads and all others know it. Returns the leader.
pub fn start(stage: &Stage, limit: Duration) -> usize {
    let begin = Instant::now();
    loop {
        let leader = stage.leader();
        let followers = leader.as_ref().map_or(0, |leader| stage.followers_of(*leader));
        if let (Ok(leader), true) = (&leader, followers == stage.size()) {
            return *leader;
        }
        assert!(begin.elapsed() < limit, "{followers} of {} know the leader {leader:?}", stage.size());
        sleep(SLICE / 5);
    }
}

/// Returns what a second at rest costs.
pub fn rest(stage: &Stage, length: Duration) -> Counts {
    let before = Snapshot::of(stage.cluster());
    sleep(length);
    Snapshot::of(stage.cluster()).rates_since(&before)
}

/// Fails the leader's health check, and sees to the end what follows. Returns the new leader. `resting` is what a second at
/// rest costs.
pub fn fail_over(stage: &Stage, leader: usize, resting: &Counts, settings: &Settings) -> (usize, Failover) {
    let (earlier, before) = quiet(stage, leader, resting, settings.limit);
    let rates = before.rates_since(&earlier);
    let outputs = stage.outputs();
    let watch = Watch::start(stage.cluster().leader().ip(), leader);
    let before = Snapshot::of(stage.cluster());
    let fault = Instant::now();
    stage.set_health(leader, Health::Critical);
    let done = Instant::now();
    let (new, lost, moved) = watch.wait(settings.limit);
    drop(watch);
    // The catalog has the fault when the agent answers; the watch may have seen its consequence earlier.
    let detected = lost.map_or(done, |lost| lost.min(done));
    let (_, after) = quiet(stage, new, resting, settings.limit);
    let written = changed(&outputs, &stage.outputs());
    stage.set_health(leader, Health::Passing);
    let mut failover = Failover {
        moved: moved.saturating_duration_since(detected),
        detected: detected.saturating_duration_since(fault),
        quiet: after.at.saturating_duration_since(fault),
        raw: after.since(&before),
        net: after.since_without(&before, &rates),
    };
    (failover.raw[OUTPUTS], failover.net[OUTPUTS]) = (written, written);
    (new, failover)
}

/// Returns how many checks in the catalog have another output and the same status: Consul writes those in its own time.
#[allow(clippy::cast_precision_loss)]
fn changed(before: &BTreeMap<String, (String, String)>, after: &BTreeMap<String, (String, String)>) -> f64 {
    let is_changed = |(id, (status, output)): &(&String, &(String, String))| {
        before.get(*id).is_some_and(|earlier| earlier.0 == *status && earlier.1 != *output)
    };
    after.iter().filter(is_changed).count() as f64
}

/// Waits until all instances know the leader, but for one that may be unwell, and the servers work no more than at rest, in
/// two slices in a row. Returns snapshots from the beginning and the end of these.
fn quiet(stage: &Stage, leader: usize, resting: &Counts, limit: Duration) -> (Snapshot, Snapshot) {
    let begin = Instant::now();
    let servers = |counts: &Counts| counts[LEADER_CPU] + counts[FOLLOWERS_CPU];
    #[allow(clippy::cast_precision_loss)]
    let most = servers(resting) * 1.5 + 20.0 + stage.size() as f64 * 0.03;
    let mut snapshots = vec![Snapshot::of(stage.cluster())];
    loop {
        sleep(SLICE);
        let now = Snapshot::of(stage.cluster());
        let work = servers(&now.rates_since(snapshots.last().expect("there is one")));
        let followers = stage.followers_of(leader);
        if followers + 1 < stage.size() || work > most {
            snapshots.clear();
        }
        snapshots.push(now.clone());
        if let [first, _, last] = snapshots.as_slice() {
            return (first.clone(), last.clone());
        }
        assert!(
            begin.elapsed() < limit,
            "not quiet: {followers} of {} know the leader, the servers use {work:.0} ms a second, {most:.0} at most at rest",
            stage.size()
        );
    }
}

/// Returns the memory of the servers in kB.
pub fn memory(stage: &Stage) -> u64 {
    let of = |node: &Node| {
        let text = std::fs::read_to_string(format!("/proc/{}/status", node.process())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default()
    };
    stage.cluster().servers().iter().map(of).sum()
}
