//! `--wait`: when a pass waits, when it ends, and what it acts on meanwhile. Also holds the helpers of this folder.

mod agents;
mod cost;
mod faults;
mod lock;
mod reload;

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Health, Outcome, Pass, Proxy, Running, Signal, millis, secs, seen, shared, wait_for};
use crate::stage::{Candidate, Watch, tries_the_lock};

/// A waiting pass, and the proxy between it and the agent.
pub struct Stay {
    pub proxy: Proxy,
    pub running: Running,
}

impl Stay {
    /// Starts a waiting pass of an instance whose election check already shows what the pass will print.
    pub fn of(one: &Candidate, arguments: &[&str]) -> Stay {
        Stay::by(one, &one.pass().args(arguments.iter().copied()))
    }

    /// Starts a waiting pass with these settings.
    pub fn by(one: &Candidate, pass: &Pass) -> Stay {
        let proxy = Proxy::before(one.node);
        let running = pass.clone().through(&proxy).spawn();
        let stay = Stay { proxy, running };
        stay.has_begun();
        stay
    }

    /// Waits until both blocking queries are sent.
    pub fn has_begun(&self) {
        wait_for("the pass to wait", secs(10), || {
            let lines = self.proxy.lines();
            let both = ["?index=", "?hash="].iter().all(|mark| lines.iter().any(|line| line.contains(mark)));
            if both { Ok(()) } else { Err(lines.join("\n")) }
        });
    }

    /// Waits for its end, and returns its outcome.
    pub fn ended(self) -> Outcome {
        self.running.signal(Signal::TERM);
        self.running.wait()
    }

    /// Counts its requests whose line contains this text.
    pub fn asked(&self, what: &str) -> usize {
        self.proxy.lines().iter().filter(|line| line.contains(what)).count()
    }

    /// How often it has tried to acquire the lock.
    pub fn tries(&self) -> usize {
        self.proxy.requests().iter().filter(|request| tries_the_lock(request)).count()
    }
}

impl Candidate<'_> {
    /// Makes the agent show a run's output, as it does for a check that it runs itself.
    pub fn shows(&self, status: &str, output: &str) {
        let (api, id) = (self.node.api(), self.election_check());
        if api.check(&id).is_none() {
            api.register_check(&json!({"ID": id, "Name": "election", "ServiceID": self.id, "TTL": "1h"}));
        }
        api.put(&format!("/v1/agent/check/update/{id}"), &json!({"Status": status, "Output": output})).ok();
    }

    /// Runs successful passes until there is nothing left to do, makes the agent show their output, and returns it.
    pub fn settles(&self) -> String {
        self.settles_by(&self.pass())
    }

    /// As [`Candidate::settles`], with this pass.
    pub fn settles_by(&self, pass: &Pass) -> String {
        self.shows("passing", &format!("{}\n", pass.run().line));
        // The first pass cannot recognise its own check; after it, the lock's value has the check's ID.
        let outcome = pass.run();
        self.shows("passing", &format!("{}\n", outcome.line));
        self.said_by(&outcome, 0)
    }

    /// Waits until the catalog shows this tag alone, and returns how long that took.
    pub fn wait_for_tag(&self, tag: &str, limit: Duration) -> Duration {
        let begin = Instant::now();
        wait_for(&format!("the tag {tag}"), limit, || seen(self.tags_now(), |tags| tags == &[tag]).map(drop));
        begin.elapsed()
    }
}

#[test]
fn a_run_waits_only_when_consul_shows_its_status_and_its_line_and_else_ends_at_once() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    let ends_at_once = |why: &str| {
        let outcome = one.pass().through(&proxy).args(["--wait", "20s"]).run();
        let waited = proxy.lines().iter().any(|line| line.contains("?index="));
        assert!(!waited && outcome.took < secs(5), "{why}: {outcome:?}");
        assert_eq!(outcome.status, 0, "{why}");
        outcome.line
    };
    let line = ends_at_once("without a check of its own, as when it is run by cron");
    assert!(line.contains("master on "), "{line}");
    assert_eq!(ends_at_once("as before"), line);
    one.shows("passing", &line.replace("term 1", "term 9"));
    // From here on the session is bound to the check as well.
    let line = ends_at_once("another text");
    one.shows("warning", &line);
    assert_eq!(ends_at_once("another status"), line);
    one.shows("passing", &format!("{line}\nand a word of the log"));
    ends_at_once("more text");
    one.shows("passing", &format!("{line}\n"));
    assert_eq!(one.pass().args(["--wait", "0s"]).run().line, line);
    let stay = Stay::of(&one, &["--wait", "1500ms"]);
    let outcome = stay.running.wait();
    assert_eq!((outcome.status, outcome.line), (0, line));
    assert!(outcome.took > millis(1_300) && outcome.took < secs(3), "{:?}", outcome.took);
    one.shows("critical", "");
    ends_at_once("a critical status, which ends the session");
}

