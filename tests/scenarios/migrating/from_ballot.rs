//! From ncode/ballot to this program and back, over the key that they share.

use serde_json::{Value, json};

use super::ballot::{Ballot, KEY, TAG};
use super::shell;
use super::sight::Sight;
use super::stage::{instance, redis_on_three};
use crate::harness::{Api, Cluster, Node, Pass, Scripts, holds_for, secs, seen, wait_for};
use crate::stage::Candidate;

/// The options that replace ballot's settings.
const OPTIONS: [&str; 6] = ["--lock-key", KEY, "--master-tag", TAG, "--lock-delay", "3s"];

fn pass(one: &Candidate) -> Pass {
    Pass::of("redis").on(one.node).args(OPTIONS)
}

/// Makes ballot lead on the first of three nodes.
fn ballot_leads(cluster: &Cluster) -> [Ballot<'_>; 3] {
    let mut daemons = cluster.nodes::<3>().map(Ballot::on);
    let leads: Vec<_> = daemons.iter_mut().map(Ballot::round).collect();
    assert_eq!(leads, [true, false, false]);
    daemons
}

/// Writes the document's definition for former ballot users where the agent reads it at its next reload.
fn define_the_check(node: &Node) {
    node.write_config("election.hcl", shell::at_home(&shell::block(shell::CHECK_AFTER_BALLOT), node));
}

/// Does on the followers what the document tells an operator to do.
fn followers_are_moved([leader, followers @ ..]: &mut [Ballot; 3]) {
    for daemon in followers {
        define_the_check(daemon.node);
        assert!(leader.round() && !daemon.round());
        shell::run_with(daemon.node, "systemctl stop ballot && consul reload", "[ \"$*\" = 'stop ballot' ]");
        wait_for("it to follow ballot", secs(20), || {
            assert!(leader.round());
            let check = daemon.node.api().check("redis-election");
            seen(check, |check| check.as_ref().is_some_and(|(_, line)| line.contains("slave of n1"))).map(drop)
        });
    }
}

/// Waits until this program leads on one of the three nodes and the others follow it.
fn wait_for_the_new_roles(api: &Api) {
    wait_for("one primary and two slaves", secs(60), || {
        let tagged = [TAG, "slave"].map(|tag| api.passing_nodes_tagged("redis", tag).len());
        seen(tagged, |tagged| *tagged == [1, 2]).map(drop)
    });
}

#[test]
fn with_its_key_both_are_one_election_and_whoever_holds_the_lock_leads() {
    let cluster = redis_on_three();
    let mut daemons = ballot_leads(&cluster);
    let two = instance(daemons[1].node);
    // This is the instance's own address, which is empty if none is registered.
    assert_eq!(cluster.server().api().lock(KEY).unwrap().value["Address"], "");
    // Only the session shows the node: the value names neither node nor instance.
    let scripts = Scripts::on(two.node);
    let following = pass(&two).args(["--on-follow", &scripts.noting("follow")]);
    let said = two.said_by(&following.run(), 0);
    assert!(said.starts_with("slave of n1"), "{said}");
    assert_eq!(scripts.count("follow"), 0, "nor its address");
    assert_eq!(two.tags(), ["v7", "slave"]);
    shell::run(daemons[0].node, &shell::block(shell::END_BALLOTS_SESSION));
    assert_eq!(two.node.api().session(daemons[0].session()), None);
    assert_eq!(cluster.server().api().lock(KEY), None, "its sessions take the key with them");
    wait_for("the lock after its lock-delay", secs(20), || {
        let outcome = pass(&two).run();
        if outcome.line.contains("master on n2") { Ok(()) } else { Err(outcome.line) }
    });
    // It takes the value for another's, and drops its tag.
    let [first, same, third] = &mut daemons;
    assert!(!first.round() && !third.round());
    let api = cluster.server().api();
    assert_eq!(api.passing_nodes_tagged("redis", TAG), ["n2"]);
    assert_eq!(api.execute_query("redis-master"), ["n2"]);
    // The same happens if both run for one instance, which is why one must stop before the other starts.
    assert!(!same.round());
    assert_eq!(api.passing_nodes_tagged("redis", TAG), Vec::<String>::new());
}

