//! What the local agent knows and takes: instances with their checks, registrations, the node's name.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::Error;
use super::http::{Answer, Call, Client, encode};

/// A check's status. Consul knows these three; anything else that it may come to say counts as critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Status {
    /// Healthy.
    Passing,
    /// Working, but not as it should.
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

/// A check of the instance, or of its node, as the local agent sees it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Check {
    /// The node's name.
    pub node: String,
    /// Unique on the node.
    #[serde(rename = "CheckID")]
    pub id: String,
    /// The last known status.
    pub status: Status,
    /// What the last run printed; empty before the first.
    pub output: String,
    /// The instance that the check belongs to; empty for a check of the node.
    #[serde(rename = "ServiceID")]
    pub service_id: String,
}

/// An instance registered with the local agent, with its checks and the node's.
#[derive(Clone, Debug)]
pub struct Health {
    /// The instance itself.
    pub registration: Registration,
    /// Its checks and the node's, by ID: the agent lists them in an order that changes.
    pub checks: Vec<Check>,
}

/// What an election writes into a registration: all tags, in their order, and all of Meta.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The tags.
    pub tags: Vec<String>,
    /// Keys and values.
    pub meta: BTreeMap<String, String>,
}

/// An instance's registration with every field the agent reported, known to this program or not.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Registration(Map<String, Value>);

