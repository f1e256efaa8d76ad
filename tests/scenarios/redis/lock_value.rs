//! What the template makes of the lock's key, whatever its value: consul-template -once against a real agent.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::server::place_in;
use super::shipped;
use super::template::consul_template;
use crate::harness::{Cluster, Node, clean_environment, shared, unique};
use crate::stage::Candidate;

/// The template on one node, with a lock key that no other scenario uses.
pub struct Rendering<'a> {
    node: &'a Node,
    pub key: String,
    place: PathBuf,
}

impl<'a> Rendering<'a> {
    pub fn on(node: &'a Node, query: &str) -> Rendering<'a> {
        let place = place_in(node.directory(), "rendering");
        let folder = format!("service/{query}");
        fs::write(place.join("role.ctmpl"), shipped("role.ctmpl").replace("service/redis-master", &folder)).unwrap();
        let config = shipped("consul-template.hcl")
            .replace("127.0.0.1:8500", &node.address())
            .replace("/etc/consul-template.d/role.ctmpl", place.join("role.ctmpl").to_str().unwrap())
            .replace("/var/lib/redis-role/role", place.join("role").to_str().unwrap())
            .replace("/usr/local/bin/redis-role", "/bin/true");
        fs::write(place.join("redis.hcl"), config).unwrap();
        Rendering { node, key: format!("{folder}/leader"), place }
    }

    /// Returns the line of the role file.
    pub fn line(&self, id: &str) -> String {
        self.line_with(id, &[])
    }

    fn line_with(&self, id: &str, env: &[(&str, &str)]) -> String {
        let mut command = Command::new("timeout");
        command
            .args(["-s", "KILL", "30"])
            .arg(consul_template())
            .arg("-once")
            .arg("-config")
            .arg(self.place.join("redis.hcl"));
        clean_environment(&mut command);
        let output = command.env("REDIS_SERVICE_ID", id).envs(env.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(self.place.join("role")).unwrap();
        fs::remove_file(self.place.join("role")).unwrap();
        text.strip_suffix('\n').unwrap_or_else(|| panic!("not a line: {text:?}")).to_owned()
    }

    pub fn line_of(&self, value: &str) -> String {
        self.node.api().put_key(&self.key, value);
        self.line("redis")
    }
}

pub fn value(node: &str, id: &str, session: &str) -> Value {
    json!({"node": node, "service_id": id, "address": "10.0.0.2", "port": 6379, "session": session,
        "since": "2026-11-21T12:30:00.123Z"})
}

#[test]
fn a_key_that_names_nobody_changes_nothing() {
    let rendering = Rendering::on(shared().nodes::<1>()[0], &unique("redis-master"));
    assert_eq!(rendering.line("redis"), "none", "no key");
    let nobody = [
        "",
        "maintenance tonight",
        "{",
        "{broken}",
        "null",
        "3",
        "[1]",
        "\"n2\"",
        "{}",
        "{\"stepped_down\":[{\"node\":\"n2\"}]}",
        "{\"node\":\"n2\"}",
        "{\"node\":\"n2\",\"service_id\":\"redis\",\"address\":\"\",\"port\":6379}",
    ];
    for value in nobody {
        assert_eq!(rendering.line_of(value), "none", "{value}");
    }
    rendering.node.api().delete_key(&rendering.key);
    assert_eq!(rendering.line("redis"), "none", "the key is gone");
}

#[test]
fn the_value_of_a_master_that_has_crashed_makes_nobody_master_and_lets_the_others_stay_with_it() {
    let [n1, _, _] = shared().nodes::<3>();
    let rendering = Rendering::on(n1, &unique("redis-master"));
    assert_eq!(rendering.line_of(&value("n1", "redis", "gone").to_string()), "none");
    assert_eq!(rendering.line_of(&value("n2", "redis", "gone").to_string()), "replica 10.0.0.2 6379");
}

#[test]
fn an_instance_is_known_by_its_node_and_its_service_id_and_not_by_an_address() {
    let [n1, _, _] = shared().nodes::<3>();
    let rendering = Rendering::on(n1, &unique("redis-master"));
    let session = n1.api().create_session(&json!({"LockDelay": "0s"}));
    let line = |value: &Value, id: &str| {
        assert!(n1.api().acquire(&rendering.key, &session, &value.to_string()));
        rendering.line(id)
    };
    assert_eq!(line(&value("n1", "redis", &session), "redis"), "master 1795264200");
    assert_eq!(
        line(&value("n1", "redis", &session), "redis-2"),
        "replica 10.0.0.2 6379",
        "another instance of the node"
    );
    assert_eq!(line(&value("n10", "redis", &session), "redis"), "replica 10.0.0.2 6379", "another node");
    let mut here = value("n1", "redis", &session);
    for address in ["127.0.0.1", "localhost", "::1"] {
        here["address"] = address.into();
        assert_eq!(line(&here, "redis"), "master 1795264200", "{address}");
    }
    let mut strange = value("n2", "redis", &session);
    strange["address"] = "fd00::2".into();
    strange["port"] = 26379.into();
    assert_eq!(line(&strange, "redis"), "replica fd00::2 26379");
    assert_eq!(line(&value("n1", "redis", "another"), "redis"), "none", "a value that the holder did not write");
    assert_eq!(line(&value("n2", "redis", "another"), "redis"), "none");
}

#[test]
fn it_reads_what_the_program_writes() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let rendering = [Rendering::on(one.node, &one.query()), Rendering::on(two.node, &one.query())];
    one.leads();
    let since = one.node.api().lock(&one.key()).unwrap().value["since"].as_str().unwrap().to_owned();
    let since = humantime::parse_rfc3339(&since).unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let follows = |master: &Candidate| format!("replica {} 6379", master.node.ip());
    assert_eq!([rendering[0].line(&one.id), rendering[1].line(&two.id)], [format!("master {since}"), follows(&one)]);
    one.node.api().service_maintenance(&one.id, true);
    one.run();
    assert_eq!([rendering[0].line(&one.id), rendering[1].line(&two.id)], ["none", "none"], "it stepped down");
    two.leads();
    assert_eq!(rendering[0].line(&one.id), follows(&two));
    assert!(rendering[1].line(&two.id).starts_with("master "));
}

#[test]
fn the_policy_shown_is_enough() {
    let cluster = Cluster::with(1).acls().start();
    let node = cluster.nodes::<1>()[0];
    let readme = shipped("README.md");
    let policy = readme.split("```hcl\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let rendering = Rendering::on(node, "redis-master");
    node.api().put_key(&rendering.key, &value("n2", "redis", "gone").to_string());
    let line = |token: &str| rendering.line_with("redis", &[("CONSUL_HTTP_TOKEN", token)]);
    assert_eq!(line(&node.api().token_with(policy)), "replica 10.0.0.2 6379");
}
