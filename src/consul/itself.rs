//! What an agent says of itself and of everything that is registered with it. Must never know what a registration is for.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Deserialize;

use super::acl::{Resource, Rule};
use super::agent::Registration;
use super::call::Call;
use super::error::Error;
use super::http::Client;

/// What an agent says of itself, as far as somebody needs it who wants to ask its DNS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Itself {
    /// The name of its node.
    pub node: String,
    /// The version of Consul.
    pub version: String,
    /// Where it answers DNS over TCP.
    pub dns: Vec<SocketAddr>,
    /// The domain of its names, without dots at its ends; empty if unknown.
    pub domain: String,
}

impl Client {
    /// Returns what the agent says of itself. Needs `agent:read`, which hardly any other request does.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn itself(&self) -> Result<Itself, Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        struct Told {
            config: Config,
            debug_config: Debug,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        struct Config {
            node_name: String,
            version: String,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Debug {
            #[serde(rename = "DNSAddrs")]
            addresses: Option<Vec<String>>,
            #[serde(rename = "DNSDomain")]
            domain: String,
        }
        let rule = Rule::read_all(Resource::Agent);
        let call = Call::get("/v1/agent/self".to_owned(), "read what the agent says of itself".to_owned(), rule);
        let Told { config, debug_config } = self.ask(call)?.json()?;
        let addresses = debug_config.addresses.unwrap_or_default();
        let dns = addresses.iter().filter_map(|address| address.strip_prefix("tcp://")?.parse().ok()).collect();
        let domain = debug_config.domain.trim_matches('.').to_owned();
        Ok(Itself { node: config.node_name, version: config.version, dns, domain })
    }

    /// Returns the registrations of all instances on the local agent, except those that the token may not read.
    ///
    /// # Errors
    /// When the request failed.
    pub fn registrations(&self) -> Result<Vec<Registration>, Error> {
        let rule = Rule::read_all(Resource::Service);
        let call = Call::get("/v1/agent/services".to_owned(), "list the agent's services".to_owned(), rule);
        let services: BTreeMap<String, Registration> = self.ask(call.for_list())?.json()?;
        Ok(services.into_values().collect())
    }
}
