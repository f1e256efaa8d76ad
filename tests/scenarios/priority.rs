//! Which instance leads: priority, preemption, and what must not move the lead.

use std::thread::sleep;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::harness::{Cluster, Health, Pass, Random, holds_for, millis, secs, seen, shared, wait_for};
use crate::stage::{Candidate, Watch, wait_for_another_master};

/// Returns a pass with its priority.
fn ranked(candidate: &Candidate, priority: &str) -> Pass {
    candidate.pass().args(["--priority", priority])
}

/// Runs a reported pass and returns its line.
fn says(candidate: &Candidate, pass: &Pass) -> String {
    let outcome = candidate.report(pass);
    candidate.said_by(&outcome, 0)
}

fn leads(candidate: &Candidate, pass: &Pass) {
    let said = says(candidate, pass);
    assert!(said.starts_with(&format!("master on {}", candidate.node.name())), "{said}");
}

fn yields_to(better: &Candidate) -> String {
    format!("slave, no master: {} has a higher priority", better.node.name())
}

/// Ends a master's leadership without a successor.
fn vacate(candidate: &Candidate, pass: &Pass) {
    candidate.node.api().service_maintenance(&candidate.id, true);
    assert_eq!(says(candidate, pass), "slave, no master: the instance is in maintenance");
    candidate.node.api().service_maintenance(&candidate.id, false);
}

#[test]
fn the_highest_priority_leads_at_the_first_election_and_after_every_failover() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let [one, two, three] = &candidates;
    let passes = [ranked(one, "1"), ranked(two, "50"), ranked(three, "100")];
    // An instance whose check has not run yet does not count.
    for (candidate, pass) in candidates.iter().zip(&passes) {
        candidate.turn(Health::Critical);
        says(candidate, pass);
        candidate.turn(Health::Passing);
    }
    assert_eq!(says(one, &passes[0]), yields_to(three));
    assert_eq!(says(two, &passes[1]), yields_to(three));
    leads(three, &passes[2]);
    assert!(says(one, &passes[0]).starts_with("slave of n3"));
    three.turn(Health::Critical);
    assert_eq!(says(one, &passes[0]), yields_to(two));
    leads(two, &passes[1]);
    // A returning instance does not take the lead.
    three.turn(Health::Passing);
    assert!(says(three, &passes[2]).starts_with("slave of n2"));
    leads(two, &passes[1]);
    assert_eq!(two.mark()["priority"], 50);
    // The priority disappears with the option.
    leads(two, &two.pass());
    assert!(two.mark().get("priority").is_none(), "{}", two.mark());
}

#[test]
fn priority_0_never_leads_and_steps_down() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    leads(&one, &one.pass());
    let never = ranked(&one, "0");
    for _ in 0..2 {
        assert_eq!(says(&one, &never), "slave, no master: the priority of this instance is 0");
        assert_eq!((one.is_tagged("slave"), one.sessions().len()), (true, 0));
    }
    leads(&two, &ranked(&two, "1"));
    two.turn(Health::Critical);
    assert_eq!(says(&one, &never), "slave, no master: the priority of this instance is 0");
}

#[test]
fn without_a_priority_an_instance_counts_as_100_and_yields_to_a_better_one() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    for (own, other, yields) in [
        ("99", None, true),
        ("100", None, false),
        ("", Some("100"), false),
        ("", Some("101"), true),
        ("102", Some("101"), false),
    ] {
        let pass = if own.is_empty() { one.pass() } else { ranked(&one, own) };
        let rival = other.map_or_else(|| two.pass(), |priority| ranked(&two, priority));
        leads(&two, &rival);
        vacate(&two, &rival);
        if yields {
            assert_eq!(says(&one, &pass), yields_to(&two), "{own} and {other:?}");
        } else {
            leads(&one, &pass);
            vacate(&one, &pass);
        }
    }
}

#[test]
fn an_instance_that_could_not_lead_itself_keeps_nobody_from_leading() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let (better, pass) = (ranked(&two, "200"), one.pass());
    let api = two.node.api();
    let denied = better.clone().args(["--check-id", "no-such-check"]);
    for what in ["critical", "warning", "maintenance", "error", "no election check"] {
        leads(&two, &better);
        vacate(&two, &better);
        assert_eq!(says(&one, &pass), yields_to(&two), "before {what}");
        match what {
            "critical" => two.turn(Health::Critical),
            "warning" => two.turn(Health::Warning),
            "maintenance" => api.service_maintenance(&two.id, true),
            "error" => assert_eq!(two.report(&denied).status, 1),
            _ => api.delete_check(&two.election_check()),
        }
        leads(&one, &pass);
        vacate(&one, &pass);
        two.turn(Health::Passing);
        api.service_maintenance(&two.id, false);
    }
    leads(&two, &better);
    two.said_by(&two.resign().args(["--priority", "200"]).run(), 0);
    leads(&one, &pass);
}

#[test]
fn a_better_instance_gets_the_lead_once_it_has_been_passing_for_long_enough() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let [one, two, three] = &candidates;
    let watch = Watch::over(&one.service, shared().server().api());
    // The best of two better ones.
    for (candidate, priority) in [(one, "100"), (two, "150"), (three, "200")] {
        let pass = Pass::of(&candidate.service).on(candidate.node).args(["--priority", priority]);
        if candidate.id != one.id || candidate.node.name() != one.node.name() {
            candidate.turn(Health::Critical);
        }
        candidate.let_consul_run_it("1s", &pass.args(["--preempt", "--preempt-after", "2s"]));
    }
    let api = shared().server().api();
    assert_eq!(wait_for_another_master(&candidates, 1, &api), 0);
    two.turn(Health::Passing);
    three.turn(Health::Passing);
    assert_eq!(wait_for_another_master(&candidates, 0, &api), 2);
    wait_for("the note to be gone", secs(10), || {
        seen(api.lock(&one.key()).unwrap().value, |value| value.get("handed_to").is_none()).map(drop)
    });
    watch.saw_never_two_masters();
    assert_eq!(api.lock(&one.key()).unwrap().lock_index, 2, "the lead moved once");
}

