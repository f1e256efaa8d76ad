//! A datacenter of three servers and three clients whose agents live in network namespaces of their own, so that each can be cut off. Their
//! HTTP API is a Unix socket, which a cut does not reach. Without root there are no namespaces, and no cuts.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Keeper, Loopback, consul, secs, seen, unique, wait_for};

/// How many servers there are, and as many clients.
pub const HALF: usize = 3;

pub struct Net {
    /// Dropped before the namespaces go.
    pub agents: Vec<Agent>,
    names: Vec<String>,
    folder: PathBuf,
    /// Held as long as the agents live.
    loopback: Option<Loopback>,
}

pub struct Agent {
    pub name: String,
    pub socket: PathBuf,
    /// The namespace with the switch, and the agent's port there.
    port: Option<(String, String)>,
    keeper: Keeper,
}

fn try_ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip").args(arguments.split(' ')).output().map_err(|error| format!("ip: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("ip {arguments}: {said}")) }
}

fn ip(arguments: &str) {
    try_ip(arguments).unwrap_or_else(|error| panic!("{error}"));
}

impl Net {
    pub fn start() -> Net {
        let prefix = unique(&format!("e{}", std::process::id()));
        // A socket's path must be short.
        let folder = Path::new("/tmp").join(format!("election-{prefix}"));
        fs::create_dir_all(&folder).unwrap();
        let hub = format!("{prefix}h");
        let loopback = try_ip(&format!("netns add {hub}")).err().map(|error| {
            println!("no network namespaces here, so an agent is stopped where it would be cut off: {error}");
            Loopback::reserve(u8::try_from(2 * HALF).unwrap())
        });
        let address = |number: usize| match &loopback {
            Some(loopback) => loopback.address(u8::try_from(number + 1).unwrap()).to_string(),
            None => format!("10.77.0.{}", number + 1),
        };
        let mut net = Net { agents: Vec::new(), names: Vec::new(), folder, loopback: None };
        if loopback.is_none() {
            net.names.push(hub.clone());
            ip(&format!("-n {hub} link add br0 type bridge"));
            ip(&format!("-n {hub} link set br0 up"));
        }
        let servers: Vec<String> = (0..HALF).map(address).collect();
        for number in 0..2 * HALF {
            let (space, port) = (format!("{prefix}n{number}"), format!("v{number}"));
            if loopback.is_none() {
                net.names.push(space.clone());
                ip(&format!("netns add {space}"));
                ip(&format!("-n {space} link add eth0 type veth peer name {port} netns {hub}"));
                ip(&format!("-n {hub} link set {port} master br0 up"));
                ip(&format!("-n {space} addr add {}/24 dev eth0", address(number)));
                ip(&format!("-n {space} link set eth0 up"));
                ip(&format!("-n {space} link set lo up"));
            }
            let name = if number < HALF { format!("s{number}") } else { format!("c{}", number - HALF) };
            let folder = net.folder.join(&name);
            let socket = net.folder.join(format!("{name}.sock"));
            let config = config(&name, &address(number), &servers, &folder, &socket, number < HALF);
            let file = net.folder.join(format!("{name}.json"));
            fs::write(&file, config.to_string()).unwrap();
            let (binary, file) = (consul().binary.display().to_string(), file.display().to_string());
            let within = ["ip", "netns", "exec", &space];
            let within = if loopback.is_none() { &within[..] } else { &[] };
            let command = [within, &[&binary, "agent", "-config-file", &file]].concat();
            let mut keeper = Keeper::of(&folder, &command);
            fs::create_dir_all(&folder).unwrap();
            keeper.start();
            let port = loopback.is_none().then(|| (hub.clone(), port));
            net.agents.push(Agent { name, socket, port, keeper });
        }
        net.loopback = loopback;
        for agent in &net.agents {
            agent.wait_for_leader();
        }
        net
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends cuts, and starts what has ended.
    pub fn heal(&mut self) {
        for agent in &mut self.agents {
            agent.heal();
        }
        for agent in &self.agents {
            agent.wait_for_leader();
        }
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.agents.clear();
        for name in &self.names {
            // One that was not made is not there.
            let _ = Command::new("ip").args(["netns", "del", name]).output();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn config(name: &str, address: &str, servers: &[String], data: &Path, socket: &Path, is_server: bool) -> Value {
    let mut config = json!({
        "node_name": name, "bind_addr": address, "data_dir": data, "retry_join": servers, "retry_interval": "1s",
        "addresses": {"http": format!("unix://{}", socket.display())}, "ports": {"dns": -1, "grpc": -1},
        "performance": {"raft_multiplier": 1}, "disable_host_node_id": true, "disable_coordinates": true,
        "disable_update_check": true, "skip_leave_on_interrupt": true, "log_level": "WARN",
        "gossip_lan": {"probe_interval": "200ms", "probe_timeout": "100ms", "gossip_interval": "50ms", "suspicion_mult": 3},
    });
    if is_server {
        config["server"] = true.into();
        config["bootstrap_expect"] = HALF.into();
        config["connect"] = json!({"enabled": false});
    }
    config
}

impl Agent {
    /// The address as in `CONSUL_HTTP_ADDR`.
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Sends one request; `None` without a complete answer.
    pub fn request(&self, method: &str, path: &str) -> Option<(u16, String)> {
        let mut stream = UnixStream::connect(&self.socket).ok()?;
        stream.set_read_timeout(Some(secs(2))).ok()?;
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let status = text.split(' ').nth(1)?.parse().ok()?;
        Some((status, text.split_once("\r\n\r\n")?.1.to_owned()))
    }

    /// Waits until the agent reaches servers with a leader.
    pub fn wait_for_leader(&self) {
        wait_for(&format!("{} to reach a leader", self.name), secs(60), || {
            seen(self.request("GET", "/v1/kv/none"), |answer| matches!(answer, Some((404, _)))).map(drop)
        });
    }

    /// Cuts the agent off from all others.
    pub fn cut(&mut self) {
        match &self.port {
            Some((hub, port)) => ip(&format!("-n {hub} link set {port} down")),
            None => self.pause(),
        }
    }

    pub fn pause(&mut self) {
        self.keeper.pause();
    }

    pub fn kill(&mut self) {
        self.keeper.kill();
    }

    /// Ends every fault of this agent.
    pub fn heal(&mut self) {
        if let Some((hub, port)) = &self.port {
            ip(&format!("-n {hub} link set {port} up"));
        }
        if self.keeper.runs() {
            self.keeper.resume();
        } else {
            // An agent that was killed leaves its socket.
            let _ = fs::remove_file(&self.socket);
            self.keeper.start();
        }
    }
}
