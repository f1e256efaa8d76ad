//! What Consul refuses: each row is a part of a definition, and the findings with the fields that they are about. The scenarios ask Consul
//! itself about the same faults.

use super::*;
use crate::doctor::definition::parse;

/// The names of the findings in a file, each with the field that it is about.
fn found(text: &str, is_json: bool) -> Vec<String> {
    let content = parse(text, is_json).unwrap_or_else(|error| panic!("{error:?}: {text}"));
    let shown = |finding: &Finding| {
        let place = match finding {
            Finding::UnknownField { place, .. }
            | Finding::ScriptField { place }
            | Finding::WrongType { place, .. }
            | Finding::BadTime { place, .. }
            | Finding::BadValue { place, .. }
            | Finding::NoName { place }
            | Finding::CheckKind { place, .. } => place,
            other => panic!("{other:?}"),
        };
        assert_eq!(place.file, "file");
        format!("{} {}", finding.name(), place.path)
    };
    judge(&content, "file", is_json).iter().map(shown).collect()
}

/// A service with these fields.
fn service(fields: &str) -> Vec<String> {
    found(&format!("service {{\n name = \"redis\"\n {fields}\n}}"), false)
}

/// A service with a check with these fields.
fn check(fields: &str) -> Vec<String> {
    service(&format!("check {{\n {fields}\n}}"))
}

#[test]
fn each_fault_of_a_service_is_found_with_its_field() {
    for (fields, expected) in [
        ("port = 6379\n tags = [\"a\"]\n Address = \"10.0.0.1\"", &[][..]),
        ("meta = { a = \"b\" }\n weights = { passing = 2 }\n enable_tag_override = true", &[]),
        ("tagged_addresses = { lan = { address = \"10.0.0.1\", port = 1 } }\n token = \"x\"", &[]),
        ("connect = { sidecar_service = {} }\n proxy = { anything = 1 }", &[]),
        ("namespace = \"x\"\n partition = \"y\"\n socket_path = \"/x\"\n locality = { region = \"x\" }", &[]),
        ("prot = 1", &["unknown-field service.prot"]),
        ("EnableTagOverride = true", &["unknown-field service.EnableTagOverride"]),
        ("port = 1\n Port = 2", &["unknown-field service.port"]),
        ("port = \"6379\"", &["wrong-type service.port"]),
        ("tags = \"a\"", &["wrong-type service.tags"]),
        ("tags = [\"a\", 1]", &["wrong-type service.tags[1]"]),
        ("tags = { a = 1 }", &["wrong-type service.tags"]),
        ("id = 5", &["wrong-type service.id"]),
        ("enable_tag_override = \"true\"", &["wrong-type service.enable_tag_override"]),
        ("meta = { a = 1 }", &["wrong-type service.meta.a"]),
        ("meta = { \"a b\" = \"c\" }", &["bad-value service.meta.a b"]),
        ("meta = { consul-x = \"c\" }", &["bad-value service.meta.consul-x"]),
        ("weights = { passing = 0 }", &["bad-value service.weights"]),
        ("weights = { warning = -1 }", &["bad-value service.weights"]),
        ("weights = { pass = 1 }", &["unknown-field service.weights.pass"]),
        ("tagged_addresses = { lan = \"10.0.0.1\" }", &["wrong-type service.tagged_addresses.lan"]),
        ("connect = { foo = true }", &["unknown-field service.connect.foo"]),
        ("connect = { native = true }", &[]),
        ("connect = { sidecar_service = { prt = 1 } }", &["unknown-field service.connect.sidecar_service.prt"]),
    ] {
        assert_eq!(service(fields), expected, "{fields}");
    }
}

