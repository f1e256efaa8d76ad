//! Prepared queries: their definition, read and written with every field that an operator set, and what they find. Must
//! never know why a query changes.

mod difference;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use ureq::http::Method;

use super::acl::{Resource, Rule};
use super::call::{Answer, Call};
use super::catalog::CatalogInstance;
use super::error::Error;
use super::http::{Client, encode};
pub use difference::QueryDifference;

/// The definition of a prepared query with every field that Consul reported, known to this program or not.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct PreparedQuery(Map<String, Value>);

/// The wanted fields of a prepared query. `None` and fields that are not named here: unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuerySpec {
    /// The name.
    pub name: String,
    /// The service whose instances the query finds.
    pub service: String,
    /// The tags that an instance must have.
    pub tags: Vec<String>,
    /// Whether the query leaves out instances in warning.
    pub only_passing: bool,
    /// The session whose end deletes the query; empty: no session.
    pub session: Option<String>,
    /// A key of `Service.ServiceMeta` and the value that an instance must have there; `None`: the query must not ask
    /// for the key.
    pub meta: (String, Option<String>),
    /// `Service.Namespace`, which only Consul Enterprise has.
    pub namespace: Option<String>,
    /// `Service.Partition`, which only Consul Enterprise has.
    pub partition: Option<String>,
    /// `DNS.TTL`.
    pub ttl: Option<String>,
    /// `Service.Near`.
    pub near: Option<String>,
    /// `Service.Failover.Datacenters`.
    pub failover: Option<Vec<String>>,
}

impl PreparedQuery {
    /// Creates a definition.
    pub fn new(spec: &QuerySpec) -> PreparedQuery {
        PreparedQuery::default().with(spec)
    }

    /// Returns this definition with the fields of `spec`, and every other field unchanged.
    #[must_use]
    pub fn with(&self, spec: &QuerySpec) -> PreparedQuery {
        let mut query = self.clone();
        let (key, value) = &spec.meta;
        query.set(&["Name"], json!(spec.name));
        query.set(&["Service", "Service"], json!(spec.service));
        query.set(&["Service", "Tags"], json!(spec.tags));
        query.set(&["Service", "OnlyPassing"], json!(spec.only_passing));
        match value {
            Some(value) => query.set(&["Service", "ServiceMeta", key], json!(value)),
            None => query.remove_meta(key),
        }
        for (path, wanted) in [
            (&["Session"][..], spec.session.as_ref().map(|session| json!(session))),
            (&["Service", "Namespace"], spec.namespace.as_ref().map(|name| json!(name))),
            (&["Service", "Partition"], spec.partition.as_ref().map(|name| json!(name))),
            (&["DNS", "TTL"], spec.ttl.as_ref().map(|ttl| json!(ttl))),
            (&["Service", "Near"], spec.near.as_ref().map(|near| json!(near))),
            (&["Service", "Failover", "Datacenters"], spec.failover.as_ref().map(|all| json!(all))),
        ] {
            if let Some(wanted) = wanted {
                query.set(path, wanted);
            }
        }
        query
    }

    /// Sets the field at the end of a path and creates missing objects on the way.
    fn set(&mut self, path: &[&str], value: Value) {
        let Some((last, way)) = path.split_last() else { return };
        let mut fields = &mut self.0;
        for name in way {
            let next = fields.entry(*name).or_insert(Value::Null);
            if !next.is_object() {
                *next = Value::Object(Map::new());
            }
            let Value::Object(next) = next else { return };
            fields = next;
        }
        fields.insert((*last).to_owned(), value);
    }

    fn remove_meta(&mut self, key: &str) {
        let meta = self.0.get_mut("Service").and_then(|part| part.get_mut("ServiceMeta"));
        if let Some(meta) = meta.and_then(Value::as_object_mut) {
            meta.remove(key);
        }
    }

