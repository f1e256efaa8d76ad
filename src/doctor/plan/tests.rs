//! What is found in a definition: each row is a definition, and the names of all findings in it.

use super::*;
use crate::doctor::definition::parse;

const PROGRAM: &str = "consul-master-election-tagger";

/// The findings for a service with these fields, a health check with this command, an election check with these fields and options.
fn found(service: &str, health: &str, check: &str, options: &str) -> Vec<&'static str> {
    let health = match health {
        "" => String::new(),
        command => format!("{{ id = \"ping\", args = [\"sh\", \"-c\", \"{command}\"], interval = \"1s\" }},"),
    };
    let text = format!(
        "service {{\n name = \"redis\"\n {service}\n checks = [ {health} {{\n id = \"vote\"\n args = [\"{PROGRAM}\"]\n {check}\n }} ]\n}}"
    );
    let mut definition = Definition::default();
    definition.add(&parse(&text, false).unwrap());
    let (service, check, _) = definition.running(PROGRAM)[0].clone();
    let config = Config::typed(options);
    let plan = Plan { config: &config, has_token: false, check, service, definition: &definition };
    judge(&plan, &|check| check.runs(PROGRAM)).iter().map(Finding::name).collect()
}

#[test]
fn args_in_one_string_are_found_of_the_election_check_and_of_a_health_check() {
    let found = |text: &str| {
        let mut definition = Definition::default();
        definition.add(&parse(text, true).unwrap());
        let (service, check, _) = definition.running(PROGRAM)[0].clone();
        let config = Config::typed("--wait 50s");
        let plan = Plan { config: &config, has_token: false, check, service, definition: &definition };
        let found = judge(&plan, &|check| check.runs(PROGRAM));
        found.into_iter().filter(|one| one.severity() < crate::doctor::Severity::Fine).collect::<Vec<_>>()
    };
    let text = |ping: &str, vote: &str| {
        format!(
            r#"{{"service": {{"name": "redis", "checks": [{{"id": "ping", "args": [{ping}], "interval": "1s"}},
            {{"id": "vote", "args": [{vote}], "interval": "1s", "timeout": "75s"}}]}}}}"#
        )
    };
    let of = |check: &str| Finding::ArgsInOneString { check: check.to_owned() };
    let right = format!("\"{PROGRAM}\", \"--wait\", \"50s\"");
    assert_eq!(found(&text("\"curl\", \"-f\", \"http://127.0.0.1\"", &right)), []);
    assert_eq!(found(&text("\"curl -f http://127.0.0.1\"", &right)), [of("ping")]);
    assert_eq!(found(&text("\"curl\"", &format!("\"{PROGRAM} --wait 50s\""))), [of("vote")]);
}

#[test]
fn an_election_check_of_the_node_is_found_unless_it_names_its_service() {
    let found = |service_id: &str| {
        let text = format!(
            r#"{{"service": {{"name": "redis", "id": "redis-1", "check": {{"args": ["true"], "interval": "1s"}}}},
            "check": {{"id": "vote", "name": "vote", {service_id} "args": ["{PROGRAM}"], "interval": "1s", "timeout": "75s"}}}}"#
        );
        let mut definition = Definition::default();
        definition.add(&parse(&text, true).unwrap());
        let (service, check, _) = definition.running(PROGRAM)[0].clone();
        let config = Config::typed("--wait 50s");
        let plan = Plan { config: &config, has_token: false, check, service, definition: &definition };
        judge(&plan, &|check| check.runs(PROGRAM))
    };
    assert_eq!(found(""), [Finding::NodeCheck { check: "vote".to_owned(), of: "redis-1".to_owned() }]);
    assert!(!found("\"service_id\": \"redis-1\",").iter().any(|one| one.name() == "node-check"));
    // The service may be in another file.
    assert!(!found("\"service_id\": \"elsewhere\",").iter().any(|one| one.name() == "node-check"));
}

