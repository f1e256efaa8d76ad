//! A whole datacenter on loopback: how a scenario describes it, starts it and waits for it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, process};

use serde_json::Value;

use super::answer::Answer;
use super::config::Settings;
use super::loopback::Loopback;
use super::node::{Node, Plan};
use super::wait::{secs, seen, wait_for};

pub struct Cluster {
    servers: Vec<Node>,
    clients: Vec<Node>,
    /// Dropped last, when the agents are gone.
    _network: Loopback,
}

pub struct ClusterBuilder {
    servers: u8,
    clients: u8,
    durable: bool,
    settings: Settings,
}

impl Cluster {
    /// Starts one server `s1` and this many clients `n1`, `n2`, …, without ACLs, for one scenario alone.
    pub fn of(clients: u8) -> Cluster {
        Cluster::with(clients).start()
    }

    /// As [`Cluster::of`], with more settings before it starts.
    pub fn with(clients: u8) -> ClusterBuilder {
        let settings = Settings {
            servers: Vec::new(),
            acls: false,
            quick_failure_detection: false,
            every: Value::Null,
            server: Value::Null,
            client: Value::Null,
        };
        ClusterBuilder { servers: 1, clients, durable: false, settings }
    }

    pub fn server(&self) -> &Node {
        &self.servers[0]
    }

    pub fn servers(&self) -> &[Node] {
        &self.servers
    }

    pub fn clients(&self) -> &[Node] {
        &self.clients
    }

    /// Returns the clients by name: `let [n1, n2, n3] = cluster.nodes();`. Panics if there are fewer.
    pub fn nodes<const N: usize>(&self) -> [&Node; N] {
        assert!(self.clients.len() >= N, "the cluster has {} clients, not {N}", self.clients.len());
        std::array::from_fn(|index| &self.clients[index])
    }

    /// Returns the node of that name, server or client.
    pub fn node(&self, name: &str) -> &Node {
        let found = self.all().find(|node| node.name() == name);
        found.unwrap_or_else(|| panic!("no node {name} in the cluster"))
    }

    /// Waits for the servers' leader and returns it.
    pub fn leader(&self) -> &Node {
        let address = wait_for("a leader", secs(30), || {
            let answers = self.servers.iter().map(|server| server.api().request("GET", "/v1/status/leader", None));
            let leader = answers
                .flatten()
                .map(Answer::json)
                .find(|leader| leader.as_str().is_some_and(|leader| !leader.is_empty()));
            leader.ok_or_else(|| "no server names one".to_owned())
        });
        let leads = |node: &&Node| address.as_str() == Some(format!("{}:8300", node.ip()).as_str());
        self.servers.iter().find(leads).unwrap_or_else(|| panic!("{address} is not a server"))
    }

    /// Waits until every node is a passing member in the catalog, can ask the servers, and has its token resolved.
    pub fn wait_for_members(&self) {
        for node in self.all() {
            node.wait_for_api();
            // A client answers 500 while its servers are not ready, and 401 until it knows of the ACLs.
            wait_for(&format!("{} to reach the servers", node.name()), secs(30), || {
                let acls = self.server().api().has_token();
                let path = if acls { "/v1/acl/token/self" } else { "/v1/kv/none" };
                let answer = node.api().request("GET", path, None)?;
                seen(answer, |answer| answer.status == if acls { 200 } else { 404 }).map(drop)
            });
        }
        wait_for("every node to be passing in the catalog", secs(30), || {
            let states: Vec<_> = self.all().map(|node| self.server().api().serf_health(node.name())).collect();
            seen(states, |states| states.iter().all(|state| state.as_deref() == Some("passing"))).map(drop)
        });
    }

    /// Waits until every agent has done its first full sync, which Consul delays by a random time of up to 3 s.
    ///
    /// Before that, changes over HTTP (a registration, a TTL check) reach the catalog at once, but the result of a
    /// script check does not. The sync itself is a raft entry.
    pub fn settle(&self) {
        wait_for("every agent's first full sync", secs(30), || {
            let nodes = self.server().api().get("/v1/catalog/nodes").list();
            // The leader enters a new member with only its address; these fields come from the agent.
            let raw: Vec<_> =
                nodes.iter().filter(|node| node["TaggedAddresses"].is_null()).map(|node| &node["Node"]).collect();
            seen(raw, Vec::is_empty).map(drop)
        });
    }

