//! Sessions: what a lock is held by, and what ends with the checks that it is bound to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::http::{Call, Client, encode};
use crate::duration;

/// A live session.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Session {
    /// Its UUID.
    #[serde(rename = "ID")]
    pub id: String,
    /// The name that it was given; Consul lets several have the same.
    pub name: String,
    /// The node that it belongs to.
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

/// What a session is to be made like, on the agent's own node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// Its name.
    pub name: String,
    /// How long nobody can acquire a lock that this session lost by its end.
    pub lock_delay: Duration,
    /// How long it lives without being renewed, and twice as long at most; `None`: for ever.
    pub ttl: Option<Duration>,
    /// IDs of the node's checks that end the session when they turn critical.
    pub node_checks: Vec<String>,
    /// IDs of services' checks that do the same.
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
    /// Whether this session behaves as one made from `new` would.
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
    /// The live sessions of a node. What the token may not read is left out without a word.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn sessions_of_node(&self, node: &str) -> Result<Vec<Session>, Error> {
        let path = format!("/v1/session/node/{}", encode(node));
        self.ask(Call::get(path, format!("list the sessions of node {node}"), rule(node)))?.json()
    }

    /// A session by its ID; `None` when it has ended, and also when the token may not read it.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn session(&self, id: &str) -> Result<Option<Session>, Error> {
        let rule = "session_prefix \"\" { policy = \"read\" }".to_owned();
        let call = Call::get(
            format!("/v1/session/info/{}", encode(id)),
            "read the session that holds the lock".to_owned(),
            rule,
        );
        let sessions: Vec<Session> = self.ask(call)?.json()?;
        Ok(sessions.into_iter().next())
    }

    /// Creates a session on the agent's node, which is `node`, and returns its ID.
    ///
    /// # Errors
    /// When Consul could not be asked, denied it, or one of the checks is critical or not in the catalog yet (500).
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

    /// Renews a session of the agent's node, which is `node`. `false`: it has ended. Costs no raft entry.
    ///
    /// # Errors
    /// When Consul could not be asked or denied it.
    pub fn renew_session(&self, node: &str, id: &str) -> Result<bool, Error> {
        let path = format!("/v1/session/renew/{}", encode(id));
        let answer = self.ask(Call::put(path, None, "renew the session that holds the lock".to_owned(), rule(node)))?;
        if answer.status == 404 { Ok(false) } else { answer.done().map(|()| true) }
    }

    /// Destroys a session of the agent's node, which is `node`. A lock that it holds goes into its lock-delay. A session
    /// that does not exist is no error.
    ///
    /// # Errors
    /// When Consul could not be asked or denied it.
    pub fn destroy_session(&self, node: &str, id: &str) -> Result<(), Error> {
        let path = format!("/v1/session/destroy/{}", encode(id));
        self.ask(Call::put(path, None, "destroy a session".to_owned(), rule(node)))?.done()
    }
}

fn rule(node: &str) -> String {
    format!("session \"{node}\" {{ policy = \"write\" }}")
}
