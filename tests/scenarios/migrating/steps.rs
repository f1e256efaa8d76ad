//! The order of steps from the Go tool to this program and back, with clients watching all the time; and the results of
//! any other order.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};

use super::shell;
use super::sight::Sight;
use super::stage::{
    define_the_new_check, define_the_old_check, instance, let_the_old_check_run, redis_on_three, wait_for_check,
};
use super::tagger::Tagger;
use crate::harness::{Cluster, Fault, Health, Node, Proxy, secs, seen, wait_for};

/// Runs the old tool on all three nodes until the first is its master.
fn the_old_tool_leads(cluster: &Cluster) -> [&Node; 3] {
    let nodes = cluster.nodes::<3>();
    for node in nodes {
        let_the_old_check_run(node);
    }
    assert_eq!(nodes.map(|node| Tagger::of_redis(node).run()), ["master", "slave", "slave"]);
    nodes
}

/// Waits until the program leads on this node, the others follow it, and all of them pass.
fn wait_for_the_new_roles(master: &Node, slaves: &[&Node]) {
    let api = master.api();
    wait_for("one master, and slaves", secs(60), || {
        let tagged = ["master", "slave"].map(|tag| api.passing_nodes_tagged("redis", tag));
        seen((tagged, holder_of_the_lock(master)), |(tagged, holder)| {
            tagged[0] == [master.name()] && tagged[1].len() == slaves.len() && holder == master.name()
        })
        .map(drop)
    });
}

