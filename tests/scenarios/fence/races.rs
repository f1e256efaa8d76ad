//! Events between two requests of a pass: sessions end, rivals are faster, queries come and go. The name must never be
//! left finding an instance that does not hold the lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use crate::fence::stage::is_fenced;
use crate::harness::{Api, Fault, Proxy, Request, secs, seen, shared, wait_for};
use crate::stage::Candidate;

/// Whatever hit a pass, the only query of this name ends with the lock's holder.
fn the_query_is_the_holders_or_none(one: &Candidate, when: &str) {
    let api = one.node.api();
    let (holder, query) = (api.holder(&one.key()), api.query(&one.query()));
    if let Some(query) = query {
        assert_eq!(query["Session"].as_str(), holder.as_deref(), "{when}");
    }
}

/// An event between two requests of a promotion; receives the API and the election.
type Blow = fn(&Api, &Election);

/// What an event needs to know of a candidate, in another thread.
struct Election {
    key: String,
    query: String,
    service: String,
}

impl Election {
    fn of(one: &Candidate) -> Election {
        Election { key: one.key(), query: one.query(), service: one.service.clone() }
    }

    /// The name of the session with which a rival takes the lock.
    fn rival(&self) -> String {
        format!("rival of {}", self.query)
    }
}

fn end_the_session(api: &Api, election: &Election) {
    if let Some(session) = api.holder(&election.key) {
        api.destroy_session(&session);
    }
}

fn let_a_rival_lead(api: &Api, election: &Election) {
    end_the_session(api, election);
    let rival = api.create_session(&json!({"Name": election.rival(), "Node": "n2", "LockDelay": "0s"}));
    api.acquire(&election.key, &rival, "{}");
}

fn delete_the_query(api: &Api, election: &Election) {
    if let Some(query) = api.query(&election.query) {
        api.delete_query(query["ID"].as_str().unwrap());
    }
}

fn make_a_plain_query(api: &Api, election: &Election) {
    delete_the_query(api, election);
    let service = json!({"Service": election.service, "Tags": ["master"]});
    api.create_query(&json!({"Name": election.query, "Service": service}));
}

/// Causes the event before each request of a promotion in turn, each time in a new promotion.
fn at_every_request(blow: Blow, may_leave_a_plain_query: bool) {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let mut at = 0;
    loop {
        let proxy = Proxy::before(one.node);
        let dealt = Arc::new(AtomicBool::new(false));
        let (address, hit) = (one.node.address(), Arc::clone(&dealt));
        let election = Election::of(&one);
        proxy.fail(move |_, number| {
            if number == at && !hit.swap(true, Ordering::Relaxed) {
                blow(&Api::at(&address, None), &election);
            }
            None::<Fault>
        });
        let outcome = one.pass().through(&proxy).run();
        let lines = proxy.lines();
        let when = format!("blow before request {at} of\n{}\n{}", lines.join("\n"), outcome.line);
        assert_eq!(outcome.status, 0, "{when}");
        if !may_leave_a_plain_query {
            the_query_is_the_holders_or_none(&one, &when);
        }
        for rival in api.sessions_named(&format!("rival of {}", one.query())) {
            let id = rival["ID"].as_str().unwrap();
            if api.holder(&one.key()).as_deref() == Some(id) {
                assert!(!outcome.line.contains("master on n1") || lines.len() - 1 == at, "{when}");
                api.destroy_session(id);
            }
        }
        assert!(one.sessions().len() <= 1, "{when}");
        one.leads();
        if may_leave_a_plain_query {
            // A plain query that finds the master is seen by its definition alone, which a master looks at in turn.
            wait_for("the query to be fenced", secs(40), || {
                one.leads();
                seen(api.query(&one.query()).unwrap()["Session"].clone(), |session| session != "").map(drop)
            });
        }
        is_fenced(&one, &when);
        if !dealt.load(Ordering::Relaxed) {
            assert!(at > 8, "a promotion has more requests than {at}");
            return;
        }
        at += 1;
        // Every other promotion starts with an old slave tag and an old query.
        one.node.api().service_maintenance(&one.id, true);
        one.run();
        one.node.api().service_maintenance(&one.id, false);
    }
}

#[test]
fn a_session_that_ends_before_any_request_of_a_promotion_leaves_no_query_of_a_dead_session_and_no_error() {
    at_every_request(end_the_session, false);
}

#[test]
fn a_rival_that_takes_the_lock_before_any_request_of_a_promotion_is_never_overruled() {
    at_every_request(let_a_rival_lead, false);
}

#[test]
fn a_query_that_is_deleted_before_any_request_of_a_promotion_is_made_again() {
    at_every_request(delete_the_query, false);
}

#[test]
fn a_plain_query_that_comes_up_before_any_request_of_a_promotion_is_fenced() {
    at_every_request(make_a_plain_query, true);
}

#[test]
fn a_query_write_under_a_dead_session_is_refused_and_the_pass_starts_over() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    // Once with a plain query, which is updated, and once without, so that one is created.
    for plain in [true, false] {
        one.node.api().service_maintenance(&one.id, true);
        one.said_by(&one.pass().run(), 0);
        one.node.api().service_maintenance(&one.id, false);
        let election = Election::of(&one);
        if plain {
            make_a_plain_query(&one.node.api(), &election);
        } else {
            delete_the_query(&one.node.api(), &election);
        }
        let (proxy, address, writes) = (Proxy::before(one.node), one.node.address(), Arc::new(AtomicUsize::new(0)));
        let seen = Arc::clone(&writes);
        proxy.fail(move |request, _| {
            let is_write = is_query_write(request);
            if is_write && seen.fetch_add(1, Ordering::Relaxed) == 0 {
                end_the_session(&Api::at(&address, None), &election);
            }
            None::<Fault>
        });
        let said = one.said_by(&one.pass().through(&proxy).run(), 0);
        assert!(said.starts_with("master on "), "{said}");
        assert_eq!(writes.load(Ordering::Relaxed), 2, "one refused, one taken: {:?}", proxy.lines());
        is_fenced(&one, &said);
    }
}

fn is_query_write(request: &Request) -> bool {
    request.path.starts_with("/v1/query") && request.method != "GET"
}
