//! The servers' catalog: what everyone else sees of an instance. Must never know what a tag or a key of Meta means.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::acl::{Resource, Rule};
use super::agent::{Check, Health, Registration};
use super::call::Call;
use super::error::Error;
use super::http::{Client, behind, encode};

/// A node and one instance on it, in the catalog.
#[derive(Clone, Debug)]
pub struct CatalogNode {
    /// The address of the node.
    pub address: String,
    /// The instance that was asked for; `None`: the catalog does not have it.
    pub instance: Option<CatalogInstance>,
}

/// The part of an instance's catalog entry that its registration can change, as far as those who look for it care.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CatalogInstance {
    /// The service ID.
    #[serde(rename = "ID")]
    pub id: String,
    /// The address; empty: the node's.
    pub address: String,
    /// The port; 0: unknown.
    pub port: u16,
    /// The tags, in their order.
    #[serde(deserialize_with = "or_default")]
    pub tags: Vec<String>,
    /// Meta: keys and values.
    #[serde(deserialize_with = "or_default")]
    pub meta: BTreeMap<String, String>,
}

/// Consul writes `null` for a list or an object without entries.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(value: D) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}

impl Client {
    /// Returns the catalog's entry of a node and of the instance with this service ID on it. `None`: the catalog does
    /// not have the node, or the token may not read it, which looks the same.
    ///
    /// # Errors
    /// When the request failed.
    pub fn catalog_node(&self, node: &str, service_id: &str) -> Result<Option<CatalogNode>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Found {
            node: Option<Node>,
            services: Option<Vec<CatalogInstance>>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Node {
            address: String,
        }
        let found: Found = self.ask(entry_call(node, service_id))?.json()?;
        let instance = found.services.into_iter().flatten().find(|instance| instance.id == service_id);
        Ok(found.node.map(|node| CatalogNode { address: node.address, instance }))
    }
}

/// Creates a request for a node and this instance on it. The answer may have other instances as well.
pub(super) fn entry_call(node: &str, service_id: &str) -> Call {
    // A string in backticks has no escapes, and so cannot hold a backtick.
    let filter = if service_id.contains('`') {
        String::new()
    } else {
        format!("?filter={}", encode(&format!("ID == `{service_id}`")))
    };
    Call::get(
        format!("/v1/catalog/node-services/{}{filter}", encode(node)),
        format!("read instance {service_id} of node {node} in the catalog"),
        Rule::read(Resource::Node, node),
    )
}

/// An instance of a service anywhere in the datacenter.
#[derive(Clone, Debug)]
pub struct RemoteInstance {
    /// The name of its node.
    pub node: String,
    /// The address of its node.
    pub node_address: String,
    /// Its registration, its checks and its node's.
    pub health: Health,
    /// The raft index of the last change of any of its checks.
    pub checks_index: u64,
    /// The version of its node's agent, where that shows it.
    pub agent_version: Option<String>,
}

/// Which instances of a service are asked for: each that has any of this.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The node and the service ID.
    pub instances: Vec<(String, String)>,
    /// A key in its Meta.
    pub meta_key: String,
    /// A tag, in this case.
    pub tag: String,
}

impl Selection {
    /// The filter expression; `None`: a string in backticks has no escapes, and so cannot hold a backtick.
    fn filter(&self) -> Option<String> {
        let names = self.instances.iter().flat_map(|(node, id)| [node, id]).chain([&self.meta_key, &self.tag]);
        if names.into_iter().any(|name| name.contains('`')) {
            return None;
        }
        let one = |(node, id): &(String, String)| format!("(Node.Node == `{node}` and Service.ID == `{id}`)");
        let marked = format!("`{}` in Service.Meta or `{}` in Service.Tags", self.meta_key, self.tag);
        Some(self.instances.iter().map(one).chain([marked]).collect::<Vec<_>>().join(" or "))
    }
}

/// The instances of a service that the token may see.
#[derive(Clone, Debug)]
pub struct Instances {
    /// The instances.
    pub seen: Vec<RemoteInstance>,
    /// Whether Consul says that there are others. Versions before 1.11 never do.
    pub is_filtered: bool,
}

impl Client {
    /// Returns all instances of a service in the datacenter, healthy or not, except those that the token may not read.
    /// Reading one needs `service:read` on the service and `node:read` on its node.
    ///
    /// # Errors
    /// When the request failed.
    pub fn instances_everywhere(&self, service: &str) -> Result<Instances, Error> {
        self.instances_at(service, "").map(|(instances, _)| instances)
    }

    /// Returns those of them that are selected. Names that a filter cannot express select all.
    ///
    /// # Errors
    /// When the request failed.
    pub fn instances_selected(&self, service: &str, selection: &Selection) -> Result<Instances, Error> {
        let filter = selection.filter().map(|filter| format!("?filter={}", encode(&filter))).unwrap_or_default();
        self.instances_at(service, &filter).map(|(instances, _)| instances)
    }

    /// Returns the same as soon as anything of it has changed after `index`, or at once without an index; after about `limit` at the
    /// latest. Also returns the index for the next call.
    ///
    /// # Errors
    /// When the request failed.
    pub fn instances_after(
        &self,
        service: &str,
        index: Option<&str>,
        limit: Duration,
    ) -> Result<(Instances, String), Error> {
        self.instances_at(service, &behind(index, limit))
    }

    fn instances_at(&self, service: &str, wait: &str) -> Result<(Instances, String), Error> {
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
            #[serde(rename = "Meta")]
            meta: Option<BTreeMap<String, String>>,
        }
        #[derive(Deserialize)]
        struct IndexedCheck {
            #[serde(rename = "ModifyIndex", default)]
            index: u64,
            #[serde(flatten)]
            check: Check,
        }
        let rule = Rule::read_all(Resource::Node);
        let path = format!("/v1/health/service/{}{wait}", encode(service));
        let call = Call::get(path, format!("read the health of all instances of {service}"), rule);
        let mut answer = self.ask(call.for_list())?;
        let index = answer.index.take().unwrap_or_default();
        let entries: Vec<Entry> = answer.json()?;
        let instances = entries.into_iter().map(|entry| {
            let checks = entry.checks.unwrap_or_default();
            RemoteInstance {
                node: entry.node.name,
                node_address: entry.node.address,
                agent_version: entry.node.meta.and_then(|mut meta| meta.remove("consul-version")),
                checks_index: checks.iter().map(|check| check.index).max().unwrap_or_default(),
                health: Health {
                    registration: entry.service,
                    checks: checks.into_iter().map(|indexed| indexed.check).collect(),
                },
            }
        });
        Ok((Instances { seen: instances.collect(), is_filtered: answer.is_filtered }, index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_becomes_a_filter_unless_a_name_holds_a_backtick() {
        let one = |node: &str| (node.to_owned(), "redis 1".to_owned());
        let select = |node: &str| Selection {
            instances: vec![one("n1"), one(node)],
            meta_key: "election-redis-master-session".to_owned(),
            tag: "master".to_owned(),
        };
        let expected = "(Node.Node == `n1` and Service.ID == `redis 1`) or (Node.Node == `n2` and Service.ID == `redis 1`) \
            or `election-redis-master-session` in Service.Meta or `master` in Service.Tags";
        assert_eq!(select("n2").filter().as_deref(), Some(expected));
        assert_eq!(select("n`2").filter(), None);
    }
}
