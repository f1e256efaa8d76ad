//! Faults while a pass waits: the agent, the servers, a single answer, a reload, a restore.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::json;

use crate::harness::{Cluster, Fault, Health, Pass, Proxy, consul, holds_for, millis, secs, seen, shared, wait_for};
use crate::stage::Candidate;
use crate::wait::Stay;

#[test]
fn an_agent_lost_in_the_middle_of_a_wait_is_an_outage() {
    let cluster = Cluster::of(2);
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    for candidate in [&one, &two] {
        candidate.settles();
    }
    for candidate in [&one, &two] {
        let stay = Stay::of(candidate, &["--wait", "25s"]);
        candidate.node.kill();
        let begin = Instant::now();
        let said = candidate.said_by(&stay.running.wait(), 1);
        assert!(said.starts_with("error: cannot read the health of ") && said.contains(" at http://"), "{said}");
        assert!(begin.elapsed() < secs(5), "{:?}", begin.elapsed());
    }
}

#[test]
fn servers_lost_in_the_middle_of_a_wait_are_an_outage_and_no_role_changes() {
    let cluster = Cluster::with(2).durable_server().start();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    for candidate in [&one, &two] {
        candidate.settles();
    }
    let stays = [&one, &two].map(|candidate| Stay::of(candidate, &["--wait", "40s", "--timeout", "10s"]));
    cluster.server().stop();
    let begin = Instant::now();
    for (candidate, stay) in [&one, &two].into_iter().zip(stays) {
        let said = candidate.said_by(&stay.running.wait(), 1);
        assert!(said.starts_with("error: cannot read key "), "{said}");
        assert!(begin.elapsed() < secs(25), "{:?}", begin.elapsed());
    }
    assert_eq!(
        (one.node.api().local_tags(&one.id), two.node.api().local_tags(&two.id)),
        (vec!["master".to_owned()], vec!["slave".to_owned()])
    );
}

#[test]
fn servers_lost_in_the_middle_of_a_wait_take_the_tag_where_that_is_asked_for() {
    let cluster = Cluster::with(1).durable_server().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    one.settles();
    let stay = Stay::of(&one, &["--wait", "40s", "--timeout", "10s", "--on-outage", "demote"]);
    cluster.server().stop();
    let begin = Instant::now();
    let said = one.said_by(&stay.running.wait(), 1);
    assert!(said.contains("; slave meanwhile"), "{said}");
    assert!(begin.elapsed() < secs(25), "{:?}", begin.elapsed());
    assert_eq!(one.node.api().local_tags(&one.id), ["slave"]);
}

#[test]
fn the_timeout_bounds_each_round_inside_the_wait() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.settles();
    let stay = Stay::of(&one, &["--wait", "25s", "--timeout", "1s"]);
    // Requests already sent are answered; later ones are not.
    stay.proxy.fail(|_, _| Some(Fault::Hang));
    one.node.api().service_maintenance(&one.id, true);
    one.node.api().destroy_session(&one.sessions()[0]);
    let begin = Instant::now();
    let said = one.said_by(&stay.running.wait(), 1);
    assert!(said.starts_with("error: cannot read the health of ") && said.contains("1s"), "{said}");
    assert!(begin.elapsed() < secs(5), "{:?}", begin.elapsed());
}

#[test]
fn an_agent_that_hangs_in_the_middle_of_a_wait_is_noticed_by_a_master_long_before_the_end() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.settles();
    let stay = Stay::of(&one, &["--wait", "40s", "--timeout", "1s"]);
    stay.proxy.fail(|_, _| Some(Fault::Hang));
    let begin = Instant::now();
    let said = one.said_by(&stay.running.wait(), 1);
    assert!(said.starts_with("error: cannot read the health of "), "{said}");
    assert!(begin.elapsed() < secs(12), "{:?}", begin.elapsed());
}

