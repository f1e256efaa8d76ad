//! Handing over: by hand, to a named instance, by age, and away from a check that no longer runs.

use std::time::{Duration, Instant, SystemTime};

use crate::harness::{Health, LockKey, Pass, Proxy, holds_for, millis, secs, seen, shared, wait_for};
use crate::stage::{Candidate, Watch, let_consul_run_all, wait_for_another_master, wait_for_settled};

const RESIGNED: &str = "slave, no master: this instance stepped down and stands back";

fn lock(candidate: &Candidate) -> LockKey {
    candidate.node.api().lock(&candidate.key()).unwrap()
}

fn says(candidate: &Candidate, pass: &Pass) -> String {
    candidate.said_by(&candidate.report(pass), 0)
}

/// Makes a master resign whose agents run all checks, and checks that another leads.
fn resign_among_three(arguments: &[&str]) {
    let cluster = shared();
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    let watch = Watch::over(&candidates[0].service, cluster.server().api());
    // With the default lock-delay of 15s, which must not matter here.
    let_consul_run_all(&candidates, "1s", arguments);
    let old = wait_for_settled(&candidates, &api);
    let before = Instant::now();
    // With the options of its check, as documented; there is nothing to wait for.
    let outcome = candidates[old].resign().args(["--for", "8s"]).args(arguments.iter().copied()).run();
    assert!(outcome.took < secs(5), "{outcome:?}");
    let said = candidates[old].said_by(&outcome, 0);
    assert!(said == RESIGNED || said.starts_with("slave of "), "{said}");
    assert!(!candidates[old].is_tagged("master") && !candidates[old].holds_the_lock());
    let new = wait_for_another_master(&candidates, old, &api);
    assert!(before.elapsed() < secs(10), "the lock was free at once, but taken after {:?}", before.elapsed());
    assert_eq!(wait_for_settled(&candidates, &api), new);
    assert_eq!(lock(&candidates[new]).lock_index, 2, "the lead moved once");
    watch.saw_never_two_masters();
}

#[test]
fn after_a_resignation_another_leads_without_lock_delay() {
    resign_among_three(&[]);
}

#[test]
fn after_a_resignation_another_that_waits_leads() {
    resign_among_three(&["--wait", "9s"]);
}

#[test]
fn while_the_only_instance_stands_back_nobody_leads_and_afterwards_it_does() {
    for arguments in [&[][..], &["--wait", "9s"]] {
        let one = Candidate::alone(shared().nodes::<1>()[0]);
        let_consul_run_all(std::slice::from_ref(&one), "1s", arguments);
        let leads = || seen(one.node.api().holder(&one.key()), Option::is_some).map(drop);
        let api = one.node.api();
        wait_for_settled(std::slice::from_ref(&one), &api);
        let begin = Instant::now();
        assert_eq!(one.said_by(&one.resign().args(["--for", "4s"]).run(), 0), RESIGNED);
        holds_for("the vacancy", secs(4).saturating_sub(begin.elapsed()), || seen(leads(), Result::is_err).map(drop));
        wait_for("the lead", secs(6), leads);
        wait_for_settled(std::slice::from_ref(&one), &api);
        assert_eq!(lock(&one).value.get("standing_back"), None, "the note has gone");
    }
}

#[test]
fn an_instance_stands_back_for_at_least_the_given_time() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let before = SystemTime::now();
    assert_eq!(one.said_by(&one.resign().args(["--for", "1s"]).run(), 0), RESIGNED);
    let until = lock(&one).value["standing_back"][0]["until"].as_str().unwrap().to_owned();
    let until = humantime::parse_rfc3339(&until).unwrap();
    assert!(until >= before + secs(1), "{:?} after the start", until.duration_since(before));
    assert!(until <= SystemTime::now() + secs(2), "{:?}", until.duration_since(before));
}

#[test]
fn resign_to_a_node_lets_exactly_its_instance_lead() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let [one, two, three] = &candidates;
    assert!(says(one, &one.pass()).starts_with("master on "));
    says(two, &two.pass());
    says(three, &three.pass());
    one.said_by(&one.resign().args(["--to", three.node.name()]).run(), 0);
    for other in [one, two] {
        assert_eq!(says(other, &other.pass()), "slave, no master: handed over to n3");
    }
    assert!(says(three, &three.pass()).starts_with("master on n3"));
    assert!(three.is_tagged("master") && three.holds_the_lock());
    assert_eq!(lock(one).value.get("handed_to"), None, "the note has gone");
    assert!(says(two, &two.pass()).starts_with("slave of n3"));
}