#[test]
fn master_slave_and_a_slave_without_master_stay_for_the_wait_and_say_again_what_consul_shows() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let alone = Candidate::alone(shared().nodes::<1>()[0]);
    alone.turn(Health::Critical);
    for (candidate, said) in [(&one, "master on "), (&two, "slave of "), (&alone, "slave, no master: check ")] {
        let line = candidate.settles();
        assert!(line.starts_with(said), "{line}");
        let stay = Stay::of(candidate, &["--wait", "1500ms"]);
        let outcome = stay.running.wait();
        assert_eq!(candidate.said_by(&outcome, 0), line);
        assert!(outcome.took > millis(1_300) && outcome.took < secs(3), "{:?}", outcome.took);
        assert_eq!(stay.proxy.connections(), 2);
    }
}

#[test]
fn a_node_elected_while_its_check_still_is_critical_is_in_dns_long_before_its_wait_would_be_over() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    // With its ID given, the check needs no earlier run to be recognised: its first run elects while it is critical.
    let pass = Pass::of(&one.service).on(one.node).args(["--check-id", &one.election_check(), "--wait", "20s"]);
    let begin = Instant::now();
    one.let_consul_run_it("1s", &pass);
    let name = format!("{}.query.consul", one.query());
    wait_for("DNS to answer", secs(30), || seen(one.node.dns(&name), |found| *found == [one.node.ip()]).map(drop));
    assert!(begin.elapsed() < secs(6), "{:?}", begin.elapsed());
    // The next run is the one that waits: until it ends, the check shows the first one's line.
    let check = || one.node.api().check(&one.election_check()).unwrap();
    assert_eq!(check().0, "passing");
    let since = Instant::now();
    one.node.api().service_maintenance(&one.id, true);
    one.wait_for_tag("slave", secs(10));
    assert!(since.elapsed() < secs(5), "{:?}", since.elapsed());
}

#[test]
fn a_waiting_master_that_must_not_lead_any_more_steps_down_within_about_two_seconds() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let maintenance = |on| api.service_maintenance(&one.id, on);
    let warning = |on| one.turn(if on { Health::Warning } else { Health::Passing });
    let turns: [(&str, &dyn Fn(bool)); 2] = [("in maintenance", &maintenance), ("is warning", &warning)];
    for (why, turn) in turns {
        let line = one.settles();
        assert!(line.starts_with("master on "), "{line}");
        let stay = Stay::of(&one, &["--wait", "20s", "--only-passing"]);
        turn(true);
        let took = one.wait_for_tag("slave", secs(10));
        assert!(took < secs(3), "{why}: {took:?}");
        let said = one.said_by(&stay.running.wait(), 0);
        assert!(said.starts_with("slave, no master: ") && said.ends_with(why), "{said}");
        assert_eq!(one.sessions(), Vec::<String>::new());
        turn(false);
    }
}

#[test]
fn a_waiting_slave_that_recovers_while_nobody_leads_takes_the_lead_within_about_two_seconds() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.turn(Health::Critical);
    one.settles();
    let stay = Stay::of(&one, &["--wait", "20s"]);
    one.turn(Health::Passing);
    let took = one.wait_for_tag("master", secs(10));
    assert!(took < secs(3), "{took:?}");
    assert!(one.said_by(&stay.running.wait(), 0).starts_with("master on "), "told at once");
}

#[test]
fn sigterm_sigint_and_sighup_end_a_waiting_pass_with_the_last_state() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    for candidate in [&one, &two] {
        let line = candidate.settles();
        for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
            let stay = Stay::of(candidate, &["--wait", "20s"]);
            let begin = Instant::now();
            stay.running.signal(signal);
            let outcome = stay.running.wait();
            assert_eq!(candidate.said_by(&outcome, 0), line);
            assert!(begin.elapsed() < secs(1), "{:?}", begin.elapsed());
            assert_eq!(outcome.stderr, "");
        }
    }
    assert!(one.holds_the_lock() && one.is_tagged("master"), "a signal is no reason to step down");
    assert_eq!((one.sessions().len(), two.sessions().len()), (1, 0));
}

#[test]
fn killed_while_it_waits_a_pass_leaves_nothing_wrong() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let [one, two, _] = &candidates;
    let watch = Watch::over(&one.service, shared().server().api());
    let (first, second) = (one.settles(), two.settles());
    let rest = [one, two].map(Candidate::rest_of_registration);
    for candidate in [one, two] {
        Stay::of(candidate, &["--wait", "20s"]).running.kill();
    }
    assert_eq!([one, two].map(Candidate::rest_of_registration), rest);
    assert_eq!((one.sessions().len(), two.sessions().len()), (1, 0));
    assert_eq!((one.run(), two.run()), (first, second));
    watch.saw_never_two_masters();
}
