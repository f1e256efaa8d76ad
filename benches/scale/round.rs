//! One size in one mode: the start, the time at rest, and failovers one after another. Returns what was counted; judges nothing.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::counts::{Counts, FOLLOWERS_CPU, LEADER_CPU, OUTPUTS, Snapshot};
use crate::harness::{Health, Node, wait_for};
use crate::settings::Settings;
use crate::stage::{AGENTS, Stage};
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

/// Registers all instances, and waits until all know their leader. Returns it; none in a mode without an election.
pub fn start(stage: &Stage, at_once: bool, limit: Duration) -> Option<usize> {
    if at_once {
        return start_at_once(stage, limit);
    }
    stage.register(0);
    // A fleet grows while one leads. If all began at once and nobody led, each would ask for all others.
    if stage.elects() {
        wait_for("the first instance to lead", limit, || stage.leader());
    }
    (1..stage.size()).for_each(|instance| stage.register(instance));
    stage.wait_for_instances(limit);
    let leader = stage.elects().then(|| agreed(stage, limit));
    settle(stage, limit);
    leader
}

/// Registers all instances before one leads, at every agent at the same time, and says how long it takes until one leads and until all
/// know it.
fn start_at_once(stage: &Stage, limit: Duration) -> Option<usize> {
    let (begin, agents) = (Instant::now(), usize::from(AGENTS));
    std::thread::scope(|scope| {
        for agent in 0..agents {
            scope.spawn(move || (agent..stage.size()).step_by(agents).for_each(|number| stage.register(number)));
        }
    });
    let registered = begin.elapsed().as_secs_f64();
    let leader = stage.elects().then(|| {
        wait_for("an instance to lead", limit, || stage.leader());
        let led = begin.elapsed().as_secs_f64();
        let leader = agreed(stage, limit);
        let known = begin.elapsed().as_secs_f64();
        eprintln!("at once: registered after {registered:.1} s, led after {led:.1} s, known to all after {known:.1} s");
        leader
    });
    stage.wait_for_instances(limit);
    settle(stage, limit);
    leader
}

/// Waits until the servers work no more than they did just before: the runs that changed something have begun again.
fn settle(stage: &Stage, limit: Duration) {
    let begin = Instant::now();
    let (mut earlier, mut before) = (Snapshot::of(stage.cluster()), 0.0);
    loop {
        sleep(SLICE);
        let now = Snapshot::of(stage.cluster());
        let work = servers(&now.rates_since(&earlier));
        if work <= before || begin.elapsed() > limit {
            return;
        }
        (earlier, before) = (now, work + spare(stage));
    }
}

/// The work of the servers in one second that makes no difference, in milliseconds of CPU.
#[allow(clippy::cast_precision_loss)]
fn spare(stage: &Stage) -> f64 {
    20.0 + stage.size() as f64 * 0.03
}

fn servers(counts: &Counts) -> f64 {
    counts[LEADER_CPU] + counts[FOLLOWERS_CPU]
}

/// Waits until all instances know their leader.
fn agreed(stage: &Stage, limit: Duration) -> usize {
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

/// A failover that did not come to its end.
pub struct Broken {
    pub why: String,
    /// How long it was watched, and what it cost until then, by the kernel's counters.
    pub seconds: f64,
    pub raw: Counts,
}

/// Fails the leader's health check, and sees to the end what follows. Returns the new leader. `resting` is what a second at
/// rest costs.
pub fn fail_over(
    stage: &Stage,
    leader: usize,
    resting: &Counts,
    settings: &Settings,
) -> Result<(usize, Failover), Box<Broken>> {
    let (earlier, before) = quiet(stage, leader, resting, settings.limit);
    // The leader names others in its next run, which is far away.
    let gone = if settings.named_fail { stage.named() } else { Vec::new() };
    for named in &gone {
        stage.set_health(*named, Health::Critical);
    }
    let rates = before.rates_since(&earlier);
    let outputs = stage.outputs();
    let watch = Watch::start(stage.cluster().leader().ip(), leader);
    let before = Snapshot::of(stage.cluster());
    let fault = Instant::now();
    stage.set_health(leader, Health::Critical);
    let done = Instant::now();
    let end = catch_unwind(AssertUnwindSafe(|| {
        let (new, lost, moved) = watch.wait(settings.limit);
        drop(watch);
        (new, lost, moved, quiet(stage, new, resting, settings.limit).1)
    }));
    let (new, lost, moved, after) = end.map_err(|panic| {
        let now = Snapshot::of_kernel(stage.cluster(), &before);
        let seconds = now.seconds_since(&before);
        Box::new(Broken { why: message(panic.as_ref()), seconds, raw: now.since(&before) })
    })?;
    // The catalog has the fault when the agent answers; the watch may have seen its consequence earlier.
    let detected = lost.map_or(done, |lost| lost.min(done));
    let written = changed(&outputs, &stage.outputs());
    gone.iter().chain([&leader]).for_each(|failed| stage.set_health(*failed, Health::Passing));
    let mut failover = Failover {
        moved: moved.saturating_duration_since(detected),
        detected: detected.saturating_duration_since(fault),
        quiet: after.at.saturating_duration_since(fault),
        raw: after.since(&before),
        net: after.since_without(&before, &rates),
    };
    (failover.raw[OUTPUTS], failover.net[OUTPUTS]) = (written, written);
    Ok((new, failover))
}

/// Returns what a panic said.
pub fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message").to_owned()
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
    let most = servers(resting) * 1.5 + spare(stage);
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
