//! Where an instance is reached: its registered address, or its node's. Asks the catalog for the latter.

use super::model::Instance;
use crate::consul::{Client, Error};

/// The address of the instance: the registered one, or its node's, which is asked for unless an earlier answer held it. Empty if the
/// token may not read the node.
///
/// # Errors
/// When Consul could not be asked.
pub fn address(client: &Client, instance: &Instance) -> Result<String, Error> {
    let registered = instance.registration.address();
    if !registered.is_empty() {
        return Ok(registered.to_owned());
    }
    if let Some(address) = &instance.node_address {
        return Ok(address.clone());
    }
    let found = client.catalog_node(&instance.identity.node, &instance.identity.service_id)?;
    Ok(found.map(|node| node.address).unwrap_or_default())
}