#[test]
fn after_one_answer_that_failed_a_waiting_pass_still_sees_every_change() {
    let faults = [Fault::Refuse, Fault::NotHttp, Fault::Status(500, "once"), Fault::Status(429, "")];
    for (mark, fault) in ["?index=", "?hash="].iter().flat_map(|mark| faults.iter().map(move |fault| (*mark, fault))) {
        let one = Candidate::alone(shared().nodes::<1>()[0]);
        one.settles();
        let proxy = Proxy::before(one.node);
        // The first of its kind fails, at once.
        let failed = Arc::new(AtomicBool::new(false));
        proxy.fail({
            let (failed, fault) = (Arc::clone(&failed), fault.clone());
            move |request, _| {
                let first = request.path.contains(mark) && !failed.swap(true, Ordering::SeqCst);
                first.then(|| fault.clone())
            }
        });
        let running = one.pass().through(&proxy).args(["--wait", "25s"]).spawn();
        wait_for("the failure", secs(5), || seen(failed.load(Ordering::SeqCst), |failed| *failed).map(drop));
        // The pass looks, finds no change, and waits again.
        wait_for("both queries again", secs(5), || {
            let lines = proxy.lines();
            let last = |what: &str| lines.iter().rposition(|line| line.contains(what));
            match (last("?index="), last("?hash="), lines.iter().rposition(|line| line.contains("/v1/query/"))) {
                (Some(index), Some(hash), Some(look)) if index.max(hash) > look && lines.len() > 6 => Ok(()),
                _ => Err(lines.join("\n")),
            }
        });
        let api = one.node.api();
        if mark == "?index=" {
            // The lock is lost. Only the key shows it, because the master's health has not changed.
            api.destroy_session(&one.sessions()[0]);
            wait_for(&format!("the loss to be seen after {fault:?} of {mark}"), secs(4), || {
                seen(one.sessions().len(), |number| *number == 1).map(drop)
            });
        } else {
            api.register(&json!({"Name": one.service, "ID": one.id, "Port": 6379, "Tags": []}));
            wait_for(&format!("the tag after {fault:?} of {mark}"), secs(4), || {
                seen(one.tags_now(), |tags| tags == &["master"]).map(drop)
            });
        }
        drop(running);
    }
}

#[test]
fn an_instance_deregistered_under_a_waiting_pass_is_not_brought_back() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.settles();
    let stay = Stay::of(&one, &["--wait", "25s"]);
    one.node.api().deregister(&one.id);
    let outcome = stay.running.wait();
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.line.contains("error: ") && outcome.took < secs(5), "{outcome:?}");
    assert_eq!(one.node.api().catalog(&one.service).len(), 0);
}

#[test]
fn an_index_that_goes_backwards_hides_no_change_and_makes_nothing_spin() {
    let cluster = Cluster::of(1);
    cluster.settle();
    let (one, api) = (Candidate::alone(cluster.nodes::<1>()[0]), cluster.server().api());
    let file = cluster.server().directory().join("before.snap");
    let snapshot = |verb: &str| {
        let mut command = Command::new(&consul().binary);
        command.args(["snapshot", verb]).arg(&file).env("CONSUL_HTTP_ADDR", cluster.server().address());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{verb}: {output:?}");
    };
    one.settles();
    one.settles();
    snapshot("save");
    let before = api.lock(&one.key()).unwrap();
    for number in 0..50 {
        api.put_key("unrelated", &number.to_string());
    }
    api.put_key(&one.key(), "not JSON");
    one.settles();
    assert!(api.lock(&one.key()).unwrap().modify_index > before.modify_index);
    let stay = Stay::of(&one, &["--wait", "25s"]);
    // The key is now as it was, with lower index numbers.
    snapshot("restore");
    stay.proxy.clear();
    holds_for("the pace", secs(3), || seen(stay.proxy.lines().len(), |number| *number <= 30).map(drop));
    let session = one.sessions().pop().unwrap();
    api.destroy_session(&session);
    wait_for("the loss to be seen", secs(2), || {
        seen(api.holder(&one.key()), |holder| holder.is_some() && *holder != Some(session.clone())).map(drop)
    });
    drop(stay);
    one.leads();
}