fn holder_of_the_lock(node: &Node) -> String {
    let lock = node.api().lock("service/redis-master/leader");
    lock.map(|lock| lock.value["node"].as_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

#[test]
fn in_the_order_shown_no_client_sees_two_masters_and_the_name_answers_again_when_the_commands_are_done() {
    let cluster = redis_on_three();
    let [master, second, third] = the_old_tool_leads(&cluster);
    let query = cluster.server().api().query("redis-master").unwrap();
    let sight = Sight::of("master", "redis-master.query.consul", cluster.server());
    sight.takes(20);
    let stopped = |node: &Node| {
        node.remove_config("election.hcl");
        let said = shell::run(node, &shell::block(shell::STOPPED));
        assert!(said.ends_with("no run is left\n"), "{said}");
        assert!(Tagger::of_redis(node).sessions().is_empty(), "they have ended by their TTL");
    };
    thread::scope(|scope| {
        for node in [master, second, third] {
            scope.spawn(move || stopped(node));
        }
    });
    assert_eq!(cluster.server().dns("redis-master.query.consul"), [master.ip()], "the tag stays meanwhile");
    assert_eq!(master.api().local("redis")["Meta"], json!({}), "the old tool has wiped it");
    for node in [master, second, third] {
        define_the_new_check(node);
        shell::run(node, &shell::block(shell::TAKE_OVER));
        assert_eq!(cluster.server().api().passing_nodes_tagged("redis", "master"), ["n1"]);
        assert_eq!(cluster.server().dns("redis-master.query.consul"), [master.ip()]);
        assert_eq!(node.api().local("redis")["Meta"]["rack"], "b");
    }
    wait_for_the_new_roles(master, &[second, third]);
    sight.takes(20);
    let seen = sight.end();
    seen.is_of_one_master(master);
    println!("the name had no answer for {:?}", seen.longest_gap);
    assert_eq!(seen.passing, BTreeSet::from([["n1", "n2", "n3"].map(str::to_owned).to_vec()]));
    assert!(!seen.slaves.contains(&vec![]), "{seen:?}");
    assert_eq!(cluster.server().api().query("redis-master").unwrap()["ID"], query["ID"]);
}

#[test]
fn both_tools_at_once_tag_two_masters_whatever_dns_says() {
    let cluster = redis_on_three();
    let [first, second, third] = the_old_tool_leads(&cluster);
    let sight = Sight::of("master", "redis-master.query.consul", cluster.server());
    // They deregister their instances when dropped.
    let (new, newer) = (instance(second), instance(third));
    new.leads();
    sight.takes(20);
    // The old tool decides by the query's answer, and from now on that is the new master.
    assert_eq!([first, third].map(|node| Tagger::of_redis(node).run()), ["slave", "slave"]);
    let seen = sight.end();
    assert!(seen.tagged.contains(&vec!["n1".to_owned(), "n2".to_owned()]), "{seen:?}");
    // The query goes with the new master's session. The old tool creates its own and tags the first instance that runs.
    second.api().set_check("redis-ping", Health::Critical);
    assert_eq!(Tagger::of_redis(first).run(), "master");
    newer.leads();
    assert_eq!(cluster.server().api().passing_nodes_tagged("redis", "master"), ["n1", "n3"]);
}

/// Runs the new check on all three nodes until the first leads.
fn the_new_program_leads(cluster: &Cluster) -> [&Node; 3] {
    let nodes = cluster.nodes::<3>();
    for node in nodes {
        define_the_new_check(node);
        shell::run(node, &shell::block(shell::TAKE_OVER));
    }
    wait_for_the_new_roles(nodes[0], &nodes[1..]);
    nodes
}

#[test]
fn back_in_the_order_shown_no_client_sees_two_masters_and_nothing_is_left_behind() {
    let cluster = redis_on_three();
    let [master, second, third] = the_new_program_leads(&cluster);
    let api = cluster.server().api();
    let sight = Sight::of("master", "redis-master.query.consul", cluster.server());
    sight.takes(20);
    for node in [second, third] {
        node.remove_config("election.hcl");
        shell::run(node, "consul reload");
    }
    define_the_old_check(master);
    shell::run(master, &shell::block(shell::RESIGN));
    assert_eq!(Tagger::of_redis(master).run(), "master");
    for node in [second, third] {
        let_the_old_check_run(node);
        assert_eq!(Tagger::of_redis(node).run(), "slave");
        assert_eq!(Tagger::of_redis(master).run(), "master");
    }
    sight.takes(20);
    let seen = sight.end();
    seen.is_of_one_master(master);
    println!("the name had no answer for {:?}", seen.longest_gap);
    assert_eq!(seen.passing, BTreeSet::from([["n1", "n2", "n3"].map(str::to_owned).to_vec()]));
    let query = api.query("redis-master").unwrap();
    assert_eq!((&query["Session"], query["Service"]["ServiceMeta"].as_object()), (&json!(""), None));
    shell::run(master, &shell::block(shell::CLEAN_UP));
    assert_eq!(api.lock("service/redis-master/leader"), None);
    assert_eq!(api.sessions_named("election "), Vec::<Value>::new());
    for entry in api.catalog("redis") {
        let left = entry["ServiceMeta"].as_object().unwrap().keys().any(|key| key.starts_with("election-"));
        assert!(!left, "{entry}");
    }
}

#[test]
fn back_without_giving_the_lead_up_makes_every_node_a_master() {
    let cluster = redis_on_three();
    let nodes = the_new_program_leads(&cluster);
    for node in nodes {
        let_the_old_check_run(node);
    }
    // Lock and query outlive the check that made them, and the query finds no instance any more.
    let api = cluster.server().api();
    wait_for("the catalog to have the reload", secs(20), || {
        seen(api.execute_query("redis-master"), Vec::is_empty).map(drop)
    });
    assert_eq!(nodes.map(|node| Tagger::of_redis(node).run()), ["master", "master", "master"]);
    assert_eq!(api.passing_nodes_tagged("redis", "master").len(), 3);
    assert!(cluster.server().dns("redis-master.query.consul").is_empty());
}

#[test]
fn a_new_check_is_critical_until_it_has_run_unless_its_definition_has_a_status() {
    let cluster = redis_on_three();
    let [with, without, _] = cluster.nodes::<3>();
    // No run of it happens in between.
    let shown = shell::block(shell::NEW_CHECK).replace("\"5s\"", "\"10m\"");
    let bare = shown.replace("  status   = \"passing\"\n", "");
    assert_ne!(bare, shown);
    for (node, definition, expected) in [(with, &shown, "passing"), (without, &bare, "critical")] {
        node.write_config("election.hcl", shell::at_home(definition, node));
        shell::run(node, "consul reload");
        assert_eq!(node.api().check("redis-election").unwrap().0, expected);
    }
}

#[test]
fn with_a_status_an_agent_that_starts_again_shows_the_tags_of_before_and_without_one_it_does_not() {
    let cluster = redis_on_three();
    let api = cluster.server().api();
    let [with, without, _] = cluster.nodes::<3>();
    let shown = shell::block(shell::NEW_CHECK).replace("\"5s\"", "\"10m\"");
    let bare = shown.replace("  status   = \"passing\"\n", "");
    for (node, definition) in [(with, &shown), (without, &bare)] {
        node.remove_config("redis.json");
        node.reload();
        let ping = json!({"CheckID": "redis-ping", "Name": "redis answers", "TTL": "1h", "Status": "passing"});
        node.api().register(&json!({"Name": "redis", "Port": 6379, "Tags": ["master"], "Check": ping}));
        node.write_config("election.hcl", shell::at_home(definition, node));
        node.reload();
        node.api().set_check("redis-ping", Health::Passing);
        node.restart();
        let expected = if node.name() == with.name() { "passing" } else { "critical" };
        for (id, status) in [("serfHealth", "passing"), ("redis-ping", "passing"), ("redis-election", expected)] {
            wait_for(&format!("{id} to be {status}"), secs(30), || {
                seen(api.catalog_check_of(node.name(), id), |found| found.as_deref() == Some(status)).map(drop)
            });
        }
    }
    assert_eq!(api.passing_nodes_tagged("redis", "master"), [with.name()]);
}

#[test]
fn the_wait_for_the_old_tool_ends_neither_while_a_run_goes_on_nor_while_consul_does_not_answer_nor_well_for_another_node()
 {
    let cluster = redis_on_three();
    let [node, _, _] = cluster.nodes::<3>();
    let_the_old_check_run(node);
    let (commands, tool, api) = (shell::block(shell::STOPPED), Tagger::of_redis(node), node.api());
    let other = shell::output(node, &node.address(), &commands.replace("NODE", "n9"), "false");
    assert!(!other.status.success() && !other.stdout.ends_with(b"no run is left\n"), "{other:?}");
    node.reload();
    wait_for_check(node, "redis-election");
    // A run renews its session, as the tool's client does, until it ends or is killed.
    let run = tool.run_and_be_killed();
    let proxy = Proxy::before(node);
    proxy.fail(|request, number| {
        (request.path.contains("/session/node/") && number < 6).then_some(Fault::Status(500, "No cluster leader"))
    });
    thread::scope(|scope| {
        let waiting = scope.spawn(|| shell::output(node, &proxy.address(), &commands, "false"));
        wait_for("it to ask often, first without success", secs(60), || {
            assert_eq!(api.put_nothing(&format!("/v1/session/renew/{run}")).status, 200);
            let asked = proxy.lines().iter().filter(|line| line.contains("/session/node/")).count();
            let ended = waiting.is_finished();
            assert!(!ended, "after {asked} questions: {:?}", proxy.lines());
            seen(asked, |asked| *asked > 8).map(drop)
        });
        let output = waiting.join().unwrap();
        assert!(output.status.success() && output.stdout.ends_with(b"no run is left\n"), "{output:?}");
    });
    assert!(tool.sessions().is_empty());
    assert_eq!(api.check("redis-election"), None, "Consul does not run the old tool any more");
}
