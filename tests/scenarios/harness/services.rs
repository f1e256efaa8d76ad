//! Services, checks and maintenance, in the agent and in the catalog.

use serde_json::{Value, json};

use super::api::{Api, text, texts};

/// The states of a check that a scenario can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Passing,
    Warning,
    Critical,
}

impl Api {
    /// `PUT /v1/agent/service/register`.
    pub fn register(&self, service: &Value) {
        self.put("/v1/agent/service/register", service).ok();
    }

    pub fn deregister(&self, id: &str) {
        self.put_nothing(&format!("/v1/agent/service/deregister/{id}")).ok();
    }

    /// `PUT /v1/agent/check/register`.
    pub fn register_check(&self, check: &Value) {
        self.put("/v1/agent/check/register", check).ok();
    }

    /// Sets a TTL check; the catalog has the change when this returns.
    pub fn set_check(&self, id: &str, health: Health) {
        let verb = match health {
            Health::Passing => "pass",
            Health::Warning => "warn",
            Health::Critical => "fail",
        };
        self.put_nothing(&format!("/v1/agent/check/{verb}/{id}")).ok();
    }

    pub fn delete_check(&self, id: &str) {
        self.put_nothing(&format!("/v1/agent/check/deregister/{id}")).ok();
    }

    /// Sets status and output of a TTL check.
    pub fn report_check(&self, id: &str, status: &str, output: &str) {
        let body = json!({ "Status": status, "Output": output });
        self.put(&format!("/v1/agent/check/update/{id}"), &body).ok();
    }

    /// Returns status and output of a check, as the agent has them.
    pub fn check(&self, id: &str) -> Option<(String, String)> {
        let checks = self.get("/v1/agent/checks").ok();
        let check = checks.get(id)?;
        Some((text(check, "Status"), text(check, "Output")))
    }

    /// Returns the agent's own registration of an instance: `GET /v1/agent/service/ID`.
    pub fn local(&self, id: &str) -> Value {
        self.get(&format!("/v1/agent/service/{id}")).ok()
    }

    /// Returns the tags of an instance, as the agent has them.
    pub fn local_tags(&self, id: &str) -> Vec<String> {
        texts(&self.local(id), "Tags")
    }

    /// Returns the catalog's whole entries of a service, by node and ID.
    pub fn catalog(&self, service: &str) -> Vec<Value> {
        let mut entries = self.get(&format!("/v1/catalog/service/{service}")).list();
        entries.sort_by_key(|entry| (text(entry, "Node"), text(entry, "ServiceID")));
        entries
    }

    /// Returns `(node, service ID, tags)` of every instance in the catalog.
    pub fn tags(&self, service: &str) -> Vec<(String, String, Vec<String>)> {
        let entries = self.catalog(service);
        entries
            .iter()
            .map(|entry| (text(entry, "Node"), text(entry, "ServiceID"), texts(entry, "ServiceTags")))
            .collect()
    }

    /// Returns the nodes whose instance has the tag in the catalog, whatever its health.
    pub fn nodes_tagged(&self, service: &str, tag: &str) -> Vec<String> {
        let mut all = self.tags(service);
        all.retain(|(_, _, tags)| tags.iter().any(|own| own == tag));
        all.into_iter().map(|(node, _, _)| node).collect()
    }

    /// Returns the nodes whose instance has the tag and is passing: what a client of the catalog would connect to.
    pub fn passing_nodes_tagged(&self, service: &str, tag: &str) -> Vec<String> {
        let found = self.get(&format!("/v1/health/service/{service}?passing&tag={tag}")).list();
        let mut nodes: Vec<_> = found.iter().map(|entry| text(&entry["Node"], "Node")).collect();
        nodes.sort();
        nodes
    }

    /// Returns the catalog's status of a check of a service, which other nodes and DNS see.
    pub fn catalog_check(&self, service: &str, id: &str) -> Option<String> {
        let checks = self.get(&format!("/v1/health/checks/{service}")).list();
        checks.iter().find(|check| check["CheckID"] == id).map(|check| text(check, "Status"))
    }

    /// Returns the catalog's status of a check of one node.
    pub fn catalog_check_of(&self, node: &str, id: &str) -> Option<String> {
        let checks = self.get(&format!("/v1/health/node/{node}")).list();
        checks.iter().find(|check| check["CheckID"] == id).map(|check| text(check, "Status"))
    }

    pub fn service_maintenance(&self, id: &str, enable: bool) {
        self.put_nothing(&format!("/v1/agent/service/maintenance/{id}?enable={enable}")).ok();
    }

    pub fn node_maintenance(&self, enable: bool) {
        self.put_nothing(&format!("/v1/agent/maintenance?enable={enable}")).ok();
    }

    /// Returns the catalog's status of a node's own check: `passing` while its agent answers the others.
    pub fn serf_health(&self, node: &str) -> Option<String> {
        self.catalog_check_of(node, "serfHealth")
    }
}
