//! Three nodes with a redis each, set up with the files of `examples/redis/` as shipped, in either of their two forms.

use std::fs;
use std::path::{Path, PathBuf};

use super::server::{Redis, create_private};
use super::{KEY, NAME, PORT, example, shipped, template};
use crate::harness::{Cluster, Keeper, Node, Pass, secs, seen, unique, wait_for};

/// How redis learns its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    ConsulTemplate,
    Hooks,
}

pub struct Stage {
    // Dropped in this order: redis learns no role any more when the agents end.
    templates: Vec<Keeper>,
    form: Form,
    pub redis: Vec<Redis>,
    pub cluster: Cluster,
}

impl Stage {
    /// Starts everything at once, as after a power cut: nobody leads, and nobody has any data.
    pub fn set(form: Form) -> Stage {
        Stage::with_password(None, form)
    }

    pub fn with_password(password: Option<&'static str>, form: Form) -> Stage {
        let cluster = Cluster::with(3).quick_failure_detection().start();
        cluster.settle();
        let mut stage = Stage { templates: Vec::new(), form, redis: Vec::new(), cluster };
        for (index, node) in stage.cluster.clients().iter().enumerate() {
            create_private(role_file(node).parent().unwrap());
            stage.redis.push(Redis::with_password(password, node.ip(), PORT, node.directory()));
            if form == Form::ConsulTemplate {
                let config = node.directory().join("redis.hcl");
                fs::write(&config, at_home(&shipped("consul-template.hcl"), node, password)).unwrap();
                stage.templates.push(template::start(&node.directory().join(unique("consul-template")), &config));
            }
            // HCL and JSON are equivalent: some nodes use one, some the other.
            let name = if form == Form::ConsulTemplate { "service" } else { "hooks" };
            let file = format!("{name}.{}", if index == 2 { "json" } else { "hcl" });
            node.write_config(&file, at_home(&shipped(&file), node, password));
            node.reload();
        }
        stage
    }

    pub fn node(&self, index: usize) -> &Node {
        &self.cluster.clients()[index]
    }

    /// Waits until one redis leads, the others are in sync with it, and Consul, DNS and the checks agree. Returns the
    /// master.
    pub fn settled(&self) -> usize {
        wait_for("one master with two replicas, and everything to agree", secs(120), || self.agreed())
    }

    fn agreed(&self) -> Result<usize, String> {
        let api = self.cluster.server().api();
        let dns = self.cluster.server().try_dns(NAME)?;
        let roles: Vec<String> = self.redis.iter().map(Redis::role).collect();
        let checks = api.request("GET", "/v1/health/checks/redis", None)?.list();
        let said: Vec<(&str, &str, &str)> = checks
            .iter()
            .map(|check| ["Node", "Status", "Output"].map(|field| check[field].as_str().unwrap_or_default()))
            .map(|[node, status, output]| (node, status, output.trim_end()))
            .collect();
        let leader = api.lock(KEY).filter(|lock| lock.session.is_some()).map(|lock| lock.value["node"].clone());
        let seen = || format!("DNS {dns:?}, lock {leader:?}, redis {roles:?}, checks {said:?}");
        let master = self.redis.iter().position(|redis| dns == [redis.ip]).ok_or_else(seen)?;
        let replica = format!("replica of {}:{PORT}", self.redis[master].ip);
        let follows = format!("{}:{PORT} up", self.redis[master].ip);
        let as_it_should = |(index, role): (usize, &String)| *role == if index == master { "master" } else { &follows };
        let settled = leader.as_ref().is_some_and(|leader| leader == self.node(master).name())
            && roles.iter().enumerate().all(as_it_should)
            && said.len() == 6
            && said.iter().all(|(_, status, _)| *status == "passing")
            && (0..3).all(|index| {
                // From the agent itself: a check's changed output reaches the catalog much later.
                let wanted = if index == master { "master" } else { &replica };
                self.node(index).api().check("redis-health").is_some_and(|(_, text)| text.trim_end() == wanted)
            });
        if settled { Ok(master) } else { Err(seen()) }
    }

    /// Waits until the name finds another node, and returns it.
    pub fn moved_from(&self, old: usize) -> usize {
        wait_for("the name to find another node", secs(60), || {
            let dns = self.cluster.server().try_dns(NAME)?;
            let found = self.redis.iter().position(|redis| dns == [redis.ip]);
            found.filter(|found| *found != old).ok_or_else(|| format!("DNS {dns:?}; redis {:?}", self.roles()))
        })
    }

    /// Waits until the name finds a node for the first time, and returns it.
    pub fn first(&self) -> usize {
        self.moved_from(self.redis.len())
    }

    /// Waits until the health check of that redis shows this status and output.
    pub fn is_said_to_be(&self, index: usize, status: &str, output: &str) {
        wait_for(&format!("redis {index} to be {status}: {output}"), secs(90), || {
            let said = self.node(index).api().check("redis-health").ok_or("no check")?;
            seen(said, |(is, text)| is == status && text.contains(output)).map(drop)
        });
    }

    /// Makes the master hand over by hand, and returns the node that leads then.
    pub fn resign(&self, old: usize, to: Option<usize>) -> usize {
        let mut pass = Pass::bare().on(self.node(old)).args(["resign", "--consul-service-name", "redis"]);
        if self.form == Form::Hooks {
            let mut role = redis_role(&self.node(old).ip().to_string(), PORT, &role_file(self.node(old)));
            role.push("hook".to_owned());
            pass = pass.args(["--on-demote", &role.join(" ")]);
        }
        if let Some(to) = to {
            pass = pass.args(["--to", self.node(to).name()]);
        }
        let outcome = pass.run();
        assert_eq!(outcome.status, 0, "{outcome:?}");
        self.moved_from(old)
    }

    /// Sends SIGKILL to the consul-template of that node.
    pub fn kill_template(&mut self, index: usize) {
        self.templates[index].signal("KILL");
        self.templates[index].wait_for_end();
    }

    pub fn roles(&self) -> Vec<String> {
        self.redis.iter().map(Redis::role).collect()
    }
}

pub fn role_file(node: &Node) -> PathBuf {
    node.directory().join("redis-role/role")
}

/// Returns the command line of `redis-role` for a redis at this address.
pub fn redis_role(ip: &str, port: u16, file: &Path) -> Vec<String> {
    let mut words = vec!["/usr/bin/env".to_owned()];
    words.extend([
        format!("REDIS_HOST={ip}"),
        format!("REDIS_PORT={port}"),
        format!("REDIS_ROLE_FILE={}", file.display()),
    ]);
    words.push(example("redis-role").display().to_string());
    words
}

/// Replaces a user's paths by this build of the program and this checkout's script, with the addresses of agent and
/// redis, because all nodes share one machine.
fn at_home(text: &str, node: &Node, password: Option<&str>) -> String {
    let file = role_file(node);
    let mut role = redis_role(&node.ip().to_string(), PORT, &file);
    // As in the environment of the agent and of consul-template.
    role.splice(1..1, password.map(|word| format!("REDISCLI_AUTH={word}")));
    let quoted = |words: &[String]| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    text.replace("\"/usr/bin/consul-master-election-tagger\"", &quoted(&Pass::bare().on(node).check_args()))
        .replace("\"/usr/local/bin/redis-role\"", &quoted(&role))
        .replace("/usr/local/bin/redis-role", &role.join(" "))
        .replace("127.0.0.1:8500", &node.address())
        .replace("/etc/consul-template.d/role.ctmpl", &example("role.ctmpl").display().to_string())
        .replace("/var/lib/redis-role/role", &file.display().to_string())
}
