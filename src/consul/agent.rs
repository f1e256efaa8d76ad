//! The local agent's instances with their checks, their registrations, and its node's name. Must never know what a tag
//! or a key of Meta means.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::acl::{Resource, Rule};
use super::call::{Answer, Call};
use super::error::Error;
use super::http::{Client, encode};

/// The status of a check. Consul has these three; any other word counts as critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Hash)]
#[serde(from = "String")]
pub enum Status {
    /// Healthy.
    Passing,
    /// Working, with a problem.
    Warning,
    /// Not working.
    Critical,
}

impl From<String> for Status {
    fn from(text: String) -> Status {
        match text.as_str() {
            "passing" => Status::Passing,
            "warning" => Status::Warning,
            _ => Status::Critical,
        }
    }
}

/// A check of an instance or of its node, as the local agent sees it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Check {
    /// The name of the node.
    pub node: String,
    /// The check's ID, unique on its node.
    #[serde(rename = "CheckID")]
    pub id: String,
    /// The last known status.
    pub status: Status,
    /// The output of the last run; empty before the first.
    pub output: String,
    /// The ID of the instance that the check belongs to; empty for a check of the node.
    #[serde(rename = "ServiceID")]
    pub service_id: String,
}

/// An instance registered with the local agent, with its checks and the node's.
#[derive(Clone, Debug)]
pub struct Health {
    /// The instance itself.
    pub registration: Registration,
    /// Its checks and the node's, sorted by ID: the agent's own order changes.
    pub checks: Vec<Check>,
}

/// An instance's registration with every field that Consul reported, known to this program or not.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Registration(Map<String, Value>);

impl Registration {
    fn text(&self, field: &str) -> &str {
        self.0.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the service ID, unique on its node.
    pub fn id(&self) -> &str {
        self.text("ID")
    }

    /// Returns the name of the service.
    pub fn service(&self) -> &str {
        self.text("Service")
    }

    /// Returns the kind of service: empty for a plain one, otherwise a proxy or a gateway of the mesh.
    pub fn kind(&self) -> &str {
        self.text("Kind")
    }

    /// Returns the registered address; empty: the node's.
    pub fn address(&self) -> &str {
        self.text("Address")
    }

    /// Returns the registered port; 0: none.
    pub fn port(&self) -> u16 {
        self.0.get("Port").and_then(Value::as_u64).and_then(|port| port.try_into().ok()).unwrap_or_default()
    }

    /// Returns the path of the socket that is registered instead of address and port; empty: none.
    pub fn socket_path(&self) -> &str {
        self.text("SocketPath")
    }

    /// Returns the tags, in their order.
    pub fn tags(&self) -> Vec<String> {
        let tags = self.0.get("Tags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Returns Meta: keys and values.
    pub fn meta(&self) -> BTreeMap<String, String> {
        let meta = self.0.get("Meta").and_then(Value::as_object);
        let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        meta.into_iter().flatten().filter_map(text).collect()
    }

    /// Returns whether the catalog's tags overrule the agent's.
    pub fn enable_tag_override(&self) -> bool {
        self.0.get("EnableTagOverride").and_then(Value::as_bool).unwrap_or_default()
    }

    /// Returns this registration with other tags and other Meta, and every other field unchanged.
    #[must_use]
    pub fn with(&self, tags: &[String], meta: &BTreeMap<String, String>) -> Registration {
        let mut fields = self.0.clone();
        fields.insert("Tags".to_owned(), json!(tags));
        fields.insert("Meta".to_owned(), json!(meta));
        Registration(fields)
    }

    /// Returns whether this is `before` with these tags and this Meta, and nothing else changed. With
    /// `EnableTagOverride` the tags do not count, because the agent may have taken others from the catalog.
    pub fn matches(&self, before: &Registration, tags: &[String], meta: &BTreeMap<String, String>) -> bool {
        let rest = |registration: &Registration| {
            let mut fields = registration.0.clone();
            fields.retain(|field, _| !matches!(field.as_str(), "Tags" | "Meta"));
            fields
        };
        rest(self) == rest(before) && self.meta() == *meta && (self.enable_tag_override() || self.tags() == tags)
    }

    /// Returns whether both describe the same registration, whichever endpoint they come from.
    pub fn is_like(&self, other: &Registration) -> bool {
        self.registered() == other.registered()
    }

    /// Returns every field that was reported.
    pub fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// Returns every field that was reported, as an object.
    pub(super) fn reported(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns the fields that were registered, without those that only reports have.
    fn registered(&self) -> Map<String, Value> {
        let mut fields = self.0.clone();
        fields
            .retain(|field, _| !matches!(field.as_str(), "Datacenter" | "ContentHash" | "CreateIndex" | "ModifyIndex"));
        fields
    }

    /// Returns the body that registers this. Consul wipes every field that the body leaves out and refuses a body with
    /// an unknown field, so everything that was reported goes back except what only reports have.
    fn body(&self) -> Vec<u8> {
        let mut fields = self.registered();
        if let Some(name) = fields.remove("Service") {
            fields.insert("Name".to_owned(), name);
        }
        serde_json::to_vec(&fields).unwrap_or_default()
    }
}

/// One element of the agent's health answer.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    service: Option<Registration>,
    checks: Option<Vec<Check>>,
}

impl Entry {
    fn into_health(self) -> Option<Health> {
        let mut checks = self.checks.unwrap_or_default();
        checks.sort_by(|a, b| a.id.cmp(&b.id));
        Some(Health { registration: self.service?, checks })
    }
}

impl Client {
    /// Returns the instances of `service` on the local agent.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn instances(&self, service: &str) -> Result<Vec<Health>, Error> {
        let path = format!("/v1/agent/health/service/name/{}", encode(service));
        let answer = self.ask(instance_call(path, format!("read the health of service {service}"), service))?;
        let entries: Vec<Entry> = health(&answer)?;
        Ok(entries.into_iter().filter_map(Entry::into_health).collect())
    }

    /// Returns the instance with this service ID on the local agent. `service` names the service that it belongs to.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn instance(&self, service: &str, id: &str) -> Result<Option<Health>, Error> {
        let path = format!("/v1/agent/health/service/id/{}", encode(id));
        let answer = self.ask(instance_call(path, format!("read the health of instance {id}"), service))?;
        let entry: Option<Entry> = health(&answer)?;
        match entry.and_then(Entry::into_health) {
            None if answer.status != 404 => Err(answer.lacks("Service")),
            found => Ok(found),
        }
    }

    /// Returns the names of the services with an instance on the local agent, except those that the token may not read.
    ///
    /// # Errors
    /// When the request failed.
    pub fn service_names(&self) -> Result<BTreeSet<String>, Error> {
        let rule = Rule::read_all(Resource::Service);
        let call = Call::get("/v1/agent/services".to_owned(), "list the agent's services".to_owned(), rule);
        let services: BTreeMap<String, Registration> = self.ask(call)?.json()?;
        Ok(services.values().map(|registration| registration.service().to_owned()).collect())
    }

    /// Returns an instance's registration as soon as it differs from the one with this hash, or at once without a hash;
    /// after about `limit` at the latest. Also returns the hash for the next call. `None`: the agent has no such
    /// instance; it answers so at once.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn registration_after(
        &self,
        service: &str,
        id: &str,
        hash: Option<&str>,
        limit: Duration,
    ) -> Result<Option<(Registration, String)>, Error> {
        let wait = hash.map(|hash| format!("?hash={}&wait={}ms", encode(hash), limit.as_millis())).unwrap_or_default();
        let path = format!("/v1/agent/service/{}{wait}", encode(id));
        let mut answer = self.ask(instance_call(path, format!("read the registration of instance {id}"), service))?;
        let hash = answer.index.take().unwrap_or_default();
        if answer.status == 404 { Ok(None) } else { answer.read().map(|found| Some((found, hash))) }
    }

