//! Former masters that come back: with `--wait`, two passing instances are never tagged master.

use serde_json::json;

use crate::harness::{Cluster, Health, holds_for, millis, secs, seen, shared, wait_for};
use crate::stage::{Candidate, Watch, let_consul_run_all, wait_for_another_master, wait_for_settled};
use crate::takeover::{end_the_lead, pair_of};

const WAIT: &[&str] = &["--wait", "9s"];

/// Waits until Consul shows the instance's line, and the next run, which waits, has begun.
fn wait_for_a_waiting_run(one: &Candidate) {
    wait_for("the master's line", secs(10), || {
        let check = one.node.api().check(&one.election_check());
        seen(check, |check| check.as_ref().is_some_and(|(_, line)| line.contains(": master on "))).map(drop)
    });
    std::thread::sleep(millis(1_500));
}

#[test]
fn with_a_wait_a_master_that_recovers_before_its_own_next_run_is_never_a_second_one() {
    for fields in [json!({}), json!({"Address": "127.0.0.9"}), json!({"EnableTagOverride": true})] {
        for runs_in_time in [true, false] {
            let [one, two] = pair_of(&fields);
            one.leads();
            two.follows(&one);
            let watch = Watch::over(&one.service, shared().server().api());
            // Its run has ended, and the next one has not begun: nobody tells its agent.
            one.turn(Health::Critical);
            let running = two.pass().args(WAIT.iter().copied()).spawn();
            wait_for("the lock", secs(5), || seen(two.holds_the_lock(), |holds| *holds).map(drop));
            one.turn(Health::Passing);
            if runs_in_time {
                one.run();
            }
            let outcome = running.wait();
            assert!(two.said_by(&outcome, 0).starts_with("master on n2"));
            assert!(runs_in_time == (outcome.took < secs(1)), "{fields}: {outcome:?}");
            assert_eq!(one.node.api().nodes_tagged(&one.service, "master"), ["n2"], "{fields}");
            one.follows(&two);
            watch.saw_never_two_masters();
        }
    }
}

#[test]
fn a_former_master_that_leads_again_meanwhile_keeps_its_tag() {
    for fields in [json!({}), json!({"Address": "127.0.0.9"})] {
        let [one, two] = pair_of(&fields);
        one.leads();
        two.follows(&one);
        one.turn(Health::Critical);
        let running = two.pass().args(WAIT.iter().copied()).spawn();
        wait_for("the lock", secs(5), || seen(two.holds_the_lock(), |holds| *holds).map(drop));
        one.turn(Health::Passing);
        end_the_lead(&two);
        one.leads();
        assert!(two.said_by(&running.wait(), 0).starts_with("slave of n1"), "{fields}");
        assert!(one.is_tagged("master") && two.is_tagged("slave"), "{fields}: {:?}", one.tags());
        one.leads();
        holds_for("its tag", millis(500), || seen(one.is_tagged("master"), |tagged| *tagged).map(drop));
    }
}

#[test]
fn with_a_wait_a_master_that_is_stopped_and_continued_is_never_a_second_one() {
    let cluster = Cluster::with(3).quick_failure_detection().start();
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    let_consul_run_all(&candidates, "1s", WAIT);
    let mut old = wait_for_settled(&candidates, &api);
    let watch = Watch::over(&candidates[0].service, cluster.server().api());
    for _ in 0..3 {
        // What happens to a node in the second between two runs is in docs/failover.md.
        wait_for_a_waiting_run(&candidates[old]);
        candidates[old].node.pause();
        let new = wait_for_another_master(&candidates, old, &api);
        assert_eq!(api.nodes_tagged(&candidates[0].service, "master"), [candidates[new].node.name()]);
        candidates[old].node.resume();
        assert_eq!(wait_for_settled(&candidates, &api), new);
        old = new;
    }
    watch.saw_never_two_masters();
}

fn an_agent_that_is_killed_and_started_again(options: &[&str]) {
    let cluster = Cluster::with(3).quick_failure_detection().start();
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    let_consul_run_all(&candidates, "1s", options);
    let old = wait_for_settled(&candidates, &api);
    let watch = Watch::over(&candidates[0].service, cluster.server().api());
    candidates[old].node.kill();
    let new = wait_for_another_master(&candidates, old, &api);
    candidates[old].node.start_again();
    wait_for("the restarted agent to know its instance", secs(20), || {
        let path = format!("/v1/agent/service/{}", candidates[old].id);
        seen(candidates[old].node.api().get(&path).status, |status| *status == 200)
    });
    candidates[old].turn(Health::Passing);
    assert_eq!(wait_for_settled(&candidates, &api), new);
    watch.saw_never_two_masters();
}

#[test]
fn with_a_wait_a_master_whose_agent_is_killed_and_started_again_is_never_a_second_one() {
    an_agent_that_is_killed_and_started_again(WAIT);
}

#[test]
fn a_lock_that_is_taken_after_its_lock_delay_takes_the_former_masters_tag_too() {
    an_agent_that_is_killed_and_started_again(&["--wait", "9s", "--lock-delay", "1s"]);
}

#[test]
fn with_a_wait_a_master_whose_check_fails_and_recovers_at_once_is_never_a_second_one() {
    let cluster = Cluster::of(3);
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    let_consul_run_all(&candidates, "1s", WAIT);
    let mut old = wait_for_settled(&candidates, &api);
    let watch = Watch::over(&candidates[0].service, cluster.server().api());
    for _ in 0..6 {
        let former = &candidates[old];
        wait_for_a_waiting_run(former);
        former.turn(Health::Critical);
        // A waiting run needs some milliseconds, and no check recovers in less.
        wait_for("the agent to give its tag up", secs(20), || {
            seen(former.node.api().local_tags(&former.id), |tags| tags == &["slave"]).map(drop)
        });
        former.turn(Health::Passing);
        // If both others rest between two runs, the former master may lead again.
        old = wait_for_settled(&candidates, &api);
    }
    watch.saw_never_two_masters();
}