    /// Returns how many raft entries the work costs, in a cluster that nobody else uses.
    ///
    /// Even an idle server writes its own entry about once a minute. So the work runs up to three times, until it costs
    /// nothing, and the lowest count is returned.
    pub fn quiet_raft_entries(&self, mut work: impl FnMut()) -> u64 {
        self.settle();
        let leader = self.leader().api();
        let mut least = u64::MAX;
        for _ in 0..3 {
            let before = leader.last_raft_index();
            work();
            least = least.min(leader.last_raft_index() - before);
            if least == 0 {
                break;
            }
        }
        least
    }

    fn all(&self) -> impl Iterator<Item = &Node> {
        self.servers.iter().chain(&self.clients)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.all().for_each(Node::release);
    }
}

impl ClusterBuilder {
    /// More than one server, each of them durable.
    pub fn servers(mut self, servers: u8) -> Self {
        self.servers = servers;
        self
    }

    /// Makes the single server write to disk, as several do, so that it can restart; its election then takes 1 to 2 s
    /// longer.
    pub fn durable_server(mut self) -> Self {
        self.durable = true;
        self
    }

    /// ACLs that deny by default. `Node::api` then has the management token.
    pub fn acls(mut self) -> Self {
        self.settings.acls = true;
        self
    }

    /// Makes Consul find a dead agent in about a fifth of the usual time.
    pub fn quick_failure_detection(mut self) -> Self {
        self.settings.quick_failure_detection = true;
        self
    }

    /// Sets configuration that overrides that of every agent.
    pub fn config(mut self, config: Value) -> Self {
        self.settings.every = config;
        self
    }

    /// Sets configuration that overrides that of every server.
    pub fn server_config(mut self, config: Value) -> Self {
        self.settings.server = config;
        self
    }

    /// Sets configuration that overrides that of every client.
    pub fn client_config(mut self, config: Value) -> Self {
        self.settings.client = config;
        self
    }

    /// Starts all agents at the same time and waits until they are passing members.
    pub fn start(self) -> Cluster {
        let ClusterBuilder { servers, clients, durable, mut settings } = self;
        let network = Loopback::reserve(servers + clients);
        settings.servers = (1..=servers).map(|host| network.address(host)).collect();
        // A single server may keep its log in memory: `-dev` saves the second or two that raft waits for others.
        let in_memory = servers == 1 && !durable;
        let server = |number: u8| {
            let (name, ip) = (format!("s{number}"), network.address(number));
            let plan = Plan { name: name.clone(), ip, acls: settings.acls, in_memory };
            Node::start(plan, directory(&name), |data| {
                if in_memory { settings.of_memory_server(&name, ip, data) } else { settings.of_server(&name, ip, data) }
            })
        };
        let client = |number: u8| {
            let (name, ip) = (format!("n{number}"), network.address(servers + number));
            let plan = Plan { name: name.clone(), ip, acls: settings.acls, in_memory: false };
            Node::start(plan, directory(&name), |data| settings.of_client(&name, ip, data))
        };
        let servers: Vec<_> = (1..=servers).map(server).collect();
        // A client that finds nobody to join retries only after a second.
        servers.iter().for_each(Node::wait_for_gossip);
        let clients = (1..=clients).map(client).collect();
        let cluster = Cluster { servers, clients, _network: network };
        cluster.leader();
        cluster.wait_for_members();
        cluster
    }
}

/// Returns one server and three clients without ACLs, for all scenarios of this process that harm no agent and use
/// [`unique`] names.
///
/// It is never dropped: its keepers stop it when the process ends.
pub fn shared() -> &'static Cluster {
    static SHARED: LazyLock<Cluster> = LazyLock::new(|| {
        let cluster = Cluster::of(3);
        cluster.settle();
        cluster
    });
    &SHARED
}

/// Returns a name that no other scenario of this process uses: `redis` becomes `redis-7`.
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn directory(node: &str) -> std::path::PathBuf {
    let name = format!("consul-master-election-tagger-{}", process::id());
    env::temp_dir().join(unique(&format!("{name}-{node}")))
}