#[test]
fn a_session_with_a_ttl_is_renewed_while_its_master_waits() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let pass = Pass::of(&one.service).on(one.node).args(["--lock-delay", "0s", "--ttl", "10s"]);
    one.settles_by(&pass);
    let session = one.sessions();
    let stay = Stay::by(&one, &pass.args(["--wait", "28s"]));
    holds_for("the lead", secs(22), || seen(one.sessions(), |now| *now == session).map(drop));
    one.said_by(&stay.ended(), 0);
}

#[test]
fn a_slave_whose_own_health_changes_goes_on_waiting() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.settles();
    let line = two.settles();
    let mut stay = Stay::of(&two, &["--wait", "25s"]);
    stay.proxy.clear();
    two.turn(Health::Critical);
    holds_for("the wait", millis(1_500), || seen(stay.running.has_ended(), |ended| !ended).map(drop));
    assert_eq!(stay.proxy.lines(), Vec::<String>::new());
    // When the lock is free, it needs to know more, and gets it.
    one.node.api().service_maintenance(&one.id, true);
    one.run();
    let said = two.said_by(&stay.running.wait(), 0);
    assert!(said != line && said.ends_with("is critical"), "{said}");
}

#[test]
fn blocking_queries_that_always_fail_are_asked_at_a_bounded_pace() {
    for mark in ["?index=", "?hash="] {
        let one = Candidate::alone(shared().nodes::<1>()[0]);
        let line = one.settles();
        let proxy = Proxy::before(one.node);
        proxy.fail(move |request, _| request.path.contains(mark).then_some(Fault::Status(500, "not now")));
        let running = one.pass().through(&proxy).args(["--wait", "3s"]).spawn();
        let said = one.said_by(&running.wait(), 0);
        assert_eq!(said, line);
        let lines = proxy.lines();
        println!("{} requests in 3 s", lines.len());
        assert!((8..60).contains(&lines.len()), "{} requests:\n{}", lines.len(), lines.join("\n"));
    }
}

#[test]
fn least_privilege_is_enough_to_wait_and_a_deleted_token_is_reported() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let token = one.node.api().token_with(&format!(
        r#"service "{}" {{ policy = "write" }} session "{}" {{ policy = "write" }} key "{}" {{ policy = "write" }} query "{}" {{ policy = "write" }}"#,
        one.service, one.node.name(), one.key(), one.query()
    ));
    let pass = one.pass().token(&token);
    let line = one.settles_by(&pass);
    assert!(line.starts_with("master on "), "{line}");
    let term = |line: &str| line.rsplit_once(", term ").and_then(|(_, term)| term.parse::<u64>().ok()).expect(line);
    let stay = Stay::by(&one, &pass.clone().args(["--wait", "25s"]));
    stay.proxy.clear();
    holds_for("the wait", millis(1_500), || seen(stay.proxy.lines().len(), |number| *number <= 8).map(drop));
    one.node.api().destroy_session(&one.sessions()[0]);
    assert_eq!(term(&one.said_by(&stay.running.wait(), 0)), term(&line) + 1, "the loss was seen");
}

#[test]
fn a_waiting_pass_whose_servers_hang_ends_in_time_and_the_next_one_reports_it() {
    let cluster = Cluster::with(1).durable_server().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let line = one.settles();
    let stay = Stay::of(&one, &["--wait", "4s", "--timeout", "2s"]);
    cluster.server().pause();
    let outcome = stay.running.wait();
    assert!(outcome.took < millis(6_500), "{outcome:?}");
    assert!(outcome.status == 1 || one.said_by(&outcome, 0) == line, "{outcome:?}");
    let said = one.said_by(&one.pass().args(["--timeout", "1s", "--wait", "4s"]).run(), 1);
    assert!(said.starts_with("error: cannot read key "), "{said}");
    cluster.server().resume();
}
