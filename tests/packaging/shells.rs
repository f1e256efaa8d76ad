//! Tests the completions in the shells that load them: presses keys in a real terminal, and reads the arguments that
//! the command is called with.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{PROGRAM, bash, file, fish, zsh};

/// Command lines as typed, with tabs, and the resulting arguments. zsh itself puts an equals sign between an option and
/// its value, which makes no difference here.
const TYPED: &[(&str, &[&str])] = &[
    ("--consul-service-n\tredis", &["--consul-service-name", "redis"]),
    ("--on-out\tke\t", &["--on-outage", "keep"]),
    ("--on-outage=de\t", &["--on-outage", "demote"]),
    ("--master-status cr\t", &["--master-status", "critical"]),
    ("--log-l\tdeb\t--only\t", &["--log-level", "debug", "--only-passing"]),
    ("--on-promote /usr/bin/dirn\t", &["--on-promote", "/usr/bin/dirname"]),
    ("--ca-file /etc/hostn\t", &["--ca-file", "/etc/hostname"]),
    ("--ca-path=/etc/dpk\tx", &["--ca-path", "/etc/dpkg/x"]),
    ("res\t--f\t1m", &["resign", "--for", "1m"]),
    // An option that was given is not offered again, unless it can be repeated.
    ("--no-fence --no-f\t", &["--no-fence", "--no-f"]),
    ("--query-failover a --query-fail\tb", &["--query-failover", "a", "--query-failover", "b"]),
];

/// Runs a program for at most a minute and returns its whole output. A missing or failing program fails the test.
pub fn run(program: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("timeout")
        .args(["60", program])
        .args(arguments)
        // Without user settings and colours.
        .env("TERM", "dumb")
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends before it has read everything reports it in its output.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{text}", output.status);
    text
}

/// Types each line in a shell on a terminal, where a function replaces the program and prints its arguments.
fn press(shell: &str, set_up: &str) {
    let mut input = format!("{set_up}\n{PROGRAM}() {{ printf '<%s>' called \"${{@/=/><}}\"; echo; }}\n");
    for (keys, _) in TYPED {
        input += PROGRAM;
        input.extend([" ", keys, "\n"]);
    }
    let screen = run("script", &["--quiet", "--return", "--command", shell, "/dev/null"], &(input + "exit\n"));
    let mut rest = screen.as_str();
    for (keys, called) in TYPED {
        let expected = format!("<called><{}>\r\n", called.join("><"));
        let found = rest.split_once(&expected);
        rest = found.unwrap_or_else(|| panic!("{keys:?} should become {expected}; the terminal shows:\n{screen}")).1;
    }
}

#[test]
fn bash_completes_options_and_values() {
    press("bash --noprofile --norc -i", &format!("source '{}'", file(bash::FILE).display()));
}

#[test]
fn zsh_completes_options_and_values() {
    let directory = file(zsh::FILE);
    let directory = directory.parent().map(Path::display).unwrap();
    press("zsh -f -i", &format!("fpath=('{directory}' $fpath); autoload -U compinit; compinit -u -D"));
}

#[test]
fn fish_completes_options_and_values() {
    let completion = file(fish::FILE);
    let offered = |line: &str| {
        let command = format!("source '{}'; complete -C '{PROGRAM} {line}'", completion.display());
        let offered = run("fish", &["--no-config", "--command", &command], "");
        offered.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(offered("--on-out"), ["--on-outage"]);
    assert_eq!(offered("--on-outage "), ["demote", "keep"]);
    assert_eq!(offered("--master-status=cr"), ["--master-status=critical"]);
    assert_eq!(offered("--ca-file /etc/hostn"), ["/etc/hostname"]);
    assert_eq!(offered("res"), ["resign"]);
    assert_eq!(offered("--fo"), [""; 0]);
    assert_eq!(offered("resign --fo"), ["--for"]);
    assert_eq!(offered("--consul-service-name "), [""; 0]);
}
