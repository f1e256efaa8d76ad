//! What a token may do, asked without doing it. Must never know what a right is needed for.
//!
//! `/v1/internal/acl/authorize` answers for any rules at once and costs no raft entry (1.8.7 and 1.21.0). Where an agent lacks it, a
//! transaction that cannot succeed shows a denial in the same way as one that can; that costs one raft entry if nothing is denied.

use serde::Deserialize;
use serde_json::json;
use ureq::http::Method;

use super::acl::{Extent, Resource, Right, Rule};
use super::call::Call;
use super::error::Error;
use super::http::Client;
use super::txn::refusal;

/// What a token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Everything: this Consul has no ACLs.
    Unlimited,
    /// For each rule, whether the token allows it; `None`: that cannot be known.
    Known(Vec<(Rule, Option<bool>)>),
    /// Nothing: Consul does not know the token.
    NoSuchToken,
}

/// No session has this ID.
const NO_SESSION: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decision {
    allow: bool,
}

impl Client {
    /// Returns whether the token allows each of these rules. Changes nothing.
    ///
    /// # Errors
    /// When the request failed.
    pub fn rights(&self, rules: &[Rule]) -> Result<Rights, Error> {
        let questions: Vec<_> = rules
            .iter()
            .map(
                |rule| json!({"Resource": rule.resource.to_string(), "Access": access(rule), "Segment": segment(rule)}),
            )
            .collect();
        let body = json!(questions).to_string().into_bytes();
        let rule = Rule::read_all(Resource::Agent);
        let path = "/v1/internal/acl/authorize".to_owned();
        let answer =
            self.ask(Call::new(Method::POST, path, Some(body), "ask what the token may do".to_owned(), rule))?;
        let words = String::from_utf8_lossy(&answer.body);
        match answer.status {
            401 if words.contains("ACL support disabled") => return Ok(Rights::Unlimited),
            403 if words.contains("ACL not found") => return Ok(Rights::NoSuchToken),
            404 | 405 => return self.rights_by_transaction(rules),
            _ => {}
        }
        let decisions: Vec<Decision> = answer.json()?;
        let allowed = decisions.iter().map(|decision| Some(decision.allow)).chain(std::iter::repeat(None));
        Ok(Rights::Known(rules.iter().cloned().zip(allowed).collect()))
    }

    /// Asks by a transaction that no state of Consul lets succeed: its lock is for a session that does not exist, and its entry is of a node
    /// that does not exist.
    fn rights_by_transaction(&self, rules: &[Rule]) -> Result<Rights, Error> {
        let step = |rule: &Rule| {
            let name = segment(rule);
            match (rule.resource, rule.right) {
                (Resource::Key, Right::Write) => {
                    Some(json!({"KV": {"Verb": "lock", "Key": name, "Session": NO_SESSION, "Value": ""}}))
                }
                (Resource::Service, Right::Write) => Some(json!({"Service": {
                    "Verb": "cas", "Node": NO_SESSION, "Service": {"ID": NO_SESSION, "Service": name, "ModifyIndex": 1},
                }})),
                _ => None,
            }
        };
        let asked: Vec<&Rule> = rules.iter().filter(|rule| step(rule).is_some()).collect();
        let steps: Vec<_> = asked.iter().filter_map(|rule| step(rule)).collect();
        let purpose = "try what the token may do, by a transaction that cannot succeed".to_owned();
        let answer = self.transaction(&steps, purpose, Rule::read_all(Resource::Key))?;
        let Some(errors) = refusal(&answer)? else { return Err(answer.refused()) };
        if errors.iter().any(|error| error.what.contains("ACL not found")) {
            return Ok(Rights::NoSuchToken);
        }
        let denied = |rule: &Rule| {
            let at = asked.iter().position(|known| *known == rule)?;
            Some(!errors.iter().any(|error| error.op_index == at && error.is_denial()))
        };
        Ok(Rights::Known(rules.iter().map(|rule| (rule.clone(), denied(rule))).collect()))
    }
}

fn access(rule: &Rule) -> &'static str {
    match rule.right {
        Right::Read => "read",
        Right::Write => "write",
    }
}

/// The name that a rule is about. Only a rule for every name allows the empty one.
fn segment(rule: &Rule) -> &str {
    match &rule.extent {
        Extent::Name(name) => name,
        Extent::All => "",
    }
}
