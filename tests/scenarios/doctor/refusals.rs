//! What `doctor --file` refuses is what Consul refuses: each definition goes to `consul validate` of the Consul under test and to `doctor`.

use std::process::Command;

use crate::doctor::Found;
use crate::harness::{Cluster, NOBODY_LISTENS, Node, Pass, consul, shared, unique};

/// What Consul says of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consul {
    /// Every version takes it.
    Takes,
    /// `consul validate` of every version refuses it.
    Refuses,
    /// It passes `consul validate` of 1.8.7, whose agent then does not load it.
    RefusesLate,
    /// It passes every `consul validate`, and no agent loads it.
    RefusesToLoad,
    /// Some version or edition takes it.
    SomeTake,
}
use Consul::{Refuses, RefusesLate, RefusesToLoad, SomeTake, Takes};

/// An election that is right, in a file of its own.
const ELECTION: &str = r#"
service {
  name = "elected"
  checks = [
    { id = "ping", args = ["true"], interval = "1s" },
    { id = "vote", args = ["consul-master-election-tagger", "--consul-service-name", "elected"], interval = "5s" },
  ]
}
"#;

/// Lines of a service, which has a name.
const SERVICES: &[(Consul, &str)] = &[
    (Takes, "port = 6379"),
    (Takes, "port = 6379.0"),
    (Takes, "tags = [\"a\"]\n Address = \"10.0.0.1\""),
    (Takes, "meta = { a = \"b\" }"),
    (Takes, "weights {\n passing = 2\n}"),
    (Takes, "enable_tag_override = true"),
    (Takes, "tagged_addresses {\n lan {\n address = \"10.0.0.1\"\n port = 1\n }\n}"),
    (Takes, "token = \"x\""),
    (Takes, "connect {\n sidecar_service {}\n}\n port = 1"),
    (SomeTake, "socket_path = \"/x\""),
    (SomeTake, "locality {\n region = \"x\"\n}"),
    (SomeTake, "namespace = \"x\""),
    (SomeTake, "partition = \"x\""),
    (Refuses, "prot = 6379"),
    (Refuses, "EnableTagOverride = true"),
    (Refuses, "port = 1\n Port = 2"),
    (Refuses, "port = \"6379\""),
    (Refuses, "port = true"),
    (Refuses, "tags = \"a\""),
    (Refuses, "tags = [1]"),
    (Refuses, "tags = { a = 1 }"),
    (Refuses, "id = 5"),
    (Refuses, "address = 5"),
    (Refuses, "enable_tag_override = \"true\""),
    (Refuses, "meta = { a = 1 }"),
    (Refuses, "meta = { \"a b\" = \"c\" }"),
    (Refuses, "meta = { consul-x = \"c\" }"),
    (Refuses, "weights {\n passing = 0\n}"),
    (Refuses, "weights {\n passing = -1\n}"),
    (Refuses, "weights {\n pass = 1\n}"),
    (Refuses, "weights {\n passing = \"1\"\n}"),
    (Refuses, "tagged_addresses {\n lan = \"10.0.0.1\"\n}"),
    (Refuses, "connect {\n foo = true\n}"),
    (SomeTake, "connect {\n native = true\n}"),
    (Refuses, "check {\n ttl = \"1s\"\n}\n check {\n ttl = \"2s\"\n}"),
];

