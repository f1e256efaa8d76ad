//! A network that fails between the program and the agent, at every request and in every way.
//!
//! The answers are a real agent's; only the fault is artificial. Whatever happened, no field of the registration is
//! lost, no instance is tagged master without holding the lock, at most one spare session is left, and the next pass
//! repairs everything.

use serde_json::Value;

use crate::harness::{Fault, NOBODY_LISTENS, Outcome, Proxy, Request, millis, secs, shared};
use crate::stage::Candidate;

/// Every fault.
const FAULTS: &[Fault] = &[
    Fault::Refuse,
    Fault::CloseAfter,
    Fault::HalfBody,
    Fault::Garbage,
    Fault::NotHttp,
    Fault::Status(500, "rpc error: No cluster leader"),
    Fault::StatusAfter(500, "rpc error: leadership lost while committing log"),
    Fault::Status(429, ""),
    Fault::Status(503, "rate limit exceeded, try again later or against a different server"),
    Fault::Hang,
    Fault::HangAfter,
];

/// Runs a pass in which request number `at` fails; `None` if it had fewer requests.
fn pass_with_fault(one: &Candidate, proxy: &Proxy, at: usize, fault: &Fault) -> Option<Outcome> {
    let fault = fault.clone();
    proxy.clear();
    proxy.fail(move |_: &Request, number| (number == at).then(|| fault.clone()));
    let outcome = one.pass().args(["--timeout", "300ms"]).through(proxy).run();
    (proxy.requests().len() > at).then_some(outcome)
}

/// Checks what must be true after any pass, however it ended.
fn nothing_is_broken(one: &Candidate, whole: &Value, what: &str) {
    assert_eq!(one.rest_of_registration(), *whole, "{what}");
    let spares = one.sessions().len() - usize::from(one.holds_the_lock());
    assert!(spares <= 1, "{spares} spare sessions: {what}");
    assert!(one.holds_the_lock() || !one.is_tagged("master"), "master without the lock: {what}");
    assert!(!(one.is_tagged("master") && one.is_tagged("slave")), "both tags: {what}");
}

/// Runs passes with every fault at every request, each from the state that `prepare` creates, and checks the result
/// with `after`.
fn at_every_request(one: &Candidate, prepare: impl Fn(), after: impl Fn(&Fault, &str)) {
    let proxy = Proxy::before(one.node);
    let whole = one.rest_of_registration();
    for fault in FAULTS {
        for at in 0.. {
            prepare();
            let Some(outcome) = pass_with_fault(one, &proxy, at, fault) else { break };
            let what = format!("{fault:?} at {}: {}", proxy.lines()[at], outcome.line);
            assert_eq!(outcome.status, 1, "{what}");
            assert!(outcome.line.contains(" error: cannot "), "{what}");
            assert!(outcome.took < millis(1_800), "{what}: {:?}, with 300ms given", outcome.took);
            nothing_is_broken(one, &whole, &what);
            after(fault, &what);
            nothing_is_broken(one, &whole, &what);
        }
    }
}

#[test]
fn a_fault_at_any_request_of_a_promotion_breaks_nothing_and_the_next_pass_leads() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let prepare = || {
        // A fresh start: no lock, no query, no session, and the tag of the first pass.
        for session in one.sessions() {
            api.destroy_session(&session);
        }
        if let Some(query) = api.query(&one.query()) {
            api.delete_query(query["ID"].as_str().unwrap());
        }
        api.delete_key(&one.key());
        one.node.api().register(&serde_json::json!({"Name": one.service, "ID": one.id, "Port": 6379}));
    };
    prepare();
    at_every_request(&one, prepare, |fault, what| {
        // If there was time left, a session that does not hold the lock is gone, even if its creation was never
        // answered.
        if !matches!(fault, Fault::Hang | Fault::HangAfter) {
            assert_eq!(one.sessions().len(), usize::from(one.holds_the_lock()), "{what}");
        }
        one.leads();
        assert_eq!(one.sessions().len(), 1, "{what}");
    });
}

#[test]
fn a_fault_at_any_request_of_a_step_down_breaks_nothing_and_the_next_pass_completes_it() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let prepare = || {
        api.service_maintenance(&one.id, false);
        one.run();
        assert!(one.holds_the_lock());
        api.service_maintenance(&one.id, true);
    };
    prepare();
    at_every_request(&one, prepare, |_, what| {
        assert_eq!(one.run(), "slave, no master: the instance is in maintenance", "{what}");
        // A session that was released but not destroyed is the spare that the next attempt uses.
        assert!(!one.holds_the_lock() && one.is_tagged("slave"), "{what}");
    });
    api.service_maintenance(&one.id, false);
}

#[test]
fn a_fault_at_any_request_of_a_steady_pass_changes_no_role() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    let lock = || one.node.api().lock(&one.key()).unwrap();
    let before = (lock(), one.tags(), two.tags(), one.sessions(), two.sessions());
    for candidate in [&one, &two] {
        at_every_request(
            candidate,
            || {},
            |_, what| {
                assert_eq!((lock(), one.tags(), two.tags(), one.sessions(), two.sessions()), before, "{what}");
            },
        );
    }
    one.leads();
}