#[test]
fn in_the_order_shown_no_client_sees_two_primaries() {
    let cluster = redis_on_three();
    let api = cluster.server().api();
    let mut daemons = ballot_leads(&cluster);
    let sight = Sight::of(TAG, "primary.redis.service.consul", cluster.server());
    sight.takes(20);
    followers_are_moved(&mut daemons);
    let leader = &mut daemons[0];
    define_the_check(leader.node);
    // For longer than an unrenewed session of ballot lives, plus its lock-delay.
    holds_for("ballot leads during a long pause", secs(24), || seen(leader.round(), |leads| *leads).map(drop));
    assert_eq!(api.passing_nodes_tagged("redis", TAG), ["n1"]);
    // From here on it renews nothing, but has not ended its session.
    let stop = "[ \"$*\" = 'stop ballot' ]";
    let said = shell::run_with(leader.node, &shell::block(shell::TAKE_OVER_FROM_BALLOT), stop);
    assert!(said.contains("slave of n1"), "{said}");
    assert!(api.session(leader.session()).is_some());
    // Another long pause, until the TTL has ended the session and somebody leads.
    wait_for_the_new_roles(&api);
    let lock = api.lock(KEY);
    shell::run(leader.node, &shell::block(shell::END_BALLOTS_SESSION));
    assert_eq!(api.lock(KEY), lock, "the new leader's lock is left alone");
    sight.takes(20);
    let seen = sight.end();
    println!("there was no primary for {:?}", seen.longest_gap);
    assert!(seen.looks > 20 && seen.tagged.iter().all(|nodes| nodes.len() < 2), "{seen:?}");
    assert!(seen.named.iter().all(|addresses| addresses.len() < 2), "{seen:?}");
    assert!(cluster.nodes::<3>().iter().all(|node| api.sessions_of(node.name()).len() < 3));
}

#[test]
fn of_an_instance_registered_by_the_api_ballots_tag_goes_with_the_same_command() {
    let cluster = redis_on_three();
    let api = cluster.server().api();
    for node in cluster.nodes::<3>() {
        node.remove_config("redis.json");
        node.reload();
        let ping = json!({"CheckID": "redis-ping", "Name": "redis answers", "TTL": "1h", "Status": "passing"});
        node.api().register(&json!({"Name": "redis", "Port": 6379, "Tags": ["v7"], "Check": ping}));
    }
    let mut daemons = ballot_leads(&cluster);
    let sight = Sight::of(TAG, "primary.redis.service.consul", cluster.server());
    sight.takes(20);
    followers_are_moved(&mut daemons);
    let leader = &daemons[0];
    define_the_check(leader.node);
    // This one ends its session when it is stopped: the others may lead after the lock-delay.
    let (address, session) = (leader.node.address(), leader.session());
    let stop = format!("curl -fsS -X PUT http://{address}/v1/session/destroy/{session}");
    shell::run_with(leader.node, &shell::block(shell::TAKE_OVER_FROM_BALLOT), &stop);
    assert_eq!(leader.node.api().local_tags("redis"), ["v7", "slave"]);
    shell::run(leader.node, &shell::block(shell::END_BALLOTS_SESSION));
    wait_for_the_new_roles(&api);
    sight.takes(20);
    let seen = sight.end();
    assert!(seen.looks > 20 && seen.tagged.iter().all(|nodes| nodes.len() < 2), "{seen:?}");
}

#[test]
fn a_critical_check_of_ours_on_any_node_ends_ballots_lead() {
    let cluster = redis_on_three();
    let mut daemons = ballot_leads(&cluster);
    let node = daemons[1].node;
    // No run happens in between.
    let shown = shell::block(shell::CHECK_AFTER_BALLOT).replace("\"5s\"", "\"10m\"");
    let without = shown.replace("  status   = \"passing\"\n", "");
    assert_ne!(without, shown);
    for (definition, status) in [(shown, "passing"), (without, "critical")] {
        node.write_config("election.hcl", shell::at_home(&definition, node));
        node.reload();
        wait_for("the check in the catalog", secs(20), || {
            let found = cluster.server().api().catalog_check_of(node.name(), "redis-election");
            seen(found, |found| found.as_deref() == Some(status)).map(drop)
        });
        assert_eq!(daemons[0].round(), status == "passing");
        // A check that exists already keeps its status.
        node.remove_config("election.hcl");
        node.reload();
    }
}

