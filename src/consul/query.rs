//! Prepared queries, with every field that Consul reported, known to this program or not.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use ureq::http::Method;

use super::error::Error;
use super::http::{Call, Client, encode};

/// A prepared query's definition.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct PreparedQuery(Map<String, Value>);

impl PreparedQuery {
    /// A new query for instances of `service`.
    pub fn new(name: &str, service: &str, tags: &[String], only_passing: bool) -> PreparedQuery {
        let mut query = PreparedQuery(Map::from_iter([("Name".to_owned(), json!(name))]));
        query.set(service, tags, only_passing);
        query
    }

    /// This query with these settings, and everything else that an operator set beside them as it was.
    #[must_use]
    pub fn with(&self, name: &str, service: &str, tags: &[String], only_passing: bool) -> PreparedQuery {
        let mut query = self.clone();
        query.0.insert("Name".to_owned(), json!(name));
        query.set(service, tags, only_passing);
        query
    }

    fn set(&mut self, service: &str, tags: &[String], only_passing: bool) {
        let part = self.0.entry("Service").or_insert_with(|| json!({}));
        if !part.is_object() {
            *part = json!({});
        }
        part["Service"] = json!(service);
        part["Tags"] = json!(tags);
        part["OnlyPassing"] = json!(only_passing);
    }

    fn text(&self, field: &str) -> &str {
        self.0.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its UUID.
    pub fn id(&self) -> &str {
        self.text("ID")
    }

    /// Its name, which Consul compares without regard to case.
    pub fn name(&self) -> &str {
        self.text("Name")
    }

    /// The service that it finds instances of.
    pub fn service(&self) -> &str {
        self.0.get("Service").and_then(|part| part["Service"].as_str()).unwrap_or_default()
    }

    /// The tags that an instance must have.
    pub fn tags(&self) -> Vec<&str> {
        let tags = self.0.get("Service").and_then(|part| part["Tags"].as_array());
        tags.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether instances in warning are left out.
    pub fn only_passing(&self) -> bool {
        self.0.get("Service").and_then(|part| part["OnlyPassing"].as_bool()).unwrap_or_default()
    }

    /// Whether it is a template, which answers for every name that matches.
    pub fn is_template(&self) -> bool {
        self.0.get("Template").and_then(|part| part["Type"].as_str()).is_some_and(|kind| !kind.is_empty())
    }

    /// Whether it has a token that the asking token may not see. Consul refuses such a query when it is sent back as it was
    /// read, and without the token it would lose it.
    pub fn hides_its_token(&self) -> bool {
        self.text("Token") == "<hidden>"
    }
}

impl Client {
    /// The query that answers for `name`: the one of this name, or a template that matches it; `None` when there is neither.
    ///
    /// # Errors
    /// When Consul could not be asked or denied it.
    pub fn query(&self, name: &str) -> Result<Option<PreparedQuery>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Explained {
            query: Option<PreparedQuery>,
        }
        let path = format!("/v1/query/{}/explain", encode(name));
        let answer = self.ask(Call::get(path, format!("read prepared query {name}"), rule(name)))?;
        if answer.status == 404 && String::from_utf8_lossy(&answer.body).contains("Query not found") {
            return Ok(None);
        }
        if answer.status == 403 {
            // What answers for the name may be a template that this token may not read, while the name itself is free.
            return self.query_of_name(name);
        }
        match answer.json::<Explained>()?.query {
            Some(query) => Ok(Some(query)),
            None => Err(answer.lacks("Query")),
        }
    }

    /// The query of this very name among those that the token may read.
    fn query_of_name(&self, name: &str) -> Result<Option<PreparedQuery>, Error> {
        let call = Call::get("/v1/query".to_owned(), format!("look for prepared query {name}"), rule(name));
        let queries: Vec<PreparedQuery> = self.ask(call)?.json()?;
        Ok(queries.into_iter().find(|query| query.name().eq_ignore_ascii_case(name)))
    }

    /// Creates a query.
    ///
    /// # Errors
    /// When Consul could not be asked, denied it, or has a query of that name (500, `aliases an existing query name`).
    pub fn create_query(&self, query: &PreparedQuery) -> Result<(), Error> {
        self.write_query(Method::POST, "/v1/query".to_owned(), "create", query)
    }

    /// Replaces the definition of the query with this ID.
    ///
    /// # Errors
    /// When Consul could not be asked or denied it.
    pub fn update_query(&self, query: &PreparedQuery) -> Result<(), Error> {
        self.write_query(Method::PUT, format!("/v1/query/{}", encode(query.id())), "update", query)
    }

    fn write_query(&self, method: Method, path: String, verb: &str, query: &PreparedQuery) -> Result<(), Error> {
        let body = Some(serde_json::to_vec(&query.0).unwrap_or_default());
        let (purpose, rule) = (format!("{verb} prepared query {}", query.name()), rule(query.name()));
        self.ask(Call { method, path, body, purpose, rule })?.done()
    }
}

fn rule(name: &str) -> String {
    format!("query \"{name}\" {{ policy = \"write\" }}")
}
