//! Prepared queries, and the count of raft entries.

use serde_json::Value;

use super::api::{Api, text};

impl Api {
    /// Returns the whole prepared query of that name; templates are found by their own name too.
    pub fn query(&self, name: &str) -> Option<Value> {
        let all = self.get("/v1/query").list();
        all.into_iter().find(|query| query["Name"] == name)
    }

    /// Creates a prepared query and returns its ID.
    pub fn create_query(&self, body: &Value) -> String {
        text(&self.post("/v1/query", body).ok(), "ID")
    }

    /// Replaces the whole query with that ID.
    pub fn put_query(&self, id: &str, body: &Value) {
        self.put(&format!("/v1/query/{id}"), body).ok();
    }

    pub fn delete_query(&self, id: &str) {
        self.delete(&format!("/v1/query/{id}")).ok();
    }

    /// Returns the nodes in the prepared query's answer.
    pub fn execute_query(&self, name: &str) -> Vec<String> {
        let answer = self.get(&format!("/v1/query/{name}/execute")).ok();
        let nodes = answer["Nodes"].as_array().into_iter().flatten();
        let mut nodes: Vec<_> = nodes.map(|entry| text(&entry["Node"], "Node")).collect();
        nodes.sort();
        nodes
    }

    /// Returns how many entries this server's raft log has had.
    pub fn last_raft_index(&self) -> u64 {
        let agent = self.get("/v1/agent/self").ok();
        let index = agent["Stats"]["raft"]["last_log_index"].as_str().and_then(|index| index.parse().ok());
        index.unwrap_or_else(|| panic!("no raft index in {}; is it a server?", agent["Stats"]))
    }
}
