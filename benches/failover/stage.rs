//! The stage: three nodes with a real redis each, defined by a file with the election as a check. Judges nothing.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Cluster, Health, Node, Pass, secs, seen, wait_for};
use crate::mode::Mode;
use crate::redis::{PORT, Redis};
use crate::watch::{Seen, Watch};

pub const SERVICE: &str = "redis";
/// The name that DNS is asked for.
pub const NAME: &str = "redis-master.query.consul";
pub const KEY: &str = "service/redis-master/leader";
/// The TTL check, whose status the benchmark sets.
pub const REPORT: &str = "redis-report";
const ELECTION: &str = "redis-election";

pub struct Stage {
    cluster: Cluster,
    redis: Vec<Redis>,
}

impl Stage {
    pub fn set(mode: &Mode) -> Stage {
        let cluster = Cluster::with(3)
            .servers(mode.servers)
            .durable_server()
            .quick_failure_detection()
            .config(json!({"dns_config": {"allow_stale": mode.stale}}))
            .start();
        let redis = cluster.clients().iter().map(|node| Redis::on(node.ip())).collect();
        cluster.settle();
        for node in cluster.clients() {
            node.write_config("redis.json", definition(mode, node));
            node.reload();
        }
        Stage { cluster, redis }
    }

    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub fn client(&self, index: usize) -> &Node {
        &self.cluster.clients()[index]
    }

    pub fn redis(&self, index: usize) -> &Redis {
        &self.redis[index]
    }

    /// Returns the address of a node by its name, if there is such a node.
    pub fn address(&self, node: &str) -> Option<Ipv4Addr> {
        self.cluster.clients().iter().find(|client| client.name() == node).map(Node::ip)
    }

    /// Returns the servers' addresses if there are several; only then may DNS answer from the past.
    pub fn several_servers(&self) -> Vec<Ipv4Addr> {
        let servers = self.cluster.servers();
        if servers.len() > 1 { servers.iter().map(Node::ip).collect() } else { Vec::new() }
    }

    pub fn a_leader_answers(&self) -> Result<(), String> {
        let answer = self.client(0).api().request("GET", "/v1/kv/none?consistent", None)?;
        seen(answer.status, |status| *status == 404).map(drop).map_err(|status| format!("status {status}"))
    }

    /// Waits until one instance holds the lock, is tagged and found by DNS, all checks pass, and every election check
    /// prints its role. `at_least` is how long this must have been so. Returns the master.
    pub fn settled(&self, watch: &Watch, at_least: Duration) -> usize {
        let (mut since, mut before) = (Instant::now(), None);
        wait_for("everything to settle", secs(90), || {
            let now = self.agreed(watch);
            if now.as_ref().ok() != before.as_ref() {
                since = Instant::now();
            }
            before = now.as_ref().ok().copied();
            let master = now?;
            seen(since.elapsed(), |elapsed| *elapsed >= at_least).map(|_| master)
        })
    }

    /// Returns the master if lock, tags, DNS and checks agree on one.
    fn agreed(&self, watch: &Watch) -> Result<usize, String> {
        let lock = last(&watch.truth())?;
        let (tags, dns) = (last(&watch.tags())?, last(&watch.dns())?);
        let clients = self.cluster.clients();
        let master = clients.iter().position(|node| lock.node.as_deref() == Some(node.name()));
        let agree = master.is_some_and(|master| tags == [clients[master].name()] && dns == [clients[master].ip()]);
        let Some(master) = master.filter(|_| agree) else {
            return Err(format!("{lock:?}, tags {tags:?}, DNS {dns:?}"));
        };
        for node in clients {
            let role = if node.name() == clients[master].name() { "master on" } else { "slave of" };
            says(node, &format!("{role} {} (", clients[master].name()))?;
        }
        Ok(master)
    }
}

/// Whether all checks of a node's instance pass and its election check prints that role. Reports the TTL check again if
/// it lost its state with its agent.
fn says(node: &Node, role: &str) -> Result<(), String> {
    let checks = node.api().request("GET", "/v1/agent/checks", None)?.json();
    let status = |id: &str| checks[id]["Status"].as_str().unwrap_or("unknown");
    if status(REPORT) == "critical" {
        node.api().set_check(REPORT, Health::Passing);
    }
    let all = ["redis-answers", REPORT, ELECTION].map(status);
    let output = checks[ELECTION]["Output"].as_str().unwrap_or_default();
    let well = all == ["passing"; 3] && output.contains(role);
    if well { Ok(()) } else { Err(format!("{}: {all:?}, {output}", node.name())) }
}

/// Returns the last answer that came in time.
fn last<T: Clone>(heard: &[Seen<T>]) -> Result<T, String> {
    let last = heard.iter().rev().find(|seen| !seen.late).ok_or("nothing heard yet")?;
    last.what.clone()
}

fn definition(mode: &Mode, node: &Node) -> Value {
    let election = Pass::of(SERVICE).on(node).args(mode.arguments.iter().copied());
    json!({"service": {
        "name": SERVICE,
        "port": PORT,
        "checks": [
            {
                "id": "redis-answers", "name": "redis answers",
                "tcp": format!("{}:{PORT}", node.ip()), "interval": format!("{}s", mode.health.as_secs()), "timeout": "1s",
                // Its first run may come a whole interval late.
                "status": if mode.grace.is_some() { "passing" } else { "critical" },
            },
            {"id": REPORT, "name": "redis is well", "ttl": "1h", "status": "passing"},
            {
                "id": ELECTION, "name": "redis master election",
                "args": election.check_args(),
                "interval": format!("{}s", mode.interval.as_secs()), "timeout": format!("{}s", mode.timeout.as_secs()),
            },
        ],
    }})
}
