//! Transactions: a lock that changes hands together with catalog entries, in one raft entry. Must never know what a tag or a key of Meta
//! means.
//!
//! A transaction is refused as a whole with 409, also if the token lacks rights: then only Consul's words tell (1.8.7 and 1.21.0).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::acl::{Resource, Rule};
use super::agent::Registration;
use super::call::{Answer, Call};
use super::catalog::entry_call;
use super::error::Error;
use super::http::Client;
use super::kv;

/// The fields of a catalog entry that a transaction writes. It wipes all others: 1.8.7 and 1.21.0 lose `Connect.Native` and `SocketPath`,
/// and 1.8.7 loses `TaggedAddresses` too.
const KEPT: [&str; 12] = [
    "ID",
    "Service",
    "Tags",
    "Address",
    "Meta",
    "Port",
    "Weights",
    "EnableTagOverride",
    "Namespace",
    "Partition",
    "CreateIndex",
    "ModifyIndex",
];

/// The first version of the agent that is known to keep `TaggedAddresses`. Later versions show theirs in the Meta of their node.
const KEEPS_ADDRESSES: (u64, u64) = (1, 21);

/// An instance's catalog entry with changed fields. It is written only if the entry is still the one that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryChange {
    /// The name of the instance's node.
    pub node: String,
    /// The entry as it was read, index included, with the changes.
    pub entry: Registration,
}

impl EntryChange {
    fn step(&self) -> Value {
        json!({"Service": {"Verb": "cas", "Node": self.node, "Service": self.entry.reported()}})
    }

    /// Returns whether a transaction writes every field of the entry, if the agent that sends it has this version.
    pub fn survives_transaction(&self, agent_version: Option<&str>) -> bool {
        let keeps_addresses = agent_version.and_then(minor).is_some_and(|version| version >= KEEPS_ADDRESSES);
        self.entry.fields().all(|(field, value)| {
            KEPT.contains(&field.as_str()) || (keeps_addresses && field == "TaggedAddresses") || is_blank(value)
        })
    }
}

/// How an attempt to take a lock together with catalog entries ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Everything is done.
    All,
    /// Nothing is: another session holds the lock, it is in its lock-delay, or the own session has ended.
    LockRefused,
    /// Nothing is: the entries with these positions have changed since they were read, or are gone.
    EntriesChanged(Vec<usize>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    errors: Option<Vec<StepError>>,
}

/// A step that failed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StepError {
    /// Its position.
    pub op_index: usize,
    /// Why, in Consul's words.
    pub what: String,
}

impl StepError {
    pub fn is_denial(&self) -> bool {
        self.what.contains("Permission denied") || self.what.contains("ACL not found")
    }
}

impl Client {
    /// Acquires `key` for `session`, writes `value`, and changes the entries, all in one step or not at all. In a lock-delay a refusal
    /// costs no raft entry; any other does.
    ///
    /// # Errors
    /// When the request failed or a step was denied; the error's rule is that step's.
    pub fn acquire_with(
        &self,
        key: &str,
        session: &str,
        value: &[u8],
        changes: &[EntryChange],
    ) -> Result<Taken, Error> {
        let lock = kv_step("lock", key, session, value);
        let steps: Vec<Value> = std::iter::once(lock).chain(changes.iter().map(EntryChange::step)).collect();
        let answer = self.transaction(&steps, format!("acquire lock {key} and change the catalog"), kv::rule(key))?;
        let Some(errors) = refusal(&answer)? else { return Ok(Taken::All) };
        if let Some(denied) = errors.iter().find(|error| error.is_denial()) {
            let change = denied.op_index.checked_sub(1).and_then(|position| changes.get(position));
            let error = answer.denied(&denied.what);
            let rule = change.map(|change| Rule::write(Resource::Service, change.entry.service()));
            return Err(Error { rule: rule.unwrap_or_else(|| error.rule.clone()), ..error });
        }
        if errors.is_empty() || errors.iter().any(|error| error.op_index == 0) {
            return Ok(Taken::LockRefused);
        }
        Ok(Taken::EntriesChanged(errors.iter().map(|error| error.op_index - 1).collect()))
    }

