//! Options from a file and from the environment, and the log in JSON.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::harness::{Cluster, Node, Pass, secs, shared, unique, wait_for};
use crate::stage::Candidate;

/// Writes a file of options that only its user can read, and returns its path.
fn options_file(node: &Node, text: &str) -> String {
    let path = node.directory().join(unique("options"));
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_check_whose_definition_names_only_a_file_of_options_leads() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let text = format!(
        "# the election of {service}\nconsul-service-name = {service}\nhttp-addr = {}\nmaster-tag = primary\nwait = 5s\n",
        node.address(),
        service = one.service
    );
    one.let_consul_run_it("1s", &Pass::bare().args(["--config", &options_file(node, &text)]));
    wait_for("the instance to lead with the tag of the file", secs(30), || {
        let tags = one.tags_now();
        if tags.contains(&"primary".to_owned()) { Ok(()) } else { Err(format!("{tags:?}")) }
    });
    // A file that somebody has spoilt is a warning: the line names the place, and the instance keeps its name in DNS.
    let broken = options_file(node, &format!("{text}lock-delay = soon\n"));
    let said = one.said_by(&Pass::bare().args(["--config", &broken]).run(), 1);
    let expected = format!("error: invalid value 'soon' for --lock-delay ({broken} line 6); write a duration");
    assert!(said.starts_with(&expected), "{said}");
    // What a pass complains of names the place as well.
    let other = options_file(node, &format!("{text}check-id = none\n"));
    let said = one.said_by(&Pass::bare().args(["--config", &other]).run(), 1);
    assert!(said.ends_with(&format!("; correct --check-id ({other} line 6)")), "{said}");
}

#[test]
fn a_variable_stands_in_for_an_option_and_what_a_hook_or_a_child_of_run_is_told_does_not() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let pass = Pass::bare().on(one.node).env("ELECTION_CONSUL_SERVICE_NAME", &one.service);
    let pass = pass.env("ELECTION_MASTER_TAG", "primary").env("ELECTION_SLAVE_TAG", "secondary");
    let of_run = ["ELECTION_NAME", "ELECTION_TERM", "ELECTION_FENCING_TOKEN", "ELECTION_HELD", "ELECTION_TICK"];
    let of_hooks = ["ELECTION_ROLE", "ELECTION_QUERY", "ELECTION_SERVICE", "ELECTION_SERVICE_ID", "ELECTION_NODE"];
    let pass = of_run.into_iter().chain(of_hooks).fold(pass, |pass, name| pass.env(name, "-- nonsense"));
    one.said_by(&pass.run(), 0);
    assert!(one.is_tagged("primary"), "{:?}", one.tags());
    one.said_by(&pass.clone().args(["--master-tag", "boss"]).run(), 0);
    assert!(one.is_tagged("boss") && !one.is_tagged("secondary"), "{:?}", one.tags());
}

#[test]
fn a_token_from_a_file_that_others_cannot_read_works_and_the_json_log_never_holds_it() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let token = cluster.server().api().token_with(&one.rules());
    let file = options_file(one.node, &format!("consul-service-name = {}\ntoken = {token}\n", one.service));
    let pass = Pass::bare().on(one.node).args(["--config", &file, "--log-format", "json", "--log-level", "debug"]);
    let output = pass.clone().env("RUST_LOG", "trace").output();
    assert_eq!(output.status, 0, "{output:?}");
    assert!(one.holds_the_lock());
    let mut records = 0;
    for line in output.stderr.lines() {
        let record: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let mut fields: Vec<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["election", "level", "message", "time"], "{line}");
        assert_eq!(record["election"], one.query());
        records += 1;
    }
    assert!(records > 0, "{output:?}");
    assert!(!output.stderr.contains(&token) && !output.stdout.contains(&token), "{output:?}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = one.said_by(&pass.run(), 1);
    assert!(said.contains("every user can read the token in this file") && !said.contains(&token), "{said}");
}
