//! What a live set-up shows, gathered in one place: reads, and asks what the token may do. Judges nothing and changes nothing.

use std::time::Duration;

use super::own::own;
use crate::consul::{
    AgentSettings, Client, Error, Health, Instances, Key, PreparedQuery, Resource, Rights, Rule, Session,
};
use crate::deadline::Deadline;
use crate::dns::Target as Place;
use crate::election::{Config, WatchPort};
use crate::info::Resolver;
use crate::port::{Probe, Target};

/// How long one connection may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// An answer: what was said, or why nothing was.
pub type Answer<T> = Result<T, Error>;

/// What a live set-up shows.
#[derive(Debug)]
pub struct Facts {
    /// The agent, for people.
    pub agent: String,
    /// The servers.
    pub servers: Answer<Vec<String>>,
    /// The agent's own configuration.
    pub settings: Answer<AgentSettings>,
    /// What the token may do.
    pub rights: Answer<Rights>,
    /// The local instances of the service.
    pub instances: Answer<Vec<Health>>,
    /// The names of all local services.
    pub services: Answer<Vec<String>>,
    /// All instances of the service, as the servers have them.
    pub everywhere: Answer<Instances>,
    /// The lock key.
    pub key: Answer<Option<Key>>,
    /// The session that holds it.
    pub holder: Option<Session>,
    /// The query of the election's name.
    pub query: Answer<Option<PreparedQuery>>,
    /// Where the name leads, by the agent's DNS: the name, and the answer; `None`: it was not asked.
    pub name: Option<(String, Result<Vec<Place>, String>)>,
    /// Whether something listens on the watched port.
    pub port: Option<Port>,
}

impl Facts {
    /// The nodes that have an instance of the service while this agent has none.
    pub fn elsewhere(&self) -> Vec<String> {
        match (&self.instances, &self.everywhere) {
            (Ok(here), Ok(all)) if here.is_empty() => all.seen.iter().map(|one| one.node.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether this is not the agent of an instance.
    pub fn is_elsewhere(&self) -> bool {
        !self.elsewhere().is_empty()
    }
}

/// Whether something listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// Something does.
    Open,
    /// Nothing does, or that cannot be seen.
    Silent(Target, String),
    /// It is not known where to look.
    Unknown(String),
}

/// Asks the agent and, through it, the servers.
///
/// # Errors
/// When the agent does not answer, or its servers have no leader and so nothing can be asked.
pub fn gather(client: &Client, config: &Config) -> Result<Option<Facts>, Error> {
    if client.servers_leader()?.is_empty() {
        return Ok(None);
    }
    let names = &config.names;
    let settings = client.agent_settings();
    let instances = client.instances(&names.service);
    let everywhere = client.instances_everywhere(&names.service);
    let is_here = |all: &Instances| all.seen.is_empty() || instances.as_ref().is_ok_and(|here| !here.is_empty());
    // Sessions are made on the node of the instance.
    let node = node_of(&settings, &instances).filter(|_| everywhere.as_ref().map_or(true, is_here));
    let key = client.key(&names.lock_key);
    let session = key.as_ref().ok().and_then(Option::as_ref).and_then(|key| key.session.clone());
    let port = config.policy.watch_port.as_ref().zip(instances.as_deref().ok());
    let port = port.and_then(|(watch, instances)| probe(watch, own(instances, names)?, &everywhere, client));
    Ok(Some(Facts {
        agent: client.agent().to_owned(),
        servers: client.servers(),
        rights: client.rights(&rules(config, node.as_deref())),
        services: client.service_names().map(|names| names.into_iter().collect()),
        everywhere,
        holder: session.and_then(|id| client.session(&id).ok().flatten()),
        query: client.query_of_name(&names.query),
        name: Some(ask_dns(client, config)),
        port,
        settings,
        instances,
        key,
    }))
}

/// The name of the agent's node, as far as it shows.
fn node_of(settings: &Answer<AgentSettings>, instances: &Answer<Vec<Health>>) -> Option<String> {
    let by_checks =
        || instances.as_ref().ok()?.iter().flat_map(|one| &one.checks).map(|check| check.node.clone()).next();
    settings.as_ref().ok().map(|settings| settings.node.clone()).filter(|node| !node.is_empty()).or_else(by_checks)
}

/// The rules that an election needs: first the required ones, then the one without which it works less well.
fn rules(config: &Config, node: Option<&str>) -> Vec<Rule> {
    let names = &config.names;
    let session = node.map(|node| Rule::write(Resource::Session, node));
    [
        Some(Rule::write(Resource::Key, &names.lock_key)),
        Some(Rule::write(Resource::Service, &names.service)),
        session,
        Some(Rule::write(Resource::Query, &names.query)),
        Some(Rule::read_all(Resource::Node)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Asks the agent's DNS where the name leads.
fn ask_dns(client: &Client, config: &Config) -> (String, Result<Vec<Place>, String>) {
    let (resolver, limit) = (Resolver::of(client, &config.access), client.deadline().remaining().min(PATIENCE));
    (resolver.name(&config.names), resolver.ask(&config.names, limit).map_err(|missing| missing.words))
}

fn probe(watch: &WatchPort, instance: &Health, everywhere: &Answer<Instances>, client: &Client) -> Option<Port> {
    let registration = &instance.registration;
    // Without an address of its own, the service is at that of its node.
    let of_node = || {
        let node = instance.checks.first().map(|check| check.node.as_str())?;
        let here = everywhere.as_ref().ok()?.seen.iter().find(|one| one.node == node)?;
        Some(here.node_address.as_str())
    };
    let own = Some(registration.address()).filter(|address| !address.is_empty());
    let host = own.or_else(of_node).unwrap_or_default();
    let registered = || match (registration.socket_path(), host, registration.port()) {
        ("", "", _) | ("", _, 0) => None,
        ("", host, port) => Some(Target::Tcp(host.to_owned(), port)),
        (path, _, _) => Some(Target::Unix(path.into())),
    };
    let Some(target) = watch.address.clone().or_else(registered) else {
        // A token that does not see the node does not see its address.
        let has_port = registration.port() != 0;
        return (!has_port).then(|| Port::Unknown(registration.id().to_owned()));
    };
    let limit = Deadline::after(client.deadline().remaining().min(PATIENCE));
    Some(match target.probe(Deadline::after(Duration::ZERO), limit) {
        Probe::Open(_) => Port::Open,
        Probe::Refused => Port::Silent(target, "connection refused".to_owned()),
        Probe::Unclear(why) => Port::Silent(target, why.to_string()),
    })
}
