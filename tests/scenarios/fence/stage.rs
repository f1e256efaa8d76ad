//! What the scenarios of the fence have in common: words for whom lock, query, Meta and DNS name.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::harness::Pass;
use crate::stage::Candidate;

/// The rights that a query needs to be executed by DNS, for the anonymous token.
pub const MAY_READ: &str = "service_prefix \"\" { policy = \"read\" }\nnode_prefix \"\" { policy = \"read\" }";

/// The election's key in Meta, for a query whose name needs no change for it.
pub fn meta_key(one: &Candidate) -> String {
    format!("election-{}-session", one.query())
}

/// The instance's Meta as the catalog has it.
pub fn meta(one: &Candidate) -> Value {
    let entries = one.node.api().catalog(&one.service);
    let own = entries.into_iter().find(|entry| entry["Node"] == one.node.name() && entry["ServiceID"] == *one.id);
    own.unwrap()["ServiceMeta"].take()
}

/// What the election's name answers.
pub fn dns(one: &Candidate) -> Vec<Ipv4Addr> {
    dns_of(one, &one.query())
}

/// What a query's name answers.
pub fn dns_of(one: &Candidate, query: &str) -> Vec<Ipv4Addr> {
    one.node.dns(&format!("{query}.query.consul"))
}

/// The instance leads behind the fence: lock, query and Meta carry the same session, and it has no other.
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

/// The name answers nothing, or the instance, which then holds the lock.
pub fn the_name_is_no_lie(one: &Candidate, when: &str) {
    let answer = dns(one);
    assert!(answer.is_empty() || (one.holds_the_lock() && answer == [one.node.ip()]), "{when}: {answer:?}");
}

/// Gives the instance a check more, so that the session has to be another; returns the check's ID.
pub fn add_a_check(one: &Candidate) -> String {
    let late = format!("{}-late", one.id);
    let check = json!({"ID": late, "Name": "late", "ServiceID": one.id, "TTL": "1h", "Status": "passing"});
    one.node.api().register_check(&check);
    late
}

/// Takes that check away, which ends every session that is bound to it.
pub fn take_the_check_away(one: &Candidate) {
    one.node.api().put_nothing(&format!("/v1/agent/check/deregister/{}-late", one.id)).ok();
}

/// A pass with the least rights that it takes, and these on the query.
pub fn pass_with(one: &Candidate, query: &str) -> Pass {
    let rules = [
        format!("service \"{}\" {{ policy = \"write\" }}", one.service),
        format!("session \"{}\" {{ policy = \"write\" }}", one.node.name()),
        format!("key \"{}\" {{ policy = \"write\" }}", one.key()),
        format!("query \"{}\" {{ policy = \"{query}\" }}", one.query()),
    ];
    one.pass().token(&one.node.api().token_with(&rules.join("\n")))
}
