//! Warnings: a check in warning makes an instance second choice, so an alert is no outage.

use serde_json::json;

use crate::harness::{Cluster, Health, Proxy, holds_for, secs, seen, shared, wait_for};
use crate::stage::{Candidate, let_consul_run_all};
use crate::wait::Stay;

fn name(one: &Candidate) -> String {
    format!("{}.query.consul", one.query())
}

/// Registers a check of the node, as an alert on its disk.
fn watch_disk(one: &Candidate, status: &str) {
    let check = json!({"ID": "disk", "Name": "disk", "TTL": "1h", "Status": status});
    one.node.api().register_check(&check);
}

/// Returns the index of the instance that leads: it holds the lock, is tagged, and the name answers with it alone.
fn leader(all: &[Candidate]) -> Result<usize, String> {
    let found = all.iter().position(Candidate::holds_the_lock).ok_or("nobody leads")?;
    let dns = all[0].node.try_dns(&name(&all[0]))?;
    let tags = all[found].tags();
    let is_right = dns == [all[found].node.ip()] && tags.contains(&"master".to_owned());
    if is_right { Ok(found) } else { Err(format!("{found} holds the lock, with {tags:?}; DNS {dns:?}")) }
}

/// Asserts that nobody leads, and that the name has no answer.
fn nobody_leads(all: &[Candidate]) -> Result<(), String> {
    let holder = all[0].node.api().holder(&all[0].key());
    seen((holder, all[0].node.try_dns(&name(&all[0]))?), |(holder, dns)| holder.is_none() && dns.is_empty()).map(drop)
}

#[test]
fn a_disk_alert_on_every_node_leaves_a_leader_and_the_first_node_that_recovers_gets_the_lead() {
    let cluster = Cluster::of(3);
    let all = Candidate::on_each(cluster.nodes::<3>());
    for one in &all {
        watch_disk(one, "warning");
    }
    let_consul_run_all(&all, "1s", &[]);
    let first = wait_for("a leader in warning", secs(30), || leader(&all));
    holds_for("its lead", secs(4), || seen(leader(&all)?, |now| *now == first).map(drop));
    let healthy = (first + 1) % 3;
    all[healthy].node.api().set_check("disk", Health::Passing);
    wait_for("the lead of the one that passes", secs(30), || seen(leader(&all)?, |now| *now == healthy));
    all[healthy].node.api().set_check("disk", Health::Warning);
    holds_for("its lead in warning", secs(4), || seen(leader(&all)?, |now| *now == healthy).map(drop));
    // The strict rule.
    let_consul_run_all(&all, "1s", &["--only-passing"]);
    wait_for("the end of the lead", secs(30), || nobody_leads(&all));
    holds_for("nobody's lead", secs(4), || nobody_leads(&all));
    all[first].node.api().set_check("disk", Health::Passing);
    wait_for("the lead of the only one that passes", secs(30), || seen(leader(&all)?, |now| *now == first));
}

#[test]
fn a_waiting_master_in_warning_hands_over_within_seconds_once_another_instance_passes() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.turn(Health::Warning);
    two.turn(Health::Warning);
    assert!(one.settles().starts_with("master on "));
    two.report(&two.pass());
    let stay = Stay::of(&one, &["--wait", "30s"]);
    holds_for("the lead", secs(3), || seen(one.holds_the_lock(), |holds| *holds).map(drop));
    two.turn(Health::Passing);
    let took = one.wait_for_tag("slave", secs(10));
    assert!(took < secs(4), "{took:?}");
    let said = one.said_by(&stay.running.wait(), 0);
    assert!(said.ends_with(&format!("handed over to {}", two.node.name())), "{said}");
    two.leads();
}

#[test]
fn a_script_that_exits_with_1_for_a_dead_service_moves_the_lead_only_while_another_passes_and_with_2_always() {
    let all = Candidate::on_each(shared().nodes::<3>());
    let [one, two, three] = &all;
    three.turn(Health::Critical);
    let file = |one: &Candidate| one.node.directory().join(format!("{}-lives", one.id));
    let lives = |one: &Candidate, exit: &str| {
        let script = format!("[ -e '{}' ] || exit {exit}", file(one).display());
        one.node.api().register_check(&json!({
            "ID": format!("{}-lives", one.id), "Name": "lives", "ServiceID": one.id, "Status": "passing",
            "Args": ["/bin/sh", "-c", script], "Interval": "1s", "Timeout": "10s",
        }));
    };
    for one in [one, two] {
        std::fs::write(file(one), "").unwrap();
        lives(one, "1");
    }
    let_consul_run_all(&all, "1s", &["--lock-delay", "0s"]);
    let first = wait_for("a leader", secs(30), || leader(&all));
    let other = 1 - first;
    std::fs::remove_file(file(&all[first])).unwrap();
    wait_for("the lead of the one that lives", secs(30), || seen(leader(&all)?, |now| *now == other));
    // The trap: to Consul, a warning is an instance that can serve.
    std::fs::remove_file(file(&all[other])).unwrap();
    let status = || two.node.api().check(&format!("{}-lives", two.id)).unwrap().0;
    wait_for("both to be in warning", secs(10), || seen(status(), |status| status == "warning"));
    holds_for("the lead of a dead service", secs(4), || seen(leader(&all)?, |now| *now == other).map(drop));
    for one in [one, two] {
        lives(one, "2");
    }
    wait_for("the end of the lead", secs(30), || nobody_leads(&all));
    std::fs::write(file(&all[first]), "").unwrap();
    wait_for("the lead of the one that lives again", secs(30), || seen(leader(&all)?, |now| *now == first));
}

