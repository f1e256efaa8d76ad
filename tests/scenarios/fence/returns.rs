//! Nodes that return with an old master tag, and old versions without a fence next to new ones: what the name finds
//! meanwhile.

use serde_json::json;

use crate::fence::name_watch::{NameWatch, Samples};
use crate::fence::stage::{add_a_check, take_the_check_away};
use crate::harness::{Cluster, Health, Random, millis, secs, seen, shared, wait_for};
use crate::stage::{Candidate, let_consul_run_all, wait_for_another_master, wait_for_settled};

/// How a master is away for longer than Consul needs to notice.
enum Away {
    Paused,
    Killed,
}

/// The first of two instances leads, is away while the second takes over, and is back with its old tag before its own
/// pass has run. Returns all answers of the name.
fn a_master_comes_back(away: &Away, arguments: &[&str]) -> Samples {
    let cluster = Cluster::with(2).quick_failure_detection().start();
    let candidates = Candidate::on_each(cluster.nodes::<2>());
    let [one, two] = &candidates;
    let api = cluster.server().api();
    let pass = |candidate: &Candidate| candidate.said_by(&candidate.pass().args(arguments.iter().copied()).run(), 0);
    assert!(pass(one).starts_with("master on "));
    assert!(pass(two).starts_with("slave of "));
    let watch = NameWatch::over(&candidates, cluster.server());
    match away {
        Away::Paused => one.node.pause(),
        Away::Killed => one.node.kill(),
    }
    wait_for("the servers to end the master's session", secs(30), || {
        seen(api.holder(&two.key()), Option::is_none).map(drop)
    });
    assert!(pass(two).starts_with("master on "));
    match away {
        Away::Paused => {
            one.node.resume();
            wait_for("the resumed node", secs(30), || {
                seen(api.serf_health(one.node.name()), |health| health.as_deref() == Some("passing")).map(drop)
            });
            // The new master has taken the tag. The agent writes it back with the next change of a check.
            one.turn(Health::Warning);
            one.turn(Health::Passing);
        }
        Away::Killed => {
            one.node.start_again();
            wait_for("the restarted agent to know its instance", secs(20), || {
                let path = format!("/v1/agent/service/{}", one.id);
                seen(one.node.api().get(&path).status, |status| *status == 200)
            });
            // After a restart, a TTL check is critical until someone reports.
            one.turn(Health::Passing);
        }
    }
    wait_for("both to be passing and tagged master", secs(30), || {
        seen(api.passing_nodes_tagged(&two.service, "master"), |nodes| nodes.len() == 2)
    });
    // Until its own pass has run, nothing removes the old tag.
    watch.takes(50);
    assert_eq!(api.passing_nodes_tagged(&two.service, "master").len(), 2);
    assert!(pass(one).starts_with("slave of "));
    assert!(pass(two).starts_with("master on "));
    watch.end()
}

#[test]
fn a_paused_master_that_wakes_with_its_old_tag_is_never_answered() {
    let samples = a_master_comes_back(&Away::Paused, &[]);
    assert!(samples.answered > 50, "{samples:?}");
    assert_eq!(samples.lies, Vec::<String>::new(), "of {}", samples.taken);
}

#[test]
fn a_killed_master_that_is_started_again_with_its_old_tag_is_never_answered() {
    let samples = a_master_comes_back(&Away::Killed, &[]);
    assert!(samples.answered > 50, "{samples:?}");
    assert_eq!(samples.lies, Vec::<String>::new(), "of {}", samples.taken);
}

#[test]
fn without_the_fence_the_old_tag_is_answered_which_is_what_the_fence_is_for() {
    let samples = a_master_comes_back(&Away::Paused, &["--no-fence"]);
    assert!(samples.lies.len() > 10, "the watch sees a wrong answer if there is one: {samples:?}");
}

#[test]
fn three_instances_that_consul_runs_never_lie_by_dns_while_agents_are_paused_killed_and_restarted() {
    let cluster = Cluster::with(3).quick_failure_detection().start();
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    let watch = NameWatch::over(&candidates, cluster.server());
    let_consul_run_all(&candidates, "1s", &["--lock-delay", "0s"]);
    let old = wait_for_settled(&candidates, &api);
    candidates[old].node.pause();
    let new = wait_for_another_master(&candidates, old, &api);
    candidates[old].node.resume();
    assert_eq!(wait_for_settled(&candidates, &api), new);
    candidates[new].node.kill();
    wait_for_another_master(&candidates, new, &api);
    candidates[new].node.start_again();
    wait_for("the restarted agent to know its instance", secs(20), || {
        let path = format!("/v1/agent/service/{}", candidates[new].id);
        seen(candidates[new].node.api().get(&path).status, |status| *status == 200)
    });
    candidates[new].turn(Health::Passing);
    wait_for_settled(&candidates, &api);
    watch.was_never_told_a_lie();
}