/// Lines of a check of a service.
const CHECKS: &[(Consul, &str)] = &[
    (Takes, "args = [\"true\"]\n interval = \"1s\"\n timeout = \"1m15s\""),
    (Takes, "ScriptArgs = [\"true\"]\n Interval = \"1s\""),
    (Takes, "args = [\"true\"]\n interval = \"+1h30m0.5s\""),
    (Takes, "ttl = \"10s\"\n status = \"passing\""),
    (Takes, "ttl = \"1s\"\n success_before_passing = 2\n failures_before_critical = 3"),
    (Takes, "alias_service = \"elected\""),
    (Takes, "http = \"http://127.0.0.1\"\n method = \"PUT\"\n header = { a = [\"b\"] }\n interval = \"9s\""),
    (Takes, "grpc = \"127.0.0.1:1\"\n grpc_use_tls = true\n tls_skip_verify = true\n interval = \"9s\""),
    (SomeTake, "udp = \"127.0.0.1:1\"\n interval = \"9s\""),
    (SomeTake, "h2ping = \"127.0.0.1:1\"\n interval = \"9s\""),
    (SomeTake, "tcp = \"127.0.0.1:1\"\n tcp_use_tls = true\n interval = \"9s\""),
    (SomeTake, "ttl = \"1s\"\n failures_before_warning = 1\n failures_before_critical = 3"),
    (Refuses, "args = [\"true\"]\n intervall = \"1s\""),
    (Refuses, "args = [\"true\"]\n interval = \"1s\"\n check_id = \"x\""),
    (Refuses, "script = \"true\"\n interval = \"1s\""),
    (Refuses, "args = \"true\"\n interval = \"1s\""),
    (Refuses, "args = [\"true\", 1]\n interval = \"1s\""),
    (Refuses, "args = [\"true\"]\n interval = 5"),
    (Refuses, "args = [\"true\"]\n interval = \"5\""),
    (Refuses, "args = [\"true\"]\n interval = \"soon\""),
    (Refuses, "args = [\"true\"]\n interval = \"1d\""),
    (Refuses, "args = [\"true\"]\n interval = \"1 s\""),
    (Refuses, "args = [\"true\"]\n interval = \"\""),
    (Refuses, "args = [\"true\"]\n interval = \"1s\"\n timeout = \"30\""),
    (Refuses, "ttl = \"ten\""),
    (Refuses, "ttl = \"1s\"\n status = 1"),
    (Refuses, "ttl = \"1s\"\n deregister_critical_service_after = \"x\""),
    (Refuses, "ttl = \"1s\"\n success_before_passing = \"2\""),
    (Refuses, "http = \"http://x\"\n header = { a = \"b\" }\n interval = \"1s\""),
    (Refuses, "http = \"https://x\"\n tls_skip_verify = \"true\"\n interval = \"1s\""),
    (Refuses, "ttl = \"1s\"\n failures_before_warning = 5\n failures_before_critical = 3"),
    (RefusesLate, "args = [\"true\"]"),
    (RefusesLate, "args = [\"true\"]\n interval = \"0s\""),
    (RefusesLate, "args = [\"true\"]\n interval = \"-1s\""),
    (RefusesLate, "args = []\n interval = \"1s\""),
    (RefusesLate, "ttl = \"10s\"\n interval = \"1s\""),
    (RefusesLate, "id = \"x\""),
    (RefusesLate, "ttl = \"1s\"\n output_max_size = -1"),
];

/// Whole files in HCL.
const FILES: &[(Consul, &str)] = &[
    (Takes, ""),
    (Takes, "Service {\n Name = \"redis\"\n}"),
    (Takes, "service = [{ name = \"redis\" }]"),
    (Takes, "services {\n name = \"redis\"\n}\nservices {\n name = \"b\"\n}"),
    (Takes, "check {\n id = \"x\"\n ttl = \"1s\"\n}"),
    (Refuses, "service {\n name = \"redis\"\n}\nservice {\n name = \"b\"\n}"),
    (Refuses, "service \"redis\" {\n port = 1\n}"),
    (Refuses, "service {\n name = 5\n}"),
    (Refuses, "sevice {\n name = \"redis\"\n}"),
    (Refuses, "service = 5"),
    (Refuses, "checks = [{ name = \"x\", ttl = \"1s\", foo = 1 }]"),
    (RefusesLate, "check {\n name = \"x\"\n}"),
    (RefusesToLoad, "service {\n port = 1\n}"),
    (RefusesToLoad, "service {\n name = \"\"\n}"),
    (RefusesToLoad, "check {\n ttl = \"1s\"\n}"),
];