#[test]
fn a_lock_that_cannot_be_read_takes_the_masters_tag_only_where_that_is_asked_for() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let proxy = Proxy::before(one.node);
    let key = format!("/v1/kv/{}", one.key());
    proxy.fail(move |request, _| request.path.starts_with(&key).then_some(Fault::Status(500, "No cluster leader")));
    let keep = one.said_by(&one.pass().through(&proxy).run(), 1);
    assert!(keep.ends_with("500 No cluster leader; the next run tries again"), "{keep}");
    assert!(one.is_tagged("master"));
    let demoting = one.pass().args(["--on-outage", "demote"]).through(&proxy);
    let first = one.said_by(&demoting.run(), 1);
    assert!(first.ends_with("; slave meanwhile (--on-outage demote)"), "{first}");
    assert!(one.is_tagged("slave") && !one.is_tagged("master"));
    assert_eq!(one.said_by(&demoting.run(), 1), first, "the same state prints the same line");
    proxy.heal();
    assert!(one.said_by(&demoting.run(), 0).ends_with("term 1"), "the lock was never released");
    one.leads();
}

#[test]
fn a_refused_connection_is_reported_at_once_and_a_hanging_agent_within_the_timeout() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let said = one.said_by(&one.pass().at(NOBODY_LISTENS).run(), 1);
    assert!(said.contains("Connection refused") && said.contains("CONSUL_HTTP_ADDR"), "{said}");
    let said = one.said_by(&one.pass().at("no-such-host.invalid:8500").run(), 1);
    assert!(said.contains("failed to lookup address") || said.contains("host not found"), "{said}");
    let proxy = Proxy::before(one.node);
    proxy.fail(|_, _| Some(Fault::Hang));
    let outcome = one.pass().through(&proxy).args(["--timeout", "1s"]).run();
    assert!(one.said_by(&outcome, 1).contains("no answer within 1s"), "{outcome:?}");
    assert!(outcome.took >= millis(900) && outcome.took < secs(3), "{:?}", outcome.took);
}

#[test]
fn json_that_is_not_consuls_is_no_answer() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let proxy = Proxy::before(one.node);
    for body in ["null", "{}", "[]", "[null]", "\"text\"", "{\"Service\": null}", "{\"Service\": []}"] {
        for at in 0..3 {
            let lock = one.node.api().lock(&one.key());
            proxy.clear();
            proxy.fail(move |_, number| (number == at).then_some(Fault::Status(200, body)));
            let outcome = one.pass().through(&proxy).run();
            // An empty list counts as a missing key; no other body is a valid answer.
            if at == 0 || !matches!(body, "[]") {
                assert_eq!(outcome.status, 1, "{body} at {at}: {outcome:?}");
                assert!(outcome.line.contains("the answer is not Consul's"), "{body} at {at}: {outcome:?}");
                assert_eq!((one.node.api().lock(&one.key()), one.tags()), (lock, vec!["master".to_owned()]));
            }
            one.leads();
        }
    }
}

#[test]
fn a_pass_under_a_timeout_too_short_for_anything_still_ends_with_its_line() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    for timeout in ["1ns", "1us", "50us", "1ms"] {
        let outcome = one.pass().args(["--timeout", timeout]).run();
        assert!(matches!(outcome.status, 0 | 1), "{outcome:?}");
    }
    one.leads();
}

#[test]
fn a_failed_read_of_the_candidates_leaves_the_challenger_and_its_time_as_they_are() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let proxy = Proxy::before(one.node);
    let (pass, better) =
        (one.pass().args(["--preempt", "--preempt-after", "1h"]), two.pass().args(["--priority", "200"]));
    one.report(&pass);
    two.report(&better);
    one.report(&pass);
    let challenger = || one.node.api().lock(&one.key()).unwrap().value["challenger"].clone();
    let before = challenger();
    assert_eq!(before["node"], "n2", "{before}");
    for fault in [
        Fault::Refuse,
        Fault::HalfBody,
        Fault::Garbage,
        Fault::Status(500, "rpc error: No cluster leader"),
        Fault::Status(429, ""),
        Fault::Hang,
    ] {
        let what = format!("{fault:?}");
        proxy.fail(move |request: &Request, _| request.path.starts_with("/v1/health/service/").then(|| fault.clone()));
        let outcome = pass.clone().args(["--timeout", "300ms"]).through(&proxy).run();
        assert_eq!(outcome.status, 1, "{what}: {}", outcome.line);
        assert!(outcome.line.contains("error: cannot "), "{what}: {}", outcome.line);
        assert_eq!(challenger(), before, "{what}");
    }
    assert!(one.said_by(&one.report(&pass), 0).starts_with("master on n1"));
    assert_eq!(challenger(), before, "the time goes on where it was");
}
