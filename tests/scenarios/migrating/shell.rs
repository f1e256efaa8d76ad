//! Uses the content of `docs/migrating.md` unchanged: runs its commands on a node, and loads its definitions into an
//! agent.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::harness::{Node, Pass, consul, unique};

/// Returns the document.
pub fn document() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/migrating.md")).unwrap()
}

/// How to identify the blocks of the document: their language, and words that occur in only one of them.
pub const BLOCKS: [(&str, &str); 10] = [
    OLD_CHECK,
    NEW_CHECK,
    STOPPED,
    TAKE_OVER,
    RESIGN,
    CLEAN_UP,
    CHECK_AFTER_BALLOT,
    TAKE_OVER_FROM_BALLOT,
    END_BALLOTS_SESSION,
    RESIGN_TO_BALLOT,
];
pub const OLD_CHECK: (&str, &str) = ("hcl", "script ");
pub const NEW_CHECK: (&str, &str) = ("hcl", "\"-consul-query-name\"");
pub const STOPPED: (&str, &str) = ("sh", "no run is left");
pub const TAKE_OVER: (&str, &str) =
    ("sh", "tagger -consul-service-name redis -consul-query-name redis-master --check-id");
pub const RESIGN: (&str, &str) = ("sh", "resign -consul-service-name");
pub const CLEAN_UP: (&str, &str) = ("sh", "consul kv delete");
pub const CHECK_AFTER_BALLOT: (&str, &str) = ("hcl", "\"--lock-key\"");
pub const TAKE_OVER_FROM_BALLOT: (&str, &str) = ("sh", "systemctl stop ballot");
pub const RESIGN_TO_BALLOT: (&str, &str) = ("sh", "resign --consul-service-name");
pub const END_BALLOTS_SESSION: (&str, &str) = ("sh", "session/destroy");

/// Returns every block of the document, with its language.
pub fn blocks() -> Vec<(String, String)> {
    let (mut found, mut open) = (Vec::new(), None);
    for line in document().lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some((_, text))) => text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    found
}

/// Returns the block with this language and these words.
pub fn block((language, words): (&str, &str)) -> String {
    let mut found = blocks();
    found.retain(|(of, text)| of == language && text.contains(words));
    assert_eq!(found.len(), 1, "{language} blocks with {words}");
    found.remove(0).1
}

/// Runs commands in a shell on the node, as an operator would, and returns their output. All must succeed.
pub fn run(node: &Node, commands: &str) -> String {
    run_with(node, commands, "false")
}

/// As [`run`], with a script instead of `systemctl`.
pub fn run_with(node: &Node, commands: &str, systemctl: &str) -> String {
    let output = output(node, &node.address(), commands, systemctl);
    assert!(output.status.success(), "{commands}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// As [`run_with`], with the agent at another address, and whatever the exit code.
pub fn output(node: &Node, address: &str, commands: &str, systemctl: &str) -> Output {
    let path = node.directory().join(unique("bin"));
    fs::create_dir(&path).unwrap();
    symlink(&consul().binary, path.join("consul")).unwrap();
    symlink(program(), path.join("consul-master-election-tagger")).unwrap();
    let script = path.join("systemctl");
    fs::write(&script, format!("#!/bin/sh\n{systemctl}\n")).unwrap();
    fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    let commands = commands.replace("127.0.0.1:8500", address).replace("NODE", node.name());
    // The longest of them waits for sessions to end.
    Command::new("timeout")
        .args(["90", "/bin/sh", "-euc", &commands])
        .env_clear()
        .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", path.display()))
        .env("CONSUL_HTTP_ADDR", address)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Replaces a user's program in a definition by this build, with the node's agent in its environment.
pub fn at_home(definition: &str, node: &Node) -> String {
    let words: Vec<String> = Pass::bare().on(node).check_args().iter().map(|word| json!(word).to_string()).collect();
    let changed = definition.replace("\"consul-master-election-tagger\"", &words.join(", "));
    assert_ne!(changed, definition, "the program is in it");
    changed
}

fn program() -> String {
    Pass::bare().check_args().pop().unwrap()
}
