//! `info`: what it shows is what Consul shows, on every node and with every format.

mod faults;
mod metrics;
mod others;
mod run;
mod stage;
mod trouble;
mod watch;

use serde_json::{Value, json};

use crate::harness::{Health, Pass, Proxy, secs, seen, shared, wait_for};
use crate::stage::Candidate;
use stage::{command, told};

#[test]
fn info_shows_who_leads_since_when_and_who_is_next_on_every_node_and_writes_nothing() {
    let [one, two, three] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    three.follows(&one);
    let proxy = Proxy::before(one.node);
    let of_service = ["--consul-service-name", &one.service];
    let query = one.query();
    let session = one.node.api().holder(&one.key()).unwrap();
    let told_here = told(&command(one.node, of_service));
    let lock = one.node.api().lock(&one.key()).unwrap();
    assert_eq!(told_here.code, 0, "{told_here:?}");
    let candidates = [&one, &two, &three].map(|candidate| {
        let role = if candidate.node.name() == one.node.name() { "master" } else { "slave" };
        json!({
            "node": candidate.node.name(), "service_id": candidate.id, "role": role, "health": "passing",
            "priority": 100, "can_lead": true, "why": null, "next": candidate.node.name() == two.node.name(), "lost": false,
        })
    });
    let expected = json!({
        "schema": 1, "election": query, "service": one.service,
        "leader": {
            "node": one.node.name(), "service_id": one.id, "address": one.node.ip().to_string(), "port": 6379,
            "holder": null, "session": session, "since": lock.value["since"], "term": 1,
        },
        "lock": {
            "key": one.key(), "session": session, "lock_delay_seconds": 0,
            "fencing_token": format!("{}.1", lock.create_index),
        },
        "dns": {
            "name": format!("{query}.query.consul"), "answers": [format!("{}:6379", one.node.ip())], "agrees": true,
            "source": "dns", "error": null,
        },
        "candidates": candidates,
        "problems": [],
        "history": [{"term": 1, "node": one.node.name(), "since": lock.value["since"], "reason": "the first leader"}],
        "schedule": null,
    });
    assert_eq!(told_here.info, expected);
    // Everywhere the same: on other nodes, on a server without an instance, by the query's name, through a proxy.
    let server = shared().server();
    for pass in [
        command(two.node, of_service),
        command(server, of_service),
        command(server, ["--consul-query-name", &query]),
        Pass::bare().through(&proxy).args(["info", "--consul-query-name", &query]),
    ] {
        let told = told(&pass);
        assert_eq!((told.code, &told.info), (0, &expected), "{pass:?}: {told:?}");
    }
    let unknown = told(&command(server, ["--consul-query-name", "nobody-knows-it"]));
    assert!(
        unknown.code == 2 && unknown.has_problem("nothing says which service the election is about"),
        "{unknown:?}"
    );
    let requests = proxy.lines();
    assert!(requests.len() > 5 && requests.iter().all(|line| line.starts_with("GET ")), "{requests:?}");
    assert_eq!(one.node.api().lock(&one.key()).unwrap().modify_index, lock.modify_index);
}

#[test]
fn info_without_options_shows_every_election_of_the_agents_instances() {
    let node = shared().nodes::<1>()[0];
    let [one, two] = [Candidate::alone(node), Candidate::alone(node)];
    one.leads();
    two.leads();
    let other = format!("{}-writer", one.service);
    let tags = ["--consul-query-name", &other, "--master-tag", "writer", "--slave-tag", "reader"];
    let outcome = one.pass().args(tags).run();
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let output = command(node, []).args(["--format", "json"]).output();
    let shown: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (query, service) in [(&one.query(), &one.service), (&other, &one.service), (&two.query(), &two.service)] {
        let found = shown.iter().find(|info| info["election"] == **query);
        let found = found.unwrap_or_else(|| panic!("no {query} in {output:?}"));
        assert_eq!((&found["service"], &found["leader"]["node"]), (&json!(service), &json!(node.name())));
    }
    let writer = shown.iter().find(|info| info["election"] == *other).unwrap();
    assert_eq!(writer["candidates"][0]["role"], "master", "the tags of its own election count: {writer}");
}

