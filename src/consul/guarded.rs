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
        self.write_if(check, key, session, value, "acquire")
    }

    /// Replaces the value of a key while `session` holds it. `false`: it does not.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn rewrite_held(&self, key: &str, session: &str, value: &[u8]) -> Result<bool, Error> {
        let check = json!({"KV": {"Verb": "check-session", "Key": key, "Session": session}});
        self.write_if(check, key, session, value, "rewrite")
    }

    fn write_if(&self, check: Value, key: &str, session: &str, value: &[u8], verb: &str) -> Result<bool, Error> {
        let steps = [check, kv_step("lock", key, session, value)];
        is_done(&self.transaction(&steps, format!("{verb} lock {key}"), kv::rule(key))?)
    }
}
