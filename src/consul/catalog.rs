//! The servers' catalog: what everybody else sees of a node's instances.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::agent::{Check, Health, Marks, Registration};
use super::error::Error;
use super::http::{Call, Client, encode};

/// A node and one instance on it, as the catalog has them.
#[derive(Clone, Debug)]
pub struct CatalogNode {
    /// The node's address.
    pub address: String,
    /// Tags and Meta of the instance that was asked for; `None` when the catalog does not have it.
    pub marks: Option<Marks>,
}

impl Client {
    /// What the catalog has of a node and of the instance with this service ID on it. `None`: the catalog does not have
    /// the node, or the token may not read it, which needs `node "NODE" { policy = "read" }` and looks the same.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn catalog_node(&self, node: &str, service_id: &str) -> Result<Option<CatalogNode>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Found {
            node: Option<Node>,
            services: Option<Vec<Service>>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Node {
            address: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Service {
            #[serde(rename = "ID")]
            id: String,
            tags: Option<Vec<String>>,
            meta: Option<BTreeMap<String, String>>,
        }
        // A filter's string between backticks stands for itself; it has no way to write a backtick, and escapes nothing.
        let filter = if service_id.contains('`') {
            String::new()
        } else {
            format!("?filter={}", encode(&format!("ID == `{service_id}`")))
        };
        let call = Call::get(
            format!("/v1/catalog/node-services/{}{filter}", encode(node)),
            format!("read instance {service_id} of node {node} in the catalog"),
            format!("node \"{node}\" {{ policy = \"read\" }}"),
        );
        let found: Found = self.ask(call)?.json()?;
        let service = found.services.into_iter().flatten().find(|service| service.id == service_id);
        let marks = service
            .map(|service| Marks { tags: service.tags.unwrap_or_default(), meta: service.meta.unwrap_or_default() });
        Ok(found.node.map(|node| CatalogNode { address: node.address, marks }))
    }
}

/// One instance of a service anywhere in the datacenter, as the catalog has it.
#[derive(Clone, Debug)]
pub struct RemoteInstance {
    /// Its node's name.
    pub node: String,
    /// Its node's address.
    pub node_address: String,
    /// Its registration and checks, its node's among them.
    pub health: Health,
    /// The raft index of the last change of any of its checks.
    pub checks_index: u64,
}

impl Client {
    /// All instances of a service in the datacenter, in whatever health. What the token may not read is left out without a word,
    /// which takes `service:read` for the service and `node:read` for each node.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn instances_everywhere(&self, service: &str) -> Result<Vec<RemoteInstance>, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Entry {
            node: Node,
            service: Registration,
            checks: Option<Vec<IndexedCheck>>,
        }
        #[derive(Deserialize)]
        struct Node {
            #[serde(rename = "Node")]
            name: String,
            #[serde(rename = "Address", default)]
            address: String,
        }
        #[derive(Deserialize)]
        struct IndexedCheck {
            #[serde(rename = "ModifyIndex", default)]
            index: u64,
            #[serde(flatten)]
            check: Check,
        }
        let rule = "node_prefix \"\" { policy = \"read\" }".to_owned();
        let path = format!("/v1/health/service/{}", encode(service));
        let call = Call::get(path, format!("read the health of all instances of {service}"), rule);
        let entries: Vec<Entry> = self.ask(call)?.json()?;
        let instances = entries.into_iter().map(|entry| {
            let checks = entry.checks.unwrap_or_default();
            RemoteInstance {
                node: entry.node.name,
                node_address: entry.node.address,
                checks_index: checks.iter().map(|check| check.index).max().unwrap_or_default(),
                health: Health {
                    registration: entry.service,
                    checks: checks.into_iter().map(|indexed| indexed.check).collect(),
                },
            }
        });
        Ok(instances.collect())
    }
}
