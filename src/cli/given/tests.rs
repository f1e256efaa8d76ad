//! Which source of an option counts, and what is wrong with a file or a variable.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::own_variable::OF_A_CHILD;
use super::super::{Command, Run, UsageError, table};
use crate::consul::Secret;

/// A file of options; removed when dropped.
struct File(String);

impl File {
    fn with(text: &str) -> File {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("options-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        File(path.to_str().unwrap().to_owned())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Command, UsageError> {
    Command::read(arguments.iter().map(OsString::from), &environment.iter().copied().collect())
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    match read(arguments, environment) {
        Ok(Command::Check(run) | Command::Resign(run) | Command::Other(_, run)) => *run,
        other => panic!("{other:?}"),
    }
}

fn error(text: &str, environment: &[(&str, &str)]) -> String {
    let file = File::with(text);
    read(&["--config", &file.0], environment).unwrap_err().message.replace(&file.0, "FILE")
}

#[test]
fn an_option_goes_before_a_variable_a_variable_before_the_file_and_the_file_before_the_default() {
    let file =
        File::with("\n# the election of redis\nconsul-service-name = file\r\n lock-delay=7s\nmaster-tag = a = b # c\n");
    let named = [("ELECTION_CONFIG", file.0.as_str()), ("ELECTION_LOCK_DELAY", "8s"), ("ELECTION_SLAVE_TAG", "")];
    for (arguments, environment, expected) in [
        (&["--config", &file.0, "--lock-delay", "9s", "--consul-service-name", "typed"][..], &named[1..], ("typed", 9)),
        (&["--config", &file.0], &named[1..], ("file", 8)),
        (&["--config", &file.0], &[], ("file", 7)),
        (&[], &named, ("file", 8)),
        (&[], &named[..1], ("file", 7)),
        (&["--consul-service-name", "typed"], &[], ("typed", 15)),
        // A file that is named by an option replaces the one that a variable names.
        (&["--config", &file.0], &[("ELECTION_CONFIG", "/no/such/file")], ("file", 7)),
    ] {
        let config = run(arguments, environment).config;
        let seen = (config.names.service.as_str(), config.policy.lock_delay.as_secs());
        assert_eq!(seen, expected, "{arguments:?} {environment:?}");
        assert_eq!(config.names.slave_tag, "slave", "an empty variable counts as unset");
    }
    assert_eq!(
        run(&[], &named).config.names.master_tag,
        "a = b # c",
        "a value is everything after the first equals sign"
    );
}

#[test]
fn a_source_that_goes_before_another_replaces_all_values_of_an_option_and_turns_a_switch_off() {
    let file = File::with(
        "consul-service-name = redis\nconsul-query-tag = a\nconsul-query-tag = b\npreempt\nonly-passing = false\n",
    );
    let of = |arguments: &[&str], environment: &[(&str, &str)]| {
        let arguments = [&["--config", &file.0], arguments].concat();
        let policy = run(&arguments, environment).config.policy;
        (policy.query.tags.join(" "), policy.preempt_after.is_some(), policy.only_passing)
    };
    assert_eq!(of(&[], &[]), ("a b".to_owned(), true, false));
    let variables =
        [("ELECTION_CONSUL_QUERY_TAG", "x, y,"), ("ELECTION_PREEMPT", "FALSE"), ("ELECTION_ONLY_PASSING", "1")];
    assert_eq!(of(&[], &variables), ("x y".to_owned(), false, true));
    assert_eq!(of(&["--consul-query-tag", "z", "--preempt"], &variables), ("z".to_owned(), true, true));
}

#[test]
fn a_token_named_closer_to_the_run_does_not_lose_to_a_token_file_in_the_file() {
    let (first, second) = (File::with("first"), File::with("second"));
    let file =
        File::with(&format!("consul-service-name = redis\ntoken-file = {}\nhttp-addr = 10.0.0.3:8500\n", first.0));
    let token = |arguments: &[&str], environment: &[(&str, &str)]| {
        let access = run(&[&["--config", &file.0], arguments].concat(), environment).config.access;
        (access.token.as_ref().map(Secret::reveal).map(str::to_owned), access.address.shown())
    };
    let is = |token: &str, host: &str| (Some(token.to_owned()), format!("http://{host}:8500"));
    assert_eq!(token(&[], &[]), is("first", "10.0.0.3"));
    assert_eq!(token(&[], &[("CONSUL_HTTP_TOKEN", "variable")]), is("variable", "10.0.0.3"));
    assert_eq!(token(&["--token", "typed"], &[]), is("typed", "10.0.0.3"));
    assert_eq!(token(&["--token-file", &second.0], &[("CONSUL_HTTP_ADDR", "10.0.0.2:8500")]), is("second", "10.0.0.2"));
}

#[test]
fn one_file_serves_all_commands() {
    let file = File::with("consul-service-name = redis\nfor = 45s\nlock-delay = 3s\n");
    let check = run(&["--config", &file.0], &[]).config.policy;
    let resign = run(&["resign", "--config", &file.0], &[("ELECTION_TO", "n2")]).config.policy.resign.unwrap();
    assert!(check.resign.is_none() && check.lock_delay.as_secs() == 3);
    assert_eq!((resign.stands_back.as_secs(), resign.to.as_deref()), (45, Some("n2")));
}

#[test]
fn every_option_has_one_variable_and_those_of_a_child_are_none() {
    let mut names = Vec::new();
    // Two rows of one option, for different commands, share a variable.
    let is_first =
        |option: &super::OptionSpec| table::find(option.name()).is_some_and(|first| first.commands == option.commands);
    let is_meant = |option: &&super::OptionSpec| !["--help", "--version"].contains(&option.flag) && is_first(option);
    for option in table::options().filter(is_meant) {
        let rule = format!("ELECTION_{}", option.name().replace('-', "_").to_uppercase());
        let is_of_a_child = OF_A_CHILD.contains(&rule.as_str());
        match (option.variable, option.own_variable()) {
            (Some(variable), None) => names.push(variable.to_owned()),
            (None, Some(own)) if !is_of_a_child && own == rule => names.push(rule),
            (None, None) if is_of_a_child => {}
            other => panic!("{}: {other:?}", option.flag),
        }
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    let set: Vec<(&str, &str)> = OF_A_CHILD.iter().map(|name| (*name, "nonsense")).collect();
    let service = ["--consul-service-name", "redis"];
    assert_eq!(run(&service, &set), run(&service, &[]));
}

#[test]
fn an_error_names_where_the_option_was_given() {
    for (text, environment, expected) in [
        ("lock-delay = x", &[][..], "invalid value 'x' for --lock-delay (FILE line 1); write a duration"),
        ("", &[("ELECTION_LOCK_DELAY", "x")], "invalid value 'x' for --lock-delay (ELECTION_LOCK_DELAY); write a"),
        ("", &[("ELECTION_PREEMPT", "yes")], "ELECTION_PREEMPT 'yes' is neither true nor false; use one of these"),
        ("\npreempt-after = 3s", &[], "--preempt-after (FILE line 2) does nothing without --preempt; give both"),
        (
            "consul-service-name = a\nmaster-tag = slave",
            &[],
            "--master-tag (FILE line 2) and --slave-tag are both 'slave'",
        ),
        ("lock-delay = 1s\nlock-delay = 2s", &[], "FILE line 2: --lock-delay is given twice, first on line 1"),
        ("lock-delay =", &[], "FILE line 1: --lock-delay needs a value; write lock-delay = DURATION"),
        ("lock-delay", &[], "FILE line 1: --lock-delay needs a value"),
        ("preempt = maybe", &[], "FILE line 1: --preempt 'maybe' is neither true nor false"),
        ("lock_delay = 3s", &[], "FILE line 1: unknown option lock_delay; write lock-delay"),
        ("--lock-delay = 3s", &[], "FILE line 1: write lock-delay without dashes"),
        ("lokc-delay = 3s", &[], "FILE line 1: unknown option lokc-delay; see --help"),
        ("[redis]", &[], "FILE line 1: this is not a line of the form option = value"),
        ("01234567-89ab-cdef-0123-456789abcdef", &[], "FILE line 1: this is not a line of the form option = value"),
        ("master-tag = \"m\"", &[], "FILE line 1: the value of --master-tag is in quotes; write it without them"),
        ("config = other", &[], "FILE line 1: --config does not belong in a file; remove it"),
        ("help", &[], "FILE line 1: --help does not belong in a file; remove it"),
        ("http-addr = ftp://x\nconsul-service-name = a", &[], "--http-addr (FILE line 1): "),
    ] {
        let error = error(text, environment);
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let missing = read(&["--config", "/no/such/file"], &[]).unwrap_err().message;
    assert_eq!(
        missing,
        "--config: cannot read /no/such/file: No such file or directory (os error 2); name one that this user can read"
    );
    let missing = read(&[], &[("ELECTION_CONFIG", "/no/such/file")]).unwrap_err().message;
    assert!(missing.starts_with("ELECTION_CONFIG: cannot read"), "{missing}");
}

#[test]
fn an_error_in_a_file_still_shows_its_election_and_the_status_that_it_asks_for() {
    let file = File::with("consul-service-name = redis\nerror-status = critical\nlock-delay = x\n");
    let error = read(&["--config", &file.0], &[]).unwrap_err();
    assert_eq!(error.query.as_deref(), Some("redis-master"));
    assert_eq!(error.status, Some(crate::consul::Status::Critical));
}

#[test]
fn a_token_in_a_file_that_every_user_can_read_is_refused_and_never_shown() {
    let token = "01234567-89ab-cdef-0123-456789abcdef";
    let file = File::with(&format!("consul-service-name = redis\ntoken = {token}\n"));
    let mode = |mode| std::fs::set_permissions(&file.0, std::fs::Permissions::from_mode(mode)).unwrap();
    for private in [0o600, 0o640] {
        mode(private);
        let run = run(&["--config", &file.0], &[]);
        assert_eq!(run.config.access.token.as_ref().map(Secret::reveal), Some(token));
        assert!(!format!("{run:?}").contains(token));
    }
    mode(0o644);
    let error = read(&["--config", &file.0], &[]).unwrap_err().message.replace(&file.0, "FILE");
    assert_eq!(
        error,
        "FILE line 2: every user can read the token in this file; run chmod o-r FILE, or name a file with the token by \
         token-file"
    );
    for text in [format!("token {token}"), format!("tokn = {token}"), format!("token = '{token}'"), token.to_owned()] {
        let file = File::with(&text);
        let error = read(&["--config", &file.0], &[]).unwrap_err().message;
        assert!(!error.contains(token), "{error}");
    }
}
