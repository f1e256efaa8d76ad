//! Sessions and the lock key: which session holds which key, and which sessions are left over.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::api::{Api, text};

/// The properties of a KV key that matter for locks.
#[derive(Clone, Debug, PartialEq)]
pub struct LockKey {
    /// The session that holds it, if any.
    pub session: Option<String>,
    /// JSON if it is JSON, otherwise text.
    pub value: Value,
    pub flags: u64,
    pub lock_index: u64,
    pub create_index: u64,
    pub modify_index: u64,
}

impl Api {
    /// Reads the key consistently; none if it does not exist.
    pub fn lock(&self, key: &str) -> Option<LockKey> {
        let answer = self.get(&format!("/v1/kv/{key}?consistent"));
        if answer.status == 404 {
            return None;
        }
        let entry = answer.ok()[0].take();
        let number = |field: &str| entry[field].as_u64().unwrap_or_else(|| panic!("no number {field} in {entry}"));
        // The value of an empty key is `null`.
        let bytes = STANDARD.decode(entry["Value"].as_str().unwrap_or_default()).expect("Consul's base64");
        let value = String::from_utf8_lossy(&bytes).into_owned();
        Some(LockKey {
            session: entry["Session"].as_str().map(str::to_owned),
            value: serde_json::from_str(&value).unwrap_or(Value::String(value)),
            flags: number("Flags"),
            lock_index: number("LockIndex"),
            create_index: number("CreateIndex"),
            modify_index: number("ModifyIndex"),
        })
    }

    /// Returns the session that holds the key, if any.
    pub fn holder(&self, key: &str) -> Option<String> {
        self.lock(key)?.session
    }

    /// Writes a key with a plain PUT, as a user would who knows nothing of locks.
    pub fn put_key(&self, key: &str, value: &str) {
        let path = format!("/v1/kv/{key}");
        let answer = self.request("PUT", &path, Some(value)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(answer.ok(), true, "PUT {path}");
    }

    /// Tries to acquire the lock, and returns whether it succeeded.
    pub fn acquire(&self, key: &str, session: &str, value: &str) -> bool {
        let path = format!("/v1/kv/{key}?acquire={session}");
        let answer = self.request("PUT", &path, Some(value)).unwrap_or_else(|error| panic!("{error}"));
        answer.ok() == true
    }

    pub fn release(&self, key: &str, session: &str) {
        self.put_nothing(&format!("/v1/kv/{key}?release={session}")).ok();
    }

    pub fn delete_key(&self, key: &str) {
        self.delete(&format!("/v1/kv/{key}")).ok();
    }

    /// Returns all sessions of the datacenter.
    pub fn sessions(&self) -> Vec<Value> {
        self.get("/v1/session/list").list()
    }

    pub fn sessions_of(&self, node: &str) -> Vec<Value> {
        self.get(&format!("/v1/session/node/{node}")).list()
    }

    /// Returns the sessions whose name starts with the prefix, on all nodes.
    pub fn sessions_named(&self, prefix: &str) -> Vec<Value> {
        let mut all = self.sessions();
        all.retain(|session| session["Name"].as_str().is_some_and(|name| name.starts_with(prefix)));
        all
    }

    pub fn session(&self, id: &str) -> Option<Value> {
        self.get(&format!("/v1/session/info/{id}")).list().pop()
    }

    /// Creates a session on this node and returns its ID.
    pub fn create_session(&self, body: &Value) -> String {
        text(&self.put("/v1/session/create", body).ok(), "ID")
    }

    pub fn destroy_session(&self, id: &str) {
        self.put_nothing(&format!("/v1/session/destroy/{id}")).ok();
    }
}
