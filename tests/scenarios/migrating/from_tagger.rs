//! The traces of the Go tool in Consul, its options and its definition, and what the program makes of them.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::shell;
use super::sight::Sight;
use super::stage::{define_the_new_check, instance, redis_on_three};
use super::tagger::{LOCK_FLAG, Tagger};
use crate::harness::{Api, Cluster, Pass, consul, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;
use crate::wait::Stay;

#[test]
fn its_three_options_work_as_they_stand_and_the_query_has_a_name_without_one() {
    let [one, two, _] = shared().nodes::<3>();
    let service = unique("redis");
    let tagged = |body: &mut Value| body["Tags"] = json!(["v7"]);
    // The Go tool would have found neither, because it took an ID for the name.
    let candidates =
        [Candidate::with(&service, &unique("a"), one, tagged), Candidate::with(&service, &unique("b"), two, tagged)];
    let (query, dashes) = (format!("{service}-master"), ["-", "--"]);
    for (candidate, dash) in candidates.iter().zip(dashes) {
        let option = |name: &str| format!("{dash}consul-{name}");
        let names = [option("service-name"), option("query-name"), option("query-tag")];
        let words = [&names[0], &service, &names[1], &query, &names[2], "v7"];
        let outcome = Pass::bare().on(candidate.node).args(words).run();
        let role = if dash == "-" { "master on n1" } else { "slave of n1" };
        assert!(candidate.said_by(&outcome, 0).starts_with(role), "{outcome:?}");
    }
    assert_eq!(one.api().query(&query).unwrap()["Service"]["Tags"], json!(["master", "v7"]));
    assert!(candidates[0].run().starts_with("master on n1"), "the default name of the query");
}

#[test]
fn a_definition_with_script_is_refused_at_start_by_a_reload_and_by_the_api() {
    let cluster = Cluster::of(1);
    let node = cluster.nodes::<1>()[0];
    let shown = shell::block(shell::OLD_CHECK);
    let alone = node.directory().join("alone.d");
    fs::create_dir(&alone).unwrap();
    fs::write(alone.join("election.hcl"), &shown).unwrap();
    for command in [&["validate"][..], &["agent", "-data-dir", "/nonexistent", "-config-dir"]] {
        // It must not keep running if it starts after all.
        let mut agent = Command::new("timeout");
        let output = agent.arg("20").arg(&consul().binary).args(command).arg(&alone).output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).join("");
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("script"), "{said}");
    }
    node.write_config("election.hcl", &shown);
    let answer = node.api().put_nothing("/v1/agent/reload");
    assert!(answer.status == 500 && answer.text.contains("script"), "{answer:?}");
    let check = json!({"Name": "election", "Script": "consul-master-election-tagger", "Interval": "10s"});
    let answer = node.api().put("/v1/agent/check/register", &check);
    assert!(answer.status == 400, "{answer:?}");
}

#[test]
fn its_query_is_taken_over_in_place_with_what_was_set_on_it_and_names_nobody_else_meanwhile() {
    let cluster = redis_on_three();
    let [node, _, _] = cluster.nodes::<3>();
    let (one, api) = (instance(node), cluster.server().api());
    let tool = Tagger { tags: &["master", "v7"], ..Tagger::of_redis(node) };
    // Some versions did not ask for passing instances only; their users would not know.
    for only_passing in [true, false] {
        assert_eq!(tool.run(), "master");
        let mut query = api.query("redis-master").unwrap();
        let id = query["ID"].as_str().unwrap().to_owned();
        assert_eq!((&query["Service"]["OnlyPassing"], &query["Session"]), (&json!(true), &json!("")));
        query["DNS"]["TTL"] = json!("7s");
        query["Service"]["Near"] = json!("_agent");
        query["Service"]["OnlyPassing"] = json!(only_passing);
        api.put_query(&id, &query);
        let sight = Sight::of("master", "redis-master.query.consul", cluster.server());
        sight.takes(20);
        for (arguments, fenced) in [(&["--no-fence", "--only-passing"][..], false), (&[], true)] {
            let pass = one.pass().args(["--consul-query-tag", "v7"]).args(arguments.iter().copied());
            one.said_by(&pass.run(), 0);
            let now = api.query("redis-master").unwrap();
            assert_eq!(now["ID"], *id);
            assert_eq!(now["Session"] != "", fenced);
            assert_eq!(now["Service"]["OnlyPassing"], !fenced);
            assert_eq!((&now["DNS"]["TTL"], &now["Service"]["Near"]), (&json!("7s"), &json!("_agent")));
        }
        sight.takes(20);
        let seen = sight.end();
        // The old tag goes before the program tries the lock, and returns with it: for that moment the name has no
        // answer.
        seen.is_of_one_master(node);
        one.said_by(&one.resign().run(), 0);
        assert_eq!(api.query("redis-master"), None);
        api.delete_key("service/redis-master/leader");
    }
}

