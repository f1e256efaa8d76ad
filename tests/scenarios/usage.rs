//! Bad input: exit code 1, or 2 for a command that people type; one line that names the option and the fix, and no request to Consul.

use std::fmt::Write;
use std::process::{Command, Stdio};

use crate::harness::{NOBODY_LISTENS, Pass, Proxy, shared, unique};
use crate::stage::Candidate;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/usage.txt");

/// Every line of the golden file that starts with `$` is a command line, with variables before it as in a shell; the
/// next line is the program's output. `UPDATE_GOLDEN=1` rewrites the outputs; read them before you commit.
#[test]
fn every_bad_command_line_has_its_line_and_nothing_is_asked_of_consul() {
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    let silent = Proxy::before_address(NOBODY_LISTENS);
    let mut text = String::new();
    let mut commands = 0;
    for line in golden.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let mut pass = Pass::bare().through(&silent);
            for word in split(command) {
                pass = match word.split_once('=') {
                    Some((name, value)) if name.starts_with("CONSUL ") || name.starts_with("CONSUL_") => {
                        pass.env(&name.replace(' ', "_"), value)
                    }
                    _ => pass.arg(&word),
                };
            }
            let outcome = pass.run();
            let status = if command.starts_with("resign") { 2 } else { 1 };
            assert_eq!(outcome.status, status, "{command}: {outcome:?}");
            assert_eq!(outcome.stderr, "", "{command}");
            assert!(outcome.line.starts_with("election"), "{command}: {outcome:?}");
            writeln!(text, "$ {command}\n{}", outcome.line).unwrap();
            commands += 1;
        } else if line.starts_with('#') || line.is_empty() {
            writeln!(text, "{line}").unwrap();
        }
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(GOLDEN).unwrap());
    assert!(commands > 40, "the file was read: {commands} command lines");
    assert_eq!(silent.connections(), 0, "no request goes to Consul");
}

/// Splits at spaces. In a word with quotes, `_` stands for a space, and the quotes are removed.
fn split(command: &str) -> Vec<String> {
    let word = |word: &str| {
        if word.contains('\'') { word.replace('_', " ").replace('\'', "") } else { word.to_owned() }
    };
    command.split_whitespace().map(word).collect()
}

#[test]
fn help_and_version_ask_nothing_and_end_well() {
    let silent = Proxy::before_address(NOBODY_LISTENS);
    let help = Pass::bare().arg("-help").through(&silent).output();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/help.txt");
    assert_eq!((help.status, help.stdout), (0, std::fs::read_to_string(golden).unwrap()));
    let version = Pass::of("redis").arg("--version").through(&silent).output();
    assert_eq!(version.stdout, format!("consul-master-election-tagger {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(silent.connections(), 0);
}

#[test]
fn an_argument_that_is_no_utf8_is_an_error_and_not_a_panic() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = std::ffi::OsString::from_vec(vec![b'-', b'-', 0xff, 0xfe]);
    let output = Command::new(env!("CARGO_BIN_EXE_consul-master-election-tagger")).arg(bytes).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("is not UTF-8"), "{output:?}");
}

#[test]
fn a_reader_that_has_gone_changes_nothing_of_the_exit_status() {
    for (arguments, status) in
        [(vec!["--nonsense"], 1), (vec!["resign"], 2), (vec!["--consul-service-name", "redis"], 1), (vec!["--help"], 0)]
    {
        let mut child = Command::new(env!("CARGO_BIN_EXE_consul-master-election-tagger"))
            .args(&arguments)
            .env("CONSUL_HTTP_ADDR", NOBODY_LISTENS)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        drop(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(status), "{arguments:?}");
    }
}

#[test]
fn whatever_is_registered_and_whatever_is_logged_every_line_begins_with_the_elections_signature() {
    let service = unique("redis");
    let one = Candidate::with(&service, &service, shared().nodes::<1>()[0], |body| {
        body["Address"] = "10.0.0.1\nmaster: all is well\u{2028}\r".into();
    });
    assert_eq!(one.run(), "master on n1 (10.0.0.1 master: all is well  :6379), term 1");
    let signature = format!("election {}: ", one.query());
    for (variable, level) in [("RUST_LOG", "redis=loud"), ("RUST_LOG", "trace"), ("RUST_LOG", "=,=,"), ("X", "")] {
        for arguments in [&["--log-level", "debug"][..], &[]] {
            let output = one.pass().env(variable, level).args(arguments.iter().copied()).output();
            for line in output.stdout.lines().chain(output.stderr.lines()) {
                assert!(line.starts_with(&signature), "{variable}={level}: {line}");
            }
        }
    }
}