/// Whole files in JSON.
const JSON: &[(Consul, &str)] = &[
    (Takes, ""),
    (Takes, "{}"),
    (Takes, r#"{"service": {"name": "redis", "port": null, "check": null, "checks": null, "tags": null}}"#),
    (Takes, r#"{"service": {"name": "redis", "check": [{"ttl": "1s"}]}}"#),
    (Refuses, "{"),
    (Refuses, "[]"),
    (Refuses, r#"{"service": {"name": "redis",}}"#),
    (Refuses, r#"{"service": {"name": "redis"}} // comment"#),
    (Refuses, r#"{"service": {"name": "redis", "_comment": "x"}}"#),
    (Refuses, r#"{"services": {"name": "redis"}}"#),
    (Refuses, r#"{"service": {"name": "redis", "checks": {"ttl": "1s"}}}"#),
    (Refuses, r#"{"service": {"name": "redis", "check": [{"ttl": "1s"}, {"ttl": "2s"}]}}"#),
    (Refuses, r#"{"service": {"name": "redis", "check": {"args": "true", "interval": "1s"}}}"#),
    (Refuses, r#"{"service": {"name": "redis", "check": {"args": ["true"], "interval": 1000000000}}}"#),
];

/// Every definition: what Consul says of it, the ending of its file, its text.
fn definitions() -> impl Iterator<Item = (Consul, &'static str, String)> {
    let service = |fields: &str| format!("service {{\n name = \"redis\"\n {fields}\n}}\n");
    let services = SERVICES.iter().map(move |(says, fields)| (*says, "hcl", service(fields)));
    let checks = CHECKS.iter().map(move |(says, fields)| {
        // A block of its own, so that two checks do not stand side by side.
        (*says, "hcl", service(&format!("checks = [{{\n {fields}\n }}]")))
    });
    let files = FILES.iter().map(|(says, text)| (*says, "hcl", (*text).to_owned()));
    let json = JSON.iter().map(|(says, text)| (*says, "json", (*text).to_owned()));
    services.chain(checks).chain(files).chain(json)
}

/// Whether `consul validate` refuses the definition, and what `doctor` finds in it.
fn judged(node: &Node, ending: &str, text: &str) -> (bool, Found) {
    let directory = node.directory().join(unique("refusals"));
    std::fs::create_dir(&directory).unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    write("agent.json", r#"{"data_dir": "/nowhere", "bind_addr": "127.0.0.1"}"#);
    let (one, election) = (write(&format!("one.{ending}"), text), write("vote.hcl", ELECTION));
    let validated = Command::new(&consul().binary).args(["validate", "-quiet"]).arg(&directory).output().unwrap();
    let found = Found::by(&Pass::bare().at(NOBODY_LISTENS).args(["--file", &one, "--file", &election]));
    (!validated.status.success(), found)
}

#[test]
fn doctor_refuses_every_definition_that_consul_refuses_and_passes_the_others() {
    let node = shared().nodes::<1>()[0];
    let is_late = consul().version < (1, 21, 0);
    for (says, ending, text) in definitions() {
        let (is_refused, found) = judged(node, ending, &text);
        match says {
            Refuses => assert!(is_refused, "{text}"),
            RefusesLate => assert_eq!(is_refused, !is_late, "{text}"),
            Takes | RefusesToLoad => assert!(!is_refused, "{text}"),
            SomeTake => {}
        }
        let status = if matches!(says, Takes | SomeTake) { 0 } else { 2 };
        assert_eq!(found.status, status, "{says:?} {text}: {found:?}");
        // The election of the other file has no finding of its own.
        assert_eq!(found.wrong().len(), usize::from(status == 2), "{says:?} {text}: {found:?}");
    }
}

#[test]
fn a_definition_that_passes_consul_validate_and_that_doctor_refuses_is_not_loaded_by_an_agent() {
    let cluster = Cluster::of(1);
    let node = cluster.nodes::<1>()[0];
    let reload = || node.api().request("PUT", "/v1/agent/reload", None).unwrap();
    for (says, ending, text) in definitions() {
        if matches!(says, RefusesLate | RefusesToLoad) {
            let file = format!("one.{ending}");
            node.write_config(&file, &text);
            let answer = reload();
            assert_eq!(answer.status, 500, "{text}: {answer:?}");
            node.remove_config(&file);
        }
    }
    assert_eq!(reload().status, 200);
}

#[test]
fn each_refusal_names_the_file_the_field_and_what_to_write() {
    let node = shared().nodes::<1>()[0];
    for (name, text, words) in [
        ("unknown-field", "service {\n name = \"redis\"\n prot = 1\n}", "service.prot"),
        ("unknown-field", "service {\n name = \"redis\"\n prot = 1\n}", "write port"),
        ("unknown-field", "service \"redis\" {\n port = 1\n}", "write name = \\\"redis\\\" inside it"),
        ("wrong-type", "service {\n name = \"redis\"\n port = \"1\"\n}", "write it without quotes"),
        ("bad-time", "check {\n name = \"x\"\n ttl = \"5\"\n}", "check.ttl: '5' is no duration"),
        ("bad-value", "service {\n name = \"redis\"\n weights = { passing = 0 }\n}", "service.weights"),
        ("no-name", "service {\n port = 1\n}", "write name = "),
        ("check-kind", "check {\n name = \"x\"\n args = [\"true\"]\n}", "write interval = "),
        ("script-field", "check {\n name = \"x\"\n script = \"true\"\n}", "write args = "),
    ] {
        let found = judged(node, "hcl", text).1.shows(name);
        assert!(found.stdout.contains("one.hcl: ") && found.stdout.contains(words), "{words}: {found:?}");
    }
    let found = judged(node, "json", "{").1.shows("bad-syntax");
    assert!(found.stdout.contains("one.json is not JSON"), "{found:?}");
    let right = judged(node, "hcl", "").1;
    assert_eq!((right.status, right.wrong()), (0, vec![]), "{right:?}");
}