#[test]
fn a_better_instance_that_flaps_does_not_flap_the_lead() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let (pass, better) = (one.pass().args(["--preempt", "--preempt-after", "2s"]), ranked(&two, "200"));
    let mut random = Random::new();
    leads(&one, &pass);
    // The session is bound to the election's check once that has passed.
    leads(&one, &pass);
    let lock = || one.node.api().lock(&one.key()).unwrap();
    let before = lock();
    // First a pass sees it down. Then it is up at every look, and only the index of its checks shows the change.
    for is_seen_down in [true, false] {
        let (mut next, mut is_passing) = (Instant::now(), true);
        holds_for("the lead", secs(4), || {
            if Instant::now() >= next {
                is_passing = !(is_passing && is_seen_down);
                two.turn(Health::Critical);
                if is_passing {
                    two.turn(Health::Passing);
                }
                // It never stays up for the required time, whatever the rhythm of the passes.
                next = Instant::now() + random.duration(millis(50)..millis(900));
            }
            says(&two, &better);
            leads(&one, &pass);
            sleep(millis(100));
            let now = lock();
            seen(now, |now| (&now.session, now.lock_index) == (&before.session, before.lock_index)).map(drop)
        });
    }
    two.turn(Health::Passing);
    wait_for("the lead to be handed over", secs(10), || {
        let said = one.said_by(&one.report(&pass), 0);
        if said == "slave, no master: handed over to n2" { Ok(()) } else { Err(said) }
    });
    leads(&two, &better);
}

#[test]
fn a_challenger_is_watched_for_at_least_the_given_time() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let (pass, better) = (one.pass().args(["--preempt", "--preempt-after", "2s"]), ranked(&two, "200"));
    leads(&one, &pass);
    says(&two, &better);
    wait_for("the end of a second, where whole seconds are least precise", secs(2), || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_millis();
        seen(now, |now| (700..850).contains(now)).map(drop)
    });
    let begin = Instant::now();
    wait_for("the lead to be handed over", secs(10), || {
        let said = one.said_by(&one.report(&pass), 0);
        if said.starts_with("slave") { Ok(()) } else { Err(said) }
    });
    assert!(begin.elapsed() >= secs(2), "it was watched for {:?} only", begin.elapsed());
}

#[test]
fn a_master_that_would_hand_over_writes_nothing_while_it_has_nobody_or_somebody_to_watch() {
    let cluster = Cluster::of(2);
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    let pass = one.pass().args(["--preempt", "--preempt-after", "1h", "--priority", "100"]);
    let steady = |rival: &Pass| {
        for _ in 0..2 {
            says(&two, rival);
            leads(&one, &pass);
        }
        let entries = cluster.quiet_raft_entries(|| {
            for _ in 0..20 {
                leads(&one, &pass);
                assert!(says(&two, rival).starts_with("slave of n1"));
            }
        });
        assert_eq!(entries, 0);
    };
    leads(&one, &pass);
    steady(&ranked(&two, "100"));
    steady(&ranked(&two, "200"));
    let value = one.node.api().lock(&one.key()).unwrap().value;
    assert_eq!(value["challenger"]["node"], "n2", "{value}");
}

#[test]
fn a_master_in_warning_hands_over_to_an_instance_that_passes() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    // The master's own higher priority does not matter.
    let passes = [ranked(&one, "200"), ranked(&two, "1")];
    leads(&one, &passes[0]);
    two.turn(Health::Warning);
    says(&two, &passes[1]);
    one.turn(Health::Warning);
    for _ in 0..3 {
        leads(&one, &passes[0]);
    }
    two.turn(Health::Passing);
    assert_eq!(says(&one, &passes[0]), "slave, no master: handed over to n2");
    leads(&two, &passes[1]);
    assert!(says(&one, &passes[0]).starts_with("slave of n2"));
    assert!(two.is_tagged("master") && !one.is_tagged("master"));
}

#[test]
fn an_instance_in_warning_leaves_the_free_lock_to_one_that_passes_and_takes_it_when_there_is_none() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    // First by name, and with the higher priority.
    let passes = [ranked(&one, "200"), ranked(&two, "1")];
    leads(&one, &passes[0]);
    says(&two, &passes[1]);
    one.turn(Health::Critical);
    says(&one, &passes[0]);
    one.turn(Health::Warning);
    assert_eq!(says(&one, &passes[0]), "slave, no master: n2 is passing, and this instance is in warning");
    leads(&two, &passes[1]);
    two.turn(Health::Critical);
    says(&two, &passes[1]);
    leads(&one, &passes[0]);
}

#[test]
fn a_better_instance_whose_promote_hook_fails_does_not_flap_the_lead() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let pass = one.pass().args(["--preempt", "--preempt-after", "1s"]);
    let better = ranked(&two, "200").args(["--on-promote", "false"]);
    leads(&one, &pass);
    leads(&one, &pass);
    let terms = || one.node.api().lock(&one.key()).unwrap().lock_index;
    let before = terms();
    // It gets one chance, and not another each time it has stood back long enough.
    holds_for("the lead", secs(21), || {
        two.report(&better);
        one.report(&pass);
        sleep(millis(250));
        seen(terms(), |terms| *terms <= before + 2).map(drop)
    });
}
