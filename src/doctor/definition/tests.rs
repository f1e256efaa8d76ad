//! Definitions as files and agents write them.

use std::time::Duration;

use super::*;

const PROGRAM: &str = "consul-master-election-tagger";

fn read(text: &str, is_json: bool) -> Result<Definition, Unparsed> {
    let mut definition = Definition::default();
    definition.add(&parse(text, is_json)?);
    Ok(definition)
}

fn hcl(text: &str) -> Definition {
    read(text, false).unwrap()
}

#[test]
fn hcl_and_json_in_every_spelling_say_the_same() {
    let expected = hcl(r#"
        service {
          name = "redis"
          id = "redis-1"
          tags = ["a"]
          checks = [
            { id = "ping", args = ["true"], interval = "1s" },
            {
              id       = "vote"
              args     = ["/usr/bin/consul-master-election-tagger", "--wait", "50s"]
              interval = "1s"
              timeout  = "1m15s"
            },
          ]
        }"#);
    let vote = &expected.services[0].checks[1];
    assert_eq!((vote.interval, vote.timeout), (Some(Duration::from_secs(1)), Some(Duration::from_secs(75))));
    let camel = r#"
        services {
          Name = "redis"
          ID = "redis-1"
          Tags = ["a"]
          check {
            CheckID = "ping"
            ScriptArgs = ["true"]
            Interval = "1s"
          }
          check {
            check_id = "vote"
            args = ["/usr/bin/consul-master-election-tagger", "--wait", "50s"]
            interval = "1s"
            timeout = "1m15s"
          }
        }"#;
    assert_eq!(hcl(camel), expected);
    let json = r#"{"service": {"name": "redis", "id": "redis-1", "tags": ["a"], "checks": [
        {"id": "ping", "args": ["true"], "interval": "1s", "timeout": "0s"},
        {"id": "vote", "args": ["/usr/bin/consul-master-election-tagger", "--wait", "50s"], "interval": "1s", "timeout": "1m15s"}]}}"#;
    assert_eq!(read(json, true).unwrap(), expected);
}

#[test]
fn a_check_that_is_defined_apart_belongs_to_its_service_also_in_another_file() {
    let mut all =
        hcl("check {\n id = \"vote\"\n service_id = \"redis\"\n args = [\"consul-master-election-tagger\"]\n}");
    assert_eq!((all.node_checks.len(), all.running(PROGRAM)[0].0), (1, None));
    let other =
        "service {\n name = \"redis\"\n check = { ttl = \"3s\" }\n}\ncheck {\n name = \"disk\"\n ttl = \"3s\"\n}";
    all.add(&parse(other, false).unwrap());
    let checks = all.services.iter().flat_map(|service| &service.checks).chain(&all.node_checks);
    let ids: Vec<&str> = checks.map(|check| check.id.as_str()).collect();
    assert_eq!(ids, ["service:redis", "vote", "disk"]);
    assert_eq!(all.running(PROGRAM)[0].0.map(|service| service.name.as_str()), Some("redis"));
}

#[test]
fn the_program_is_found_by_its_path_and_in_a_shells_script() {
    for (args, words) in [
        (&["consul-master-election-tagger", "-a", "b"][..], Some(&["-a", "b"][..])),
        (&["sudo", "-u", "x", "/opt/consul-master-election-tagger", "-a"], Some(&["-a"])),
        (&["sh", "-c", "exec consul-master-election-tagger -a 'b c' || exit 1"], Some(&["-a", "b c"])),
        (&["consul-master-election-tagger-2", "-a"], None),
        (&["sh", "-c", "consul-master-election-tagger 'unclosed"], None),
        (&[], None),
    ] {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let words = words.map(|words| words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(words_after(PROGRAM, &args), words);
    }
}

#[test]
fn a_program_and_its_arguments_in_one_string_are_told_from_a_path_with_spaces() {
    for (program, expected) in [
        ("consul-master-election-tagger --consul-service-name redis", true),
        ("/usr/bin/consul-master-election-tagger -a b", true),
        ("/bin/sh -c 'consul-master-election-tagger -a b'", true),
        ("redis-cli ping", true),
        ("/bin/cat /run/redis.pid", true),
        ("/opt/my tools/consul-master-election-tagger", false),
        ("consul-master-election-tagger", false),
        ("consul-master-election-tagger ", false),
        ("", false),
    ] {
        assert_eq!(has_arguments(program), expected, "{program}");
    }
}

#[test]
fn what_is_no_hcl_is_said_with_its_place_and_without_the_line() {
    let text = "service { name = \"redis\", port = 6379, tags = [] }";
    let Err(Unparsed::Syntax(what)) = parse(text, false) else { panic!("it is read") };
    assert!(what.starts_with("line 1, column 25: "), "{what}");
    assert!(!what.contains('\n') && !what.contains('^') && !what.contains("port = 6379"), "{what}");
}

#[test]
fn a_hostile_file_is_an_error() {
    let long = |part: &str, count: usize| part.repeat(count);
    for text in [
        "service {".to_owned(),
        "\0\u{1}\u{ff}".to_owned(),
        format!("a = {}{}", long("[", 60_000), long("]", 60_000)),
        format!("a = {}true", long("!", 60_000)),
        format!("a = {}1", long("-", 60_000)),
        format!("a = {}1", long("true ? 1 : ", 5_000)),
        format!("a = {}1", long("1 + ", 15_000)),
        format!("a = \"{}\"", long("${", 10_000)),
        format!("a = {}", long("<<", 10_000)),
        format!("a = x{}", long(".a", 30_000)),
    ] {
        for is_json in [false, true] {
            // Some of these are HCL, only no definition.
            let read = read(&text, is_json);
            assert!(read.as_ref().is_ok_and(|found| found.services.is_empty()) || read.is_err());
            let is_short = |error| match error {
                Unparsed::TooMuch => true,
                Unparsed::Syntax(error) => error.chars().count() < 500 && !error.contains('\n'),
            };
            assert!(read.err().is_none_or(is_short));
        }
    }
}

#[test]
fn values_of_the_wrong_kind_are_ignored() {
    for text in [
        r#"{"service": 1, "checks": [2, null, {"args": {"a": 1}}], "services": [{"name": 3}, []]}"#,
        r#"{"service": {"name": "redis", "tags": [1], "checks": {"interval": 1, "args": [[]]}}}"#,
        "[]",
        "3",
    ] {
        assert!(read(text, true).unwrap().running(PROGRAM).is_empty());
    }
}
