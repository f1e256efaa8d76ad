//! What is counted of a cluster: CPU, bytes, requests, raft entries. Reads counters and subtracts them; judges nothing.

use std::time::{Duration, Instant};

use crate::harness::{Cluster, Node, seen, wait_for};
use crate::process::{cpu_of, cpu_of_children, sent_from};

/// The figures, by their names in the CSV. Each is a sum over all nodes that it names.
pub const FIGURES: [&str; 13] = [
    "leader_cpu_ms",
    "followers_cpu_ms",
    "agents_cpu_ms",
    "programs_cpu_ms",
    "leader_sent_bytes",
    "followers_sent_bytes",
    "rpc_requests",
    "http_requests",
    "raft_entries",
    "catalog_entries",
    "lock_attempts",
    "sessions_created",
    "check_outputs",
];
pub const LEADER_CPU: usize = 0;
pub const FOLLOWERS_CPU: usize = 1;
pub const AGENTS_CPU: usize = 2;
pub const PROGRAMS_CPU: usize = 3;
pub const LEADER_SENT: usize = 4;
pub const FOLLOWERS_SENT: usize = 5;
pub const RPC: usize = 6;
pub const HTTP: usize = 7;
pub const ENTRIES: usize = 8;
pub const CATALOG: usize = 9;
pub const ATTEMPTS: usize = 10;
pub const SESSIONS: usize = 11;
/// The raft entries by which Consul itself writes changed outputs of checks. A snapshot does not have them: see `Stage::outputs`.
pub const OUTPUTS: usize = 12;

/// Figures of which none falls due at rest, so that nothing is subtracted for the time of a failover.
pub const WRITES: [usize; 5] = [ENTRIES, CATALOG, ATTEMPTS, SESSIONS, OUTPUTS];

/// The port of a server to which agents and the other servers connect.
const SERVER_PORT: u16 = 8300;

/// How long an agent may be too busy to tell its counters.
const PATIENCE: Duration = Duration::from_secs(120);

/// One number for each of [`FIGURES`].
pub type Counts = [f64; FIGURES.len()];

/// The counters at a moment.
#[derive(Clone)]
pub struct Snapshot {
    pub at: Instant,
    /// The servers' leader.
    leader: String,
    counts: Counts,
}

impl Snapshot {
    /// Reads all counters. The servers' leader must not change between two snapshots that are compared.
    pub fn of(cluster: &Cluster) -> Snapshot {
        // Without a question, if there is one server only: it may be busy.
        let leader = if cluster.servers().len() > 1 { cluster.leader() } else { cluster.server() };
        let mut snapshot =
            Snapshot { at: Instant::now(), leader: leader.name().to_owned(), counts: [0.0; FIGURES.len()] };
        snapshot.ask(cluster);
        snapshot.read(cluster);
        snapshot
    }

    /// Reads the kernel's counters only, and leaves the others as they were: agents that hang answer no questions.
    pub fn of_kernel(cluster: &Cluster, earlier: &Snapshot) -> Snapshot {
        let mut snapshot = earlier.clone();
        snapshot.read(cluster);
        snapshot
    }

    fn ask(&mut self, cluster: &Cluster) {
        let (leader, followers) = self.servers(cluster);
        let of_leader = Metrics::of(leader);
        let of_followers: Vec<_> = followers.into_iter().map(Metrics::of).collect();
        let of_agents: Vec<_> = cluster.clients().iter().map(Metrics::of).collect();
        let counts = &mut self.counts;
        counts[ENTRIES] = of_leader.sum("consul_raft_apply");
        counts[RPC] = of_leader.sum("consul_rpc_request");
        counts[RPC] += of_followers.iter().map(|metrics| metrics.sum("consul_rpc_request")).sum::<f64>();
        counts[HTTP] = of_agents.iter().map(Metrics::http_requests).sum();
        // What agents write to the catalog. A transaction counts elsewhere, whatever it contains.
        counts[CATALOG] = of_leader.sum("consul_fsm_register_count") + of_leader.sum("consul_fsm_deregister_count");
        // Counted where a write arrives, so with those that a lock-delay refuses. Nothing else writes keys here.
        counts[ATTEMPTS] = of_leader.sum("consul_kvs_apply_count") + of_leader.sum("consul_txn_apply_count");
        counts[SESSIONS] = of_leader.sum("consul_fsm_session_count{op=\"create\"}");
    }

