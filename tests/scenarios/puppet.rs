//! The Puppet module: real agents load what real Puppet writes for an election, and elect. Fails without Puppet.
//!
//! The class `consul` is the stand-in from the module's own specs, which writes, purges and reloads as the module puppet/consul does.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Cluster, Health, NOBODY_LISTENS, Node, Pass, consul, shared, unique};
use crate::stage::{Candidate, wait_for_another_master, wait_for_settled};

/// The exit codes of `puppet apply --detailed-exitcodes` for no change and for successful changes.
const UNCHANGED: i32 = 0;
const CHANGED: i32 = 2;

/// A directory for Puppet on a node, with all its settings, state and modules.
struct Puppet<'a> {
    node: &'a Node,
    directory: PathBuf,
}

impl<'a> Puppet<'a> {
    fn on(node: &'a Node) -> Puppet<'a> {
        let directory = node.directory().join(unique("puppet"));
        let modules = directory.join("modules");
        fs::create_dir_all(&modules).unwrap();
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("puppet");
        let link = |from: &Path, to: PathBuf| std::os::unix::fs::symlink(from, to).unwrap();
        link(&module, modules.join("consul_master_election_tagger"));
        link(&module.join("spec/stubs/consul"), modules.join("consul"));
        // Puppet reloads the agent with this.
        fs::create_dir(directory.join("bin")).unwrap();
        link(&consul().binary, directory.join("bin/consul"));
        Puppet { node, directory }
    }

    /// Returns the class that manages this node's agent, which is already there and running. A restart only leaves a file.
    fn consul(&self, config_dir: &Path, manage_service: bool) -> String {
        let owner = fs::metadata(&self.directory).unwrap();
        format!(
            "class {{ 'consul':
              config_dir => {}, config_hash => {{ 'data_dir' => {}, 'client_addr' => '{}' }}, bin_dir => {}, user => '{}', group => '{}',
              install_method => 'none', init_style => 'unmanaged', manage_user => false, manage_group => false, manage_data_dir => false,
              manage_service => {manage_service},
            }}
            Service <| title == 'consul' |> {{
              provider => 'base', status => 'true', start => 'true', stop => 'true', restart => {},
            }}\n",
            quoted(&config_dir.display()),
            quoted(&self.node.directory().join("data").display()),
            self.node.ip(),
            quoted(&self.directory.join("bin").display()),
            owner.uid(),
            owner.gid(),
            quoted(&format!("touch {}", self.directory.join("restarted").display()))
        )
    }

    /// Returns whether Puppet has restarted the agent since the last call.
    fn restarted(&self) -> bool {
        fs::remove_file(self.directory.join("restarted")).is_ok()
    }

    /// Applies a manifest that writes Consul's definitions where this node's agent reads them, and reloads it; returns the exit code.
    fn apply(&self, manifest: &str) -> i32 {
        self.execute(&(self.consul(&self.node.directory().join("config.d"), true) + manifest))
    }

    fn execute(&self, manifest: &str) -> i32 {
        let output = Command::new("puppet")
            .args(["apply", "--detailed-exitcodes", "--color", "false", "--confdir"])
            .arg(self.directory.join("conf"))
            .arg("--vardir")
            .arg(self.directory.join("var"))
            .arg("--modulepath")
            .arg(self.directory.join("modules"))
            .args(["--execute", manifest])
            .env("HOME", &self.directory)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("cannot run puppet: {error}; install Debian's package puppet-agent"));
        let status = output.status.code();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(matches!(status, Some(UNCHANGED | CHANGED)), "puppet ended with {status:?}: {text}\n{manifest}");
        status.unwrap()
    }

    fn definition(&self, id: &str) -> PathBuf {
        self.node.directory().join(format!("config.d/check_{id}.json"))
    }

    /// Returns the class that installs this build of the program in this directory.
    fn program(&self) -> String {
        let source = Pass::bare().check_args().pop().unwrap();
        // The user who runs the tests may not be able to give files to root.
        let owner = fs::metadata(&self.directory).unwrap();
        format!(
            "class {{ 'consul_master_election_tagger': source => {}, program => {}, owner => {}, group => {} }}\n",
            quoted(&source),
            quoted(&self.directory.join("program").display()),
            owner.uid(),
            owner.gid()
        )
    }
}

