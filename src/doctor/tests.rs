//! What no healthy Consul of the tests shows: each row is a set-up, and the names of the findings that ask for a change.

use super::*;
use crate::consul::{AgentSettings, Instances, Rights};

fn facts() -> Facts {
    Facts {
        agent: "http://127.0.0.1:8500".to_owned(),
        servers: Ok(vec!["10.0.0.1:8300".to_owned()]),
        settings: Ok(AgentSettings {
            version: "1.21.0".to_owned(),
            runs_scripts: true,
            output_size: 4096,
            ..AgentSettings::default()
        }),
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
        ("1.7.14", &["old-version", "no-instance"]),
        ("0.9", &["old-version", "no-instance"]),
        ("", &["old-version", "no-instance"]),
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
fn each_finding_has_a_name_of_its_own() {
    let mut names: Vec<&str> = FINDINGS.iter().map(|(name, _)| *name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