#[test]
fn resign_to_a_node_wins_over_every_priority() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let [one, two, three] = &candidates;
    let passes =
        [(one, "200"), (two, "1"), (three, "300")].map(|(one, priority)| one.pass().args(["--priority", priority]));
    assert!(says(one, &passes[0]).starts_with("master on "));
    says(two, &passes[1]);
    says(three, &passes[2]);
    one.said_by(&one.resign().args(["--priority", "200", "--to", "n2"]).run(), 0);
    for (other, pass) in [(one, &passes[0]), (three, &passes[2])] {
        assert_eq!(says(other, pass), "slave, no master: handed over to n2");
    }
    let said = says(two, &passes[1]);
    assert!(said.starts_with("master on n2"), "an explicit --to overrides it: {said}");
}

#[test]
fn resign_to_a_node_without_a_candidate_is_an_error_and_the_lead_is_kept() {
    let [one, two, three] = Candidate::on_each(shared().nodes::<3>());
    assert!(says(&one, &one.pass()).starts_with("master on "));
    says(&two, &two.pass());
    let before = lock(&one);
    // It exists, but must not or cannot lead.
    for (node, health) in
        [("n3", Health::Passing), ("n3", Health::Critical), ("n9", Health::Passing), ("n1", Health::Passing)]
    {
        three.turn(health);
        says(&three, &three.pass().args(["--priority", "0"]));
        let said = one.said_by(&one.resign().args(["--to", node]).run(), 1);
        let expected = format!(
            "error: no other instance on node {node} may lead now; candidates are on n2; name one of these with --to, or none"
        );
        assert_eq!(said, expected);
        assert_eq!(lock(&one), before);
        assert!(one.is_tagged("master"));
    }
}

#[test]
fn resign_on_a_slave_says_so_and_changes_nothing() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    let proxy = Proxy::before(two.node);
    for arguments in [&[][..], &["--to", "n1"]] {
        let said = two.said_by(&two.resign().through(&proxy).args(arguments.iter().copied()).run(), 1);
        assert!(said.starts_with("error: nothing was handed over: slave of n1"), "{said}");
    }
    assert!(proxy.requests().iter().all(|request| request.method == "GET"), "{:?}", proxy.lines());
}

#[test]
fn a_resignation_while_nobody_leads_changes_nothing_and_claims_nothing() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    one.node.api().service_maintenance(&one.id, true);
    one.run();
    one.node.api().service_maintenance(&one.id, false);
    let before = lock(&one);
    let said = one.said_by(&one.resign().run(), 1);
    assert_eq!(lock(&one), before);
    assert!(said.contains("nothing was handed over: slave, no master: ") && !said.contains("stepped down"), "{said}");
    one.leads();
}

#[test]
fn when_the_named_successor_fails_first_another_leads_without_waiting_for_it() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let [one, two, three] = &candidates;
    assert!(says(one, &one.pass()).starts_with("master on "));
    says(two, &two.pass());
    one.said_by(&one.resign().args(["--to", "n2", "--for", "60s"]).run(), 0);
    two.turn(Health::Critical);
    let said = says(three, &three.pass());
    assert!(said.starts_with("master on n3"), "{said}");
}

#[test]
fn a_lead_is_handed_over_by_age_only_if_there_is_another_and_only_once() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let passes = [&one, &two].map(|candidate| candidate.pass().args(["--max-term", "1s"]));
    let begin = Instant::now();
    wait_for("the term to be over", secs(5), || {
        assert!(says(&one, &passes[0]).starts_with("master on "), "there is nobody else");
        seen(begin.elapsed(), |elapsed| *elapsed > secs(2)).map(drop)
    });
    says(&two, &passes[1]);
    assert_eq!(says(&one, &passes[0]), RESIGNED);
    assert!(says(&two, &passes[1]).starts_with("master on n2"));
    let led = lock(&two);
    holds_for("the new lead", secs(4), || {
        says(&one, &passes[0]);
        says(&two, &passes[1]);
        seen(lock(&two), |now| now.session == led.session).map(drop)
    });
}