impl Registration {
    fn text(&self, field: &str) -> &str {
        self.0.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// The service ID, unique on its node.
    pub fn id(&self) -> &str {
        self.text("ID")
    }

    /// The service's name.
    pub fn service(&self) -> &str {
        self.text("Service")
    }

    /// What kind of service: empty for a plain one, otherwise a proxy or a gateway of the mesh.
    pub fn kind(&self) -> &str {
        self.text("Kind")
    }

    /// The address that was registered; empty where the node's is meant.
    pub fn address(&self) -> &str {
        self.text("Address")
    }

    /// The port that was registered; 0 when there is none.
    pub fn port(&self) -> u16 {
        self.0.get("Port").and_then(Value::as_u64).and_then(|port| port.try_into().ok()).unwrap_or_default()
    }

    /// The path of the socket that was registered in place of address and port; empty when there is none.
    pub fn socket_path(&self) -> &str {
        self.text("SocketPath")
    }

    /// The tags, in their order.
    pub fn tags(&self) -> Vec<String> {
        let tags = self.0.get("Tags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Whether the catalog's tags overrule the agent's.
    pub fn enable_tag_override(&self) -> bool {
        self.0.get("EnableTagOverride").and_then(Value::as_bool).unwrap_or_default()
    }

    /// Tags and Meta.
    pub fn marks(&self) -> Marks {
        let meta = self.0.get("Meta").and_then(Value::as_object);
        let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        Marks { tags: self.tags(), meta: meta.into_iter().flatten().filter_map(text).collect() }
    }

    /// Whether this is `before` with these marks and nothing else changed. With `EnableTagOverride` the agent may have taken other
    /// tags from the catalog since, so that they do not count.
    pub fn is_marked(&self, before: &Registration, marks: &Marks) -> bool {
        let rest = |registration: &Registration| {
            let mut fields = registration.0.clone();
            fields.retain(|field, _| !matches!(field.as_str(), "Tags" | "Meta"));
            fields
        };
        let own = self.marks();
        rest(self) == rest(before) && own.meta == marks.meta && (self.enable_tag_override() || own.tags == marks.tags)
    }

    /// Whether both say the same of the instance, whichever of the agent's answers they come from.
    pub fn is_like(&self, other: &Registration) -> bool {
        self.without_reports() == other.without_reports()
    }

    /// The body that registers the same instance with other marks. Registering anew wipes every field that the body leaves
    /// out, and a body with a field unknown to it is refused: so all that was reported goes back, save what reports alone have.
    fn with(&self, marks: &Marks) -> Map<String, Value> {
        let mut body = self.without_reports();
        if let Some(name) = body.remove("Service") {
            body.insert("Name".to_owned(), name);
        }
        body.insert("Tags".to_owned(), marks.tags.clone().into());
        body.insert("Meta".to_owned(), json!(marks.meta));
        body
    }

    /// The fields that were registered, without those that only reports have.
    fn without_reports(&self) -> Map<String, Value> {
        let mut fields = self.0.clone();
        fields
            .retain(|field, _| !matches!(field.as_str(), "Datacenter" | "ContentHash" | "CreateIndex" | "ModifyIndex"));
        fields
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
    /// The instances of `service` on the local agent; none is an empty list.
    ///
    /// # Errors
    /// When Consul could not be asked, denied it, or answered something else.
    pub fn instances(&self, service: &str) -> Result<Vec<Health>, Error> {
        let path = format!("/v1/agent/health/service/name/{}", encode(service));
        let answer = self.ask(health_call(path, format!("read the health of service {service}"), service))?;
        let entries: Vec<Entry> = health(&answer)?;
        Ok(entries.into_iter().filter_map(Entry::into_health).collect())
    }

    /// The instance with this service ID on the local agent. `service` names the service that it should belong to.
    ///
    /// # Errors
    /// When Consul could not be asked, denied it, or answered something else.
    pub fn instance(&self, service: &str, id: &str) -> Result<Option<Health>, Error> {
        let path = format!("/v1/agent/health/service/id/{}", encode(id));
        let answer = self.ask(health_call(path, format!("read the health of instance {id}"), service))?;
        let entry: Option<Entry> = health(&answer)?;
        match entry.and_then(Entry::into_health) {
            None if answer.status != 404 => Err(answer.lacks("Service")),
            found => Ok(found),
        }
    }

    /// The names of the services that the local agent has instances of.
    ///
    /// # Errors
    /// When Consul could not be asked. What the token may not read is left out without a word.
    pub fn service_names(&self) -> Result<BTreeSet<String>, Error> {
        let rule = "service_prefix \"\" { policy = \"read\" }".to_owned();
        let call = Call::get("/v1/agent/services".to_owned(), "list the agent's services".to_owned(), rule);
        let services: BTreeMap<String, Registration> = self.ask(call)?.json()?;
        Ok(services.values().map(|registration| registration.service().to_owned()).collect())
    }

    /// Reads an instance's registration as soon as it has changed since `hash`, or at once without one; at the latest about when
    /// `limit` has passed. Also returns the hash to wait behind next. `None`: the agent has no such instance, and did not wait.
    ///
    /// # Errors
    /// When the agent could not be asked or denied it.
    pub fn registration_after(
        &self,
        service: &str,
        id: &str,
        hash: Option<&str>,
        limit: Duration,
    ) -> Result<Option<(Registration, String)>, Error> {
        let wait = hash.map(|hash| format!("?hash={hash}&wait={}ms", limit.as_millis())).unwrap_or_default();
        let path = format!("/v1/agent/service/{}{wait}", encode(id));
        let mut answer = self.ask(health_call(path, format!("read the registration of instance {id}"), service))?;
        let hash = answer.index.take().unwrap_or_default();
        if answer.status == 404 { Ok(None) } else { answer.read().map(|found| Some((found, hash))) }
    }

    /// Registers the instance again with other marks and everything else as it was. Its checks stay as they are. With
    /// servers to talk to, the catalog has the change before the answer; without a leader the agent takes it all the same
    /// and answers after about 7 seconds.
    ///
    /// # Errors
    /// When the agent could not be asked, denied it or refused the body.
    pub fn register(&self, registration: &Registration, marks: &Marks) -> Result<(), Error> {
        let body = serde_json::to_vec(&registration.with(marks)).unwrap_or_default();
        let purpose = format!("tag instance {}", registration.id());
        let rule = format!("service \"{}\" {{ policy = \"write\" }}", registration.service());
        let call = Call::put("/v1/agent/service/register".to_owned(), Some(body), purpose, rule);
        self.ask(call)?.done()
    }

    /// The name of the agent's node. Needs more rights than anything else here: ask it of a check's report where there is one.
    ///
    /// # Errors
    /// When Consul could not be asked or denied it.
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
        let purpose = "learn the node's name, which no check tells as the instance has none".to_owned();
        let call =
            Call::get("/v1/agent/self".to_owned(), purpose, "agent_prefix \"\" { policy = \"read\" }".to_owned());
        let itself: Itself = self.ask(call)?.json()?;
        Ok(itself.config.node_name)
    }
}

fn health_call(path: String, purpose: String, service: &str) -> Call {
    Call::get(path, purpose, format!("service \"{service}\" {{ policy = \"write\" }}"))
}

/// Reads a health answer. The worst status of the checks is the HTTP status, 429 or 503, which a rate limit uses too: only
/// the body tells them apart. An unknown instance is 404 with a body as well.
fn health<T: for<'de> Deserialize<'de>>(answer: &Answer) -> Result<T, Error> {
    match (answer.status, serde_json::from_slice(&answer.body)) {
        (200 | 404 | 429 | 503, Ok(value)) => Ok(value),
        (200, Err(error)) => Err(answer.not_understood(&error)),
        _ => Err(answer.refused()),
    }
}
