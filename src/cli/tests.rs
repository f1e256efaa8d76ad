//! What a command line and an environment become. What is refused stands in `tests/golden/usage.txt`.

use std::time::Duration;

use super::*;
use crate::consul::{Access, Address, Secret};
use crate::election::{Invalid, Names, OnOutage, Policy, Wait};

fn read_with(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Command, UsageError> {
    Command::read(arguments.iter().map(OsString::from), &environment.iter().copied().collect())
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let all = match arguments {
        ["run", ..] => [arguments, &["--name", "redis", "--", "true"]].concat(),
        _ => [&["--consul-service-name", "redis"], arguments].concat(),
    };
    match read_with(&all, environment) {
        Ok(Command::Check(run) | Command::Resign(run) | Command::Other(_, run)) => *run,
        other => panic!("{other:?}"),
    }
}

fn config(arguments: &[&str], environment: &[(&str, &str)]) -> Config {
    run(arguments, environment).config
}

#[test]
fn the_service_name_alone_gives_the_documented_defaults() {
    let Config { names, policy, access, wait } = config(&[], &[]);
    assert_eq!(names.query, "redis-master");
    assert_eq!(names.lock_key, "service/redis-master/leader");
    assert_eq!((names.master_tag.as_str(), names.slave_tag.as_str()), ("master", "slave"));
    assert_eq!((policy.lock_delay, wait.timeout), (Duration::from_secs(15), Duration::from_secs(20)));
    let delay = |arguments: &[&str]| config(arguments, &[]).policy.lock_delay;
    assert_eq!((delay(&["--wait", "9s"]), delay(&["--lock-delay", "0s"])), (Duration::ZERO, Duration::ZERO));
    assert_eq!(delay(&["--wait", "9s", "--lock-delay", "15s"]), Duration::from_secs(15), "one that is typed counts");
    assert_eq!(policy.on_outage, OnOutage::Keep);
    assert_eq!(access.address.shown(), "http://127.0.0.1:8500");
    assert!(!policy.only_passing && access.token.is_none() && policy.query.tags.is_empty());
}

#[test]
fn one_dash_works_as_two_and_an_equals_sign_as_a_space() {
    let expected = config(&["--consul-query-name", "q", "--lock-delay", "1m30s", "--only-passing"], &[]);
    for arguments in [
        &["-consul-query-name", "q", "-lock-delay", "1m30s", "-only-passing"][..],
        &["--consul-query-name=q", "--lock-delay=1m30s", "--only-passing"],
        &["-only-passing", "-lock-delay=1m30s", "-consul-query-name=q"],
    ] {
        assert_eq!(config(arguments, &[]), expected);
    }
    assert_eq!(expected.policy.lock_delay, Duration::from_secs(90));
    assert_eq!(expected.names.lock_key, "service/q/leader");
}

#[test]
fn values_are_taken_as_they_are() {
    let Config { names, policy, .. } = config(
        &["--master-tag", "\"quoted\"", "--slave-tag=a=b", "--consul-query-tag", "x", "--consul-query-tag=!y"],
        &[],
    );
    assert_eq!(names.master_tag, "\"quoted\"");
    assert_eq!(names.slave_tag, "a=b");
    assert_eq!(policy.query.tags, ["x", "!y"]);
}

#[test]
fn help_and_version_go_before_everything_that_can_fail() {
    for arguments in [&["--help"][..], &["-h"], &["-help"], &["--nonsense", "--help"], &["--master-tag", "--help"]] {
        assert_eq!(read_with(arguments, &[]), Ok(Command::Help(CommandKind::Check)), "{arguments:?}");
    }
    assert_eq!(read_with(&["run", "-h"], &[]), Ok(Command::Help(CommandKind::Run)));
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
        let config = config(arguments, environment);
        assert_eq!(config.access.token.as_ref().map(Secret::reveal), expected, "{arguments:?} {environment:?}");
        assert!(expected.is_none_or(|token| !format!("{config:?}").contains(&format!("{token:?}"))), "{config:?}");
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
    let Config { names, access, .. } = config(&["-http-addr", "10.0.0.2:8500", "-namespace", "here"], &environment);
    assert_eq!(access.address.shown(), "http://10.0.0.2:8500");
    assert_eq!((names.scope.namespace.as_deref(), names.scope.partition.as_deref()), (Some("here"), Some("there")));
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
fn a_usage_error_is_a_warning_of_the_check_unless_a_readable_option_asks_for_more_and_critical_for_a_typed_command() {
    for (arguments, code) in [
        (&["--nonsense"][..], 1),
        (&["--consul-service-name", "redis", "--lock-delay", "x"], 1),
        (&["--nonsense", "--error-status", "critical"], 2),
        (&["-error-status=passing", "--nonsense"], 0),
        (&["--consul-service-name", "redis", "--error-status", "loud"], 1),
        (&["--consul-service-name", "redis", "--error-status"], 1),
        (&["--consul-service-name", "redis", "--for", "5s"], 1),
        (&["--consul-service-name", "resign", "--nonsense"], 1),
        (&["word", "resign"], 1),
        (&["resign"], 2),
        (&["resign", "--nonsense"], 2),
        (&["--consul-service-name", "redis", "--preempt", "resign", "--lock-delay", "x"], 2),
        (&["--consul-service-name=redis", "resign", "--error-status", "passing", "--nonsense"], 2),
        (&["--consul-service-name", "--preempt", "resign"], 2),
    ] {
        let error = read_with(arguments, &[]).unwrap_err();
        assert_eq!(lines::of_usage(&error).exit_code(), code, "{arguments:?}");
    }
}

#[test]
fn the_help_names_every_option_and_fits_a_terminal() {
    for command in CommandKind::ALL {
        let help = help(*command);
        for option in table::options() {
            let only_reads = matches!(command, CommandKind::Info | CommandKind::Watch);
            let is_its =
                option.commands.contains(command) && !(only_reads && option.commands.contains(&CommandKind::Check));
            let is_there = help.contains(&format!("\n  {} {}\n", option.flag, option.value).replace(" \n", "\n"));
            assert!(is_there || !is_its, "{command:?} {}", option.flag);
            assert!(!option.description().is_empty(), "{}", option.flag);
        }
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
        let suffix = command.name().map(|name| format!("-{name}")).unwrap_or_default();
        let golden = format!("{}/tests/golden/help{suffix}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &help).unwrap();
        }
        assert_eq!(help, std::fs::read_to_string(golden).unwrap());
    }
}

/// What an option and its default are typed after, so that they can be typed.
fn before(option: &OptionSpec) -> Vec<&'static str> {
    let command = option.commands.iter().find_map(|kind| kind.name().filter(|_| option.commands.len() == 1));
    let value =
        option.needs.and_then(|flag| table::find(flag.trim_start_matches('-'))).filter(|needed| !needed.is_switch());
    command.into_iter().chain(option.needs).chain(value.map(|_| "@daily")).collect()
}

#[test]
fn a_default_that_is_typed_changes_nothing() {
    let mut typed = 0;
    for option in table::options() {
        let Some(default) = option.default_value() else { continue };
        let without = before(option);
        let with = [&without[..], &[option.flag, &default]].concat();
        let mut expected = run(&without, &[]);
        if option.flag == "--priority" {
            // One that is typed is shown in the instance's Meta.
            expected.config.policy.priority = Some(100);
        }
        assert_eq!(run(&with, &[]), expected, "{} {default}", option.flag);
        typed += 1;
    }
    assert!(typed > 10, "{typed}");
}

#[test]
fn a_variable_stands_in_for_its_option() {
    // These name files that are read; which of them goes first is a scenario's.
    let files = ["--token-file", "--ca-file", "--ca-path", "--client-cert", "--client-key", "--tls-server-name"];
    for option in table::options() {
        let Some(variable) = option.variable.filter(|_| !files.contains(&option.flag)) else { continue };
        let (typed, set) = (config(&[option.flag, "10.0.0.9"], &[]), config(&[], &[(variable, "10.0.0.9")]));
        assert_eq!(typed, set, "{variable}");
        assert_ne!(typed, config(&[], &[]), "{variable}");
    }
    let error = |arguments: &[&str], environment: &[(&str, &str)]| {
        let https = ["--consul-service-name", "redis", "--http-addr", "https://127.0.0.1"];
        read_with(&[&https[..], arguments].concat(), environment).unwrap_err().message
    };
    for flag in files {
        let variable = table::find(flag.trim_start_matches('-')).and_then(|option| option.variable).unwrap();
        let (typed, set) = (error(&[flag, "/no/such file"], &[]), error(&[], &[(variable, "/no/such file")]));
        assert_eq!(typed.replace(flag, variable), set);
    }
}

#[test]
fn an_option_is_known_by_one_row_of_each_command_and_needs_another_row() {
    let flags: Vec<&str> = table::options().map(|option| option.flag).collect();
    for option in table::options() {
        assert!(option.flag.starts_with("--"), "{}", option.flag);
        for command in option.commands {
            let rows = table::options().filter(|row| row.flag == option.flag && row.commands.contains(command));
            assert_eq!(rows.count(), 1, "{}", option.flag);
        }
        assert!(option.needs.is_none_or(|needed| flags.contains(&needed)), "{}", option.flag);
        assert!(!option.commands.is_empty(), "{}", option.flag);
    }
}

#[test]
fn a_value_that_looks_like_an_option_is_still_a_value() {
    let Config { names, policy, .. } = config(&["--master-tag=--preempt", "--slave-tag=--check-id", "--no-fence"], &[]);
    assert_eq!((names.master_tag.as_str(), names.slave_tag.as_str()), ("--preempt", "--check-id"));
    assert!(names.check_id.is_none() && policy.preempt_after.is_none() && !policy.query.fence);
}

#[test]
fn the_command_says_whether_the_lead_is_handed_over() {
    let read = |arguments: &[&str]| read_with(&[arguments, &["--consul-service-name", "redis"]].concat(), &[]);
    let Ok(Command::Check(check)) = read(&[]) else { panic!() };
    assert_eq!(check.config.policy.resign, None);
    let Ok(Command::Resign(resign)) = read(&["resign", "--to", "n2"]) else { panic!() };
    let resign = resign.config.policy.resign.unwrap();
    assert_eq!((resign.stands_back, resign.to.as_deref()), (Duration::from_secs(30), Some("n2")));
}

#[test]
fn described_defaults_are_what_names_follow_from_each_other() {
    let named = Names::of_service("SERVICE");
    let text = |name: &str| table::find(name).and_then(OptionSpec::default_text).unwrap();
    assert_eq!(text("consul-query-name").to_lowercase(), named.query);
    assert_eq!(text("lock-key").to_lowercase(), named.with_query("QUERY").lock_key);
}

#[test]
fn a_program_makes_the_same_configuration_without_a_command_line() {
    let access = Access {
        address: Address::parse("", false).unwrap(),
        tls: None,
        token: None,
        empty_token_file: None,
        login: None,
    };
    let made = Config { names: Names::of_service("redis"), policy: Policy::default(), access, wait: Wait::default() };
    assert_eq!(made, config(&[], &[]));
    assert_eq!(made.check(), Ok(()));
    let wait = Wait { timeout: Duration::ZERO, ..made.wait };
    assert_eq!(Config { wait, ..made.clone() }.check(), Err(Invalid::Timeout));
    let names = Names { master_tag: String::new(), ..made.names.clone() };
    assert_eq!(Config { names, ..made }.check(), Err(Invalid::MasterTag(String::new())));
}

#[test]
fn the_rules_of_an_election_know_no_option() {
    for (name, source) in [
        ("config", include_str!("../election/config.rs")),
        ("rules", include_str!("../election/rules.rs")),
        ("signature", include_str!("../election/signature.rs")),
    ] {
        for option in table::options() {
            assert!(!source.contains(option.flag), "{name}.rs names {}", option.flag);
        }
    }
}