/// Quotes a word for Puppet; no path of the tests contains a quote or a backslash.
fn quoted(word: &impl ToString) -> String {
    let word = word.to_string();
    assert!(!word.contains(['\'', '\\']), "{word}");
    format!("'{word}'")
}

#[test]
fn what_puppet_writes_elects_a_master_keeps_it_through_a_reload_and_loses_it_with_its_health() {
    let cluster = Cluster::of(2);
    cluster.settle();
    let (service, second) = (unique("redis"), unique("cron"));
    let puppets = cluster.nodes::<2>().map(Puppet::on);
    let instance = |name: &str| {
        format!(
            "consul::service {{ '{name}':
              port   => 6379,
              checks => [{{ 'id' => '{name}-ping', 'name' => 'ping', 'ttl' => '1h', 'status' => 'passing' }}],
            }}\n"
        )
    };
    let (both, later) = (instance(&service) + &instance(&second), |parameters: &str| {
        format!(
            "consul_master_election_tagger::election {{ '{second}': wait => '9s', lock_delay => '0s', {parameters} }}"
        )
    });
    // The agent does not listen on 127.0.0.1; the module takes its address from the class consul.
    let manifest = |puppet: &Puppet, more: &str, rest: &str| {
        let (program, promoted) = (puppet.program(), quoted(&puppet.directory.join("promoted").display()));
        format!(
            "{program}{both}
            consul_master_election_tagger::election {{ '{service}':
              wait       => '9s',
              lock_delay => '0s',
              on_promote => ['sh', '-c', 'printf \"%s|\" \"$@\" >\"$0\"', {promoted}, 'two words', 'it\\'s', '', '$HOME;'],
              {more}
            }}
            {rest}"
        )
    };
    let candidates_of = |name: &str| {
        puppets.each_ref().map(|puppet| Candidate { node: puppet.node, service: name.to_owned(), id: name.to_owned() })
    };
    let (candidates, others) = (candidates_of(&service), candidates_of(&second));
    for puppet in &puppets {
        assert_eq!(puppet.apply(&manifest(puppet, "", "")), CHANGED);
        assert_eq!(puppet.apply(&manifest(puppet, "", "")), UNCHANGED, "the second run changes nothing");
        assert!(puppet.restarted(), "the agent's configuration is new");
    }
    let api = cluster.server().api();
    let master = wait_for_settled(&candidates, &api);
    let leader = &candidates[master];
    let (status, output) = leader.node.api().check(&leader.election_check()).unwrap();
    assert_eq!(status, "passing", "{output}");
    assert!(output.starts_with(&format!("election {service}-master: master on ")), "{output}");
    let words = fs::read_to_string(puppets[master].directory.join("promoted")).unwrap();
    assert_eq!(words, "two words|it's||$HOME;|", "the hook's arguments, as in the manifest");

    // Any change is a reload, which resets the instance to the tags of its definition.
    let lock = api.lock(&leader.key());
    assert_eq!(puppets[master].apply(&manifest(&puppets[master], "check_notes => 'changed'", "")), CHANGED);
    assert_eq!(wait_for_settled(&candidates, &api), master);

    // A second election on the nodes, and its removal.
    for puppet in &puppets {
        assert_eq!(puppet.apply(&manifest(puppet, "", &later(""))), CHANGED);
    }
    let other = wait_for_settled(&others, &api);
    assert_eq!(wait_for_settled(&candidates, &api), master);
    for puppet in &puppets {
        assert_eq!(puppet.apply(&manifest(puppet, "", &later("ensure => absent"))), CHANGED);
        assert!(!puppet.restarted(), "each change was a reload");
    }
    assert_eq!(others[other].tags(), [] as [&str; 0]);
    assert_eq!(api.holder(&others[other].key()), None);
    assert_eq!(wait_for_settled(&candidates, &api), master);
    assert_eq!(api.lock(&leader.key()), lock, "no other session, no other term");

    // As the module's README says: an election that is only removed from the code is purged, which restarts the agent.
    let slave = &puppets[1 - master];
    assert_eq!(slave.apply(&manifest(slave, "", &later(""))), CHANGED);
    assert_eq!(slave.apply(&manifest(slave, "", "")), CHANGED);
    assert!(slave.restarted() && !slave.definition(&others[1 - master].election_check()).exists());

    leader.turn(Health::Critical);
    let master = wait_for_another_master(&candidates, master, &api);

    for (puppet, candidate) in puppets.iter().zip(&candidates) {
        assert_eq!(puppet.apply(&manifest(puppet, "ensure => absent", "")), CHANGED);
        assert!(!puppet.definition(&candidate.election_check()).exists());
        assert_eq!(puppet.node.api().check(&candidate.election_check()), None);
    }
    // As the module's README says: the tags go with the reload, and the lock with the check.
    let leader = &candidates[master];
    assert_eq!(leader.tags(), [] as [&str; 0]);
    assert_eq!(api.holder(&leader.key()), None);
}

