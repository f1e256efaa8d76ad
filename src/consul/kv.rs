//! Locks in the key-value store. Must never write a key without a session: a plain PUT or CAS succeeds on a locked key
//! and resets its `LockIndex`.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::acl::{Resource, Rule};
use super::call::Call;
use super::error::Error;
use super::http::{Client, behind};

/// A key and its lock.
#[derive(Clone, Debug)]
pub struct Key {
    /// The session that holds the key as a lock.
    pub session: Option<String>,
    /// The value, decoded.
    pub value: Vec<u8>,
    /// How often the key was acquired since it was created.
    pub lock_index: u64,
    /// The raft index at which it was created. A deleted key counts its acquisitions from 1 again, at another index.
    pub create_index: u64,
    /// The raft index of its last change of any kind.
    pub modify_index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    session: String,
    value: Option<String>,
    lock_index: u64,
    #[serde(default)]
    create_index: u64,
    modify_index: u64,
}

impl Client {
    /// Reads a key; `None`: it does not exist.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn key(&self, key: &str) -> Result<Option<Key>, Error> {
        self.key_at(key, format!("/v1/kv/{key}")).map(|(found, _)| found)
    }

    /// Reads a key as it is now: the servers' leader asks a majority whether it still leads before it answers.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn key_consistently(&self, key: &str) -> Result<Option<Key>, Error> {
        self.key_at(key, format!("/v1/kv/{key}?consistent")).map(|(found, _)| found)
    }

    /// Reads a key as soon as it changed after `index`, or at once without an index; after about `limit` at the latest.
    /// Also returns the index for the next call. Consul may answer without a change: 1.8.7 does so for a missing key at
    /// every write to its KV store.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn key_after(&self, key: &str, index: Option<&str>, limit: Duration) -> Result<(Option<Key>, String), Error> {
        self.key_at(key, format!("/v1/kv/{key}{}", behind(index, limit)))
    }

    /// Returns the same by any server, without the help of their leader. A server that lags behind `index` waits for it; without an index
    /// the answer may be from the past.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn key_after_by_any(
        &self,
        key: &str,
        index: Option<&str>,
        limit: Duration,
    ) -> Result<(Option<Key>, String), Error> {
        let wait = behind(index, limit);
        let stale = if wait.is_empty() { "?stale" } else { "&stale" };
        self.key_at(key, format!("/v1/kv/{key}{wait}{stale}"))
    }

    fn key_at(&self, key: &str, path: String) -> Result<(Option<Key>, String), Error> {
        let mut answer = self.ask(Call::get(path, format!("read key {key}"), rule(key)))?;
        let index = answer.index.take().unwrap_or_default();
        if answer.status == 404 && answer.body.is_empty() {
            return Ok((None, index));
        }
        let entries: Vec<Entry> = answer.read()?;
        let found = entries.into_iter().next().map(|entry| Key {
            session: (!entry.session.is_empty()).then_some(entry.session),
            // A value that is not base64 does not come from Consul and counts as empty.
            value: STANDARD.decode(entry.value.unwrap_or_default()).unwrap_or_default(),
            lock_index: entry.lock_index,
            create_index: entry.create_index,
            modify_index: entry.modify_index,
        });
        Ok((found, index))
    }

    /// Acquires `key` for `session` and writes `value`. `false`: another session holds the key, it is in its
    /// lock-delay, or `session` has ended; in a lock-delay Consul does not tell these apart. Acquiring it again
    /// replaces the value and keeps `LockIndex`.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn acquire(&self, key: &str, session: &str, value: &[u8]) -> Result<bool, Error> {
        match self.lock_call(key, "acquire", session, value) {
            Err(error) if error.says(500, "invalid session") => Ok(false),
            outcome => outcome,
        }
    }

    /// Releases `key` without lock-delay and writes `value`. `false`: `session` does not hold it.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn release(&self, key: &str, session: &str, value: &[u8]) -> Result<bool, Error> {
        self.lock_call(key, "release", session, value)
    }

    fn lock_call(&self, key: &str, verb: &str, session: &str, value: &[u8]) -> Result<bool, Error> {
        let path = format!("/v1/kv/{key}?{verb}={session}");
        self.ask(Call::put(path, Some(value.to_vec()), format!("{verb} lock {key}"), rule(key)))?.read()
    }
}

/// Returns whether every release of Consul takes a key of this name as it is. Consul cleans paths, so a key with empty or dot segments would become another key; newer releases (1.21.5) refuse other
/// characters.
pub fn is_key(key: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.chars().all(plain);
    key.split('/').all(is_segment)
}

pub(super) fn rule(key: &str) -> Rule {
    Rule::write(Resource::Key, key)
}