    /// Changes an entry while `session` holds the lock `key`. `false`: it does not, or the entry has changed since it was read.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn change_entry_under(&self, key: &str, session: &str, change: &EntryChange) -> Result<bool, Error> {
        let EntryChange { node, entry } = change;
        let steps = [json!({"KV": {"Verb": "check-session", "Key": key, "Session": session}}), change.step()];
        let purpose = format!("write instance {} of node {node} in the catalog", entry.id());
        let answer = self.transaction(&steps, purpose, Rule::write(Resource::Service, entry.service()))?;
        is_done(&answer)
    }

    /// Moves a lock from one session to another in one transaction, so that nobody can acquire it in between, and writes `value`.
    /// `LockIndex` grows by 1. `false`: `from` does not hold the lock, or `to` has ended.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn move_lock(&self, key: &str, from: &str, to: &str, value: &[u8]) -> Result<bool, Error> {
        let steps = [kv_step("unlock", key, from, value), kv_step("lock", key, to, value)];
        let answer = self.transaction(&steps, format!("move lock {key} to another session"), kv::rule(key))?;
        is_done(&answer)
    }

    /// Writes an instance's whole catalog entry, whatever it is now. Unlike a transaction it keeps every field.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn write_entry(&self, change: &EntryChange) -> Result<(), Error> {
        let EntryChange { node, entry } = change;
        let body = json!({"Node": node, "SkipNodeUpdate": true, "Service": entry.reported()}).to_string().into_bytes();
        let purpose = format!("write instance {} of node {node} in the catalog", entry.id());
        let rule = Rule::write(Resource::Service, entry.service());
        self.ask(Call::put("/v1/catalog/register".to_owned(), Some(body), purpose, rule))?.done()
    }

    /// Reads an instance's whole catalog entry. `None`: the catalog does not have it, or the token may not read the node.
    ///
    /// # Errors
    /// When the request failed.
    pub fn entry(&self, node: &str, service_id: &str) -> Result<Option<Registration>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Found {
            services: Option<Vec<Registration>>,
        }
        let found: Found = self.ask(entry_call(node, service_id))?.json()?;
        Ok(found.services.into_iter().flatten().find(|entry| entry.id() == service_id))
    }

    pub(super) fn transaction(&self, steps: &[Value], purpose: String, rule: Rule) -> Result<Answer, Error> {
        let body = json!(steps).to_string().into_bytes();
        self.ask(Call::put("/v1/txn".to_owned(), Some(body), purpose, rule))
    }
}

fn kv_step(verb: &str, key: &str, session: &str, value: &[u8]) -> Value {
    json!({"KV": {"Verb": verb, "Key": key, "Session": session, "Value": STANDARD.encode(value)}})
}

/// The steps that failed, if the transaction was refused.
pub(super) fn refusal(answer: &Answer) -> Result<Option<Vec<StepError>>, Error> {
    if answer.status != 409 {
        return answer.done().map(|()| None);
    }
    let refusal: Refusal = answer.parse()?;
    Ok(Some(refusal.errors.unwrap_or_default()))
}

/// Whether the transaction was done. `false`: it was refused, because something is not as it was.
fn is_done(answer: &Answer) -> Result<bool, Error> {
    let Some(errors) = refusal(answer)? else { return Ok(true) };
    match errors.iter().find(|error| error.is_denial()) {
        Some(denied) => Err(answer.denied(&denied.what)),
        None => Ok(false),
    }
}

/// The first two numbers of a version.
fn minor(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Whether a field that a report always has says nothing.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_blank),
        Value::Object(fields) => fields.values().all(is_blank),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_survives_a_transaction_only_if_it_has_no_field_that_is_lost() {
        for (fields, on_old, on_new) in [
            (
                json!({"ID": "a", "Weights": {"Passing": 7, "Warning": 0}, "Meta": {"k": "v"}, "ModifyIndex": 7}),
                true,
                true,
            ),
            (
                json!({"Proxy": {"Mode": "", "MeshGateway": {}, "Expose": {}}, "Connect": {}, "PeerName": ""}),
                true,
                true,
            ),
            (json!({"TaggedAddresses": {"lan": {"Address": "10.0.0.1", "Port": 1}}}), false, true),
            (json!({"TaggedAddresses": null}), true, true),
            (json!({"Connect": {"Native": true}}), false, false),
            (json!({"SocketPath": "/run/redis.sock"}), false, false),
            (json!({"Ports": [{"Name": "a", "Port": 1}]}), false, false),
        ] {
            let entry: Registration = serde_json::from_value(fields.clone()).unwrap();
            let change = EntryChange { node: "n1".to_owned(), entry };
            for (version, expected) in [
                (None, on_old),
                (Some("1.9.0"), on_old),
                (Some("x"), on_old),
                (Some("1.21.0"), on_new),
                (Some("2.0"), on_new),
            ] {
                assert_eq!(change.survives_transaction(version), expected, "{fields} {version:?}");
            }
        }
    }
}
