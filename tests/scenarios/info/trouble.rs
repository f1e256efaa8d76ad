//! What `info` says of single troubles: once, the worst first, and only as long as they last.

use serde_json::json;

use crate::harness::{Cluster, Fault, Health, Node, Pass, Proxy, secs, seen, shared, wait_for};
use crate::stage::{Candidate, tries_the_lock};

use super::metrics::promtool;
use super::stage::{command, told};

/// The value of `consul_election_info_lost` for the candidate on a node, asked on another one.
fn lost(one: &Candidate, node: &Node) -> String {
    let output = command(one.node, ["--consul-service-name", &one.service, "--format", "prometheus"]).output();
    promtool(&["check", "metrics"], &output.stdout);
    let node = format!("node=\"{}\"", node.name());
    let is_it = |line: &&str| line.starts_with("consul_election_info_lost{") && line.contains(&node);
    let line = output.stdout.lines().find(is_it).unwrap_or_else(|| panic!("no value for {node}: {output:?}"));
    line.rsplit_once(' ').unwrap().1.to_owned()
}

#[test]
fn a_lost_standby_is_a_problem_even_if_it_has_never_led_and_one_in_maintenance_is_none() {
    let cluster = Cluster::of(3);
    let [one, two, three] = Candidate::on_each(cluster.nodes::<3>());
    one.leads();
    two.follows(&one);
    three.follows(&one);
    let [leader, name] = [one.node.name(), two.node.name()];
    assert_eq!((one.told().code, lost(&one, two.node)), (0, "0".to_owned()));
    two.turn(Health::Critical);
    let told = one.told();
    let only = format!("if {leader} fails, only {} can take over", three.node.name());
    let why = format!("{name} cannot lead: critical: {}", two.ping());
    assert_eq!((told.code, told.problems()), (1, vec![only, why]));
    assert_eq!((&told.candidate(two.node)["lost"], lost(&one, two.node)), (&json!(true), "1".to_owned()));
    two.turn(Health::Passing);
    // Somebody has taken them out of service, and knows.
    two.node.api().node_maintenance(true);
    three.node.api().service_maintenance(&three.id, true);
    let told = one.told();
    assert_eq!(
        (told.code, told.problems(), lost(&one, two.node), lost(&one, three.node)),
        (0, vec![], "0".to_owned(), "0".to_owned())
    );
    let shown = [two.node, three.node].map(|node| told.candidate(node)["why"].clone());
    assert_eq!(shown, [json!("node in maintenance"), json!("maintenance")], "{told:?}");
    two.node.api().node_maintenance(false);
    three.node.api().service_maintenance(&three.id, false);
    assert_eq!(one.told().code, 0);
    // A port that refuses connections, while the health check has not noticed.
    let pass = two.pass().args(["--watch-port", "--watch-address", "127.0.0.1:1"]);
    assert!(pass.run().line.contains(": slave of "));
    let told = one.told();
    assert!(told.has_problem(&format!("{name} cannot lead: nothing listens on the watched port")), "{told:?}");
    two.follows(&one);
    assert_eq!(one.told().code, 0);
    two.node.kill();
    let reason = format!("{name} cannot lead: node failed");
    wait_for("the dead node to be a problem", secs(60), || {
        seen(one.told(), |told| told.code == 1 && told.has_problem(&reason))
    });
    assert_eq!(lost(&one, two.node), "1");
}

#[test]
fn a_split_election_is_told_in_few_sentences_and_first_that_nobody_leads() {
    let [one, two, three] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    let other = format!("{}/other", one.key());
    for candidate in [&two, &three] {
        candidate.pass().args(["--lock-key", &other]).run();
    }
    let [leader, second, third] = [&one, &two, &three].map(|candidate| candidate.node.name());
    let split = format!(
        "the election is split: {leader} has the lock key {}, with which {leader} leads; {second} and {third} have the lock key \
         {other}; give all instances the same --lock-key",
        one.key()
    );
    let told = two.told();
    let nobody =
        format!("nobody leads with the lock key {other}; nobody takes that lock while {leader} leads with another key");
    assert_eq!((told.code, told.problems()), (2, vec![nobody, split.clone()]));
    // On a node without an instance, the key that somebody leads with counts.
    let told = told_on(shared().server(), &one);
    assert_eq!((told.code, told.leader(), told.problems()), (1, Some(leader), vec![split]));
}

fn told_on(node: &Node, one: &Candidate) -> super::stage::Told {
    told(&command(node, ["--consul-service-name", &one.service]))
}

#[test]
fn another_name_and_lock_key_of_a_service_are_found_from_a_node_without_an_instance() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let (name, key) = (format!("{}-writer", one.service), format!("election/{}", one.service));
    let outcome = one.pass().args(["--consul-query-name", &name, "--lock-key", &key]).run();
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let told = told_on(shared().server(), &one);
    assert_eq!((told.code, told.leader(), &told.info["election"]), (0, Some(one.node.name()), &json!(name)));
}

#[test]
fn that_a_tag_did_not_go_with_the_lock_is_told_until_the_former_master_is_right() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    two.follows(&one);
    one.turn(Health::Critical);
    let proxy = Proxy::before(two.node);
    proxy.fail(|request, _| {
        let denial = r#"{"Results":null,"Errors":[{"OpIndex":1,"What":"Permission denied"}]}"#;
        (tries_the_lock(request) && request.path == "/v1/txn").then_some(Fault::Status(409, denial))
    });
    let outcome = two.pass().through(&proxy).run();
    assert!(outcome.line.contains(": master on "), "{outcome:?}");
    let alone = "the former master's tag did not go with the lock: ";
    let told = two.told();
    assert!(told.code == 1 && told.has_problem(alone) && told.has_problem(" are both tagged master"), "{told:?}");
    one.turn(Health::Passing);
    one.follows(&two);
    let told = two.told();
    assert_eq!((told.code, told.problems()), (0, vec![]), "{told:?}");
    let value = two.node.api().lock(&two.key()).unwrap().value;
    assert!(value["alone"].is_string(), "the note itself lasts as long as the term: {value}");
}

