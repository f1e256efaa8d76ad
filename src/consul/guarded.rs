//! Writes to a lock key that hold only if the key still is what it was, each in one raft entry. Must never know what the value says.
//!
//! Plain acquiring replaces the value whatever it is by then, and takes a key again that was released meanwhile.

use serde_json::{Value, json};

use super::error::Error;
use super::http::Client;
use super::kv::{self, Key};
use super::txn::{is_done, kv_step};

impl Client {
    /// Acquires a free key for `session` and writes `value`, if the key is still as it was `seen`; `None`: it did not exist. `false`: it has
    /// changed, it is in its lock-delay, or the session has ended. A refusal in a lock-delay costs no raft entry, any other one does.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn acquire_unchanged(&self, key: &str, session: &str, value: &[u8], seen: Option<&Key>) -> Result<bool, Error> {
        let check = match seen {
            Some(seen) => json!({"KV": {"Verb": "check-index", "Key": key, "Index": seen.modify_index}}),
            None => json!({"KV": {"Verb": "check-not-exists", "Key": key}}),
        };
        let steps = [check, kv_step("lock", key, session, value)];
        is_done(&self.transaction(&steps, format!("acquire lock {key}"), kv::rule(key))?)
    }

    /// Replaces the value of a key if `session` holds it and it has not changed since `index`. Returns the index of this change; `None`: it
    /// does not hold it, or it has changed.
    ///
    /// # Errors
    /// When the request failed or was denied. A write that is late by then is refused if another one comes first.
    pub fn rewrite_held(&self, key: &str, session: &str, value: &[u8], index: u64) -> Result<Option<u64>, Error> {
        let steps = [
            json!({"KV": {"Verb": "check-session", "Key": key, "Session": session}}),
            json!({"KV": {"Verb": "check-index", "Key": key, "Index": index}}),
            kv_step("lock", key, session, value),
        ];
        let answer = self.transaction(&steps, format!("rewrite lock {key}"), kv::rule(key))?;
        if !is_done(&answer)? {
            return Ok(None);
        }
        let written = answer.parse::<Value>()?["Results"].as_array().and_then(|results| modified(results.last()?));
        written.map(Some).ok_or_else(|| answer.lacks("ModifyIndex"))
    }
}

fn modified(result: &Value) -> Option<u64> {
    result["KV"]["ModifyIndex"].as_u64()
}
