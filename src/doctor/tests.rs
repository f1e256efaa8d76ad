//! What no healthy Consul of the tests shows: each row is a set-up, and the names of the findings that ask for a change.

use serde_json::json;

use super::*;
use crate::consul::{
    AgentSettings, Error, Extent, Health, Instances, Key, RemoteInstance, Resource, Right, Rights, Rule, Secret,
};

fn settings() -> AgentSettings {
    let mut settings = AgentSettings {
        version: "1.21.0".to_owned(),
        runs_scripts: true,
        output_size: 4096,
        ..AgentSettings::default()
    };
    settings.dns.addresses = vec!["10.0.0.1:8600".parse().unwrap()];
    settings
}

pub(super) fn facts() -> Facts {
    Facts {
        agent: "http://127.0.0.1:8500".to_owned(),
        servers: Ok(vec!["10.0.0.1:8300".to_owned()]),
        settings: Ok(settings()),
        rights: Ok(Rights::Unlimited),
        instances: Ok(Vec::new()),
        services: Ok(vec!["postgres".to_owned()]),
        everywhere: Ok(Instances { seen: Vec::new(), is_filtered: false }),
        key: Ok(None),
        holder: None,
        query: Ok(None),
        name: None,
        port: None,
    }
}

fn found(change: impl FnOnce(&mut Facts)) -> Vec<&'static str> {
    let mut facts = facts();
    change(&mut facts);
    let found = examine(&facts, &Config::for_tests(), "program", SystemTime::now());
    found.iter().filter(|finding| finding.severity() < Severity::Fine).map(Finding::name).collect()
}

#[test]
fn a_version_that_was_never_tried_is_found() {
    let of_version = |version: &str| {
        found(|facts| {
            if let Ok(settings) = &mut facts.settings {
                settings.version = version.to_owned();
            }
        })
    };
    for (version, expected) in [
        ("1.8.7+ent", &["no-instance"][..]),
        ("1.10.0-beta1", &["no-instance"]),
        ("2.0.0", &["no-instance"]),
        ("1.7.14", &["no-instance", "old-version"]),
        ("0.9", &["no-instance", "old-version"]),
        ("", &["no-instance", "old-version"]),
    ] {
        assert_eq!(of_version(version), expected, "{version}");
    }
}

#[test]
fn dns_that_does_not_answer_is_a_note() {
    let name = || "redis-master.query.consul".to_owned();
    assert_eq!(found(|facts| facts.name = Some((name(), Err("timed out".to_owned())))), ["no-instance", "dns-silent"]);
    assert_eq!(found(|facts| facts.name = Some((name(), Ok(Vec::new())))), ["no-instance"]);
}

#[test]
fn a_name_without_an_answer_is_right_only_while_nothing_holds_the_lock() {
    let found = |session: Option<&str>| {
        let mut facts = facts();
        let (session, value) = (session.map(str::to_owned), b"mine".to_vec());
        facts.key = Ok(Some(Key { session, value, lock_index: 1, create_index: 1, modify_index: 1 }));
        facts.name = Some(("redis-master.query.consul".to_owned(), Ok(Vec::new())));
        election::judge_name(&facts).map(|finding| finding.name())
    };
    assert_eq!((found(None), found(Some("another program's"))), (Some("name"), None));
}

#[test]
fn an_agent_that_answers_no_dns_is_found() {
    let off = |facts: &mut Facts| {
        if let Ok(settings) = &mut facts.settings {
            settings.dns.addresses.clear();
        }
        facts.name = Some(("redis-master.query.consul".to_owned(), Err("its port is off".to_owned())));
    };
    assert_eq!(found(off), ["no-instance", "dns-off"]);
}

#[test]
fn an_error_of_the_own_check_that_tells_of_another_lock_key_is_not_told_twice() {
    let found = |key: &str| {
        found(|facts| {
            let line = format!("election redis-master: error: n2 leads with the lock key {key}\n");
            let own = local(Some("election"), &[("ping", "passing", "pong"), ("election", "warning", &line)]);
            let mut other = local(None, &[("ping", "passing", "pong")]);
            let mark = json!({"key": key, "check": "election", "tags": ["master", "slave"]});
            let meta = json!({"election-redis-master-mark": mark.to_string()});
            let registration = json!({"ID": "redis", "Service": "redis", "Port": 6379, "Tags": [], "Meta": meta});
            other.registration = serde_json::from_value(registration).unwrap();
            facts.instances = Ok(vec![own.clone()]);
            let remote = |node: &str, health| RemoteInstance {
                node: node.to_owned(),
                node_address: "10.0.0.1".to_owned(),
                checks_index: 0,
                agent_version: None,
                health,
            };
            facts.everywhere = Ok(Instances { seen: vec![remote("n1", own), remote("n2", other)], is_filtered: false });
        })
    };
    assert_eq!(found("elsewhere"), ["other-lock-key"]);
    assert_eq!(found("service/redis-master/leader"), ["election-fails", "nothing-runs-there"]);
}

