//! Sessions, which hold locks and end with the checks that they are bound to. Must never know which lock a session
//! holds.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::acl::{Resource, Rule};
use super::call::Call;
use super::error::Error;
use super::http::{Client, encode};
use crate::duration;

/// The TTLs that Consul accepts for a session.
pub const TTL: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(86_400);

/// A live session.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Session {
    /// The UUID.
    #[serde(rename = "ID")]
    pub id: String,
    /// The name, which need not be unique.
    pub name: String,
    /// The name of the node that the session belongs to.
    pub node: String,
    #[serde(default)]
    lock_delay: u64,
    #[serde(default, rename = "TTL")]
    ttl: String,
    #[serde(default)]
    node_checks: Option<Vec<String>>,
    #[serde(default)]
    service_checks: Option<Vec<ServiceCheck>>,
}

/// The settings of a new session on the agent's node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// The name.
    pub name: String,
    /// How long nobody can acquire a lock after this session ended while holding it.
    pub lock_delay: Duration,
    /// How long the session lives without being renewed; Consul may double it. `None`: without a limit.
    pub ttl: Option<Duration>,
    /// The IDs of node checks that end the session when they turn critical.
    pub node_checks: Vec<String>,
    /// The IDs of service checks that end the session when they turn critical.
    pub service_checks: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ServiceCheck {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    name: &'a str,
    lock_delay: String,
    #[serde(rename = "TTL", skip_serializing_if = "Option::is_none")]
    ttl: Option<String>,
    behavior: &'static str,
    node_checks: &'a [String],
    service_checks: Vec<ServiceCheck>,
}

impl Session {
    /// Returns how long nobody can acquire a lock after this session ended while holding it.
    pub fn lock_delay(&self) -> Duration {
        Duration::from_nanos(self.lock_delay)
    }

    /// Returns whether this session behaves like one created from `new`.
    pub fn is_like(&self, new: &NewSession) -> bool {
        let sorted = |mut ids: Vec<String>| {
            ids.sort();
            ids
        };
        let service_checks = self.service_checks.iter().flatten().map(|check| check.id.clone()).collect();
        u128::from(self.lock_delay) == new.lock_delay.as_nanos()
            && self.ttl == new.ttl.map(duration::format).unwrap_or_default()
            && sorted(self.node_checks.clone().unwrap_or_default()) == sorted(new.node_checks.clone())
            && sorted(service_checks) == sorted(new.service_checks.clone())
    }
}

impl Client {
    /// Returns the live sessions of a node, except those that the token may not read.
    ///
    /// # Errors
    /// When the request failed.
    pub fn sessions_of_node(&self, node: &str) -> Result<Vec<Session>, Error> {
        let path = format!("/v1/session/node/{}", encode(node));
        self.ask(Call::get(path, format!("list the sessions of node {node}"), rule(node)))?.json()
    }

    /// Returns a session by its ID; `None`: it has ended, or the token may not read it.
    ///
    /// # Errors
    /// When the request failed.
    pub fn session(&self, id: &str) -> Result<Option<Session>, Error> {
        let path = format!("/v1/session/info/{}", encode(id));
        let call = Call::get(path, format!("read session {id}"), Rule::read_all(Resource::Session));
        let sessions: Vec<Session> = self.ask(call)?.json()?;
        Ok(sessions.into_iter().next())
    }

    /// Creates a session on the agent's node, which is `node`, and returns its ID.
    ///
    /// # Errors
    /// When the request failed or was denied, or a check is critical or not in the catalog yet (500).
    pub fn create_session(&self, node: &str, new: &NewSession) -> Result<String, Error> {
        #[derive(Default, Deserialize)]
        struct Created {
            #[serde(rename = "ID")]
            id: String,
        }
        let body = Body {
            name: &new.name,
            lock_delay: duration::format(new.lock_delay),
            ttl: new.ttl.map(duration::format),
            behavior: "release",
            node_checks: &new.node_checks,
            service_checks: new.service_checks.iter().map(|id| ServiceCheck { id: id.clone() }).collect(),
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let call = Call::put("/v1/session/create".to_owned(), Some(body), "create a session".to_owned(), rule(node));
        let created: Created = self.ask(call)?.json()?;
        Ok(created.id)
    }

    /// Renews a session of the agent's node, which is `node`, without a raft entry. `false`: it has ended.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn renew_session(&self, node: &str, id: &str) -> Result<bool, Error> {
        let path = format!("/v1/session/renew/{}", encode(id));
        let answer = self.ask(Call::put(path, None, format!("renew session {id}"), rule(node)))?;
        if answer.status == 404 { Ok(false) } else { answer.done().map(|()| true) }
    }

    /// Destroys a session of the agent's node, which is `node`. A lock that it holds enters its lock-delay. A session
    /// that does not exist is not an error.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn destroy_session(&self, node: &str, id: &str) -> Result<(), Error> {
        let path = format!("/v1/session/destroy/{}", encode(id));
        self.ask(Call::put(path, None, format!("destroy session {id}"), rule(node)))?.done()
    }
}

fn rule(node: &str) -> Rule {
    Rule::write(Resource::Session, node)
}