#[test]
fn each_fault_of_a_check_is_found_with_its_field() {
    for (fields, expected) in [
        ("args = [\"true\"]\n interval = \"1s\"\n timeout = \"1m15s\"", &[][..]),
        ("ScriptArgs = [\"true\"]\n Interval = \"+1h0.5s\"", &[]),
        ("ttl = \"10s\"\n status = \"passing\"\n success_before_passing = 2", &[]),
        ("alias_service = \"x\"", &[]),
        ("udp = \"x:1\"\n interval = \"1s\"", &[]),
        ("http = \"http://x\"\n header = { a = [\"b\"] }\n interval = \"1s\"", &[]),
        ("args = [\"true\"]\n intervall = \"1s\"", &["unknown-field service.check.intervall"]),
        ("check_id = \"x\"\n ttl = \"1s\"", &["unknown-field service.check.check_id"]),
        ("script = \"true\"\n interval = \"1s\"", &["script-field service.check.script"]),
        ("args = \"true\"\n interval = \"1s\"", &["wrong-type service.check.args"]),
        ("args = [\"true\", 1]\n interval = \"1s\"", &["wrong-type service.check.args[1]"]),
        ("args = [\"true\"]\n interval = 5", &["wrong-type service.check.interval"]),
        ("args = [\"true\"]\n interval = \"5\"", &["bad-time service.check.interval"]),
        ("args = [\"true\"]\n interval = \"1d\"", &["bad-time service.check.interval"]),
        ("args = [\"true\"]\n interval = \"1s\"\n timeout = \"\"", &["bad-time service.check.timeout"]),
        ("args = [\"true\"]", &["check-kind service.check"]),
        ("args = [\"true\"]\n interval = \"-1s\"", &["check-kind service.check"]),
        ("args = []\n interval = \"1s\"", &["check-kind service.check"]),
        ("notes = \"x\"", &["check-kind service.check"]),
        ("ttl = \"1s\"\n interval = \"1s\"", &["check-kind service.check"]),
        ("ttl = \"1s\"\n alias_node = \"x\"", &["check-kind service.check"]),
        ("http = \"http://x\"\n header = { a = \"b\" }\n interval = \"1s\"", &["wrong-type service.check.header.a"]),
        ("ttl = \"1s\"\n output_max_size = -1", &["bad-value service.check.output_max_size"]),
        ("ttl = \"1s\"\n failures_before_warning = 2", &["bad-value service.check.failures_before_warning"]),
        ("ttl = \"1s\"\n failures_before_warning = 2\n failures_before_critical = 2", &[]),
    ] {
        assert_eq!(check(fields), expected, "{fields}");
    }
}

#[test]
fn each_fault_of_a_file_is_found_with_its_field() {
    const REDIS: &str = "service {\n name = \"redis\"\n}\n";
    for (text, expected) in [
        (String::new(), &[][..]),
        ("acl {\n enabled = true\n}\nports {\n dns = 8600\n}".to_owned(), &[]),
        ("service = []\nchecks = []".to_owned(), &[]),
        ("Service {\n Name = \"redis\"\n}\ncheck {\n id = \"x\"\n ttl = \"1s\"\n}".to_owned(), &[]),
        ("service = [{ name = \"redis\" }]".to_owned(), &[]),
        ("services {\n name = \"redis\"\n}\nservices {\n name = \"b\"\n}".to_owned(), &[]),
        (REDIS.repeat(2), &["wrong-type service"]),
        ("service = 5".to_owned(), &["wrong-type service"]),
        ("service {\n port = 1\n}".to_owned(), &["no-name service"]),
        ("service {\n name = 5\n}".to_owned(), &["wrong-type service.name"]),
        ("service \"redis\" {\n port = 1\n}".to_owned(), &["unknown-field service.redis"]),
        ("sevice {\n name = \"redis\"\n}".to_owned(), &["unknown-field sevice"]),
        ("check {\n ttl = \"1s\"\n}".to_owned(), &["no-name check"]),
        ("checks = [{ name = \"x\", foo = 1 }]".to_owned(), &["unknown-field checks[0].foo"]),
    ] {
        assert_eq!(found(&text, false), expected, "{text}");
    }
    for (text, expected) in [
        (r#"{"service": {"name": "redis", "port": null, "check": null, "checks": null}}"#, &[][..]),
        (r#"{"service": [{"name": "redis", "check": [{"ttl": "1s"}]}]}"#, &[]),
        (r#"{"services": {"name": "redis"}}"#, &["wrong-type services"]),
        (r#"{"service": {"name": "redis", "checks": {"ttl": "1s"}}}"#, &["wrong-type service.checks"]),
        (r#"{"service": {"name": "redis", "checks": [null]}}"#, &["check-kind service.checks[0]"]),
        (r#"{"service": {"name": "redis", "_comment": "x"}}"#, &["unknown-field service._comment"]),
        ("[]", &["wrong-type "]),
        ("3", &["wrong-type "]),
    ] {
        assert_eq!(found(text, true), expected, "{text}");
    }
}

#[test]
fn a_misspelt_field_names_the_one_that_was_meant() {
    let meant = |fields: &str| {
        let content = parse(&format!("service {{\n name = \"redis\"\n {fields}\n}}"), false).unwrap();
        match judge(&content, "file", false).as_slice() {
            [Finding::UnknownField { meant, .. }] => *meant,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(meant("adress = \"10.0.0.1\""), Meant::Field("address"));
    assert_eq!(meant("check {\n check_id = \"x\"\n ttl = \"1s\"\n}"), Meant::Field("id"));
    assert_eq!(meant("port = 1\n Port = 2"), Meant::Given("port"));
    assert_eq!(meant("frobnicate = 1"), Meant::Nothing);
}