/// The local instance: these checks, as `(ID, status, output)`, and a mark that names the check.
fn local(mark: Option<&str>, checks: &[(&str, &str, &str)]) -> Health {
    let checks = checks.iter().map(|(id, status, output)| {
        json!({"Node": "n1", "CheckID": id, "Status": status, "Output": output, "ServiceID": "redis"})
    });
    let meta = match mark {
        Some(check) => {
            let mark = json!({"key": "service/redis-master/leader", "check": check, "tags": ["master", "slave"]});
            json!({"election-redis-master-mark": mark.to_string()})
        }
        None => json!({}),
    };
    let registration =
        json!({"ID": "redis", "Service": "redis", "Port": 6379, "Tags": [], "Meta": meta, "Address": ""});
    Health {
        registration: serde_json::from_value(registration).unwrap(),
        checks: checks.map(|check| serde_json::from_value(check).unwrap()).collect(),
    }
}

#[test]
fn an_election_check_that_fails_or_is_gone_is_found_whatever_the_token_may_do() {
    let ping = ("ping", "passing", "pong");
    let missing = "exec: \"consul-master-electon-tagger\": executable file not found in $PATH";
    for (mark, election, expected) in [
        (Some("election"), Some(("passing", "election redis-master: slave of n2\n")), &[][..]),
        (Some("election"), Some(("warning", "election redis-master: error: denied\n")), &["election-fails"]),
        (Some("election"), Some(("passing", "election redis-master: error: denied\n")), &["election-fails"]),
        (Some("election"), Some(("critical", "Timed out (30s) running check")), &["election-fails"]),
        (Some("election"), Some(("critical", missing)), &["cannot-start"]),
        (None, Some(("critical", missing)), &["cannot-start"]),
        (Some("election"), Some(("critical", "")), &[]),
        (Some("election"), None, &["nothing-runs"]),
        (Some("ping"), None, &["nothing-runs", "no-health-check"]),
        (Some("election"), Some(("warning", "election redis2-master: error: none\n")), &["election-fails"]),
    ] {
        let found = found(|facts| {
            let own = election.map(|(status, output)| ("election", status, output));
            let health = local(mark, &[Some(ping), own].into_iter().flatten().collect::<Vec<_>>());
            facts.instances = Ok(vec![health.clone()]);
            let (node, node_address) = ("n1".to_owned(), "10.0.0.1".to_owned());
            let seen = vec![RemoteInstance { node, node_address, checks_index: 0, agent_version: None, health }];
            facts.everywhere = Ok(Instances { seen, is_filtered: false });
        });
        let found: Vec<&str> = found.into_iter().filter(|name| *name != "no-other-candidate").collect();
        assert_eq!(found, expected, "{mark:?} {election:?}");
    }
}

#[test]
fn checks_that_pass_silently_run_no_election_unless_the_agent_discards_what_they_print() {
    let found = |discards_output: bool, output: &str| {
        found(|facts| {
            if let Ok(settings) = &mut facts.settings {
                settings.discards_output = discards_output;
            }
            // The mark of a run that did not know its check.
            let mark = json!({"key": "service/redis-master/leader", "tags": ["master", "slave"]});
            let meta = json!({"election-redis-master-mark": mark.to_string()});
            let mut health = local(None, &[("ping", "passing", output)]);
            let registration =
                json!({"ID": "redis", "Service": "redis", "Port": 6379, "Tags": [], "Meta": meta, "Address": ""});
            health.registration = serde_json::from_value(registration).unwrap();
            facts.instances = Ok(vec![health]);
        })
    };
    assert_eq!(found(false, ""), ["nothing-runs", "not-in-catalog"]);
    assert_eq!(found(false, "pong"), ["nothing-runs", "not-in-catalog"]);
    assert_eq!(found(true, ""), ["not-in-catalog", "output-discarded"]);
}

#[test]
fn one_fault_of_several_questions_is_one_finding() {
    let all = found(|facts| {
        facts.key = Err(Error::example(false));
        facts.query = Err(Error::example(false));
        facts.everywhere = Err(Error::example(true));
    });
    assert_eq!(all, ["not-asked", "no-instance"]);
}

#[test]
fn without_a_token_what_the_anonymous_one_lacks_is_one_finding() {
    let mut facts = facts();
    let rules =
        [Rule::write(Resource::Key, "k"), Rule::write(Resource::Service, "redis"), Rule::read_all(Resource::Node)];
    facts.rights = Ok(Rights::Known(rules.iter().map(|rule| (rule.clone(), Some(false))).collect()));
    let mut config = Config::for_tests();
    let session = Rule { resource: Resource::Session, extent: Extent::All, right: Right::Write };
    let lacking = rules.iter().cloned().chain([session]).collect::<Vec<_>>();
    let [Finding::NoToken { rules }] = &agent::judge_token(&facts, &config)[..] else { panic!("there are others") };
    assert!(rules.len() == 4 && lacking.iter().all(|rule| rules.contains(rule)), "{rules:?}");
    config.access.token = Some(Secret::of("5ec2e7".to_owned()));
    let names: Vec<&str> = agent::judge_token(&facts, &config).iter().map(Finding::name).collect();
    assert_eq!(names, ["lacks-rule", "lacks-rule", "lacks-optional-rule"]);
}

#[test]
fn each_finding_has_a_name_of_its_own() {
    let mut names: Vec<&str> = FINDINGS.iter().map(|(name, _)| *name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