#[test]
fn a_master_whose_check_runs_no_more_loses_a_lead_with_a_ttl_and_one_whose_check_runs_keeps_it() {
    let [alive, dead] = [Candidate::alone(shared().nodes::<1>()[0]), Candidate::alone(shared().nodes::<1>()[0])];
    let passes = [&alive, &dead].map(|candidate| candidate.pass().args(["--ttl", "10s"]));
    for (candidate, pass) in [&alive, &dead].into_iter().zip(&passes) {
        assert!(candidate.said_by(&pass.run(), 0).starts_with("master on "));
    }
    let (begin, session) = (Instant::now(), lock(&alive).session);
    let mut last = begin;
    let took: Duration = wait_for("the dead one to lose the lead", secs(30), || {
        if last.elapsed() > secs(4) {
            last = Instant::now();
            assert!(alive.said_by(&passes[0].run(), 0).starts_with("master on "));
        }
        let holder = dead.node.api().holder(&dead.key());
        seen(holder, Option::is_none).map(|_| begin.elapsed())
    });
    assert!(took > secs(9), "not before its TTL: {took:?}");
    assert_eq!(lock(&alive).session, session);
    assert_eq!(dead.node.dns(&format!("{}.query.consul", dead.query())), [] as [std::net::Ipv4Addr; 0]);
}

#[test]
fn a_pass_that_waits_renews_the_session_in_time() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    // The longest `--wait`, and longer than the TTL: the session would end without renewal.
    let pass = one.pass().args(["--ttl", "10s", "--wait", "25s"]);
    one.report(&pass);
    one.report(&pass);
    let proxy = Proxy::before(one.node);
    let mut waiting = pass.clone().through(&proxy).spawn();
    let renewals = || proxy.lines().iter().filter(|line| line.starts_with("PUT /v1/session/renew/")).count();
    wait_for("the second renewal of one wait", secs(10), || {
        assert!(!waiting.has_ended());
        seen(renewals(), |count| *count >= 2).map(drop)
    });
    waiting.kill();
}

#[test]
fn another_ttl_moves_the_lead_to_another_session() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let ttl = |expected: &str| {
        assert_eq!(one.sessions().len(), 1, "the old one is gone");
        assert!(one.holds_the_lock() && one.is_tagged("master"));
        assert_eq!(one.node.api().session(&one.sessions()[0]).unwrap()["TTL"], expected);
        assert_eq!(one.node.dns(&format!("{}.query.consul", one.query())), [one.node.ip()]);
    };
    ttl("");
    for text in ["10s", "1m"] {
        one.said_by(&one.pass().args(["--ttl", text]).run(), 0);
        ttl(text);
    }
    one.leads();
    ttl("");
}

#[test]
fn the_exit_code_shows_the_role_on_request_and_dns_stays_right() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let statuses = ["--master-status", "passing", "--slave-status", "warning", "--leaderless-status", "critical"];
    let passes = [&one, &two].map(|candidate| candidate.pass().args(statuses));
    let dns = || one.node.dns(&format!("{}.query.consul", one.query()));
    one.turn(Health::Critical);
    one.said_by(&one.report(&passes[0]), 2);
    one.turn(Health::Passing);
    one.said_by(&one.report(&passes[0]), 0);
    assert!(two.said_by(&two.report(&passes[1]), 1).starts_with("slave of n1"));
    assert_eq!(dns(), [one.node.ip()]);
    // A slave in warning is not worse because of its own check.
    one.turn(Health::Critical);
    two.said_by(&two.report(&passes[1]), 0);
    one.said_by(&one.report(&passes[0]), 1);
    assert_eq!(dns(), [two.node.ip()]);
    let shown = pass_with(&two, &["--master-status", "warning"]);
    two.said_by(&two.report(&shown), 1);
    two.said_by(&two.report(&shown), 1);
    assert_eq!(dns(), [two.node.ip()], "a master in warning is still found");
    let shown = pass_with(&two, &["--master-status", "warning", "--no-fence", "--only-passing"]);
    two.said_by(&two.report(&shown), 1);
    assert_eq!(dns(), [two.node.ip()], "without the fence as well");
}

fn pass_with(candidate: &Candidate, arguments: &[&str]) -> Pass {
    candidate.pass().args(arguments.iter().copied())
}

#[test]
fn a_resignation_by_hand_ends_the_lead_of_a_pass_that_waits() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let pass = one.pass().args(["--wait", "20s"]);
    one.report(&pass);
    one.report(&pass);
    let mut waiting = pass.spawn();
    holds_for("the wait", millis(300), || if waiting.has_ended() { Err("ended".to_owned()) } else { Ok(()) });
    one.said_by(&one.resign().run(), 0);
    assert_eq!(one.said_by(&waiting.wait(), 0), RESIGNED);
    assert_eq!((one.sessions().len(), one.is_tagged("master")), (0, false));
}
