//! Servers that are down: no role changes for that reason alone, or the master's tag goes if the options say so.

use std::time::Instant;

use serde_json::{Value, json};

use crate::harness::{Cluster, LockKey, Pass, millis, secs, seen, wait_for};
use crate::stage::Candidate;

#[test]
fn thirty_seconds_without_a_quorum_change_no_role_or_demote_and_then_all_is_as_before() {
    let cluster = Cluster::with(1).servers(3).start();
    let node = cluster.nodes::<1>()[0];
    let (keeping, demoting) = (Candidate::alone(node), Candidate::alone(node));
    let check = |one: &Candidate, arguments: &[&str]| {
        one.let_consul_run_it("1s", &Pass::of(&one.service).on(node).args(arguments.iter().copied()));
        // The tag is there a moment before the run has ended, and the lock's value with it.
        wait_for("the lead", secs(40), || {
            let said = node.api().check(&one.election_check());
            seen((one.tags_now(), said), |(tags, said)| {
                tags.contains(&"master".to_owned()) && said.as_ref().is_some_and(|said| said.1.contains(": master on "))
            })
            .map(drop)
        });
    };
    check(&keeping, &["--timeout", "20s"]);
    check(&demoting, &["--timeout", "20s", "--on-outage", "demote"]);
    let locks = || [&keeping, &demoting].map(|one| node.api().lock(&one.key()));
    let before = locks();
    let leader = cluster.leader().name().to_owned();
    let (down, _) = cluster.servers().split_at(2);
    for server in down {
        server.stop();
    }
    let begin = Instant::now();
    wait_for("the demoting instance to drop its tag", secs(60), || {
        seen(local_tags(&demoting)?, |tags| tags == "slave")
    });
    wait_for("both checks to report that Consul is unavailable", secs(60), || {
        let answer = node.api().request("GET", "/v1/agent/checks", None)?.json();
        let said = [&keeping, &demoting].map(|one| answer[one.election_check()].clone());
        let is_error = |check: &Value| check["Output"].as_str().is_some_and(|text| text.contains(" error: cannot "));
        seen(said, |said| said.iter().all(|check| check["Status"] == "warning" && is_error(check)))
    });
    let mut answers = 0;
    while answers < 10 || begin.elapsed() < secs(30) {
        // The agent's answer may be slow while it tries to reach its servers.
        if let (Ok(kept), Ok(gone)) = (local_tags(&keeping), local_tags(&demoting)) {
            assert_eq!((kept.as_str(), gone.as_str()), ("master", "slave"), "after {answers} answers");
            answers += 1;
        }
        assert!(begin.elapsed() < secs(180), "the agent answered only {answers} times");
        std::thread::sleep(millis(100));
    }
    for server in down {
        server.start_again();
    }
    cluster.wait_for_members();
    for one in [&keeping, &demoting] {
        wait_for("the lead to be settled again", secs(60), || {
            let check = node.api().check(&one.election_check());
            let tagged = one.tags().contains(&"master".to_owned());
            seen((check, tagged), |(check, tagged)| *tagged && check.as_ref().is_some_and(|c| c.0 == "passing"))
                .map(drop)
        });
    }
    assert_eq!(locks(), before, "the same sessions hold the same locks in the same term (the leader was {leader})");
}

