//! What a command line and an environment resolve to. What is refused stands in `tests/golden/usage.txt`.

use std::time::Duration;

use super::*;
use crate::consul::Secret;

fn read_with(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Command, UsageError> {
    let lookup = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(*value));
    Command::read(arguments.iter().map(OsString::from), lookup)
}

fn options(arguments: &[&str], environment: &[(&str, &str)]) -> Options {
    let all: Vec<&str> = ["--consul-service-name", "redis"].iter().chain(arguments).copied().collect();
    match read_with(&all, environment) {
        Ok(Command::Pass(options)) => *options,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_service_name_alone_gives_the_documented_defaults() {
    let options = options(&[], &[]);
    assert_eq!(options.query, "redis-master");
    assert_eq!(options.lock_key, "service/redis-master/leader");
    assert_eq!((options.master_tag.as_str(), options.slave_tag.as_str()), ("master", "slave"));
    assert_eq!((options.lock_delay, options.timeout), (Duration::from_secs(15), Duration::from_secs(20)));
    assert_eq!(options.on_outage, OnOutage::Keep);
    assert_eq!(options.access.address.shown(), "http://127.0.0.1:8500");
    assert!(!options.tolerate_warning && options.access.token.is_none() && options.query_tags.is_empty());
}

#[test]
fn one_dash_works_as_two_and_an_equals_sign_as_a_space() {
    let expected = options(&["--consul-query-name", "q", "--lock-delay", "1m30s", "--tolerate-warning"], &[]);
    for arguments in [
        &["-consul-query-name", "q", "-lock-delay", "1m30s", "-tolerate-warning"][..],
        &["--consul-query-name=q", "--lock-delay=1m30s", "--tolerate-warning"],
        &["-tolerate-warning", "-lock-delay=1m30s", "-consul-query-name=q"],
    ] {
        assert_eq!(options(arguments, &[]), expected);
    }
    assert_eq!(expected.lock_delay, Duration::from_secs(90));
    assert_eq!(expected.lock_key, "service/q/leader");
}

#[test]
fn values_are_taken_as_they_are() {
    let options = options(
        &["--master-tag", "\"quoted\"", "--slave-tag=a=b", "--consul-query-tag", "x", "--consul-query-tag=!y"],
        &[],
    );
    assert_eq!(options.master_tag, "\"quoted\"");
    assert_eq!(options.slave_tag, "a=b");
    assert_eq!(options.query_tags, ["x", "!y"]);
}

#[test]
fn help_and_version_go_before_everything_that_can_fail() {
    for arguments in [&["--help"][..], &["-h"], &["-help"], &["--nonsense", "--help"], &["--master-tag", "--help"]] {
        assert_eq!(read_with(arguments, &[]), Ok(Command::Help), "{arguments:?}");
    }
    assert_eq!(read_with(&["--lock-delay", "x", "-version"], &[]), Ok(Command::Version));
}

#[test]
fn of_all_ways_to_give_a_token_the_option_goes_before_the_variable_and_the_file_before_the_token() {
    let file = |name: &str, text: &str| {
        let path = std::env::temp_dir().join(format!("token-{name}-{}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (first, second, empty) = (file("a", "  typed-file\n"), file("b", "variable-file"), file("c", "\n"));
    let typed_file = ["--token-file", &first];
    let variables = [("CONSUL_HTTP_TOKEN_FILE", second.as_str()), ("CONSUL_HTTP_TOKEN", "variable")];
    for (arguments, environment, expected) in [
        (&[][..], &[][..], None),
        (&[], &variables[1..], Some("variable")),
        (&[], &variables, Some("variable-file")),
        (&["--token", "typed"], &variables, Some("typed")),
        (&typed_file, &variables, Some("typed-file")),
        (&["--token", "typed", "--token-file", &first], &variables, Some("typed-file")),
        (&[], &[("CONSUL_HTTP_TOKEN", "variable"), ("CONSUL_HTTP_TOKEN_FILE", "")], Some("variable")),
        (&[], &[("CONSUL_HTTP_TOKEN", "variable"), ("CONSUL_HTTP_TOKEN_FILE", &empty)], Some("variable")),
    ] {
        let options = options(arguments, environment);
        assert_eq!(options.access.token.as_ref().map(Secret::reveal), expected, "{arguments:?} {environment:?}");
        assert!(expected.is_none_or(|token| !format!("{options:?}").contains(&format!("{token:?}"))), "{options:?}");
    }
    for path in [first, second, empty] {
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_token_is_taken_out_of_the_arguments_and_nothing_else_is() {
    for (arguments, left, token) in [
        (&["--token", "5ec2e7", "--wait", "9s"][..], &["--wait", "9s"][..], Some("5ec2e7")),
        (&["-token=5ec2e7=", "--token-file", "x"], &["--token-file", "x"], Some("5ec2e7=")),
        (
            &["--master-tag", "token", "--slave-tag", "token=x"],
            &["--master-tag", "token", "--slave-tag", "token=x"],
            None,
        ),
    ] {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let expected = token.map(|token| (left.iter().map(OsString::from).collect(), OsString::from(token)));
        assert_eq!(take_token(&arguments), expected);
    }
}

#[test]
fn an_option_goes_before_its_variable() {
    let environment = [
        ("CONSUL_HTTP_ADDR", "10.0.0.1:8500"),
        ("CONSUL_NAMESPACE", "there"),
        ("CONSUL_PARTITION", "there"),
        ("CONSUL_HTTP_AUTH", "user"),
        // Without https nothing of it is looked at.
        ("CONSUL_CACERT", "/no/such/file"),
        ("CONSUL_CLIENT_CERT", "/no/such/file"),
        ("CONSUL_TLS_SERVER_NAME", "no name"),
        ("CONSUL_HTTP_SSL_VERIFY", "maybe"),
    ];
    let Options { access, scope, .. } = options(&["-http-addr", "10.0.0.2:8500", "-namespace", "here"], &environment);
    assert_eq!(access.address.shown(), "http://10.0.0.2:8500");
    assert_eq!((scope.namespace.as_deref(), scope.partition.as_deref()), (Some("here"), Some("there")));
    assert_eq!((access.login.as_ref().map(Secret::reveal), access.tls), (Some("user:"), None));
}

#[test]
fn a_usage_error_still_tells_which_election_it_is_of() {
    for (arguments, query) in [
        (&["--consul-service-name", "redis", "--lock-delay", "x"][..], Some("redis-master")),
        (&["-consul-query-name=q", "--nonsense"], Some("q")),
        (&["--consul-service-name", "two words"], None),
        (&["--nonsense"], None),
    ] {
        let error = read_with(arguments, &[]).unwrap_err();
        assert_eq!(error.query.as_deref(), query, "{arguments:?}");
    }
}

#[test]
fn the_help_names_every_option_and_fits_a_terminal() {
    let help = table::help();
    for option in table::OPTIONS {
        assert!(help.contains(&format!("  --{}", option.name)), "{}", option.name);
    }
    assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/help.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &help).unwrap();
    }
    assert_eq!(help, std::fs::read_to_string(golden).unwrap());
}