#[test]
fn each_wrong_set_up_is_found_and_a_right_one_has_no_finding() {
    const FAST: &str = "interval = \"1s\"\n timeout = \"75s\"";
    const SIMPLE: &str = "interval = \"5s\"\n timeout = \"30s\"";
    const GOOD: &str = "redis-cli ping | grep -q PONG || exit 2";
    for (service, health, check, options, expected) in [
        ("", GOOD, FAST, "--wait 50s", &["definition"][..]),
        ("", GOOD, SIMPLE, "", &["definition"]),
        ("", GOOD, "interval = \"5s\"", "", &["definition"]),
        ("", GOOD, "interval = \"1s\"", "--wait 50s", &["killed-while-waiting"]),
        ("", GOOD, "interval = \"1s\"\n timeout = \"75\"", "--wait 50s", &["definition"]),
        ("", GOOD, "interval = \"1s\"\n timeout = 75", "--wait 50s", &["definition"]),
        ("", GOOD, "interval = \"1s\"\n timeout = \"50s\"", "--wait 50s", &["killed-while-waiting"]),
        ("", GOOD, "interval = \"1s\"\n timeout = \"60s\"", "--wait 50s", &["may-be-killed"]),
        ("", GOOD, "interval = \"1s\"\n timeout = \"60s\"", "--wait 50s --timeout 5s", &["definition"]),
        ("", GOOD, "interval = \"5s\"\n timeout = \"10s\"", "", &["may-be-killed"]),
        ("", GOOD, "interval = \"10s\"\n timeout = \"75s\"", "--wait 50s", &["long-interval"]),
        ("", GOOD, SIMPLE, "--lock-delay 0s", &["short-lock-delay"]),
        ("", GOOD, "interval = \"20s\"", "", &["short-lock-delay"]),
        ("", GOOD, "interval = \"12s\"", "--ttl 10s", &["short-ttl"]),
        ("", GOOD, "interval = \"3s\"", "--ttl 10s", &["definition"]),
        ("", "", FAST, "--wait 50s", &["no-health-check"]),
        ("", "", FAST, "--wait 50s --watch-port", &["definition"]),
        ("", "redis-cli ping | grep -q PONG", FAST, "--wait 50s", &["exits-with-one"]),
        ("", "/usr/bin/test -e /run/redis.pid || exit 1", FAST, "--wait 50s", &["exits-with-one"]),
        ("", "curl -f http://127.0.0.1/", FAST, "--wait 50s", &["definition"]),
        ("address = \"127.0.0.1\"", GOOD, FAST, "--wait 50s", &["local-address"]),
        ("address = \"localhost\"", GOOD, FAST, "--wait 50s", &["local-address"]),
        ("address = \"::1\"", GOOD, FAST, "--wait 50s", &["local-address"]),
        ("address = \"127.0.0.2\"", GOOD, FAST, "--wait 50s", &["definition"]),
        ("tags = [\"Master\", \"x\"]", GOOD, FAST, "--wait 50s", &["role-tag"]),
        ("tags = [\"Master\"]", GOOD, FAST, "--wait 50s --master-tag m --slave-tag s", &["definition"]),
        ("", GOOD, FAST, "--wait 50s --consul-query-tag v2", &["query-tag"]),
        ("tags = [\"v2\"]", GOOD, FAST, "--wait 50s --consul-query-tag V2", &["definition"]),
        ("tags = [\"v2\"]", GOOD, FAST, "--wait 50s --consul-query-tag !v2", &["query-tag"]),
        ("kind = \"connect-proxy\"", GOOD, FAST, "--wait 50s", &["not-plain"]),
        ("", GOOD, FAST, "--wait 50s --check-id vote", &["definition"]),
        ("", GOOD, FAST, "--wait 50s --check-id ping", &["wrong-check"]),
        ("", GOOD, FAST, "--wait 50s --check-id other", &["no-such-check"]),
        ("", GOOD, FAST, "--wait 50s --error-status critical", &["critical-errors"]),
    ] {
        assert_eq!(found(service, health, check, options), expected, "{service} {health} {check} {options}");
    }
}