    fn read(&mut self, cluster: &Cluster) {
        let (leader, followers) = self.servers(cluster);
        let agents: Vec<_> = cluster.clients().iter().map(Node::process).collect();
        let counts = &mut self.counts;
        counts[LEADER_SENT] = sent_from(leader.ip(), SERVER_PORT);
        counts[FOLLOWERS_SENT] = followers.iter().map(|node| sent_from(node.ip(), SERVER_PORT)).sum();
        counts[PROGRAMS_CPU] = cpu_of_children(&agents);
        counts[AGENTS_CPU] = agents.iter().map(|process| cpu_of(*process)).sum();
        counts[FOLLOWERS_CPU] = followers.iter().map(|node| cpu_of(node.process())).sum();
        counts[LEADER_CPU] = cpu_of(leader.process());
        self.at = Instant::now();
    }

    fn servers<'a>(&self, cluster: &'a Cluster) -> (&'a Node, Vec<&'a Node>) {
        let followers = cluster.servers().iter().filter(|server| server.name() != self.leader);
        (cluster.node(&self.leader), followers.collect())
    }

    /// What has been counted since an earlier snapshot.
    pub fn since(&self, earlier: &Snapshot) -> Counts {
        std::array::from_fn(|figure| self.counts[figure] - earlier.counts[figure])
    }

    /// The same, without what this time costs at rest, by its figures per second.
    pub fn since_without(&self, earlier: &Snapshot, rates: &Counts) -> Counts {
        let (raw, seconds) = (self.since(earlier), self.seconds_since(earlier));
        std::array::from_fn(|figure| raw[figure] - if WRITES.contains(&figure) { 0.0 } else { rates[figure] * seconds })
    }

    /// The same per second.
    pub fn rates_since(&self, earlier: &Snapshot) -> Counts {
        self.since(earlier).map(|count| count / self.seconds_since(earlier))
    }

    pub fn seconds_since(&self, earlier: &Snapshot) -> f64 {
        self.at.saturating_duration_since(earlier.at).as_secs_f64().max(0.001)
    }
}

/// The counters that an agent keeps itself, in Prometheus's format: unlike the JSON, which shows one interval of 10 s, they
/// only grow.
struct Metrics(String);

impl Metrics {
    fn of(node: &Node) -> Metrics {
        let text = wait_for("the agent's counters", PATIENCE, || {
            let answer = node.api().request("GET", "/v1/agent/metrics?format=prometheus", None)?;
            seen(answer, |answer| answer.status == 200).map(|answer| answer.text)
        });
        Metrics(text)
    }

    /// Returns the sum of all series that have this name, or begin with it if it contains labels.
    fn sum(&self, name: &str) -> f64 {
        self.sum_if(|series| series == name || series.strip_prefix(name).is_some_and(|rest| rest.starts_with('{')))
    }

    /// Requests by method and path: `consul_api_http_count{…}`; before Consul 1.9 `consul_http_METHOD_PATH_count`. Some versions
    /// have both.
    fn http_requests(&self) -> f64 {
        let old = |series: &str| series.starts_with("consul_http_") && series.contains("_count");
        let new = self.sum("consul_api_http_count");
        if new > 0.0 { new } else { self.sum_if(old) }
    }

    fn sum_if(&self, wanted: impl Fn(&str) -> bool) -> f64 {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        let series = lines.filter_map(|line| line.rsplit_once(' ')).filter(|(series, _)| wanted(series));
        series.filter_map(|(_, value)| value.parse::<f64>().ok()).sum()
    }
}
