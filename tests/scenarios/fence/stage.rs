//! What the scenarios of the fence share: helpers that compare lock, query, Meta and DNS.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::harness::Pass;
use crate::stage::Candidate;

/// The anonymous token's rules for executing a query over DNS.
pub const MAY_READ: &str = "service_prefix \"\" { policy = \"read\" }\nnode_prefix \"\" { policy = \"read\" }";

/// Returns the election's Meta key, for a query name that fits unchanged.
pub fn meta_key(one: &Candidate) -> String {
    format!("election-{}-session", one.query())
}

/// Returns the instance's Meta in the catalog.
pub fn meta(one: &Candidate) -> Value {
    let entries = one.node.api().catalog(&one.service);
    let own = entries.into_iter().find(|entry| entry["Node"] == one.node.name() && entry["ServiceID"] == *one.id);
    own.unwrap()["ServiceMeta"].take()
}

/// Returns the answer of the election's name.
pub fn dns(one: &Candidate) -> Vec<Ipv4Addr> {
    dns_of(one, &one.query())
}

/// Returns the answer of a query's name.
pub fn dns_of(one: &Candidate, query: &str) -> Vec<Ipv4Addr> {
    one.node.dns(&format!("{query}.query.consul"))
}

/// Checks that the instance leads behind the fence: lock, query and Meta have the same session, and it has no other.
pub fn is_fenced(one: &Candidate, when: &str) {
    is_led_by_name(one, when);
    assert_eq!(one.sessions().as_slice(), one.node.api().holder(&one.key()).as_slice(), "{when}: no other session");
}

/// As [`is_fenced`], whatever other session a run has left.
pub fn is_led_by_name(one: &Candidate, when: &str) {
    let api = one.node.api();
    let session = api.holder(&one.key()).unwrap_or_else(|| panic!("{when}: the lock is free"));
    let query = api.query(&one.query()).unwrap_or_else(|| panic!("{when}: there is no query"));
    assert_eq!(query["Session"], *session, "{when}");
    assert_eq!(query["Service"]["ServiceMeta"], json!({meta_key(one): session}), "{when}");
    assert_eq!(meta(one)[meta_key(one)], *session, "{when}");
    assert_eq!(dns(one), [one.node.ip()], "{when}");
}

/// Checks that the name finds nothing, or this instance as holder of the lock.
pub fn the_name_is_no_lie(one: &Candidate, when: &str) {
    let answer = dns(one);
    assert!(answer.is_empty() || (one.holds_the_lock() && answer == [one.node.ip()]), "{when}: {answer:?}");
}

/// Gives the instance another check, so that the session has to change; returns the check's ID.
pub fn add_a_check(one: &Candidate) -> String {
    let late = format!("{}-late", one.id);
    let check = json!({"ID": late, "Name": "late", "ServiceID": one.id, "TTL": "1h", "Status": "passing"});
    one.node.api().register_check(&check);
    late
}

/// Removes that check, which ends every session bound to it.
pub fn take_the_check_away(one: &Candidate) {
    one.node.api().put_nothing(&format!("/v1/agent/check/deregister/{}-late", one.id)).ok();
}

/// Returns a pass with the minimal rules, and this rule for the query.
pub fn pass_with(one: &Candidate, query: &str) -> Pass {
    let rules = [
        format!("service \"{}\" {{ policy = \"write\" }}", one.service),
        format!("session \"{}\" {{ policy = \"write\" }}", one.node.name()),
        format!("key \"{}\" {{ policy = \"write\" }}", one.key()),
        format!("query \"{}\" {{ policy = \"{query}\" }}", one.query()),
    ];
    one.pass().token(&one.node.api().token_with(&rules.join("\n")))
}
