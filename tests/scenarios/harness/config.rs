//! The configuration of the agents, and the reasons for it.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::consul::consul;

/// The management token of every cluster with ACLs. Since Consul 1.11 it must be a UUID.
pub const MANAGEMENT_TOKEN: &str = "6f1d7f0e-5a0c-4c56-9d3e-2b6c1f3a8e90";

/// The configuration that all nodes of one cluster share.
pub struct Settings {
    pub servers: Vec<Ipv4Addr>,
    pub acls: bool,
    pub quick_failure_detection: bool,
    /// Overrides every agent's configuration; the settings for servers or clients override this.
    pub every: Value,
    pub server: Value,
    pub client: Value,
}

impl Settings {
    pub fn of_server(&self, name: &str, address: Ipv4Addr, data: &str) -> Value {
        let mut config = self.common(name, address, data);
        let role = json!({ "server": true, "bootstrap_expect": self.servers.len() });
        merge(&mut config, &role);
        merge(&mut config, &self.server);
        config
    }

    /// The configuration of a server in memory, which elects itself at once. `-dev` implies settings that the other
    /// kind needs explicitly.
    pub fn of_memory_server(&self, name: &str, address: Ipv4Addr, data: &str) -> Value {
        let mut config = self.common(name, address, data);
        // `-dev` turns Connect on; the other agents have their version's default.
        let connect = consul().version >= (1, 14, 0);
        merge(&mut config, &json!({ "server": true, "connect": { "enabled": connect } }));
        merge(&mut config, &self.server);
        config
    }

    pub fn of_client(&self, name: &str, address: Ipv4Addr, data: &str) -> Value {
        let mut config = self.common(name, address, data);
        merge(&mut config, &self.client);
        config
    }

    fn common(&self, name: &str, address: Ipv4Addr, data: &str) -> Value {
        let others: Vec<_> = self.servers.iter().filter(|server| **server != address).collect();
        let mut config = json!({
            "node_name": name,
            "bind_addr": address,
            "client_addr": address,
            "data_dir": data,
            "retry_join": others,
            "retry_interval": "1s",
            "log_level": "INFO",
            "performance": { "raft_multiplier": 1 },
            "gossip_lan": self.gossip(),
            // All nodes share one host, so its ID would not be unique.
            "disable_host_node_id": true,
            // Coordinates would be raft entries in an idle cluster.
            "disable_coordinates": true,
            "disable_update_check": true,
            "enable_script_checks": true,
            // SIGINT then acts like a reboot: the agent ends but does not leave.
            "skip_leave_on_interrupt": true,
        });
        if self.acls {
            merge(&mut config, &acls());
        }
        merge(&mut config, &self.every);
        config
    }

    /// The timing of failure detection: Consul's defaults, written out because `-dev` has others, or about a fifth of
    /// them.
    fn gossip(&self) -> Value {
        if self.quick_failure_detection {
            json!({ "probe_interval": "200ms", "probe_timeout": "100ms", "gossip_interval": "50ms", "suspicion_mult": 3 })
        } else {
            json!({ "probe_interval": "1s", "probe_timeout": "500ms", "gossip_interval": "200ms", "suspicion_mult": 4 })
        }
    }
}

fn acls() -> Value {
    let management = if consul().version < (1, 11, 0) { "master" } else { "initial_management" };
    json!({ "acl": {
        "enabled": true,
        "default_policy": "deny",
        // The nodes register themselves with the agent's token; services sync with their own.
        "tokens": { management: MANAGEMENT_TOKEN, "agent": MANAGEMENT_TOKEN },
    }})
}

/// Merges one object into another, key by key.
fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (base, over) => *base = over.clone(),
    }
}
