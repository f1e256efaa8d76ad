//! Lock moves to another session, runs killed on the way, and queries that may not be written: the name follows or
//! disappears, but never finds anybody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::fence::stage::{
    MAY_READ, add_a_check, dns, is_fenced, is_led_by_name, pass_with, take_the_check_away, the_name_is_no_lie,
};
use crate::harness::{
    Cluster, Fault, Health, Pass, Proxy, Request, dns_addresses, millis, secs, seen, shared, wait_for,
};
use crate::stage::Candidate;

#[test]
fn a_lead_that_moves_to_another_session_takes_query_and_meta_along_within_a_dozen_requests() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    one.leads();
    let (old, id) = (one.sessions(), api.query(&one.query()).unwrap()["ID"].clone());
    add_a_check(&one);
    let (proxy, gaps, ip) = (Proxy::before(one.node), Arc::new(AtomicUsize::new(0)), one.node.ip());
    let (name, counted) = (format!("{}.query.consul", one.query()), Arc::clone(&gaps));
    proxy.fail(move |_, _| {
        // This fault only looks: what does the name answer before this request?
        let answer = dns_addresses(ip, &name).unwrap();
        assert!(answer.is_empty() || answer == [ip]);
        counted.fetch_add(usize::from(answer.is_empty()), Ordering::Relaxed);
        None::<Fault>
    });
    assert!(one.said_by(&one.pass().through(&proxy).run(), 0).starts_with("master on "));
    let gaps = gaps.load(Ordering::Relaxed);
    assert!(gaps <= 12, "without an answer before {gaps} requests of\n{}", proxy.lines().join("\n"));
    assert_ne!(one.sessions(), old);
    assert_eq!(api.query(&one.query()).unwrap()["ID"], id, "the query lives on");
    is_fenced(&one, "moved");
    // Consul itself ends a session together with any check it is bound to.
    take_the_check_away(&one);
    assert_eq!((one.holds_the_lock(), dns(&one)), (false, vec![]));
    one.leads();
    is_fenced(&one, "and back");
}

#[test]
fn a_run_that_is_killed_at_any_request_of_a_move_to_another_session_is_put_right_by_the_next_pass() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let mut at = 0;
    loop {
        one.leads();
        is_fenced(&one, "before");
        add_a_check(&one);
        let proxy = Proxy::before(one.node);
        proxy.fail(move |_, number| (number == at).then_some(Fault::HangAfter));
        let mut pass = one.pass().through(&proxy).spawn();
        let is_hit = wait_for("the request", secs(20), || {
            let state = (proxy.requests().len() > at, pass.has_ended());
            seen(state, |(hit, ended)| *hit || *ended).map(|(hit, _)| hit)
        });
        // The agent has executed it by the time the waiting program is killed; if it has not, that is a valid case too.
        std::thread::sleep(millis(20));
        pass.kill();
        let when = format!("killed at request {at}:\n{}", proxy.lines().join("\n"));
        the_name_is_no_lie(&one, &when);
        assert!(one.run().starts_with("master on "), "{when}");
        is_led_by_name(&one, &when);
        assert!(one.sessions().len() <= 2, "{when}: one spare at most");
        // Restores the initial state; the next term uses the spare session, if it still exists.
        take_the_check_away(&one);
        one.node.api().service_maintenance(&one.id, true);
        one.run();
        one.node.api().service_maintenance(&one.id, false);
        if !is_hit {
            assert!(at > 8, "a move has more requests than {at}");
            return;
        }
        at += 1;
    }
}

/// Runs the pass until it sends such a request, which the agent never receives, and kills it.
fn kill_at(one: &Candidate, pass: &Pass, request: impl Fn(&Request) -> bool + Clone + Send + Sync + 'static) {
    let proxy = Proxy::before(one.node);
    let is_it = request.clone();
    proxy.fail(move |asked, _| is_it(asked).then_some(Fault::Hang));
    let running = pass.clone().through(&proxy).spawn();
    wait_for("the request", secs(20), || seen(proxy.requests(), |requests| requests.iter().any(&request)).map(drop));
    running.kill();
}

/// Kills a run as soon as it has moved the lock to another session.
fn kill_after_the_move(one: &Candidate, pass: &Pass) {
    let api = one.node.api();
    let before = api.holder(&one.key());
    let proxy = Proxy::before(one.node);
    proxy.fail(|request, _| (request.path == "/v1/txn").then_some(Fault::HangAfter));
    let running = pass.clone().through(&proxy).spawn();
    wait_for("the lock to move", secs(20), || seen(api.holder(&one.key()), |now| *now != before));
    running.kill();
}

#[test]
fn a_run_that_is_killed_while_it_moves_the_lead_never_leaves_a_name_that_outlives_the_lock() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let late = add_a_check(&one);
    kill_after_the_move(&one, &one.pass());
    the_name_is_no_lie(&one, "killed");
    // Now the new session ends through a check that the old one is not bound to.
    one.node.api().set_check(&late, Health::Critical);
    one.node.api().set_check(&late, Health::Passing);
    assert!(!one.holds_the_lock());
    the_name_is_no_lie(&one, "the lock is free");
}

