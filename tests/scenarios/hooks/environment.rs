//! How hooks are started: variables, arguments, no shell.

use crate::harness::{Scripts, shared, unique};
use crate::stage::Candidate;

/// Returns these variables of a script's last run.
fn told(scripts: &Scripts, name: &str, variables: &[&str]) -> Vec<String> {
    let runs = scripts.runs(name);
    let last = runs.last().unwrap_or_else(|| panic!("{name} never ran"));
    variables.iter().map(|variable| last.get(*variable).cloned().unwrap_or("(unset)".to_owned())).collect()
}

#[test]
fn hooks_know_the_instance_and_the_leader() {
    let [n1, n2, _] = shared().nodes::<3>();
    let service = unique("redis");
    let one = Candidate::with(&service, &unique("id"), n1, |body| body["Address"] = "10.9.8.7".into());
    let two = Candidate::with(&service, &unique("id"), n2, |body| body["Port"] = 7000.into());
    let scripts = [Scripts::on(n1), Scripts::on(n2)];
    let passes = [(&one, &scripts[0]), (&two, &scripts[1])].map(|(candidate, scripts)| {
        let hooks = ["promote", "demote", "follow"].map(|name| (format!("--on-{name}"), scripts.noting(name)));
        candidate.pass().args(hooks.iter().flat_map(|(option, command)| [option.as_str(), command]))
    });
    let run = |index: usize| {
        let outcome = passes[index].run();
        assert_eq!(outcome.status, 0, "{outcome:?}");
    };
    let own = |index: usize, hook: &str| {
        let names = [
            "ELECTION_QUERY",
            "ELECTION_SERVICE",
            "ELECTION_SERVICE_ID",
            "ELECTION_NODE",
            "ELECTION_ROLE",
            "ELECTION_TERM",
        ];
        told(&scripts[index], hook, &names)
    };
    let of = |candidate: &Candidate, role: &str, term: &str| {
        [&candidate.query(), &service, &candidate.id, candidate.node.name(), role, term].map(str::to_owned)
    };
    let leader =
        |index: usize, hook: &str| told(&scripts[index], hook, &["MASTER_ADDRESS", "MASTER_PORT", "SESSIONID"]);
    let holder = || n1.api().holder(&one.key()).unwrap();

    run(0);
    assert_eq!(own(0, "promote"), of(&one, "master", "1"));
    assert_eq!(leader(0, "promote"), ["10.9.8.7", "6379", &holder()]);
    run(1);
    assert_eq!(own(1, "follow"), of(&two, "slave", "1"));
    assert_eq!(leader(1, "follow"), ["10.9.8.7", "6379", &holder()]);
    n1.api().service_maintenance(&one.id, true);
    run(0);
    assert_eq!(own(0, "demote"), of(&one, "slave", "1"));
    assert_eq!(leader(0, "demote")[..2], ["", ""], "by now nobody leads");
    run(1);
    assert_eq!(own(1, "promote"), of(&two, "master", "2"));
    assert_eq!(leader(1, "promote"), [&n2.ip().to_string(), "7000", &holder()], "registered without an address");
    run(0);
    assert_eq!(own(0, "follow"), of(&one, "slave", "2"));
    assert_eq!(leader(0, "follow"), [&n2.ip().to_string(), "7000", &holder()]);
}

#[test]
fn address_port_and_sessionid_are_the_masters_as_ballot_has_them() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(two.node);
    one.leads();
    let pass = two.pass().args(["--on-follow", &scripts.noting("follow")]);
    two.said_by(&pass.run(), 0);
    let expected = [one.node.ip().to_string(), "6379".to_owned(), one.sessions()[0].clone()];
    assert_eq!(told(&scripts, "follow", &["ADDRESS", "PORT", "SESSIONID"]), expected);
}

#[test]
fn a_master_that_nobody_knows_the_address_of_is_not_followed_yet() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(two.node);
    one.leads();
    // A foreign writer set this value; the session still gives the node.
    one.node.api().put_key(&one.key(), "maintenance tonight");
    let pass = two.pass().args(["--on-follow", &scripts.noting("follow")]);
    assert_eq!(two.said_by(&pass.run(), 0), "slave of n1");
    assert_eq!(scripts.count("follow"), 0);
    one.leads();
    two.said_by(&pass.run(), 0);
    assert_eq!(told(&scripts, "follow", &["MASTER_ADDRESS"]), [one.node.ip().to_string()]);
}

#[test]
fn a_hook_is_run_without_a_shell_unless_one_is_named() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let scripts = Scripts::on(one.node);
    let place = scripts.path("");
    let place = place.display();
    let plain = format!("touch '{place}a;b' '{place}$HOME' {place}\\`id\\` {place}*");
    one.said_by(&one.pass().args(["--on-promote", &plain]).run(), 0);
    for file in ["a;b", "$HOME", "`id`", "*"] {
        assert!(scripts.path(file).exists(), "{file}");
    }
    one.node.api().service_maintenance(&one.id, true);
    let shell = format!("sh -c 'echo \"$ELECTION_ROLE\" >{place}role; : >{place}second'");
    one.said_by(&one.pass().args(["--on-demote", &shell]).run(), 0);
    assert_eq!(std::fs::read_to_string(scripts.path("role")).unwrap(), "slave\n");
    assert!(scripts.path("second").exists());
}
