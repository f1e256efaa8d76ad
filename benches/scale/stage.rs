//! The stage: one service with many instances, spread over three agents, each instance with a health check that the benchmark
//! sets and the election as a check. Judges nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Api, Cluster, Health, Node, Pass, secs, text, wait_for};
use crate::mode::Mode;

const SERVICE: &str = "fleet";
pub const KEY: &str = "service/fleet-master/leader";
/// The path that shows whom the election's name finds.
pub const NAME: &str = "/v1/query/fleet-master/execute";
/// The name of the election's checks.
const ELECTION: &str = "election";
pub const AGENTS: u8 = 3;
/// Instance number `n` is registered with this port plus `n`, which tells the instances apart: one agent has many.
const PORT: usize = 10_000;

pub struct Stage {
    cluster: Cluster,
    size: usize,
    mode: &'static Mode,
}

impl Stage {
    /// Starts the agents.
    pub fn set(mode: &'static Mode, size: usize, servers: u8) -> Stage {
        let cluster = Cluster::with(AGENTS)
            .servers(servers)
            .config(json!({
                "telemetry": { "prometheus_retention_time": "24h", "disable_hostname": true },
                // Consul writes changed check outputs up to 5 minutes later, one entry each, with or without an election's change.
                // They are kept out of the measurement.
                "check_update_interval": "2h",
                // All instances of an agent come from one address here, with two connections each.
                "limits": { "http_max_conns_per_client": size + 500 },
            }))
            .start();
        cluster.settle();
        Stage { cluster, size, mode }
    }

    /// Registers an instance at its agent.
    pub fn register(&self, instance: usize) {
        let node = self.node(instance);
        node.api().register(&definition(self.mode, node, instance));
    }

    /// Whether the instances elect a leader.
    pub fn elects(&self) -> bool {
        self.mode.elects
    }

    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the candidates that the lock's value names.
    pub fn named(&self) -> Vec<usize> {
        let lock = self.api().lock(KEY).map(|lock| lock.value).unwrap_or_default();
        let next = lock["successors"]["next"].as_array().cloned().unwrap_or_default();
        let number = |one: &Value| text(one, "service_id").strip_prefix(&format!("{SERVICE}-"))?.parse().ok();
        next.iter().filter_map(number).collect()
    }

    /// Sets an instance's health check at its agent; the catalog has it when this returns.
    pub fn set_health(&self, instance: usize, health: Health) {
        self.node(instance).api().set_check(&report(instance), health);
    }

    /// Waits until all instances are in the catalog and passing, with all their checks.
    pub fn wait_for_instances(&self, limit: Duration) {
        wait_for("all instances to be passing", limit, || {
            // The answer is long.
            std::thread::sleep(secs(1));
            let passing = self.api().request("GET", &format!("/v1/health/service/{SERVICE}?passing"), None)?;
            let passing = passing.list().len();
            if passing == self.size { Ok(()) } else { Err(format!("{passing} of {} are", self.size)) }
        });
    }

    /// Returns the instance that the election's name finds at the servers.
    pub fn leader(&self) -> Result<usize, String> {
        let answer = self.api().request("GET", NAME, None)?;
        found(&answer.json()).ok_or_else(|| "the name finds nobody".to_owned())
    }

    /// Returns how many instances' checks print that this one leads.
    pub fn followers_of(&self, leader: usize) -> usize {
        let shown = format!("({}:{})", self.node(leader).ip(), PORT + leader);
        let follows = |node: &Node| {
            let checks = node.api().request("GET", "/v1/agent/checks", None).map(crate::harness::Answer::json);
            let checks = checks.ok().and_then(|checks| checks.as_object().cloned()).unwrap_or_default();
            checks.values().filter(|check| text(check, "Output").contains(&shown)).count()
        };
        self.cluster.clients().iter().map(follows).sum()
    }

    /// Returns status and output of the election's checks in the catalog, by their IDs.
    pub fn outputs(&self) -> BTreeMap<String, (String, String)> {
        let checks = self.api().get(&format!("/v1/health/checks/{SERVICE}")).list();
        let elections = checks.iter().filter(|check| text(check, "Name") == ELECTION);
        elections.map(|check| (text(check, "CheckID"), (text(check, "Status"), text(check, "Output")))).collect()
    }

    fn api(&self) -> Api {
        self.cluster.leader().api()
    }

    fn node(&self, instance: usize) -> &Node {
        &self.cluster.clients()[place(instance)]
    }
}

/// Returns the number of the agent that has an instance.
fn place(instance: usize) -> usize {
    instance % usize::from(AGENTS)
}

/// Returns the instance in the answer to [`NAME`], if there is exactly one.
pub fn found(answer: &Value) -> Option<usize> {
    match answer["Nodes"].as_array()?.as_slice() {
        [only] => usize::try_from(only["Service"]["Port"].as_u64()?).ok()?.checked_sub(PORT),
        _ => None,
    }
}

fn report(instance: usize) -> String {
    format!("report-{instance}")
}

fn definition(mode: &Mode, node: &Node, instance: usize) -> Value {
    let id = format!("{SERVICE}-{instance}");
    let mut checks =
        vec![json!({ "CheckID": report(instance), "Name": "the instance is well", "TTL": "24h", "Status": "passing" })];
    if mode.elects {
        let election =
            Pass::of(SERVICE).on(node).args(["--consul-service-id", &id]).args(mode.arguments.iter().copied());
        checks.push(json!({
            "CheckID": format!("election-{instance}"), "Name": ELECTION,
            "Args": election.check_args(),
            "Interval": format!("{}s", mode.interval.as_secs()), "Timeout": format!("{}s", mode.timeout.as_secs()),
        }));
    }
    json!({ "ID": id, "Name": SERVICE, "Port": PORT + instance, "Checks": checks })
}
