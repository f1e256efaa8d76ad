//! What the process is given: signals that its parent ignores, files without an end, values that look like switches, times without a date.

use std::process::Command;

use crate::harness::{NOBODY_LISTENS, Pass, Scripts, secs, shared};
use crate::stage::Candidate;

const PROGRAM: &str = env!("CARGO_BIN_EXE_consul-master-election-tagger");

#[test]
fn a_hook_counts_as_done_although_the_parent_ignores_the_end_of_children() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let scripts = Scripts::on(one.node);
    let words = one.pass().args(["--on-promote", &scripts.noting("promote")]).check_args();
    let words: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
    let script = format!("trap '' CHLD; exec {}", words.join(" "));
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(": master on n1"), "{said}");
    assert_eq!(scripts.count("promote"), 1);
}

#[test]
fn a_device_or_a_pipe_in_place_of_a_file_of_certificates_is_an_error_at_once() {
    let directory = shared().nodes::<1>()[0].directory();
    let pipe = directory.join("a-pipe.pem");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let below = directory.join("cas");
    std::fs::create_dir_all(&below).unwrap();
    let inside = below.join("a-pipe.pem");
    assert!(Command::new("mkfifo").arg(&inside).status().unwrap().success());
    let [pipe, below] = [pipe.to_str().unwrap(), below.to_str().unwrap()];
    for (name, value) in [
        ("SSL_CERT_FILE", "/dev/zero"),
        ("SSL_CERT_FILE", pipe),
        ("SSL_CERT_DIR", below),
        ("CONSUL_CACERT", "/dev/zero"),
        ("CONSUL_CACERT", pipe),
        ("CONSUL_CAPATH", below),
    ] {
        let outcome = Pass::of("redis").at("https://127.0.0.1:1").env(name, value).run();
        assert_eq!(outcome.status, 1, "{outcome:?}");
        assert!(outcome.line.contains(&format!("error: {name}: ")), "{outcome:?}");
        assert!(outcome.took < secs(5), "{name}: {:?}", outcome.took);
    }
}

#[test]
fn a_value_that_looks_like_a_switch_is_a_value_and_a_help_on_a_checks_output_does_not_pass() {
    let said = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(arguments).env("CONSUL_HTTP_ADDR", NOBODY_LISTENS).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    for flag in ["-h", "-V"] {
        let (status, line) = said(&["--consul-service-name", "redis", "--master-tag", flag]);
        assert_eq!((status, line.lines().count()), (1, 1), "{line}");
        assert!(line.starts_with("election redis-master: error: "), "{line}");
    }
    for arguments in [
        &["--consul-service-name", "redis", "--help"][..],
        &["--consul-service-name", "redis", "--master-tag", "--help"],
    ] {
        let (status, line) = said(arguments);
        assert_eq!(status, 1);
        assert!(line.starts_with("election redis-master: error: the help elects nobody"), "{line}");
    }
    for arguments in [&["--help"][..], &["resign", "--help"]] {
        assert_eq!(said(arguments).0, 0);
    }
}

#[test]
fn a_duration_without_a_date_is_refused_in_one_line() {
    for (option, command) in [("--for", Some("resign")), ("--wait", None), ("--lock-delay", None), ("--max-term", None)]
    {
        for text in ["9000000h", "2562047h", "8785h"] {
            let mut pass = Pass::bare();
            if let Some(word) = command {
                pass = pass.arg(word);
            }
            let output = pass.args(["--consul-service-name", "redis", option, text]).at(NOBODY_LISTENS).output();
            assert_eq!(output.stdout.lines().count(), 1, "{output:?}");
            assert!(output.stdout.contains(": error: ") && !output.stdout.contains("internal error"), "{output:?}");
        }
    }
}

#[test]
fn a_user_who_may_start_no_thread_gets_a_line_and_no_panic() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    // Root is not bound by the limit on processes, so only its form is tried there.
    let words = one.pass().args(["--wait", "1s"]).check_args();
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let output = Command::new("sh").args(["-c", &format!("ulimit -u 1; exec {}", words.join(" "))]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.lines().count() == 1 && !said.contains("internal error"), "{said}");
}