#[test]
fn info_says_why_nobody_leads_and_who_would() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    two.follows(&one);
    two.turn(Health::Critical);
    let told = one.told();
    assert_eq!(told.code, 1, "{told:?}");
    let problem = format!("if {} fails, nobody can take over", one.node.name());
    let reason = format!("{} cannot lead: critical: {}", two.node.name(), two.ping());
    assert_eq!(told.problems(), [problem, reason]);
    let candidate = told.candidate(two.node);
    assert_eq!(
        (&candidate["can_lead"], &candidate["why"]),
        (&json!(false), &json!(format!("critical: {}", two.ping())))
    );
    one.turn(Health::Critical);
    one.run();
    let told = one.told();
    assert_eq!((told.code, told.leader()), (2, None), "{told:?}");
    let reasons = format!("{} and {} cannot lead: critical: {}", one.node.name(), two.node.name(), one.ping());
    let lost = format!("{} was critical on {}", one.ping(), one.node.name());
    let nobody = format!("nobody leads since the last leader lost the lock: {lost}; no instance can take the lock");
    assert_eq!(told.problems()[..2], [nobody, reasons]);
    two.turn(Health::Passing);
    let told = two.told();
    assert!(told.has_problem(&format!("the lock is free, and {} can take it", two.node.name())), "{told:?}");
    assert_eq!(told.candidate(two.node)["next"], true);
    two.leads();
    let told = two.told();
    assert_eq!((told.leader(), told.reason()), (Some(two.node.name()), &lost[..]), "{told:?}");
    assert_eq!(told.info["history"].as_array().unwrap().len(), 2);
}

#[test]
fn the_reason_of_a_hand_over_is_in_the_history() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    two.follows(&one);
    let outcome = one.resign().args(["--to", two.node.name()]).run();
    assert_eq!(outcome.status, 0, "{outcome:?}");
    two.leads();
    assert_eq!(two.told().reason(), format!("handed over by {} (resign)", one.node.name()));
    one.follows(&two);
    two.node.api().destroy_session(&two.node.api().holder(&two.key()).unwrap());
    let master = if one.run().starts_with("master") { &one } else { panic!("{:?}", two.told()) };
    assert_eq!(master.told().reason(), format!("the session of {} ended", two.node.name()));
    one.node.api().delete_key(&one.key());
    one.leads();
    let told = one.told();
    assert_eq!((told.reason(), &told.info["leader"]["term"]), ("the lock key was deleted", &json!(1)), "{told:?}");
}

#[test]
fn a_failed_hook_a_lock_delay_and_a_check_that_is_gone_are_named() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    let outcome = one.pass().args(["--on-promote", "false"]).run();
    assert_eq!(outcome.status, 1, "{outcome:?}");
    let told = one.told();
    let node = one.node.name();
    let until = told.candidate(one.node)["why"].as_str().unwrap_or_default().to_owned();
    assert!(until.starts_with("stands back until ") && until.contains("Z: on-promote: "), "{told:?}");
    assert!(told.has_problem("; no instance can take the lock"), "{told:?}");
    assert!(told.has_problem(&format!("{node} cannot lead: stands back until ")), "{told:?}");
    two.leads();
    let told = two.told();
    assert!(told.has_problem(&format!("{node} cannot lead: stands back until ")), "{told:?}");
    assert!(told.reason().starts_with(&format!("{node} stepped down: on-promote: ")), "{told:?}");
    assert_eq!(told.code, 1, "{told:?}");
    // A lock-delay, as the check that waits for its end says.
    let delayed = Candidate::alone(shared().nodes::<1>()[0]);
    let pass = Pass::of(&delayed.service).on(delayed.node).args(["--lock-delay", "40s"]);
    assert_eq!(pass.run().status, 0);
    assert_eq!(delayed.told().info["lock"]["lock_delay_seconds"], 40);
    let api = delayed.node.api();
    api.destroy_session(&api.holder(&delayed.key()).unwrap());
    let outcome = delayed.report(&pass);
    assert!(outcome.line.ends_with(": the lock is in its lock-delay"), "{outcome:?}");
    let problem = format!(
        "the lock is in its lock-delay, by the line of a check (up to 5 min old); {} can take it",
        delayed.node.name()
    );
    wait_for("the catalog to have the line", secs(30), || {
        seen(delayed.told(), |told| told.code == 2 && told.has_problem(&problem))
    });
    // An election check that its instance's mark names, and that is gone.
    assert_eq!(pass.run().status, 0);
    assert_eq!(delayed.mark()["check"], delayed.election_check());
    api.delete_check(&delayed.election_check());
    let told = delayed.told();
    let problem = format!("the election check {} does not exist", delayed.election_check());
    assert!(told.has_problem(&problem), "{told:?}");
}
