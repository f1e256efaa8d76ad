//! What a healthy Consul answers to each request, as the fuzz begins with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub const SESSION: &str = "9a1a3d22-6dbe-4c6c-9c1e-000000000001";

/// Who holds the lock in an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    Free,
    Mine,
    Another,
}

fn mark() -> String {
    json!({"key": "service/redis-master/leader", "priority": 100, "check": "election", "tags": ["master", "slave"],
        "options": "0"})
    .to_string()
}

fn meta(lock: Lock) -> Value {
    let mut meta = json!({"election-redis-master-mark": mark(), "version": "7"});
    if lock == Lock::Mine {
        meta["election-redis-master-session"] = json!(SESSION);
    }
    meta
}

fn service(lock: Lock) -> Value {
    let tag = if lock == Lock::Mine { "master" } else { "slave" };
    json!({"ID": "redis-1", "Service": "redis", "Tags": [tag], "Meta": meta(lock), "Port": 6379, "Address": "10.0.0.1",
        "Weights": {"Passing": 1, "Warning": 1}, "EnableTagOverride": false, "CreateIndex": 5, "ModifyIndex": 9})
}

fn check(id: &str, output: &str) -> Value {
    json!({"Node": "n1", "CheckID": id, "Name": id, "Status": "passing", "Output": output, "ServiceID": "redis-1",
        "ServiceName": "redis", "ModifyIndex": 7})
}

fn checks(lock: Lock) -> Value {
    let line = match lock {
        Lock::Mine => "election redis-master: master on n1 (10.0.0.1:6379), term 3",
        _ => "election redis-master: slave of n2 (10.0.0.2:6379)",
    };
    json!([check("ping", "ok"), check("election", line)])
}

/// The lock's value.
pub fn value(lock: Lock) -> Value {
    let (node, id) = if lock == Lock::Another { ("n2", "redis-2") } else { ("n1", "redis-1") };
    json!({"node": node, "service_id": id, "address": "10.0.0.1", "port": 6379, "session": SESSION,
        "election": "redis-master", "service": "redis", "tag": "master", "since": "2026-01-01T00:00:00.000Z",
        "checks": ["election", "ping"], "check_id": "election",
        "standing_back": [{"node": "n3", "service_id": "redis-3", "until": "2026-01-01T00:00:00Z", "seconds": 30}]})
}

fn key(lock: Lock, value: &Value) -> Value {
    let mut key = json!({"LockIndex": 3, "Key": "service/redis-master/leader", "Flags": 0,
        "Value": STANDARD.encode(value.to_string()), "CreateIndex": 4, "ModifyIndex": 9});
    if lock != Lock::Free {
        key["Session"] = json!(SESSION);
    }
    json!([key])
}

fn everywhere(lock: Lock) -> Value {
    let entry = |node: &str| {
        json!({"Node": {"Node": node, "Address": "10.0.0.1", "Meta": {"consul-version": "1.21.0"}},
            "Service": service(lock), "Checks": checks(lock)})
    };
    json!([entry("n1"), entry("n2")])
}

fn definition() -> Value {
    json!({"ID": "6f5a", "Name": "redis-master", "Session": SESSION, "Token": "", "Template": {"Type": ""},
        "Service": {"Service": "redis", "Tags": ["master"], "OnlyPassing": false,
            "ServiceMeta": {"election-redis-master-session": SESSION}}, "DNS": {"TTL": ""}})
}

/// The answer to a request of this method and path. `value` is the lock's value.
pub fn answer(method: &str, path: &str, lock: Lock, value: &Value) -> Value {
    let path = path.split('?').next().unwrap_or_default();
    match (method, path) {
        ("GET", "/v1/agent/health/service/name/redis") => json!([{"Service": service(lock), "Checks": checks(lock)}]),
        ("GET", p) if p.starts_with("/v1/agent/health/") => json!({"Service": service(lock), "Checks": checks(lock)}),
        ("GET", p) if p.starts_with("/v1/agent/service/") => service(lock),
        ("GET", "/v1/agent/services") => json!({"redis-1": service(lock)}),
        ("GET", "/v1/agent/self") => json!({"Config": {"NodeName": "n1"}}),
        ("GET", "/v1/status/leader") => json!("10.0.0.9:8300"),
        ("GET", p) if p.starts_with("/v1/kv/") => key(lock, value),
        ("GET", p) if p.starts_with("/v1/health/service/") => everywhere(lock),
        ("GET", p) if p.ends_with("/execute") => {
            let found = json!({"Node": {"Node": "n1"}, "Service": service(lock)});
            json!({"Service": "redis", "Nodes": [found], "DNS": {"TTL": ""}, "Failovers": 0})
        }
        ("GET", p) if p.ends_with("/explain") => json!({"Query": definition()}),
        ("GET", "/v1/query") => json!([definition()]),
        ("GET", p) if p.starts_with("/v1/catalog/node-services/") => {
            json!({"Node": {"Node": "n1", "Address": "10.0.0.1"}, "Services": [service(lock)]})
        }
        ("GET", p) if p.starts_with("/v1/session/") => {
            json!([{"ID": SESSION, "Name": "election redis-master of redis-1", "Node": "n1", "LockDelay": 15_000_000_000_u64}])
        }
        ("PUT", "/v1/session/create") => json!({"ID": SESSION}),
        ("PUT", "/v1/txn") => json!({"Results": [], "Errors": null}),
        ("POST", "/v1/query") => json!({"ID": "6f5a"}),
        _ => json!(true),
    }
}