#[test]
fn its_settings_are_these_options() {
    let cluster = redis_on_three();
    let [node, _, _] = cluster.nodes::<3>();
    let (one, scripts) = (instance(node), Scripts::on(node));
    let (promote, demote) = (scripts.noting("promote"), scripts.noting("demote"));
    let pass = pass(&one).args(["--ttl", "10s", "--on-promote", &promote, "--on-demote", &demote]);
    assert!(one.said_by(&pass.run(), 0).starts_with("master on n1"));
    assert_eq!(one.tags(), ["v7", TAG]);
    let api = node.api();
    let session = api.session(&api.holder(KEY).unwrap()).unwrap();
    assert_eq!((&session["TTL"], &session["LockDelay"]), (&json!("10s"), &json!(3_000_000_000_u64)));
    assert_eq!(session["Behavior"], "release", "the key stays");
    let checks: Vec<&Value> = session["ServiceChecks"].as_array().unwrap().iter().map(|check| &check["ID"]).collect();
    assert_eq!(checks, ["redis-ping"]);
    api.service_maintenance("redis", true);
    one.said_by(&pass.run(), 0);
    assert_eq!((one.tags(), api.holder(KEY)), (vec!["v7".to_owned(), "slave".to_owned()], None));
    let ran = &scripts.runs("promote")[0];
    assert_eq!((&ran["ADDRESS"], &ran["PORT"]), (&node.ip().to_string(), &"6379".to_owned()));
    assert_eq!(ran["SESSIONID"], session["ID"]);
    // Once at the very first run, which nothing marks as the first, and once on the way down, with no master to report
    // yet.
    let ran = scripts.runs("demote");
    assert_eq!(ran.len(), 2);
    for variables in ran {
        assert!(["ADDRESS", "PORT", "SESSIONID"].iter().all(|name| variables[*name].is_empty()), "{variables:?}");
    }
}

#[test]
fn back_in_the_order_shown_no_client_sees_two_primaries_and_the_key_is_taken_as_it_is() {
    let cluster = redis_on_three();
    let api = cluster.server().api();
    let mut daemons = cluster.nodes::<3>().map(Ballot::on);
    for daemon in &daemons {
        define_the_check(daemon.node);
        shell::run_with(daemon.node, &shell::block(shell::TAKE_OVER_FROM_BALLOT), "true");
    }
    assert_eq!(api.passing_nodes_tagged("redis", TAG), ["n1"]);
    let sight = Sight::of(TAG, "primary.redis.service.consul", cluster.server());
    sight.takes(20);
    let start = "[ \"$*\" = 'start ballot' ]";
    let [master, others @ ..] = &mut daemons;
    for daemon in &mut *others {
        daemon.node.remove_config("election.hcl");
        shell::run_with(daemon.node, "consul reload && systemctl start ballot", start);
        assert!(!daemon.round(), "while ours holds the lock");
    }
    master.node.remove_config("election.hcl");
    shell::run_with(master.node, &shell::block(shell::RESIGN_TO_BALLOT), start);
    assert!(others[0].round(), "a released lock has no lock-delay");
    assert!(!master.round() && !others[1].round());
    assert_eq!(api.lock(KEY).unwrap().value["SessionID"], *others[0].session());
    assert_eq!(cluster.nodes::<3>().map(|node| instance(node).tags()), [vec!["v7"], vec!["v7", TAG], vec!["v7"]]);
    sight.takes(20);
    let seen = sight.end();
    assert!(seen.looks > 20 && seen.tagged.iter().all(|nodes| nodes.len() < 2), "{seen:?}");
    assert!(seen.named.iter().all(|addresses| addresses.len() < 2), "{seen:?}");
}