#[test]
fn an_instance_counts_as_a_candidate_by_its_own_rule_about_warnings_and_not_by_that_of_others() {
    let cluster = Cluster::of(2);
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    for both in [&one, &two] {
        both.turn(Health::Warning);
    }
    let strict = two.pass().args(["--only-passing", "--priority", "200"]);
    assert!(two.said_by(&strict.run(), 0).ends_with("-ping is warning"));
    // By the rule of the first it could lead and has the higher priority, but by its own it will not.
    assert!(one.said_by(&one.pass().run(), 0).starts_with("master on n1"));
    two.turn(Health::Passing);
    assert!(two.said_by(&strict.run(), 0).starts_with("slave of n1"));
    assert!(one.said_by(&one.pass().run(), 0).contains("handed over to n2"));
}

#[test]
fn without_the_fence_the_name_finds_a_master_in_warning_and_with_only_passing_leaves_it_out() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let plain = |options: &[&str]| one.pass().arg("--no-fence").args(options.iter().copied());
    for (options, only_passing) in [(&[][..], false), (&["--only-passing"], true), (&[], false)] {
        let said = one.said_by(&plain(options).run(), 0);
        assert!(said.starts_with("master on "), "{said}");
        assert_eq!(api.query(&one.query()).unwrap()["Service"]["OnlyPassing"], only_passing);
        one.turn(Health::Warning);
        let found = if only_passing { vec![] } else { vec![one.node.ip()] };
        assert_eq!(one.node.dns(&name(&one)), found);
        let said = one.said_by(&plain(options).run(), 0);
        assert_eq!(said.starts_with("slave, no master: "), only_passing, "{said}");
        one.turn(Health::Passing);
    }
}

#[test]
fn a_steady_master_in_warning_costs_one_request_more_and_a_slave_in_warning_none() {
    let cluster = Cluster::of(2);
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    for one in [&one, &two] {
        watch_disk(one, "warning");
        one.report(&one.pass());
    }
    one.leads();
    two.follows(&one);
    for (candidate, requests) in [(&one, 4), (&two, 2)] {
        let proxy = Proxy::before(candidate.node);
        candidate.pass().through(&proxy).run();
        assert_eq!((proxy.lines().len(), proxy.connections()), (requests, 1), "{:?}", proxy.lines());
    }
    let entries = cluster.quiet_raft_entries(|| {
        for _ in 0..20 {
            one.leads();
            two.follows(&one);
        }
    });
    assert_eq!(entries, 0);
}

#[test]
fn a_master_in_warning_leads_again_when_the_only_one_that_passes_cannot_be_promoted() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let fails = two.pass().args(["--on-promote", "false"]);
    one.turn(Health::Warning);
    for _ in 0..2 {
        one.report(&one.pass());
    }
    one.leads();
    two.report(&fails);
    let said = one.said_by(&one.report(&one.pass()), 0);
    assert_eq!(said, format!("slave, no master: handed over to {}", two.node.name()));
    assert_ne!(two.report(&fails).status, 0);
    let terms = || one.node.api().lock(&one.key()).unwrap().lock_index;
    let said = one.said_by(&one.report(&one.pass()), 0);
    assert!(said.starts_with("master on "), "{said}");
    let before = terms();
    for _ in 0..5 {
        two.report(&fails);
        one.report(&one.pass());
    }
    assert_eq!(terms(), before, "the lead does not flap");
}

#[test]
fn another_elections_check_in_warning_makes_no_instance_second_choice() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    for one in [&one, &two] {
        one.report(&one.pass());
    }
    one.leads();
    let rival = format!("{}-rival", one.id);
    one.node.api().register_check(&json!({"ID": rival, "Name": "rival", "ServiceID": one.id, "TTL": "1h"}));
    one.node.api().report_check(&rival, "warning", "election another: error: cannot read key\n");
    for _ in 0..3 {
        one.leads();
        two.follows(&one);
    }
}

#[test]
fn with_the_policy_shown_a_master_in_warning_sees_the_instance_that_passes() {
    let cluster = Cluster::with(2).acls().start();
    let all = cluster.nodes::<2>().map(|node| Candidate::of("redis", node));
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/policy.hcl");
    let policy = std::fs::read_to_string(policy).unwrap();
    let [one, two] = &all;
    let [by_one, by_two] = [one, two].map(|candidate| {
        let token = candidate.node.api().token_with(&policy.replace("NODE", candidate.node.name()));
        candidate.pass().token(&token)
    });
    for _ in 0..2 {
        one.report(&by_one);
        two.report(&by_two);
    }
    assert!(one.holds_the_lock());
    one.turn(Health::Warning);
    let said = one.said_by(&one.report(&by_one), 0);
    assert_eq!(said, format!("slave, no master: handed over to {}", two.node.name()));
    two.report(&by_two);
    assert!(two.holds_the_lock());
}
