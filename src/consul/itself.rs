//! What an agent says of itself and of everything that is registered with it. Must never know what a registration is for.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::acl::{Resource, Rule};
use super::agent::{Check, Registration};
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
        let settings = self.agent_settings()?;
        let (dns, domain) = (settings.dns.addresses, settings.dns.domain);
        Ok(Itself { node: settings.node, version: settings.version, dns, domain })
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

    /// Returns all checks of the local agent, except those that the token may not read.
    ///
    /// # Errors
    /// When the request failed.
    pub fn checks(&self) -> Result<Vec<Check>, Error> {
        let rule = Rule::read_all(Resource::Service);
        let call = Call::get("/v1/agent/checks".to_owned(), "list the agent's checks".to_owned(), rule);
        let checks: BTreeMap<String, Check> = self.ask(call.for_list())?.json()?;
        Ok(checks.into_values().collect())
    }
}
