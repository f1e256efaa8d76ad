//! Where an election's name is asked for in DNS, and whether its answer is the leader. Knows no lock.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::asked::{Missing, Part};
use crate::consul::{Access, Client, Found, Itself};
use crate::dns::{self, Target};
use crate::election::{Leader, Names};
use crate::net;

/// The port on which an agent answers DNS by default.
const PORT: u16 = 8600;

/// The domain of an agent's names by default.
const DOMAIN: &str = "consul";

/// The most time of one question: an agent answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The DNS of an agent.
#[derive(Clone, Debug)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
    domain: String,
    /// Why there is no server to ask.
    why_not: String,
}

impl Resolver {
    /// Finds the DNS of the agent: where it says itself that it is, or where it is by default.
    pub fn of(client: &Client, access: &Access) -> Resolver {
        let itself = client.itself();
        let is_off = itself.as_ref().is_ok_and(|known| known.dns.is_empty());
        // Without `agent:read` the defaults have to do.
        let Itself { dns, domain, .. } = itself.unwrap_or_default();
        let domain = if domain.is_empty() { DOMAIN.to_owned() } else { domain };
        if is_off {
            let why_not = "this agent answers no DNS: its port is switched off (ports.dns)".to_owned();
            return Resolver { servers: Vec::new(), domain, why_not };
        }
        let (host, limit) = (access.address.host_name(), client.deadline().remaining().min(PATIENCE));
        let found = match &host {
            None => Ok(vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT)]),
            Some(host) => net::resolve(host, PORT, limit),
        };
        let why_not =
            found.as_ref().err().map(|error| format!("cannot find the agent's DNS: {error}")).unwrap_or_default();
        let hosts = found.unwrap_or_default();
        let servers = match (hosts.first(), &dns[..]) {
            (_, []) => hosts,
            // An agent that listens on all addresses is asked where its HTTP API is.
            (Some(host), all) => all.iter().map(|server| reachable(*server, host.ip())).collect(),
            (None, all) => all.to_vec(),
        };
        Resolver { servers, domain, why_not }
    }

    /// The name of an election.
    pub fn name(&self, names: &Names) -> String {
        format!("{}.query.{}", names.query, self.domain)
    }

    /// Whether there is a server to ask.
    pub fn can_ask(&self) -> bool {
        !self.servers.is_empty()
    }

    /// Asks for the name of an election.
    ///
    /// # Errors
    /// When no server answers.
    pub fn ask(&self, names: &Names, limit: Duration) -> Part<Vec<Target>> {
        let name = self.name(names);
        let mut why_not = self.why_not.clone();
        for server in &self.servers {
            match dns::ask(*server, &name, limit.min(PATIENCE)) {
                Ok(answer) => return Ok(answer),
                Err(error) => why_not = format!("cannot ask DNS at {server} for {name}: {error}"),
            }
        }
        Err(Missing::because(why_not))
    }
}

/// A server's address as this machine reaches it.
fn reachable(server: SocketAddr, host: IpAddr) -> SocketAddr {
    if server.ip().is_unspecified() { SocketAddr::new(host, server.port()) } else { server }
}

/// What the query finds, as DNS would answer it. `addresses` has the nodes' own.
pub fn of_found(found: Option<&Found>, address_of: impl Fn(&str) -> Option<String>) -> Vec<Target> {
    let instances = found.into_iter().flat_map(|found| &found.instances);
    let mut targets: Vec<Target> = instances
        .map(|(node, instance)| {
            let own = Some(instance.address.clone()).filter(|address| !address.is_empty());
            let host = own.or_else(|| address_of(node)).unwrap_or_else(|| node.clone());
            Target { host, port: instance.port }
        })
        .collect();
    targets.sort();
    targets.dedup();
    targets
}

/// Whether the answer is the leader and nothing else; without a leader, whether it is empty. `None`: the leader's address is unknown.
pub fn agrees(answers: &[Target], leader: Option<&Leader>) -> Option<bool> {
    let Some(leader) = leader else { return Some(answers.is_empty()) };
    if leader.address.is_empty() {
        return None;
    }
    let is_leader = |target: &Target| target.host.eq_ignore_ascii_case(&leader.address) && target.port == leader.port;
    Some(answers.len() == 1 && answers.iter().all(is_leader))
}

/// The leader's address, as DNS would answer it; empty if unknown.
pub fn place(leader: &Leader) -> String {
    if leader.address.is_empty() {
        return String::new();
    }
    Target { host: leader.address.clone(), port: leader.port }.to_string()
}