/// A version without a fence acts like `--no-fence`, but keeps the parts of a query that it does not know.
const VERSIONS: [&[&str]; 2] = [&[], &["--no-fence"]];

#[test]
fn with_and_without_a_fence_on_three_nodes_one_pass_of_each_is_all_that_the_name_ever_waits_for() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let api = shared().server().api();
    let name = format!("{}.query.consul", candidates[0].query());
    let mut random = Random::new();
    let (mut versions, mut late) = ([1, 1, 1], None);
    for round in 0..40 {
        let holder = candidates.iter().position(Candidate::holds_the_lock);
        let what = random.within(0..6);
        match (what, holder) {
            // The master's health fails, for a moment or for as long as the others need.
            (0, Some(holder)) => candidates[holder].turn(Health::Critical),
            (1, Some(holder)) => {
                candidates[holder].turn(Health::Critical);
                candidates[holder].turn(Health::Passing);
            }
            (2, Some(holder)) => api.destroy_session(&candidates[holder].sessions()[0]),
            // Its checks change, so that the lock moves to another session, or the term ends with the check.
            (3, Some(holder)) if late.is_none() => {
                add_a_check(&candidates[holder]);
                late = Some(holder);
            }
            (3, Some(_)) => take_the_check_away(&candidates[late.take().unwrap()]),
            // A node gets the other version, while its instance leads or follows.
            _ => {
                let node = usize::try_from(random.within(0..3)).unwrap();
                versions[node] = 1 - versions[node];
            }
        }
        // One interval: each runs one pass, in any order.
        let first = usize::try_from(random.within(0..3)).unwrap();
        for place in (first..3).chain(0..first) {
            let pass = candidates[place].pass().args(VERSIONS[versions[place]].iter().copied());
            candidates[place].said_by(&pass.run(), 0);
        }
        let holder = candidates.iter().find(|one| one.holds_the_lock()).unwrap();
        let answer = shared().server().dns(&name);
        assert_eq!(answer, [holder.node.ip()], "round {round}, fault {what}, versions {versions:?}");
        for one in &candidates {
            one.turn(Health::Passing);
        }
    }
}

#[test]
fn a_rolling_change_to_the_fence_without_a_failover_never_leaves_the_name_without_its_answer() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let name = format!("{}.query.consul", candidates[0].query());
    let run = |place: usize, version: usize| {
        let pass = candidates[place].pass().args(VERSIONS[version].iter().copied());
        candidates[place].said_by(&pass.run(), 0);
    };
    for place in 0..3 {
        run(place, 1);
    }
    for changed in [2, 0, 1] {
        for place in 0..3 {
            run(place, usize::from(place != changed && changed != 1 && !(changed == 0 && place == 2)));
            assert_eq!(shared().server().dns(&name), [candidates[0].node.ip()], "{changed} changed, pass of {place}");
        }
    }
    assert!(candidates[0].node.api().query(&candidates[0].query()).unwrap()["Session"] != json!(""));
}

#[test]
fn a_rolling_change_that_consul_runs_with_failovers_in_between_leaves_the_name_unanswered_for_an_interval_at_most() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let api = shared().server().api();
    let arguments = |version: &[&'static str]| [&["--lock-delay", "0s"], version].concat();
    let_consul_run_all(&candidates, "1s", &arguments(&["--no-fence"]));
    wait_for_settled(&candidates, &api);
    let watch = NameWatch::over(&candidates, shared().server());
    for changed in 0..3 {
        // A node gets the new version. Its check starts again, as after a changed definition and a reload.
        let_consul_run_all(&candidates[changed..=changed], "1s", &arguments(&[]));
        for _ in 0..2 {
            // The master fails, and is healthy again when another has taken over.
            let old = wait_for_settled(&candidates, &api);
            candidates[old].turn(Health::Critical);
            wait_for_another_master(&candidates, old, &api);
            candidates[old].turn(Health::Passing);
        }
    }
    wait_for_settled(&candidates, &api);
    let samples = watch.end();
    assert!(samples.longest_gap < millis(2500), "an interval is 1 s, plus the time of a run: {samples:?}");
}
