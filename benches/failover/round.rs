//! One round: a fault at a random moment, its consequences, and the return to a settled state.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::harness::{Node, Random, millis, secs, wait_for};
use crate::judge::{Judge, Wrong};
use crate::mode::Mode;
use crate::poise;
use crate::stage::Stage;
use crate::watch::{Seen, Watch};

/// The result of a round.
pub struct Round {
    pub fault: Fault,
    /// From detection (or from the fault, if the port reports it) until DNS names the successor. For a fault that ends
    /// no leadership: how long DNS named nobody.
    pub dns: Option<Duration>,
    /// The same for the tag in the catalog.
    pub tags: Option<Duration>,
    /// Whether the leadership ended before it was due.
    pub too_early: bool,
    /// Whether the master changed.
    pub changed: bool,
    /// Who leads at the end.
    pub master: usize,
    pub wrong: Wrong,
    /// The same, asked at the servers themselves.
    pub wrong_by_servers: Wrong,
    pub two_tagged: Duration,
    /// The number of answers of the catalog with two passing instances tagged master.
    pub two_samples: usize,
    /// The raft entries of a failover, from the fault until everything has settled again; none where a server is hurt.
    pub entries: Option<u64>,
    /// The number of DNS answers that came in time.
    pub answers: usize,
}

impl Round {
    /// Whether the lead moved although it must not, or too early.
    pub fn moved_wrongly(&self) -> bool {
        self.too_early || self.changed && !self.fault.ends_the_lead()
    }
}

/// Waits until a new stage has its first master, and returns it.
pub fn warm_up(stage: &Stage, mode: &Mode) -> usize {
    let watch = Watch::start(stage.client(0).ip(), &[], stage.cluster().server().ip());
    stage.settled(&watch, one_run(mode))
}

/// Runs a round on a settled stage, where `master` leads.
pub fn run(stage: &Stage, mode: &Mode, fault: Fault, master: usize, random: &mut Random) -> Round {
    let servers = stage.cluster().servers();
    let leader = stage.cluster().leader();
    let hurt = fault.hits_a_server().then_some(leader.name());
    let observer = servers.iter().find(|server| Some(server.name()) != hurt).unwrap_or(leader);
    let (master, watch) = watched(stage, observer, master, random);
    if fault.is_of_the_port() {
        poise::wait_for_passes(stage, master, random);
    } else {
        sleep(pause(mode, random));
    }
    if fault.occurs_in_the_gap() {
        poise::enter_the_gap(stage, master, random);
    }
    let before = watch.truth().iter().rev().find_map(|seen| seen.what.clone().ok()).expect("a settled lock");
    let session = before.session.expect("a settled lock has a holder");
    let written = leader.api().last_raft_index();
    let injected = Instant::now();
    let due = fault.inject(stage, mode, master, leader, random);
    if fault.ends_the_lead() {
        wait_for("DNS and the tag to move", secs(60), || moved(stage, &watch, master));
    } else if fault.hits_a_server() {
        wait_for("the lock to become readable again", secs(60), || readable(&watch, injected));
        sleep(random.duration(Duration::ZERO..secs(1)));
    }
    fault.heal(stage, master, leader);
    // A fault that ends no leadership may take effect only after a moment in which all still looks well. In a waiting
    // mode the passes must be waiting again.
    let waits = !fault.ends_the_lead() || !mode.wait.is_zero() && !fault.is_of_the_port();
    let at_least = if waits { one_run(mode) } else { Duration::ZERO };
    let new = stage.settled(&watch, at_least);
    let counts = fault.ends_the_lead() && !fault.hits_a_server();
    let entries = counts.then(|| leader.api().last_raft_index().saturating_sub(written));
    let record = watch.finish();
    let address = |node: &str| stage.address(node);
    let judge = Judge::of(&record, &address);
    let lost = judge.lost(&session, injected);
    let (dns, tags) = if fault.ends_the_lead() {
        let detected = if fault.is_reported_by_the_port() { Some(injected) } else { lost };
        let successor = judge.successor(before.term);
        let after = |moment: Option<Instant>| Some(moment?.saturating_duration_since(detected?));
        (
            after(successor.and_then(|node| judge.dns_names(node, injected))),
            after(successor.and_then(|node| judge.tags_name(node, injected))),
        )
    } else {
        (Some(judge.dns_gap(injected)), Some(judge.tags_gap(injected)))
    };
    Round {
        fault,
        dns,
        tags,
        too_early: lost.is_some_and(|lost| lost < due),
        changed: new != master,
        master: new,
        wrong: judge.wrong_by_a_client(),
        wrong_by_servers: judge.wrong_by_the_servers(),
        two_tagged: judge.two_tagged(),
        two_samples: judge.two_samples(),
        entries,
        answers: record.dns.iter().filter(|seen| !seen.late && seen.what.is_ok()).count(),
    }
}

/// Returns a watch on the DNS of a node that is not the master's, and the master, which may have changed just now.
fn watched(stage: &Stage, observer: &Node, mut master: usize, random: &mut Random) -> (usize, Watch) {
    loop {
        let next = usize::try_from(random.within(1..3)).expect("a small number");
        let witness = (master + next) % 3;
        let watch = Watch::start(stage.client(witness).ip(), &stage.several_servers(), observer.ip());
        master = stage.settled(&watch, Duration::ZERO);
        if master != witness {
            return (master, watch);
        }
    }
}

/// The time in which every check has run again: one interval plus a little for the run.
fn one_run(mode: &Mode) -> Duration {
    mode.interval + millis(300)
}

/// Picks a random moment within an interval, because the passes that changed something have just ended. In a waiting
/// mode, one time in eight, the moment is around the end of the current wait, when it takes longest until a pass looks
/// again.
fn pause(mode: &Mode, random: &mut Random) -> Duration {
    let within_an_interval = random.duration(Duration::ZERO..mode.interval);
    let around_the_end = random.duration(Duration::ZERO..mode.interval * 2) + mode.wait.saturating_sub(mode.interval);
    let late = random.within(0..8) == 0;
    if late && !mode.wait.is_zero() { around_the_end } else { within_an_interval }
}

/// Whether DNS and the catalog name one master that is not the old one.
fn moved(stage: &Stage, watch: &Watch, old: usize) -> Result<(), String> {
    let (dns, tags) = (last(&watch.dns()), last(&watch.tags()));
    let moved = matches!(&dns, Some(Ok(dns)) if dns.len() == 1 && dns[0] != stage.client(old).ip())
        && matches!(&tags, Some(Ok(tags)) if tags.len() == 1 && tags[0] != stage.client(old).name());
    if moved { Ok(()) } else { Err(format!("DNS {dns:?}, tags {tags:?}, lock {:?}", last(&watch.truth()))) }
}

/// Whether the lock has been read since, so that the servers have a leader again.
fn readable(watch: &Watch, since: Instant) -> Result<(), String> {
    let readable = watch.truth().iter().any(|seen| seen.asked > since && seen.what.is_ok());
    if readable { Ok(()) } else { Err(format!("{:?}", last(&watch.truth()))) }
}

fn last<T: Clone>(heard: &[Seen<T>]) -> Option<Result<T, String>> {
    heard.last().map(|seen| seen.what.clone())
}