/// Returns the tags that the local agent shows, if it answers.
fn local_tags(one: &Candidate) -> Result<String, String> {
    let answer = one.node.api().request("GET", &format!("/v1/agent/service/{}", one.id), None)?.json();
    let tags = answer["Tags"].as_array().ok_or_else(|| answer.to_string())?;
    Ok(tags.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
}

#[test]
fn a_server_restart_changes_no_role() {
    let cluster = Cluster::with(2).durable_server().start();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    one.leads();
    two.follows(&one);
    let lock = one.node.api().lock(&one.key());
    cluster.server().stop();
    let outcome = one.pass().args(["--timeout", "3s"]).run();
    assert!(one.said_by(&outcome, 1).starts_with("error: cannot "), "{outcome:?}");
    assert_eq!(one.node.api().local_tags(&one.id), ["master"]);
    cluster.server().start_again();
    cluster.wait_for_members();
    one.leads();
    two.follows(&one);
    assert_eq!(one.node.api().lock(&one.key()), lock);
}

#[test]
fn an_outage_under_acls_is_no_denial_even_of_a_token_that_the_agent_does_not_know() {
    let cluster = Cluster::with(1).acls().durable_server().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let rules =
        ["service", "session", "key", "query"].map(|kind| format!("{kind}_prefix \"\" {{ policy = \"write\" }}"));
    let known = one.node.api().token_with(&rules.join("\n"));
    let unknown = one.node.api().token_with(&rules.join("\n"));
    assert!(one.said_by(&one.pass().token(&known).run(), 0).starts_with("master on "));
    let lock = one.node.api().lock(&one.key());
    cluster.server().stop();
    let said = one.said_by(&one.pass().token(&known).run(), 1);
    assert!(said.starts_with("error: cannot read key "), "{said}");
    // The agent's answer about a token that it cannot resolve depends on when it last heard from a server; it may be a
    // denial.
    wait_for("a false denial", secs(30), || {
        let said = one.said_by(&one.pass().token(&unknown).run(), 1);
        seen(said, |said| said.ends_with(", but no server can check the token now; the next run tries again"))
    });
    cluster.server().start_again();
    cluster.wait_for_members();
    // A server that has not read its log yet reports that tokens do not exist, and agents cache this for 30 s.
    wait_for("the token to be known again", secs(60), || {
        seen(one.pass().token(&known).run(), |outcome| outcome.status == 0).map(drop)
    });
    assert!(one.is_tagged("master"));
    assert_eq!(one.node.api().lock(&one.key()), lock);
}

#[test]
fn two_elections_on_one_instance_do_not_depose_each_other_in_an_outage() {
    let cluster = Cluster::with(1).durable_server().start();
    cluster.settle();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let api = one.node.api();
    let other = format!("{}-other", one.service);
    let tags = ["--consul-query-name", &other, "--master-tag", "writer", "--slave-tag", "reader"];
    for (id, more) in [("first", &[][..]), ("second", &tags)] {
        let pass = Pass::of(&one.service).on(one.node).args(more.iter().copied());
        api.register_check(&json!({"ID": id, "Name": id, "ServiceID": one.id, "Args": pass.check_args(),
            "Interval": "1s", "Timeout": "30s"}));
    }
    let settled = || {
        let checks = ["first", "second"].map(|id| api.check(id));
        seen(checks, |checks| {
            let leads = |(status, text): &(String, String)| status == "passing" && text.contains(": master on ");
            checks.iter().all(|check| check.as_ref().is_some_and(leads))
        })
        .map(drop)
    };
    wait_for("both elections to be won", secs(40), settled);
    let locks = || [one.key(), format!("service/{other}/leader")].map(|key| api.lock(&key));
    // A lock moves to a session that is bound to a check once that check passes.
    let ping = one.ping();
    let before = wait_for("both sessions to be bound to all checks", secs(20), || {
        seen(locks(), |locks| {
            let bound = json!(["first", ping, "second"]);
            locks.iter().all(|lock| lock.as_ref().is_some_and(|lock| lock.value["checks"] == bound))
        })
    });
    cluster.server().stop();
    wait_for("both checks to be in warning", secs(60), || {
        let answer = one.node.api().request("GET", "/v1/agent/checks", None)?.json();
        let statuses = ["first", "second"].map(|id| answer[id]["Status"].clone());
        seen(statuses, |statuses| statuses.iter().all(|status| status == "warning")).map(drop)
    });
    cluster.server().start_again();
    cluster.wait_for_members();
    wait_for("both elections to be settled again", secs(60), settled);
    // The value may have been written again: it has notes about the outage.
    let of_lead = |locks: [Option<LockKey>; 2]| locks.map(|lock| lock.map(|lock| (lock.session, lock.lock_index)));
    assert_eq!(of_lead(locks()), of_lead(before), "no lead was lost");
}

#[test]
fn servers_that_hang_leave_time_to_take_the_tag_off_where_that_is_asked_for() {
    let cluster = Cluster::with(1).durable_server().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    one.leads();
    cluster.server().pause();
    let outcome = one.pass().args(["--on-outage", "demote", "--timeout", "4s"]).run();
    let said = one.said_by(&outcome, 1);
    assert!(said.starts_with("error: cannot read key ") && said.contains("; slave meanwhile"), "{said}");
    assert!(outcome.took < secs(5), "{:?}", outcome.took);
    wait_for("the agent to show its tags", secs(60), || seen(local_tags(&one)?, |tags| tags == "slave").map(drop));
    cluster.server().resume();
    wait_for("the lead to be settled again", secs(60), || {
        seen(one.pass().run(), |outcome| outcome.status == 0 && outcome.line.contains("master on ")).map(drop)
    });
    one.leads();
}
