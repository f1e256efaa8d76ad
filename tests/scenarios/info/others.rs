//! What is no part of an election, or belongs to another one, is not taken for it, and is named.

use serde_json::{Value, json};

use crate::harness::{Cluster, Node, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;

use super::stage::{Told, command, told};
use super::watch::Watching;

fn told_on(node: &Node, one: &Candidate) -> Told {
    told(&command(node, ["--consul-service-name", &one.service]))
}

#[test]
fn a_session_of_another_program_on_the_lock_key_is_no_leader() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    two.follows(&one);
    let outcome = one.resign().run();
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let api = one.node.api();
    let session = api.create_session(&json!({"Name": "Consul API Lock", "LockDelay": "0s"}));
    assert!(api.acquire(&one.key(), &session, "x"));
    let node = one.node.name();
    for asked_on in [two.node, shared().server()] {
        let told = told_on(asked_on, &one);
        let taken =
            format!("nobody leads; session {session} of node {node}, named 'Consul API Lock', holds the lock, ");
        assert!(told.code == 2 && told.leader().is_none() && told.problems()[0].starts_with(&taken), "{told:?}");
        assert_eq!(told.info["lock"]["session"], session, "{told:?}");
    }
    let options = ["--consul-service-name", &one.service, "--format", "table", "--until", "leader"];
    let mut watching = Watching::start(two.node, &options);
    watching.says(&format!("nobody leads: session {session} of node {node}, named 'Consul API Lock', holds the lock"));
    api.destroy_session(&session);
    watching.says("nobody leads: ");
    two.leads();
    watching.says(&format!("{} leads, term ", two.node.name()));
    assert_eq!(watching.ends(), 0);
}

#[test]
fn two_masters_of_one_service_by_different_query_names_are_named_with_their_elections() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    let main = format!("{}-main", one.service);
    let outcome = two.pass().args(["--consul-query-name", &main]).run();
    assert!(outcome.line.contains(": master on "), "{outcome:?}");
    let [first, second] = [one.node.name(), two.node.name()];
    let told = one.told();
    let several = format!(
        "one service has several elections, each with a master: {first} takes part in election {}; {second} takes part in election \
         {main}; give all the same --consul-query-name",
        one.query()
    );
    let both = format!("{first} and {second} are both tagged master");
    assert_eq!((told.code, told.problems()), (1, vec![several, both]), "{told:?}");
}

#[test]
fn info_without_a_name_shows_elections_whose_instances_have_no_mark_and_both_services_of_one_name() {
    let node = shared().nodes::<1>()[0];
    let [one, two, broken] = [Candidate::alone(node), Candidate::alone(node), Candidate::alone(node)];
    one.leads();
    let query = one.query();
    // Another service by mistake has the same name.
    two.report(&two.pass().args(["--consul-query-name", &query]));
    let outcome = broken.report(&broken.pass().at("127.0.0.1:1"));
    assert!(outcome.line.contains(": error: "), "{outcome:?}");
    let output = command(node, []).args(["--format", "json"]).output();
    let shown: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found = |election: &str, service: &str| -> Value {
        let is_it = |info: &&Value| info["election"] == *election && info["service"] == *service;
        let all: Vec<&Value> = shown.iter().filter(is_it).collect();
        assert_eq!(all.len(), 1, "{election} of {service}: {output:?}");
        all[0].clone()
    };
    assert_eq!(found(&query, &one.service)["problems"], json!([]));
    let held = format!("the lock {} is held by {} for service {}; ", one.key(), node.name(), one.service);
    let of_two = found(&query, &two.service)["problems"].to_string();
    assert!(of_two.contains(&held), "{of_two}");
    let of_broken = found(&broken.query(), &broken.service)["problems"].to_string();
    assert!(of_broken.contains("cannot lead: the election check reports"), "{of_broken}");
    let table = command(node, ["--format", "table"]).output().stdout;
    assert!(
        [&one, &two].iter().all(|of| table.contains(&format!("\n{query} of {}", of.service))
            || table.starts_with(&format!("{query} of {}", of.service))),
        "{table}"
    );
}

#[test]
fn an_instance_that_outlives_its_definition_can_be_removed_with_the_command_that_is_shown() {
    let cluster = Cluster::of(2);
    let [n1, n2] = cluster.nodes::<2>();
    let service = unique("redis");
    let check = json!({"id": format!("{service}-ping"), "name": "ping", "ttl": "1h", "status": "passing"});
    n1.write_config("redis.json", json!({"service": {"name": service, "port": 6379, "checks": [check]}}));
    n1.reload();
    let [one, two] =
        [Candidate { node: n1, service: service.clone(), id: service.clone() }, Candidate::of(&service, n2)];
    wait_for("the instance to be in the catalog", secs(20), || {
        seen(n1.api().catalog_check(&service, &one.ping()), |status| status.as_deref() == Some("passing"))
    });
    two.leads();
    one.follows(&two);
    n1.write_config("redis.json", json!({}));
    n1.reload();
    let command = format!("its agent still has it: consul services deregister -id={service}");
    wait_for("the leftover to be named", secs(40), || seen(two.told(), |told| told.has_problem(&command)).map(drop));
}

#[test]
fn a_rule_that_the_tokens_of_several_nodes_lack_is_told_once() {
    let cluster = Cluster::with(3).acls().start();
    let [one, two, three] = Candidate::on_each(cluster.nodes::<3>());
    let nodes = "node_prefix \"\" { policy = \"read\" }";
    let full = one.node.api().token_with(&format!("{}\n{nodes}", one.rules()));
    assert_eq!(one.report(&one.pass().token(&full)).status, 0);
    for candidate in [&two, &three] {
        let rules: Vec<String> =
            candidate.rules().lines().filter(|rule| !rule.starts_with("key ")).map(str::to_owned).collect();
        let token = candidate.node.api().token_with(&format!("{}\n{nodes}", rules.join("\n")));
        let outcome = candidate.report(&candidate.pass().token(&token));
        assert!(outcome.line.contains("; the token needs: key "), "{outcome:?}");
    }
    let names = format!("{} and {} cannot lead: the election check reports ", two.node.name(), three.node.name());
    wait_for("both to be named in one sentence", secs(40), || {
        let told = told(&command(one.node, ["--consul-service-name", &one.service]).token(&full));
        let times = told.problems().iter().filter(|problem| problem.contains("the token needs: key ")).count();
        seen(told, |told| told.has_problem(&names) && times == 1).map(drop)
    });
}