    fn text(&self, field: &str) -> &str {
        self.0.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the UUID.
    pub fn id(&self) -> &str {
        self.text("ID")
    }

    /// Returns the name, which Consul compares without regard to case.
    pub fn name(&self) -> &str {
        self.text("Name")
    }

    /// Returns the service whose instances the query finds.
    pub fn service(&self) -> &str {
        self.0.get("Service").and_then(|part| part["Service"].as_str()).unwrap_or_default()
    }

    /// Returns the tags that an instance must have, or must not have behind a `!`.
    pub fn tags(&self) -> Vec<&str> {
        let tags = self.0.get("Service").and_then(|part| part["Tags"].as_array());
        tags.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Returns whether the query requires a value of this key in an instance's Meta.
    pub fn asks_for_meta(&self, key: &str) -> bool {
        self.0.get("Service").and_then(|part| part["ServiceMeta"].get(key)).is_some()
    }

    /// Returns whether the query requires another value of this key than `value`.
    pub fn asks_for_another(&self, key: &str, value: &str) -> bool {
        let asked = self.0.get("Service").and_then(|part| part["ServiceMeta"].get(key));
        asked.is_some_and(|asked| asked != value)
    }

    /// Returns the filters beside service, tags and `key` of Meta, each as `FIELD KEY=VALUE`.
    pub fn other_filters(&self, key: &str) -> Vec<String> {
        let part = |field| self.0.get("Service").and_then(|part| part[field].as_object());
        let filters = ["ServiceMeta", "NodeMeta"].map(|field| {
            let pairs = part(field).into_iter().flatten().filter(move |(name, _)| field == "NodeMeta" || *name != key);
            pairs.map(move |(name, value)| format!("{field} {name}={}", value.as_str().unwrap_or_default()))
        });
        filters.into_iter().flatten().collect()
    }

    /// Returns whether this is a template, which answers for every matching name.
    pub fn is_template(&self) -> bool {
        self.0.get("Template").and_then(|part| part["Type"].as_str()).is_some_and(|kind| !kind.is_empty())
    }

    /// Returns whether the query has a token that this client's token may not see. Consul refuses such a definition
    /// when it is sent back as read, and without the token the query would lose it.
    pub fn hides_its_token(&self) -> bool {
        self.text("Token") == "<hidden>"
    }
}

/// What a prepared query finds: what a client that asks for its name gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The service that it looked for.
    pub service: String,
    /// The instances, each with the name of its node, as the catalog has them.
    pub instances: Vec<(String, CatalogInstance)>,
    /// `DNS.TTL`; empty: none.
    pub ttl: String,
    /// The number of other datacenters that it asked because this one has no such instance.
    pub failovers: u64,
}

impl Client {
    /// Executes the query that answers for `name`; `None`: there is no such query. Needs no `query` rule. A token sees only
    /// instances for which it has `service:read`, on nodes for which it has `node:read`.
    ///
    /// # Errors
    /// When the request failed.
    pub fn execute_query(&self, name: &str) -> Result<Option<Found>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Executed {
            service: String,
            nodes: Option<Vec<Entry>>,
            #[serde(rename = "DNS", default)]
            dns: Dns,
            #[serde(default)]
            failovers: u64,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Entry {
            node: Node,
            service: CatalogInstance,
        }
        #[derive(Deserialize)]
        struct Node {
            #[serde(rename = "Node")]
            name: String,
        }
        #[derive(Default, Deserialize)]
        struct Dns {
            #[serde(rename = "TTL", default)]
            ttl: String,
        }
        let path = format!("/v1/query/{}/execute", encode(name));
        let answer = self.ask(Call::get(path, format!("execute prepared query {name}"), rule(name)))?;
        if answer.is_no_query() {
            return Ok(None);
        }
        let Executed { service, nodes, dns, failovers } = answer.read()?;
        let instances = nodes.into_iter().flatten().map(|entry| (entry.node.name, entry.service)).collect();
        Ok(Some(Found { service, instances, ttl: dns.ttl, failovers }))
    }

    /// Returns the query that answers for `name`: the one of this name, or a template that matches it.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn query(&self, name: &str) -> Result<Option<PreparedQuery>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Explained {
            query: Option<PreparedQuery>,
        }
        let path = format!("/v1/query/{}/explain", encode(name));
        let answer = self.ask(Call::get(path, format!("read prepared query {name}"), rule(name)))?;
        if answer.is_no_query() {
            return Ok(None);
        }
        if answer.status == 403 {
            // The name itself may be free while a template answers for it that this token may not read.
            return self.query_of_name(name);
        }
        match answer.json::<Explained>()?.query {
            Some(query) => Ok(Some(query)),
            None => Err(answer.lacks("Query")),
        }
    }

    /// Returns the query of exactly this name among those that the token may read, which may be a template. Without such a query,
    /// the agent logs no error.
    ///
    /// # Errors
    /// When the request failed.
    pub fn query_of_name(&self, name: &str) -> Result<Option<PreparedQuery>, Error> {
        let call = Call::get("/v1/query".to_owned(), format!("look for prepared query {name}"), rule(name));
        let queries: Vec<PreparedQuery> = self.ask(call.for_list())?.json()?;
        Ok(queries.into_iter().find(|query| query.name().eq_ignore_ascii_case(name)))
    }

    /// Creates a query.
    ///
    /// # Errors
    /// When the request failed or was denied, a query of this name exists (500, `aliases an existing query name`), or
    /// the query's session has ended (500, `invalid session`).
    pub fn create_query(&self, query: &PreparedQuery) -> Result<(), Error> {
        self.write_query(Method::POST, "/v1/query".to_owned(), "create", query)
    }

    /// Replaces the definition of the query with this ID.
    ///
    /// # Errors
    /// When the request failed or was denied, or the query does not exist (500, `non-existent prepared query`).
    pub fn update_query(&self, query: &PreparedQuery) -> Result<(), Error> {
        self.write_query(Method::PUT, format!("/v1/query/{}", encode(query.id())), "update", query)
    }

    fn write_query(&self, method: Method, path: String, verb: &str, query: &PreparedQuery) -> Result<(), Error> {
        let body = Some(serde_json::to_vec(&query.0).unwrap_or_default());
        let (purpose, rule) = (format!("{verb} prepared query {}", query.name()), rule(query.name()));
        self.ask(Call::new(method, path, body, purpose, rule))?.done()
    }
}

impl Answer {
    /// Returns whether neither a query nor a template answers for the name.
    fn is_no_query(&self) -> bool {
        self.status == 404 && String::from_utf8_lossy(&self.body).contains("Query not found")
    }
}

fn rule(name: &str) -> Rule {
    Rule::write(Resource::Query, name)
}
