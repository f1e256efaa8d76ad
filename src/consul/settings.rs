//! What an agent says of its own configuration, and who its servers are. Must never know what a setting is good or bad for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::acl::{Resource, Rule};
use super::call::Call;
use super::error::Error;
use super::http::Client;
use crate::duration;

/// An agent's configuration, as far as elections depend on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentSettings {
    /// The name of its node.
    pub node: String,
    /// Its version.
    pub version: String,
    /// Whether it is a server.
    pub is_server: bool,
    /// Whether it runs script checks that files define.
    pub runs_scripts: bool,
    /// Whether it keeps no output of checks.
    pub discards_output: bool,
    /// The most bytes that it keeps of a check's output.
    pub output_size: u64,
    /// The shortest TTL of a session, which only a server's own setting decides.
    pub session_ttl_min: Duration,
    /// How it answers DNS.
    pub dns: DnsSettings,
    /// The definitions of services that it has read from files, as it shows them.
    pub services: Value,
    /// The definitions of checks that stand by themselves.
    pub checks: Value,
}

/// How an agent answers DNS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsSettings {
    /// Where it answers over TCP.
    pub addresses: Vec<SocketAddr>,
    /// The domain of its names, without dots at its ends.
    pub domain: String,
    /// Whether any server may answer, from what it last knew.
    pub allows_stale: bool,
    /// Whether answers come from the agent's cache.
    pub uses_cache: bool,
    /// Whether an instance in warning is left out.
    pub only_passing: bool,
    /// How long a resolver may remember that a name does not exist, in seconds.
    pub negative_ttl: u64,
    /// How long a resolver may remember the answer for a service, by its name or `*`.
    pub service_ttl: BTreeMap<String, String>,
}

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
    server: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(clippy::struct_excessive_bools, reason = "they are Consul's settings")]
struct Debug {
    enable_local_script_checks: bool,
    enable_remote_script_checks: bool,
    discard_check_output: bool,
    check_output_max_size: u64,
    #[serde(rename = "SessionTTLMin")]
    session_ttl_min: String,
    #[serde(rename = "DNSAddrs")]
    addresses: Option<Vec<String>>,
    #[serde(rename = "DNSDomain")]
    domain: String,
    #[serde(rename = "DNSAllowStale")]
    allow_stale: bool,
    #[serde(rename = "DNSUseCache")]
    use_cache: bool,
    #[serde(rename = "DNSOnlyPassing")]
    only_passing: bool,
    #[serde(rename = "DNSSOA")]
    soa: Soa,
    #[serde(rename = "DNSServiceTTL")]
    service_ttl: Option<BTreeMap<String, String>>,
    services: Value,
    checks: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Soa {
    minttl: u64,
}

impl Client {
    /// Returns the agent's own configuration. Needs `agent:read`.
    ///
    /// # Errors
    /// When the request failed or was denied.
    pub fn agent_settings(&self) -> Result<AgentSettings, Error> {
        let rule = Rule::read_all(Resource::Agent);
        let call = Call::get("/v1/agent/self".to_owned(), "read what the agent says of itself".to_owned(), rule);
        let Told { config, debug_config: debug } = self.ask(call.for_list())?.json()?;
        let addresses = debug.addresses.iter().flatten();
        Ok(AgentSettings {
            node: config.node_name,
            version: config.version,
            is_server: config.server,
            runs_scripts: debug.enable_local_script_checks || debug.enable_remote_script_checks,
            discards_output: debug.discard_check_output,
            output_size: debug.check_output_max_size,
            session_ttl_min: duration::parse(&debug.session_ttl_min).unwrap_or_default(),
            dns: DnsSettings {
                addresses: addresses.filter_map(|address| address.strip_prefix("tcp://")?.parse().ok()).collect(),
                domain: debug.domain.trim_matches('.').to_owned(),
                allows_stale: debug.allow_stale,
                uses_cache: debug.use_cache,
                only_passing: debug.only_passing,
                negative_ttl: debug.soa.minttl,
                service_ttl: debug.service_ttl.unwrap_or_default(),
            },
            services: debug.services,
            checks: debug.checks,
        })
    }

    /// Returns the address of the servers' leader; empty: they have none. Needs no rights.
    ///
    /// # Errors
    /// When the agent could not be asked.
    pub fn servers_leader(&self) -> Result<String, Error> {
        let rule = Rule::read_all(Resource::Agent);
        self.ask(Call::get("/v1/status/leader".to_owned(), "ask for the servers' leader".to_owned(), rule))?.json()
    }

    /// Returns the addresses of the servers. Needs no rights.
    ///
    /// # Errors
    /// When the request failed.
    pub fn servers(&self) -> Result<Vec<String>, Error> {
        let rule = Rule::read_all(Resource::Agent);
        self.ask(Call::get("/v1/status/peers".to_owned(), "ask for the servers".to_owned(), rule))?.json()
    }
}
