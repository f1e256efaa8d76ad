//! `info` in the middle of each kind of fault: right, and within its timeout.

use serde_json::{Value, json};

use crate::harness::{Cluster, Node, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;

use super::stage::{Told, command, told};

/// Lets an instance take the lead that a failed node has lost. On a loaded machine its own node may seem to have failed for a moment.
fn leads_in_the_end(candidate: &Candidate) {
    wait_for("the other instance to lead", secs(60), || {
        seen(candidate.pass().run(), |outcome| outcome.line.contains(": master on ")).map(drop)
    });
}

/// Waits until `info` ends with this code, and returns what it says.
fn told_with(code: i32, candidate: &Candidate, on: &Node) -> Told {
    wait_for(&format!("info to end with {code}"), secs(90), || {
        let told = told(&command(on, ["--consul-service-name", &candidate.service]));
        seen(told, |told| told.code == code)
    })
}

fn first_problem(told: &Told) -> String {
    told.problems().first().cloned().unwrap_or_default()
}

#[test]
fn a_dead_node_is_named_until_and_after_another_one_leads() {
    let cluster = Cluster::of(3);
    let [one, two, three] = Candidate::on_each(cluster.nodes::<3>());
    one.leads();
    two.follows(&one);
    three.follows(&one);
    let [dead, next] = [one.node.name(), two.node.name()];
    one.node.kill();
    let told = told_with(2, &one, two.node);
    let problem = format!(
        "nobody leads since the last leader lost the lock: node {dead} failed; the lock is free, and {next} can take it"
    );
    assert_eq!(first_problem(&told), problem, "{told:?}");
    assert!(told.has_problem(&format!("{dead} is still tagged master, and nobody holds the lock")), "{told:?}");
    let candidate = told.candidate(one.node);
    assert_eq!((&candidate["health"], &candidate["can_lead"]), (&json!("node failed"), &json!(false)));
    leads_in_the_end(&two);
    let told = two.told();
    assert_eq!((told.code, told.leader(), told.reason()), (1, Some(next), &*format!("node {dead} failed")), "{told:?}");
    let expected = [
        format!("if {next} fails, only {} can take over", three.node.name()),
        format!("{dead} cannot lead: node failed"),
    ];
    assert_eq!(told.problems(), expected);
    // Its agent comes back and brings its old tag, until its own pass has run.
    one.node.start_again();
    cluster.wait_for_members();
    wait_for("the old tag to come back", secs(40), || seen(one.tags_now(), |tags| tags == &["master"]));
    let told = two.told();
    let both = format!("{dead} and {next} are both tagged master");
    assert_eq!((told.code, first_problem(&told)), (1, both), "{told:?}");
    assert_eq!(told.info["dns"]["agrees"], true, "the fence holds: {told:?}");
}

#[test]
fn a_paused_node_is_shown_as_failed_and_its_return_as_what_it_is() {
    let cluster = Cluster::of(2);
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    one.leads();
    two.follows(&one);
    one.node.pause();
    let told = told_with(2, &one, two.node);
    assert!(first_problem(&told).contains(&format!("node {} failed", one.node.name())), "{told:?}");
    leads_in_the_end(&two);
    one.node.resume();
    cluster.wait_for_members();
    one.follows(&two);
    let told = told_with(0, &two, one.node);
    assert_eq!((told.leader(), told.problems()), (Some(two.node.name()), Vec::new()), "{told:?}");
}

#[test]
fn a_reload_that_has_taken_the_tag_and_the_name_away_is_seen() {
    let cluster = Cluster::of(1);
    cluster.settle();
    let node = cluster.nodes::<1>()[0];
    let service = unique("redis");
    let check = json!({"id": format!("{service}-ping"), "name": "ping", "ttl": "1h", "status": "passing"});
    let definition = json!({"service": {"name": service, "port": 6379, "checks": [check]}});
    node.write_config("redis.json", definition);
    node.reload();
    let one = Candidate { node, service: service.clone(), id: service };
    wait_for("the instance to be in the catalog", secs(20), || {
        seen(node.api().catalog_check(&one.service, &one.ping()), |status| status.as_deref() == Some("passing"))
    });
    one.leads();
    node.reload();
    let told = told_with(1, &one, node);
    let name = node.name();
    assert_eq!(
        first_problem(&told),
        format!(
            "the leader {name}: no mark of the election, which the next run of its check sets; on that node, doctor \
             --consul-service-name {} finds out why",
            one.service
        )
    );
    assert!(told.has_problem(&format!("{name} holds the lock, and is not tagged master")), "{told:?}");
    assert!(
        told.has_problem("DNS and lock disagree: ") && told.has_problem(" has no answer, and the lock's holder is "),
        "{told:?}"
    );
    assert_eq!(told.info["dns"]["agrees"], false);
    one.leads();
    assert_eq!(told_with(0, &one, node).problems(), [""; 0]);
}

#[test]
fn with_most_servers_down_it_shows_what_the_rest_last_knew_and_says_so_within_its_timeout() {
    let cluster = Cluster::with(2).servers(3).start();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    one.leads();
    two.follows(&one);
    let before = one.told();
    assert_eq!(before.code, 0, "{before:?}");
    // A follower may lag.
    let [.., last] = cluster.servers() else { panic!("no server") };
    wait_for("the last server to know the slave", secs(20), || {
        let path = format!("/v1/catalog/service/{}?stale", one.service);
        let tags: Vec<_> = last.api().get(&path).list().iter().map(|entry| entry["ServiceTags"][0].clone()).collect();
        seen(tags, |tags| tags.contains(&json!("slave")))
    });
    for server in &cluster.servers()[..2] {
        server.stop();
    }
    let limit = ["--consul-service-name", one.service.as_str(), "--timeout", "15s", "--format", "json"];
    let told = wait_for("an answer from what a server last knew", secs(120), || {
        let output = command(one.node, limit).output();
        assert!(output.took < secs(20), "{output:?}");
        let info: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
        seen(Told { code: output.status, info }, |told| told.code == 3 && told.leader().is_some())
    });
    assert!(
        first_problem(&told)
            .starts_with("this is what a server last knew, and may have changed since: cannot read key "),
        "{told:?}"
    );
    assert_eq!(told.info["leader"], before.info["leader"]);
    assert_eq!(told.candidate(two.node)["next"], true, "{told:?}");
    // The last server may lead for a moment without the others.
    wait_for("the table to say the same", secs(120), || {
        let options = ["--consul-service-name", &one.service, "--timeout", "15s", "--format", "table"];
        let table = command(one.node, options).output();
        seen(table, |table| table.status == 3 && table.stdout.contains(" unknown; last known: led by ")).map(drop)
    });
}

#[test]
fn servers_that_hang_or_are_gone_end_in_time_with_a_reason() {
    let cluster = Cluster::with(1).durable_server().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    one.leads();
    let ask = || {
        let options = ["--consul-service-name", &one.service, "--timeout", "4s", "--format", "json"];
        let output = command(one.node, options).output();
        assert!(output.took < secs(10) && output.status == 3, "{output:?}");
        let info: Value = serde_json::from_str(&output.stdout).unwrap();
        Told { code: output.status, info }
    };
    cluster.server().pause();
    let told = ask();
    assert!(first_problem(&told).starts_with("cannot read key ") && told.leader().is_none(), "{told:?}");
    cluster.server().resume();
    told_with(0, &one, one.node);
    cluster.server().stop();
    let told = ask();
    assert!(first_problem(&told).starts_with("cannot read key ") && told.info["leader"].is_null(), "{told:?}");
    let output = command(one.node, ["--http-addr", "127.0.0.1:1"]).output();
    assert_eq!((output.status, output.stdout.as_str()), (3, ""), "{output:?}");
    assert!(
        output.stderr.starts_with("consul-master-election-tagger info: error: cannot list the agent's services at ")
            && output
                .stderr
                .ends_with("; is the agent running there? set its address with --http-addr or CONSUL_HTTP_ADDR\n"),
        "{output:?}"
    );
    let of_run = super::stage::told(&command(one.node, ["--http-addr", "127.0.0.1:1", "--name", "reports"]));
    assert!(of_run.code == 3 && of_run.has_problem("; is the agent running there?"), "{of_run:?}");
    // With the election named, every question fails alike; that is said once.
    let down =
        super::stage::told(&command(one.node, ["--http-addr", "127.0.0.1:1", "--consul-service-name", &one.service]));
    let [problem] = &down.problems()[..] else { panic!("{down:?}") };
    assert!(
        down.code == 3 && problem.starts_with("cannot read key ") && problem.contains("Connection refused"),
        "{down:?}"
    );
    assert!(problem.ends_with("; is the agent running there? set its address with --http-addr or CONSUL_HTTP_ADDR"));
}

#[test]
fn missing_read_rights_are_named_as_rules_and_those_of_a_check_are_enough() {
    let cluster = Cluster::with(2).acls().start();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    let nodes = "node_prefix \"\" { policy = \"read\" }";
    let full = one.node.api().token_with(&format!("{}\n{nodes}", one.rules()));
    let of_two = two.node.api().token_with(&format!("{}\n{nodes}", two.rules()));
    assert_eq!(one.pass().token(&full).run().status, 0);
    assert_eq!(two.pass().token(&of_two).run().status, 0);
    // Without a token of its own, an agent shows clients of its DNS nothing.
    let nameless = told(&command(two.node, ["--consul-service-name", &one.service]).token(&full));
    assert!(
        nameless.has_problem("the agent's own token (acl.tokens.default) may lack service:read or node:read"),
        "{nameless:?}"
    );
    let of_dns =
        one.node.api().token_with("service_prefix \"\" { policy = \"read\" }\nnode_prefix \"\" { policy = \"read\" }");
    two.node.api().put("/v1/agent/token/default", &json!({"Token": of_dns})).ok();
    let as_ = |token: &str| told(&command(two.node, ["--consul-service-name", &one.service]).token(token));
    let whole = as_(&full);
    assert_eq!((whole.code, whole.leader()), (0, Some(one.node.name())), "{whole:?}");
    // The session of another node is not for this token to read, and nothing else is missing.
    let of_its_own = as_(&of_two);
    assert_eq!((of_its_own.code, &of_its_own.info["lock"]["lock_delay_seconds"]), (0, &Value::Null), "{of_its_own:?}");
    let read_only = one.node.api().token_with(&format!("{}\n{nodes}", one.rules().replace("write", "read")));
    assert_eq!(as_(&read_only).code, 0);
    let blind = as_(&one.node.api().token_with(&one.rules()));
    assert_eq!(blind.code, 1, "{blind:?}");
    assert!(
        blind.has_problem("the token may not see all instances; it needs: node_prefix \"\" { policy = \"read\" }"),
        "{blind:?}"
    );
    assert_eq!(blind.leader(), Some(one.node.name()), "the lock's value names it: {blind:?}");
    let keyless = one.rules().lines().filter(|rule| !rule.starts_with("key ")).collect::<Vec<_>>().join("\n");
    let keyless = as_(&one.node.api().token_with(&format!("{keyless}\n{nodes}")));
    assert_eq!(keyless.code, 3, "{keyless:?}");
    assert!(
        first_problem(&keyless).contains(&format!("the token needs: key \"{}\" {{ policy = \"read\" }}", one.key())),
        "{keyless:?}"
    );
    let none = as_("00000000-0000-4000-8000-000000000000");
    assert_eq!(none.code, 3, "{none:?}");
    let is_next = |candidate: &Value| candidate["next"] == true;
    assert!(!keyless.info["candidates"].as_array().unwrap().iter().any(is_next), "who leads is unknown: {keyless:?}");
    assert!(!format!("{none:?}").contains("00000000-0000-4000"), "{none:?}");
    let same = none.problems().iter().filter(|problem| problem.contains("this token does not exist")).count();
    assert_eq!((same, none.problems().len()), (1, 1), "one fault is said once: {none:?}");
}

#[test]
fn what_others_have_done_to_lock_query_and_tags_is_named() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    two.follows(&one);
    let api = one.node.api();
    // A query of somebody else under the election's name.
    let id = api.query(&one.query()).unwrap()["ID"].as_str().unwrap().to_owned();
    api.put_query(&id, &json!({"Name": one.query(), "Service": {"Service": "other"}}));
    let told = one.told();
    assert!(
        told.has_problem(&format!(
            "the prepared query {} is not this election's: it finds another service",
            one.query()
        )),
        "{told:?}"
    );
    // Its own query, with other tags.
    for (tags, problem) in [
        (json!([]), "does not ask for the tag master: somebody has changed it"),
        (json!(["other"]), "does not ask for the tag master: somebody has changed it"),
        (json!(["master", "other"]), "asks for other, which the master's tags contradict"),
    ] {
        api.put_query(&id, &json!({"Name": one.query(), "Service": {"Service": one.service, "Tags": tags}}));
        let told = one.told();
        assert!(told.has_problem(&format!("the prepared query {} {problem}", one.query())), "{told:?}");
    }
    api.delete_query(&id);
    assert_eq!(one.pass().run().status, 0);
    let told = one.told();
    assert!(!told.has_problem(&format!("the prepared query {}", one.query())), "{told:?}");
    // Somebody else's session holds the lock.
    let session = api.holder(&one.key()).unwrap();
    api.release(&one.key(), &session);
    let foreign = two.node.api().create_session(&json!({"Name": "by hand", "LockDelay": "0s"}));
    assert!(two.node.api().acquire(&one.key(), &foreign, "mine"));
    let told = one.told();
    let taken =
        format!("nobody leads; session {foreign} of node {}, named 'by hand', holds the lock, ", two.node.name());
    assert!(told.code == 2 && first_problem(&told).starts_with(&taken), "{told:?}");
    let tagged = format!("{} is still tagged master, and no instance holds the lock", one.node.name());
    assert!(told.has_problem(&tagged), "{told:?}");
    two.node.api().destroy_session(&foreign);
    // Another lock key under the same name.
    one.leads();
    let options = ["--lock-key", "service/other/leader", "--consul-query-name", &one.query()];
    two.pass().args(options).run();
    let told = one.told();
    let [ones, twos] = [one.node.name(), two.node.name()];
    let split = format!(
        "the election is split: {ones} has the lock key {}, with which {ones} leads; {twos} has the lock key service/other/leader; \
         give all instances the same --lock-key",
        one.key()
    );
    assert!(told.has_problem(&split), "{told:?}");
}
