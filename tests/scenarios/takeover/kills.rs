//! Runs that are killed between any two requests of a takeover, and answers that are lost. The next runs put everything right.

use std::process::Command;

use serde_json::json;

use crate::harness::{
    Cluster, Fault, Health, Node, Proxy, Request, consul, holds_for, millis, secs, seen, shared, unique, wait_for,
};
use crate::stage::Candidate;
use crate::takeover::{end_the_lead, rest_of_entry};

/// Runs a takeover in which the request with this number meets the fault, and kills the run then. `false`: there is no such request.
fn killed_at(new: &Candidate, at: usize, fault: &Fault) -> bool {
    let proxy = Proxy::before(new.node);
    let fault = fault.clone();
    proxy.fail(move |_: &Request, number| (number == at).then(|| fault.clone()));
    let mut running = new.pass().through(&proxy).spawn();
    let reached = wait_for("the request, or the end", secs(20), || {
        let reached = proxy.requests().len() > at;
        if reached || running.has_ended() { Ok(reached) } else { Err("neither".to_owned()) }
    });
    if reached {
        // The agent may still be at work on it.
        holds_for("the request", millis(15), || Ok(()));
    }
    running.kill();
    reached
}

/// Allows for an agent that syncs by itself in the very moment between a takeover and the former master's own run: it writes the old tag
/// back, as docs/failover.md says of runs that do not wait. That comes about once a minute.
#[derive(Default)]
struct Syncs(u32);

impl Syncs {
    /// Checks that one instance at most is tagged, unless the agent of the former master has just synced.
    fn check(&mut self, old: &Candidate, when: &str) {
        let masters = old.node.api().nodes_tagged(&old.service, "master");
        if masters.len() > 1 {
            assert_eq!(old.node.api().local_tags(&old.id), ["master"], "{when}: {masters:?}");
            self.0 += 1;
            assert!(self.0 <= 2, "too often for that: {when}: {masters:?}");
        }
    }
}

#[test]
fn a_run_killed_at_any_request_of_a_takeover_leaves_one_master_at_most_and_the_next_runs_settle() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let rest = || [rest_of_entry(&one), rest_of_entry(&two)];
    one.leads();
    two.follows(&one);
    let before = rest();
    let mut syncs = Syncs::default();
    let (mut old, mut new) = (&one, &two);
    for fault in [Fault::Hang, Fault::HangAfter] {
        for at in 0.. {
            end_the_lead(old);
            if !killed_at(new, at, &fault) {
                assert!(at > 8, "a takeover has more requests than {at}");
                new.leads();
                old.follows(new);
                (old, new) = (new, old);
                break;
            }
            let when = format!("{fault:?} at {at}");
            assert_eq!(rest(), before, "{when}");
            syncs.check(old, &when);
            assert!(new.sessions().len() <= 1, "{when}");
            new.leads();
            old.follows(new);
            assert_eq!((new.sessions().len(), old.sessions().len()), (1, 0), "{when}");
            assert_eq!(rest(), before, "{when}");
            (old, new) = (new, old);
        }
    }
}

#[test]
fn an_answer_that_is_lost_at_any_request_of_a_takeover_breaks_nothing_and_the_next_run_leads() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    let proxy = Proxy::before(two.node);
    let mut syncs = Syncs::default();
    for fault in [Fault::CloseAfter, Fault::StatusAfter(500, "rpc error: leadership lost while committing log")] {
        for at in 0.. {
            end_the_lead(&one);
            proxy.clear();
            let own = fault.clone();
            proxy.fail(move |_, number| (number == at).then(|| own.clone()));
            let outcome = two.pass().through(&proxy).run();
            if proxy.requests().len() <= at {
                break;
            }
            let when = format!("{fault:?} at {}: {}", proxy.lines()[at], outcome.line);
            assert_eq!(outcome.status, 1, "{when}");
            syncs.check(&one, &when);
            two.leads();
            one.follows(&two);
            assert_eq!(two.sessions().len(), 1, "{when}");
            // The first leads again.
            end_the_lead(&two);
            one.leads();
            two.follows(&one);
        }
        end_the_lead(&two);
        one.leads();
        two.follows(&one);
    }
}

/// Defines an instance without tags in a file, as a user does.
fn define(node: &Node, service: &str) {
    let checks = json!([{"id": format!("{service}-ping"), "name": "ping", "ttl": "1h", "status": "passing"}]);
    let definition =
        json!({"service": {"name": service, "id": service, "port": 6379, "meta": {"rev": "1"}, "checks": checks}});
    node.write_config(&format!("{service}.json"), definition);
    node.reload();
}

#[test]
fn a_reload_of_either_agent_at_any_request_of_a_takeover_is_healed_by_the_next_runs() {
    let cluster = Cluster::of(2);
    cluster.settle();
    let service = unique("redis");
    let [one, two] = cluster.nodes::<2>().map(|node| {
        define(node, &service);
        Candidate { node, service: service.clone(), id: service.clone() }
    });
    one.leads();
    two.follows(&one);
    let mut syncs = Syncs::default();
    let (mut old, mut new) = (&one, &two);
    for reloads_new in [true, false] {
        for at in 0.. {
            end_the_lead(old);
            let proxy = Proxy::before(new.node);
            let (address, program) = (if reloads_new { new } else { old }.node.address(), consul().binary.clone());
            proxy.fail(move |_: &Request, number| {
                if number == at {
                    let reload = Command::new(&program).args(["reload", "-http-addr", &address]).output();
                    assert!(reload.is_ok_and(|reload| reload.status.success()));
                }
                None::<Fault>
            });
            let outcome = new.pass().through(&proxy).run();
            let when =
                format!("reload of {} before {at}: {outcome:?}\n{}", address_of(reloads_new), proxy.lines().join("\n"));
            syncs.check(old, &when);
            let ended = proxy.requests().len() <= at;
            // After a reload, the agent knows the TTL check by its definition.
            for candidate in [new, old] {
                candidate.turn(Health::Passing);
            }
            new.leads();
            old.follows(new);
            for candidate in [&one, &two] {
                assert_eq!(candidate.node.api().local(&service)["Meta"]["rev"], "1", "{when}");
                assert!(candidate.sessions().len() <= 1, "{when}");
            }
            (old, new) = (new, old);
            if ended {
                break;
            }
        }
    }
}

fn address_of(is_new: bool) -> &'static str {
    if is_new { "the new master's agent" } else { "the former master's agent" }
}

#[test]
fn a_run_killed_before_its_agent_knows_of_the_tag_leaves_none_when_the_instance_resigns() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    end_the_lead(&one);
    let proxy = Proxy::before(two.node);
    proxy.fail(|request, _| request.path.ends_with("/agent/service/register").then_some(Fault::Hang));
    let running = two.pass().through(&proxy).spawn();
    wait_for("the registration", secs(20), || {
        seen(proxy.lines(), |lines| lines.iter().any(|line| line.ends_with("/agent/service/register"))).map(drop)
    });
    running.kill();
    assert!(two.is_tagged("master") && two.node.api().local_tags(&two.id) == ["slave"]);
    two.resign().output();
    assert!(two.is_tagged("slave") && !two.is_tagged("master"), "{:?}", two.tags());
    assert!(!two.holds_the_lock());
}