#[test]
fn its_tags_are_set_right_also_where_it_left_two_masters() {
    let [one, two, three] = Candidate::on_each(shared().nodes::<3>());
    for (candidate, tag) in [(&one, "slave"), (&two, "master"), (&three, "master")] {
        let check = json!({"CheckID": candidate.ping(), "Name": "ping", "TTL": "1h", "Status": "passing"});
        let (name, id) = (&candidate.service, &candidate.id);
        candidate.node.api().register(
            &json!({"Name": name, "ID": id, "Port": 6379, "Tags": ["v7", tag], "EnableTagOverride": false, "Check": check}),
        );
    }
    two.leads();
    three.follows(&two);
    one.follows(&two);
    for (candidate, tag) in [(&one, "slave"), (&two, "master"), (&three, "slave")] {
        assert_eq!(candidate.tags(), ["v7", tag]);
    }
}

#[test]
fn its_locks_are_others_and_its_sessions_hold_nothing_of_ours_and_are_left_alone() {
    let cluster = redis_on_three();
    let [node, other, _] = cluster.nodes::<3>();
    let (tool, api) = (Tagger::of_redis(node), cluster.server().api());
    for _ in 0..3 {
        tool.run();
    }
    assert_eq!(tool.sessions().len(), 3, "each run has left one");
    assert!(tool.sessions().iter().all(|session| api.holder(&tool.check_key()).as_ref() != Some(session)));
    // A killed one holds its lock until its session ends.
    let killed = tool.run_and_be_killed();
    let footprint = |api: &Api| (tool.sessions(), [tool.check_key(), tool.master_key()].map(|key| api.lock(&key)));
    let before = footprint(&api);
    let (one, two) = (instance(node), instance(other));
    one.leads();
    two.follows(&one);
    one.said_by(&one.resign().run(), 0);
    two.leads();
    assert_eq!(footprint(&api), before);
    assert_eq!(api.holder(&tool.check_key()), Some(killed));
}

#[test]
fn its_lock_keys_given_as_ours_would_be_of_no_use_to_it_any_more() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let tool = Tagger { service: &one.service, query: &one.query(), ..Tagger::of_redis(one.node) };
    assert_eq!(tool.run(), "master");
    assert_eq!(one.node.api().lock(&tool.master_key()).unwrap().flags, LOCK_FLAG);
    one.said_by(&one.pass().args(["--lock-key", &tool.master_key()]).run(), 0);
    assert_ne!(one.node.api().lock(&tool.master_key()).unwrap().flags, LOCK_FLAG);
}

#[test]
fn a_waiting_run_ends_when_a_reload_takes_its_check_away() {
    let cluster = redis_on_three();
    let [node, other, _] = cluster.nodes::<3>();
    let (one, two) = (instance(node), instance(other));
    for candidate in [&one, &two] {
        define_the_new_check(candidate.node);
        candidate.node.reload();
    }
    let api = cluster.server().api();
    let masters = wait_for("a master and a slave", secs(60), || {
        let tagged = ["master", "slave"].map(|tag| api.passing_nodes_tagged("redis", tag));
        seen(tagged, |tagged| tagged.iter().all(|nodes| nodes.len() == 1)).map(|[masters, _]| masters)
    });
    // The slave first: without the master's check, every other run would try to acquire the lock for a lock-delay instead of waiting.
    let (slave, master) = if masters == [one.node.name()] { (&two, &one) } else { (&one, &two) };
    for candidate in [slave, master] {
        wait_for("Consul to show the line of a run", secs(20), || {
            let check = candidate.node.api().check("redis-election");
            seen(check, |check| {
                check.as_ref().is_some_and(|(_, line)| line.contains(" of n") || line.contains(" on n"))
            })
            .map(drop)
        });
        let mut stay = Stay::by(candidate, &candidate.pass().args(["--check-id", "redis-election", "--wait", "50s"]));
        candidate.node.remove_config("election.hcl");
        candidate.node.reload();
        wait_for("the run to end", secs(10), || seen(stay.running.has_ended(), |ended| *ended).map(drop));
    }
}

#[test]
fn sessions_that_may_not_be_read_look_like_none() {
    let cluster = Cluster::with(1).acls().start();
    let node = cluster.nodes::<1>()[0];
    Tagger::of_redis(node).run_and_be_killed();
    assert_eq!(node.api().sessions_of("n1").len(), 1);
    let anonymous = Api::at(&node.address(), None);
    assert_eq!(anonymous.sessions_of("n1"), Vec::<Value>::new());
}
