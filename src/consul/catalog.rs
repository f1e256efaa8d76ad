//! The servers' catalog: what everybody else sees of a node's instances.

use serde::Deserialize;

use super::error::Error;
use super::http::{Call, Client, encode};

/// A node and one instance on it, as the catalog has them.
#[derive(Clone, Debug)]
pub struct CatalogNode {
    /// The node's address.
    pub address: String,
    /// The tags of the instance that was asked for; `None` when the catalog does not have it.
    pub tags: Option<Vec<String>>,
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
        let tags = service.map(|service| service.tags.unwrap_or_default());
        Ok(found.node.map(|node| CatalogNode { address: node.address, tags }))
    }
}
