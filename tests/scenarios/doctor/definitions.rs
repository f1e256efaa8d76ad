//! What can be found in a definition: in a file, and in what the agent shows of its own.

use crate::doctor::Found;
use crate::harness::{Cluster, Node, Pass, consul, secs, shared, unique, wait_for};

/// A service with a health check and an election check with these fields and options.
fn hcl(service: &str, health: &str, fields: &str, options: &[&str]) -> String {
    let options = options.iter().fold(String::new(), |text, option| format!("{text}, \"{option}\""));
    format!(
        r#"
service {{
  name = "{service}"
  port = 6379
  checks = [
    {{
      id       = "{service}-ping"
      name     = "ping"
      args     = ["/bin/sh", "-c", "{health}"]
      interval = "1s"
    }},
    {{
      id       = "{service}-election"
      name     = "election"
      args     = ["consul-master-election-tagger", "--consul-service-name", "{service}"{options}]
      {fields}
    }},
  ]
}}
"#
    )
}

fn file(node: &Node, name: &str, text: &str) -> String {
    let directory = node.directory().join(unique("definitions"));
    std::fs::create_dir(&directory).unwrap();
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn doctor(files: &[&str]) -> Found {
    // There is no agent where a definition is examined before it is rolled out.
    Found::by(&Pass::bare().at(crate::harness::NOBODY_LISTENS).args(files.iter().flat_map(|path| ["--file", path])))
}

const RIGHT: &str = "interval = \"1s\"\n timeout = \"75s\"";

#[test]
fn each_wrong_definition_is_found_before_it_is_loaded() {
    let node = shared().nodes::<1>()[0];
    let found = |health: &str, fields: &str, options: &[&str]| {
        doctor(&[&file(node, "redis.hcl", &hcl("redis", health, fields, options))])
    };
    let right = found("redis-cli ping || exit 2", RIGHT, &["--wait", "50s"]);
    assert_eq!((right.status, right.wrong()), (0, vec![]), "{right:?}");
    let elsewhere = found("exit 2", RIGHT, &["--wait", "50s", "--token-file", "/only/on/the/node"]);
    assert_eq!(elsewhere.status, 0, "the node's files need not be here: {elsewhere:?}");
    found("exit 2", "interval = \"1s\"", &["--wait", "50s"]).shows("killed-while-waiting");
    found("exit 2", "interval = \"1s\"\n timeout = \"60s\"", &["--wait", "50s"]).shows("may-be-killed");
    found("exit 2", "interval = \"9s\"\n timeout = \"75s\"", &["--wait", "50s"]).shows("long-interval");
    found("exit 2", "interval = \"5s\"", &["--lock-delay", "0s"]).shows("short-lock-delay");
    found("exit 2", "interval = \"12s\"", &["--ttl", "10s"]).shows("short-ttl");
    found("grep -q x /run/redis", RIGHT, &["--wait", "50s"]).shows("exits-with-one");
    found("exit 2", RIGHT, &["--wait", "50s", "--check-id", "redis-ping"]).shows("wrong-check");
    found("exit 2", RIGHT, &["--wait", "50s", "--consul-query-tag", "v2"]).shows("query-tag");
    found("exit 2", RIGHT, &["--wait", "50s", "--error-status", "critical"]).shows("critical-errors");
    found("exit 2", RIGHT, &["--wait", "soon"]).shows("bad-options");
    found("exit 2", RIGHT, &["--on-promote", "a && b"]).shows("bad-options");
    let token = "5ec2e700-0000-4000-8000-00000000feed";
    let found = found("exit 2", RIGHT, &["--wait", "50s", "--token", token]).shows("token-in-definition");
    assert!(!found.stdout.contains(token), "{found:?}");
}

#[test]
fn the_definitions_in_examples_have_no_finding() {
    for name in ["fast.hcl", "fast.json", "service.hcl", "service.json"] {
        let path = format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"));
        let found = doctor(&[&path]);
        assert_eq!((found.status, found.wrong()), (0, vec![]), "{name}: {found:?}");
    }
}

#[test]
fn an_error_in_a_file_of_options_names_its_file_and_line() {
    let node = shared().nodes::<1>()[0];
    let found = |text: &str, options: &[&str]| {
        let path = file(node, "redis.conf", text);
        let options = [&["--config", path.as_str()][..], options].concat();
        let args: Vec<String> = options.iter().map(|word| format!("\"{word}\"")).collect();
        let text = format!(
            "service {{\n name = \"redis\"\n check {{\n args = [\"consul-master-election-tagger\", {}]\n {RIGHT}\n}}\n}}\n",
            args.join(", ")
        );
        (path, doctor(&[&file(node, "redis.hcl", &text)]))
    };
    for (text, options, line) in [
        ("consul-service-name = redis\nwait = soon\n", &[][..], Some(2)),
        ("consul-service-name = redis\n\nwiat = 9s\n", &[], Some(3)),
        ("consul-service-name = redis\nmaster-tag = a\nslave-tag = a\n", &[], Some(2)),
        ("wait = 50s\n", &[], None),
        ("consul-service-name = redis\n", &["--wait", "soon"], None),
    ] {
        let (path, found) = found(text, options);
        let found = found.shows("bad-options");
        let advice = match line {
            Some(line) => format!("\"do\":\"correct {path} line {line}"),
            None => format!("\"do\":\"correct the args of the check, or {path}\""),
        };
        assert!(found.stdout.contains(&advice), "{advice}: {found:?}");
    }
    let (path, right) = found("consul-service-name = redis\nwait = 50s\nwatch-port\n", &[]);
    assert_eq!((right.status, right.wrong()), (0, vec![]), "{right:?}");
    // What is wrong with the set-up names the place of the option as well.
    let (_, long) = found("consul-service-name = redis\nwatch-port\nwait = 80s\n", &[]);
    let long = long.shows("killed-while-waiting");
    assert!(long.stdout.contains("redis.conf line 3)"), "{path}: {long:?}");
}

#[test]
fn what_is_missing_or_belongs_together_in_several_files_is_found() {
    let node = shared().nodes::<1>()[0];
    let service =
        file(node, "redis.json", r#"{"service": {"name": "redis", "tags": ["master"], "address": "localhost"}}"#);
    doctor(&[&service]).shows("no-election-check");
    let check = |of: &str, named: &str| {
        format!(
            "check {{\n id = \"vote\"\n name = \"vote\"\n service_id = \"{of}\"\n interval = \"1s\"\n timeout = \"75s\"\n \
             args = [\"consul-master-election-tagger\", \"--consul-service-name\", \"{named}\", \"--wait\", \"50s\"]\n}}\n"
        )
    };
    let found = doctor(&[&service, &file(node, "check.hcl", &check("redis", "redis"))]).shows("role-tag");
    assert!(found.has("local-address") && found.has("no-health-check"), "{found:?}");
    doctor(&[&service, &file(node, "check.hcl", &check("redis", "postgres"))]).shows("other-service");
    let ping = "check {\n id = \"ping\"\n name = \"ping\"\n service_id = \"redis\"\n script = \"true\"\n interval = \"1s\"\n}\n";
    doctor(&[&service, &file(node, "check.hcl", &check("redis", "redis")), &file(node, "ping.hcl", ping)])
        .shows("script-field");
    // Consul's own HCL may take what is no HCL here, and any of these may be the file with the election.
    let (bad, nul) = (file(node, "bad.hcl", "service {"), file(node, "none.hcl", "\u{0}"));
    for path in [bad.as_str(), &nul, "/no/such/file.hcl"] {
        let found = doctor(&[path]);
        assert!(found.status == 3 && found.has("unreadable") && found.stdout.contains(path), "{found:?}");
        assert!(!found.has("no-election-check"), "{found:?}");
        let found = doctor(&[path, &service, &file(node, "check.hcl", &check("redis", "postgres"))]);
        assert!(found.has("unreadable") && found.has("other-service"), "{found:?}");
    }
    doctor(&[&file(node, "bad.json", "{")]).shows("bad-syntax");
    let ignored = check("redis", "redis").replacen(" id", " http = \"http://127.0.0.1\"\n id", 1);
    doctor(&[&service, &file(node, "check.hcl", &ignored)]).shows("args-ignored");
    assert!(!doctor(&[&service, &file(node, "check.hcl", &check("redis", "redis"))]).has("args-ignored"));
}

#[test]
fn args_in_one_string_and_an_election_check_of_the_node_are_found_in_a_file() {
    let node = shared().nodes::<1>()[0];
    let ping = r#"{"id": "ping", "args": ["true"], "interval": "1s"}"#;
    let vote =
        |args: &str| format!(r#""id": "vote", "name": "vote", "args": [{args}], "interval": "1s", "timeout": "75s""#);
    let (one, words) = (
        r#""consul-master-election-tagger --consul-service-name redis --wait 50s""#,
        r#""consul-master-election-tagger", "--consul-service-name", "redis", "--wait", "50s""#,
    );
    let of_service = |args: &str| {
        doctor(&[&file(
            node,
            "redis.json",
            &format!(r#"{{"service": {{"name": "redis", "checks": [{ping}, {{{}}}]}}}}"#, vote(args)),
        )])
    };
    let found = of_service(one).shows("args-in-one-string");
    assert!(found.stdout.contains("write each word as its own"), "{found:?}");
    assert_eq!(of_service(words).wrong(), Vec::<&str>::new());
    // Consul never starts it, whatever its options are.
    let bad = of_service(&one.replace("50s", "soon"));
    assert!(bad.has("args-in-one-string") && bad.has("bad-options"), "{bad:?}");
    let of_node = |service_id: &str| {
        let text = format!(
            r#"{{"service": {{"name": "redis", "checks": [{ping}]}}, "check": {{{service_id}{}}}}}"#,
            vote(words)
        );
        doctor(&[&file(node, "redis.json", &text)])
    };
    let found = of_node("").shows("node-check");
    assert!(found.stdout.contains("add service_id = \\\"redis\\\""), "{found:?}");
    assert_eq!(of_node(r#""service_id": "redis", "#).wrong(), Vec::<&str>::new());
}

#[test]
fn the_definition_that_the_agent_has_read_is_examined_together_with_what_it_shows() {
    let cluster = Cluster::of(1);
    let node = cluster.nodes::<1>()[0];
    // 1.8.7 shows the definitions that it read when it started.
    let shows_the_last = consul().version >= (1, 21, 0);
    let load = || if shows_the_last { node.reload() } else { node.restart() };
    node.write_config("redis.hcl", hcl("redis", "true", "interval = \"1s\"", &["--wait", "50s"]));
    load();
    let doctor = |options: &[&str]| Found::by(&Pass::bare().on(node).args(options.iter().copied()));
    wait_for("the definition and the instance to be examined", secs(60), || {
        let found = doctor(&[]);
        let has_both = found.has("killed-while-waiting") && found.has("agent");
        if has_both && found.has("old-definition") != shows_the_last { Ok(()) } else { Err(format!("{found:?}")) }
    });
    assert!(doctor(&["--consul-service-name", "redis"]).has("killed-while-waiting"));
    node.write_config("redis.hcl", hcl("redis", "true", RIGHT, &["--wait", "50s"]));
    load();
    wait_for("the corrected definition to be examined", secs(60), || {
        let found = doctor(&[]);
        let is_right = found.has("definition") && !found.has("killed-while-waiting");
        if is_right { Ok(()) } else { Err(format!("{found:?}")) }
    });
}
