//! One agent of a cluster, and everything that a scenario can do to it.

use std::fmt::Display;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::api::Api;
use super::config::MANAGEMENT_TOKEN;
use super::consul::consul;
use super::dns;
use super::keeper::Keeper;
use super::wait::{secs, wait_for};

pub struct Node {
    name: String,
    ip: Ipv4Addr,
    directory: PathBuf,
    token: Option<&'static str>,
    /// A server in memory would come back empty.
    forgets: bool,
    keeper: Mutex<Keeper>,
}

/// The properties of a node, apart from its configuration.
pub struct Plan {
    pub name: String,
    pub ip: Ipv4Addr,
    pub acls: bool,
    pub in_memory: bool,
}

impl Node {
    /// Starts the agent without waiting for it. `config` receives the path of the data directory.
    pub fn start(plan: Plan, directory: PathBuf, config: impl FnOnce(&str) -> Value) -> Node {
        let (base, extra) = (directory.join("agent.json"), directory.join("config.d"));
        let mut command = vec![consul().binary.clone().into_os_string(), "agent".into()];
        if plan.in_memory {
            command.push("-dev".into());
        }
        for (flag, path) in [("-config-file", &base), ("-config-dir", &extra)] {
            command.extend([flag.into(), path.clone().into_os_string()]);
        }
        // The keeper must exist before the first file, so that the file is removed.
        let mut keeper = Keeper::of(&directory, &command);
        fs::create_dir_all(&extra).expect("the node's directory can be created");
        let data = directory.join("data");
        let text = config(data.to_str().expect("the temporary directory is UTF-8")).to_string();
        fs::write(&base, text).expect("the agent's configuration can be written");
        keeper.start();
        let token = plan.acls.then_some(MANAGEMENT_TOKEN);
        Node { name: plan.name, ip: plan.ip, directory, token, forgets: plan.in_memory, keeper: Mutex::new(keeper) }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    /// The address of its HTTP API, as in `CONSUL_HTTP_ADDR`.
    pub fn address(&self) -> String {
        format!("{}:8500", self.ip)
    }

    /// Its HTTP API, with the management token if the cluster has ACLs.
    pub fn api(&self) -> Api {
        Api::at(&self.address(), self.token)
    }

    /// The ID of the agent's process.
    pub fn process(&self) -> u32 {
        self.keeper().agent()
    }

    /// Sends SIGKILL: the agent is gone without notice, as after a power loss.
    pub fn kill(&self) {
        self.keeper().kill();
    }

    /// Sends SIGSTOP: the agent neither hears nor answers until [`Node::resume`], as when its machine hangs.
    pub fn pause(&self) {
        self.keeper().pause();
    }

    pub fn resume(&self) {
        self.keeper().resume();
    }

    /// Makes the agent leave the cluster in good order and end.
    pub fn leave(&self) {
        self.api().put_nothing("/v1/agent/leave").ok();
        self.keeper().wait_for_end();
    }

    /// Sends SIGINT: the agent ends but does not leave, as at a reboot.
    pub fn stop(&self) {
        let mut keeper = self.keeper();
        keeper.signal("INT");
        keeper.wait_for_end();
    }

    /// Starts an agent that has ended, with its old data and configuration, and waits until its API answers.
    pub fn start_again(&self) {
        assert!(!self.forgets, "{} is in memory; use durable_server() to restart it", self.name);
        self.keeper().start();
        self.wait_for_api();
    }

    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Writes a file (HCL, or JSON as text or value) to the directory that the agent reads at start and reload.
    pub fn write_config(&self, file: &str, text: impl Display) {
        let path = self.directory.join("config.d").join(file);
        fs::write(&path, text.to_string()).unwrap_or_else(|error| panic!("cannot write {file}: {error}"));
    }

    pub fn remove_config(&self, file: &str) {
        fs::remove_file(self.directory.join("config.d").join(file)).expect("the file is there");
    }

    /// Runs `consul reload`, and returns when every definition has been read.
    pub fn reload(&self) {
        self.api().put_nothing("/v1/agent/reload").ok();
    }

    /// A directory for the scenario's own files (scripts, flags), removed with the node.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What the agent has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("agent.log")).unwrap_or_default()
    }

    /// Returns the A records of a name such as `redis-master.query.consul`, sorted; none if the name does not exist.
    pub fn dns(&self, name: &str) -> Vec<Ipv4Addr> {
        self.try_dns(name).unwrap_or_else(|error| panic!("asking {} for {name}: {error}", self.name))
    }

    /// As [`Node::dns`], if the agent may be unable to answer.
    pub fn try_dns(&self, name: &str) -> Result<Vec<Ipv4Addr>, String> {
        dns::addresses(self.ip, name)
    }

    /// Returns the ports of the SRV records of a name, sorted.
    pub fn dns_ports(&self, name: &str) -> Vec<u16> {
        dns::ports(self.ip, name).unwrap_or_else(|error| panic!("asking {} for {name}: {error}", self.name))
    }

    /// Waits until the agent answers HTTP; it may not have joined or found a leader yet.
    pub fn wait_for_api(&self) {
        wait_for(&format!("the API of {}", self.name), secs(30), || {
            let last = match self.api().request("GET", "/v1/agent/self", None) {
                Ok(answer) if answer.status == 200 => return Ok(()),
                Ok(answer) => format!("{} {}", answer.status, answer.text),
                Err(error) => error,
            };
            self.check_that_it_runs();
            Err(last)
        });
    }

    /// Waits until others can join the agent, which is before its API answers.
    pub fn wait_for_gossip(&self) {
        wait_for(&format!("the gossip port of {}", self.name), secs(30), || {
            self.check_that_it_runs();
            let address = SocketAddr::from((self.ip, 8301));
            TcpStream::connect_timeout(&address, secs(1)).map(drop).map_err(|error| error.to_string())
        });
    }

    /// Starts to stop the agent, so that the agents of a cluster end at the same time.
    pub fn release(&self) {
        self.keeper().release();
    }

    fn check_that_it_runs(&self) {
        assert!(self.keeper().runs(), "the agent {} has ended; its log:\n{}", self.name, self.log());
    }

    /// A panic in one thread must not block the others through a poisoned lock.
    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