#[test]
fn every_parameter_of_the_election_is_an_option_that_the_program_takes() {
    let puppet = Puppet::on(shared().nodes::<1>()[0]);
    let token = puppet.directory.join("token");
    fs::write(&token, "a-token\n").unwrap();
    let manifest = format!(
        "consul_master_election_tagger::election {{ 'all':
          program => '/usr/bin/env', service_title => false, consul_service_name => 'redis', consul_service_id => 'redis-1', consul_query_name => 'redis.lead',
          consul_query_tag => ['prod', '!old'], query_ttl => '1s', query_near => '_agent', query_failover => ['dc2', 'dc3'],
          no_fence => true, master_tag => 'primary', slave_tag => 'replica', lock_key => 'locks/redis', lock_delay => '.5s', ttl => '1m',
          only_passing => true, on_outage => 'demote', wait => '1m30s', watch_port => true, watch_address => '127.0.0.1:6379',
          watch_grace => '2.5s', priority => 7, preempt => true, preempt_after => '10s', max_term => '24h', on_promote => ['a b', '\"', '#'],
          on_demote => 'sh -c \"exit 0\"', on_follow => '/bin/true', master_status => 'passing', slave_status => 'warning',
          leaderless_status => 'critical', error_status => 'warning', timeout => '10s', log_level => 'off', metrics_file => '/tmp/no such directory/m.prom', http_addr => '{NOBODY_LISTENS}', token_file => {},
          ca_file => '/etc/ca.pem', ca_path => '/etc/ca', client_cert => '/etc/cert.pem', client_key => '/etc/key.pem',
          tls_server_name => 'client.dc1.consul', namespace => 'team', partition => 'default',
        }}",
        quoted(&token.display())
    );
    // No agent reads this directory, or is reloaded.
    let directory = puppet.directory.join("definitions");
    assert_eq!(puppet.execute(&(puppet.consul(&directory, false) + &manifest)), CHANGED);
    let written = fs::read_to_string(directory.join("check_all-election.json")).unwrap();
    let check = serde_json::from_str::<Value>(&written).unwrap()["check"].take();
    let rest = json!({"id": check["id"], "service_id": check["service_id"], "interval": check["interval"], "timeout": check["timeout"]});
    assert_eq!(rest, json!({"id": "all-election", "service_id": "redis-1", "interval": "1s", "timeout": "105s"}));
    let args: Vec<&str> = check["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let help = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/help.txt")).unwrap();
    let options = help.lines().filter_map(|line| line.strip_prefix("  --")?.split(' ').next());
    let left_out: Vec<&str> = options.filter(|name| !args.contains(&format!("--{name}").as_str())).collect();
    assert_eq!(left_out, ["token", "log-format", "config", "help", "version"]);
    // Every option is accepted, so the program goes on to ask an agent, and finds none.
    let outcome = Pass::bare().args(args[1..].iter().copied()).run();
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(
        outcome.line.starts_with("election redis.lead: error: ") && outcome.line.contains(NOBODY_LISTENS),
        "{outcome:?}"
    );
}
