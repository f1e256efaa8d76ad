//! Three instances whose agents run the program as a check, and everything that can take a master away.

use crate::harness::{Cluster, Health, secs, seen, shared, wait_for};
use crate::stage::{Candidate, Watch, let_consul_run_all, wait_for_another_master, wait_for_settled};

/// A lock-delay longer than the interval of 1s: a failed instance has run again before another can lead, so even one
/// that recovers at once never shows a second master tag.
const QUICK: &[&str] = &["--lock-delay", "2s"];

#[test]
fn three_instances_elect_one_master_that_tag_dns_lock_and_line_agree_on() {
    let cluster = shared();
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let_consul_run_all(&candidates, "1s", QUICK);
    let api = cluster.server().api();
    let master = &candidates[wait_for_settled(&candidates, &api)];
    assert!(master.holds_the_lock());
    for candidate in &candidates {
        let (role, count) = if candidate.id == master.id && candidate.node.name() == master.node.name() {
            (format!("master on {} ({}:6379), term 1", master.node.name(), master.node.ip()), 1)
        } else {
            (format!("slave of {} ({}:6379)", master.node.name(), master.node.ip()), 0)
        };
        let expected = ("passing".to_owned(), format!("election {}: {role}\n", candidate.query()));
        wait_for("the check to show it", secs(10), || {
            seen(candidate.node.api().check(&candidate.election_check()), |check| check.as_ref() == Some(&expected))
        });
        assert_eq!(candidate.sessions().len(), count, "one session in all");
    }
    let value = api.lock(&master.key()).unwrap().value;
    assert_eq!(value["node"], master.node.name());
    assert_eq!(value["service_id"], *master.id);
    assert_eq!((&value["address"], &value["port"]), (&master.node.ip().to_string().into(), &6379.into()));
    assert_eq!(Some(value["session"].as_str().unwrap().to_owned()), api.holder(&master.key()));
    assert!(value["since"].as_str().unwrap().ends_with('Z'), "{value}");
}

#[test]
fn slave_takes_over_when_the_masters_check_turns_critical_and_the_old_one_comes_back_as_slave() {
    let cluster = shared();
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    let watch = Watch::over(&candidates[0].service, cluster.server().api());
    let_consul_run_all(&candidates, "1s", QUICK);
    let old = wait_for_settled(&candidates, &api);
    candidates[old].turn(Health::Critical);
    let new = wait_for_another_master(&candidates, old, &api);
    candidates[old].turn(Health::Passing);
    assert_eq!(wait_for_settled(&candidates, &api), new, "the returned instance did not take the lead");
    assert_eq!(api.lock(&candidates[new].key()).unwrap().lock_index, 2);
    watch.saw_never_two_masters();
}

#[test]
fn slave_takes_over_when_the_masters_agent_is_killed_and_the_old_one_comes_back_as_slave() {
    let cluster = Cluster::with(3).quick_failure_detection().start();
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    let watch = Watch::over(&candidates[0].service, cluster.server().api());
    let_consul_run_all(&candidates, "1s", QUICK);
    let old = wait_for_settled(&candidates, &api);
    candidates[old].node.kill();
    let new = wait_for_another_master(&candidates, old, &api);
    watch.saw_never_two_masters();
    // For a moment, a returning node shows what the catalog last had of it: its old tag, and passing checks.
    candidates[old].node.start_again();
    // After a restart, a TTL check is critical until someone reports.
    wait_for("the restarted agent to know its instance", secs(20), || {
        seen(candidates[old].node.api().get(&format!("/v1/agent/service/{}", candidates[old].id)).status, |s| *s == 200)
    });
    candidates[old].turn(Health::Passing);
    assert_eq!(wait_for_settled(&candidates, &api), new);
    assert!(candidates[new].holds_the_lock());
}

#[test]
fn slave_takes_over_when_the_masters_agent_leaves() {
    let cluster = Cluster::of(3);
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    let watch = Watch::over(&candidates[0].service, cluster.server().api());
    let_consul_run_all(&candidates, "1s", QUICK);
    let old = wait_for_settled(&candidates, &api);
    candidates[old].node.leave();
    let new = wait_for_another_master(&candidates, old, &api);
    assert!(candidates[new].holds_the_lock());
    watch.saw_never_two_masters();
}

#[test]
fn a_paused_agent_loses_the_lead_and_gives_up_its_tag_when_it_wakes() {
    let cluster = Cluster::with(3).quick_failure_detection().start();
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    let_consul_run_all(&candidates, "1s", QUICK);
    let old = wait_for_settled(&candidates, &api);
    candidates[old].node.pause();
    let new = wait_for_another_master(&candidates, old, &api);
    candidates[old].node.resume();
    // Until its own pass has run, a resumed node brings back its old tag; only the fence can prevent this.
    assert_eq!(wait_for_settled(&candidates, &api), new);
}

#[test]
fn nobody_leads_while_every_instance_is_critical_and_one_does_as_soon_as_one_recovers() {
    let cluster = shared();
    let candidates = Candidate::on_each(cluster.nodes::<3>());
    let api = cluster.server().api();
    for candidate in &candidates {
        candidate.turn(Health::Critical);
    }
    let_consul_run_all(&candidates, "1s", QUICK);
    for candidate in &candidates {
        let expected =
            format!("election {}: slave, no master: check {} is critical\n", candidate.query(), candidate.ping());
        wait_for("the check to show why nobody leads", secs(20), || {
            let check = candidate.node.api().check(&candidate.election_check());
            seen(check, |check| check.as_ref().is_some_and(|(status, text)| status == "passing" && *text == expected))
        });
    }
    assert_eq!(api.nodes_tagged(&candidates[0].service, "slave").len(), 3);
    assert_eq!(api.holder(&candidates[0].key()), None);
    candidates[1].turn(Health::Passing);
    assert_eq!(wait_for_another_master(&candidates, 0, &api), 1, "only the one that recovered may lead");
}
