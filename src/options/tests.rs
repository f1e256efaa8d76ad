//! What a command line and an environment resolve to. What is refused stands in `tests/golden/usage.txt`.

use std::time::Duration;

use super::*;

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
    assert_eq!(options.agent.base(), "http://127.0.0.1:8500");
    assert!(!options.tolerate_warning && options.token.is_none() && options.query_tags.is_empty());
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
fn the_token_file_goes_before_the_token_and_is_trimmed() {
    let path = std::env::temp_dir().join(format!("token-{}", std::process::id()));
    std::fs::write(&path, "  from-file\n").unwrap();
    let file = ("CONSUL_HTTP_TOKEN_FILE", path.to_str().unwrap());
    let token = options(&[], &[("CONSUL_HTTP_TOKEN", "from-variable"), file]).token;
    std::fs::remove_file(&path).unwrap();
    assert_eq!(token.as_ref().map(Token::secret), Some("from-file"));
    assert!(!format!("{token:?}").contains("from-file"), "a token shows in no debug output");
    let token = options(&[], &[("CONSUL_HTTP_TOKEN", "from-variable"), ("CONSUL_HTTP_TOKEN_FILE", "")]).token;
    assert_eq!(token.as_ref().map(Token::secret), Some("from-variable"));
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