#[test]
fn a_run_that_is_killed_between_giving_the_lock_up_and_ending_its_session_leaves_the_name_to_the_next_master() {
    for next in [&[][..], &["--no-fence"]] {
        let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
        one.leads();
        one.node.api().service_maintenance(&one.id, true);
        kill_at(&one, &one.pass(), |request| request.path.starts_with("/v1/session/destroy/"));
        assert_eq!((one.holds_the_lock(), one.sessions().len(), dns(&one)), (false, 1, vec![]));
        assert!(two.said_by(&two.pass().args(next.iter().copied()).run(), 0).starts_with("master on "));
        assert_eq!(dns(&two), [two.node.ip()], "{next:?}");
        one.node.api().service_maintenance(&one.id, false);
        one.follows(&two);
        assert_eq!(dns(&two), [two.node.ip()], "{next:?}");
        for spare in one.sessions() {
            one.node.api().destroy_session(&spare);
        }
        assert_eq!(dns(&two), [two.node.ip()], "{next:?}: the query has no trace of the old term");
    }
}

#[test]
fn passes_of_one_master_that_move_the_lead_at_once_end_with_one_session_and_the_name_answered() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    for round in 0..15 {
        one.leads();
        add_a_check(&one);
        let passes: Vec<_> = (0..3).map(|_| one.pass().spawn()).collect();
        for pass in passes {
            let outcome = pass.wait();
            assert_eq!(outcome.status, 0, "round {round}: {outcome:?}");
        }
        one.leads();
        is_fenced(&one, &format!("round {round}"));
        take_the_check_away(&one);
    }
}

#[test]
fn a_token_that_may_not_write_the_query_any_more_keeps_no_lock_that_the_name_does_not_lead_to() {
    let cluster = Cluster::with(2).acls().start();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    assert!(one.said_by(&pass_with(&one, "write").run(), 0).starts_with("master on "));
    // Another check moves the lock to another session, which the query must follow but may not.
    add_a_check(&one);
    let weak = pass_with(&one, "read");
    let said = [(); 2].map(|()| one.said_by(&weak.run(), 1));
    assert!(said[0].contains("prepared query") && said[0] == said[1], "{said:?}");
    let follower = two.said_by(&pass_with(&two, "write").run(), 0);
    let found = cluster.server().api().execute_query(&two.query());
    assert_eq!(found.len(), 1, "the name finds an instance; {said:?}, and then: {follower}");
}

#[test]
fn an_instance_that_may_not_write_the_query_leaves_the_lock_to_one_that_may_in_the_first_term_and_in_later_ones() {
    let cluster = Cluster::with(2).acls().start();
    cluster.server().api().allow_anonymous(MAY_READ);
    for earlier in [false, true] {
        let [one, two] = Candidate::on_each(cluster.nodes::<2>());
        let (weak, full) = (pass_with(&one, "read"), pass_with(&two, "write"));
        if earlier {
            two.said_by(&full.run(), 0);
            two.node.api().service_maintenance(&two.id, true);
            two.said_by(&full.run(), 0);
            two.node.api().service_maintenance(&two.id, false);
        }
        let said = one.said_by(&weak.run(), 1);
        assert!(said.starts_with("error: cannot create prepared query "), "{said}");
        assert_eq!((one.holds_the_lock(), one.sessions().len(), one.is_tagged("slave")), (false, 0, true));
        assert_eq!(one.said_by(&weak.run(), 1), said, "the same line as long as it stands back");
        assert!(two.said_by(&full.run(), 0).starts_with("master on n2"), "after a term: {earlier}");
        assert_eq!(dns(&two), [two.node.ip()]);
        assert!(one.said_by(&weak.run(), 0).starts_with("slave of n2"));
    }
}

/// Returns a master whose query has an operator's token that the election's own token may not see, and whose lock is
/// about to move.
fn with_a_hidden_token(cluster: &Cluster) -> (Candidate<'_>, Pass) {
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let (api, pass) = (one.node.api(), pass_with(&one, "write"));
    one.said_by(&pass.run(), 0);
    let mut query: Value = api.query(&one.query()).unwrap();
    query["Token"] = api.token_with(MAY_READ).into();
    api.put_query(query["ID"].as_str().unwrap(), &query);
    add_a_check(&one);
    (one, pass)
}

#[test]
fn a_query_with_a_token_that_cannot_be_seen_goes_with_its_session_and_the_name_is_answered_by_a_new_one() {
    let cluster = Cluster::with(1).acls().start();
    let (one, pass) = with_a_hidden_token(&cluster);
    let outcomes = [pass.run(), pass.run()];
    assert_eq!(one.node.api().execute_query(&one.query()), ["n1"], "{outcomes:?}");
    assert_eq!(outcomes[1].status, 0, "{outcomes:?}");
    // After a kill on the way, the next pass finds the same state.
    let (one, pass) = with_a_hidden_token(&cluster);
    kill_after_the_move(&one, &pass);
    let outcomes = [pass.run(), pass.run()];
    assert_eq!(one.node.api().execute_query(&one.query()), ["n1"], "{outcomes:?}");
}