#[test]
fn that_the_leader_sees_no_other_instance_is_told_until_a_later_run_of_it_does() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    // As if the catalog did not have the new service yet.
    let proxy = Proxy::before(one.node);
    proxy.fail(|request, _| request.path.starts_with("/v1/health/service/").then_some(Fault::Status(200, "[]")));
    let outcome = one.pass().through(&proxy).run();
    assert!(outcome.line.contains(": master on "), "{outcome:?}");
    two.follows(&one);
    let told = one.told();
    assert!(told.code == 1 && told.has_problem("the leader's token may not see all other instances"), "{told:?}");
    wait_for("a later run to see the others", secs(60), || {
        one.leads();
        seen(one.told(), |told| told.code == 0).map(drop)
    });
}

#[test]
fn without_a_mark_the_error_quotes_the_election_checks_and_names_what_to_type() {
    let cluster = Cluster::of(1);
    let node = cluster.nodes::<1>()[0];
    let error = || {
        let output = command(node, []).output();
        assert_eq!((output.status, output.stdout.as_str()), (3, ""), "{output:?}");
        output.stderr
    };
    assert!(error().contains("this agent has no service"), "{}", error());
    let one = Candidate::alone(node);
    let doctor = format!("find out why: consul-master-election-tagger doctor --consul-service-name {}; ", one.service);
    assert!(error().contains(&doctor) && error().contains("its check has not run yet, cannot run"), "{}", error());
    // A check that runs and cannot mark its instance.
    let outcome = one.report(&one.pass().at("127.0.0.1:1"));
    let quoted = format!("check {} says \"{}", one.election_check(), &outcome.line[..60]);
    assert!(error().contains(&quoted) && error().contains(&doctor), "{}: {}", outcome.line, error());
    // The catalog may have an older line than that.
    let told = told_on(node, &one);
    assert!(
        told.has_problem(" cannot lead: the election check reports \"error: ") && told.has_problem("up to 5 min old"),
        "{told:?}"
    );
    let other = one.report(&one.pass().at("127.0.0.1:1").args(["--consul-query-name", "writer"]));
    assert!(error().contains(&format!("{} --consul-query-name writer; ", doctor.trim_end_matches("; "))), "{other:?}");
    let outcome = one.report(&one.pass());
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let output = command(node, []).output();
    assert_eq!(output.status, 0, "{output:?}");
}

#[test]
fn an_agent_whose_dns_is_switched_off_is_told_as_that_and_the_prepared_query_is_asked() {
    let cluster = Cluster::with(1).client_config(json!({"ports": {"dns": -1}})).start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    one.leads();
    let told = one.told();
    let dns = &told.info["dns"];
    assert_eq!((told.code, &dns["source"], &dns["agrees"]), (0, &json!("query"), &json!(true)), "{told:?}");
    assert_eq!(dns["error"], "this agent answers no DNS: its port is switched off (ports.dns)");
    let table = command(one.node, ["--consul-service-name", &one.service, "--format", "table"]).output().stdout;
    let line = format!(
        "DNS this agent answers no DNS: its port is switched off (ports.dns); the prepared query finds {}:6379, as the lock says",
        one.node.ip()
    );
    let words = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&line), "{table}");
    let options = ["watch", "--consul-service-name", &one.service, "--until", "leader", "--format", "table"];
    let output = Pass::bare().on(one.node).args(options).output();
    assert!(output.status == 0 && output.stdout.ends_with("; DNS cannot be asked\n"), "{output:?}");
    let id = one.node.api().query(&one.query()).unwrap()["ID"].as_str().unwrap().to_owned();
    one.node.api().delete_query(&id);
    let told = one.told();
    let [problem] = &told.problems()[..] else { panic!("{told:?}") };
    assert!(problem.starts_with("prepared query and lock disagree: "), "{told:?}");
    assert!(problem.contains("; there is no prepared query of that name"), "{told:?}");
}

#[test]
fn a_lead_that_changes_again_and_again_is_a_problem_with_its_reasons() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    two.follows(&one);
    for (leader, next) in [(&one, &two), (&two, &one), (&one, &two)] {
        assert_eq!(told_on(shared().server(), &one).code, 0);
        leader.turn(Health::Critical);
        next.leads();
        leader.turn(Health::Passing);
        leader.follows(next);
    }
    let told = one.told();
    let [ones, twos] = [&one, &two].map(|of| format!("{} was critical on {}", of.ping(), of.node.name()));
    let words = format!(": {ones} (2 times); {twos}");
    assert!(
        told.code == 1 && told.has_problem("the lead changed 3 times within ") && told.has_problem(&words),
        "{told:?}"
    );
}

#[test]
fn a_master_in_warning_is_a_problem_while_nobody_passes() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    two.follows(&one);
    for candidate in [&one, &two] {
        candidate.turn(Health::Warning);
    }
    one.leads();
    let told = one.told();
    let words = format!("{} leads in warning, and no instance passes: {}", one.node.name(), one.ping());
    assert!(told.code == 1 && told.problems()[0].starts_with(&words), "{told:?}");
    two.turn(Health::Passing);
    assert_eq!(one.told().code, 0, "the next run of the master hands over");
}