    /// Registers an instance again; its checks stay as they are. The catalog has the change before the answer, except
    /// without a leader: then the agent answers after about 7 s and keeps the change to itself.
    ///
    /// # Errors
    /// When the request failed or was denied, or Consul refused the body.
    pub fn register(&self, registration: &Registration) -> Result<(), Error> {
        let purpose = format!("register instance {}", registration.id());
        let rule = Rule::write(Resource::Service, registration.service());
        let call = Call::put("/v1/agent/service/register".to_owned(), Some(registration.body()), purpose, rule);
        self.ask(call)?.done()
    }

    /// Returns the name of the agent's node. Needs more rights than any other request: prefer the node that a check names.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn node_name(&self) -> Result<String, Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Itself {
            config: Config,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Config {
            node_name: String,
        }
        let purpose = "read the name of the agent's node".to_owned();
        let call = Call::get("/v1/agent/self".to_owned(), purpose, Rule::read_all(Resource::Agent));
        let itself: Itself = self.ask(call)?.json()?;
        Ok(itself.config.node_name)
    }
}

/// Creates a request about an instance. Its rule is the one for writing, which allows reading too.
fn instance_call(path: String, purpose: String, service: &str) -> Call {
    Call::get(path, purpose, Rule::write(Resource::Service, service))
}

/// Reads a health answer. Its HTTP status is the worst status of the checks, 429 or 503, which a rate limit uses too;
/// only the body tells them apart. An unknown instance is 404 with a body as well.
fn health<T: DeserializeOwned>(answer: &Answer) -> Result<T, Error> {
    match (answer.status, answer.parse()) {
        (200 | 404 | 429 | 503, Ok(value)) => Ok(value),
        (status, Err(error)) if status == 200 || error.is_too_large() => Err(error),
        _ => Err(answer.refused()),
    }
}
