//! Tokens: every way to give one, the error for a deleted one, and that no token ever shows.

use std::fs;

use base64::Engine;
use serde_json::json;

use super::{text, unique_file};
use crate::harness::{Authority, Cluster, Fault, NOBODY_LISTENS, Pass, Proxy, Signal, secs, seen, shared, wait_for};
use crate::stage::Candidate;

const TOKEN: &str = "5ec2e700-0000-4000-8000-00000000beef";

#[test]
fn under_acls_that_deny_a_token_can_be_given_by_variable_by_file_and_by_option() {
    let cluster = Cluster::with(1).acls().start();
    let [n1] = cluster.nodes::<1>();
    let one = Candidate::alone(n1);
    let token = one.node.api().token_with(&one.rules());
    let file = unique_file(n1, "token");
    fs::write(&file, format!("{token}\n")).unwrap();
    let pass = one.pass();
    for (way, pass) in [
        ("CONSUL_HTTP_TOKEN", pass.clone().env("CONSUL_HTTP_TOKEN", &token)),
        (
            "CONSUL_HTTP_TOKEN_FILE",
            pass.clone().env("CONSUL_HTTP_TOKEN_FILE", text(&file)).env("CONSUL_HTTP_TOKEN", TOKEN),
        ),
        (
            "-token",
            pass.clone()
                .args(["-token", &token])
                .env("CONSUL_HTTP_TOKEN", TOKEN)
                .env("CONSUL_HTTP_TOKEN_FILE", "/no/such/file"),
        ),
        ("--token=", pass.clone().arg(&format!("--token={token}"))),
        (
            "--token-file",
            pass.clone().args(["--token-file", text(&file)]).env("CONSUL_HTTP_TOKEN_FILE", "/no/such/file"),
        ),
        ("--token-file before --token", pass.clone().args(["--token-file", text(&file), "--token", TOKEN])),
    ] {
        let said = one.said_by(&pass.run(), 0);
        assert!(said.starts_with("master on n1"), "{way}: {said}");
    }
    let said = one.said_by(&pass.run(), 1);
    // On 1.8.7 the denied anonymous token has no name, because it does not exist before it has rights.
    let way_out = "; give one with --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN";
    let needs = "; needs a token with: service ";
    assert!(said.contains(": 403 ") && said.contains(needs) && said.ends_with(way_out), "without any: {said}");
}

#[test]
fn a_token_that_was_just_deleted_is_said_to_be_gone_and_changes_no_role() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let token = one.node.api().token_with(&one.rules());
    let pass = one.pass().token(&token);
    assert!(one.said_by(&pass.run(), 0).starts_with("master on n1"));
    let api = one.node.api().with_token(&token);
    let own = api.get("/v1/acl/token/self").json()["AccessorID"].as_str().unwrap().to_owned();
    one.node.api().delete(&format!("/v1/acl/token/{own}")).ok();
    // Agent and server may cache a token for acl.token_ttl, 30 s.
    let said = wait_for("the deleted token to be refused", secs(60), || {
        seen(pass.run(), |outcome| outcome.status != 0).map(|outcome| one.said_by(&outcome, 1))
    });
    let end = "ACL not found; this token does not exist; give another with --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN";
    assert!(said.contains(": 403 ") && said.ends_with(end), "{said}");
    assert!(!said.contains(&token) && one.holds_the_lock() && one.is_tagged("master"));
}

/// Returns a text in which every 16 bytes contain `5ec2e7`, so that it is found in a hex dump too, with its 16 bytes
/// per line.
fn repeated() -> String {
    "5ec2e7".repeat(8)
}

#[test]
fn no_token_is_seen_in_any_line_or_log() {
    let cluster = Cluster::of(1);
    let [n1] = cluster.nodes::<1>();
    let authority = Authority::new();
    let socket = n1.directory().join("consul.sock");
    let addresses = format!("{} unix://{}", n1.ip(), text(&socket));
    n1.write_config("socket.json", json!({"addresses": {"http": addresses}}));
    let ca = super::serve_https(n1, &authority, &authority.issue(&[&n1.ip().to_string()]), false);
    let one = Candidate::alone(n1);
    let broken = Proxy::before(n1);
    broken.fail(|_, _| Some(Fault::Garbage));
    let login = format!("user:{}", repeated());
    let encoded = base64::engine::general_purpose::STANDARD.encode(&login);
    let secrets = ["5ec2e7", "3565 6332 6537", &encoded[16..24]];
    for pass in [
        one.pass(),
        super::over_https(one.pass(), n1, &ca),
        one.pass().at(&format!("unix://{}", text(&socket))),
        one.pass().at(NOBODY_LISTENS),
        one.pass().through(&broken),
        Pass::bare().arg("--nonsense"),
        Pass::bare().arg("--help"),
    ] {
        for pass in [pass.clone().token(&repeated()), pass.clone().args(["--token", &repeated()])] {
            let pass = pass.env("CONSUL_HTTP_AUTH", &login);
            for loud in [pass.clone().env("RUST_LOG", "trace"), pass.args(["--log-level", "trace"])] {
                let output = loud.output();
                for secret in secrets {
                    assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "{output:?}");
                }
            }
        }
    }
}

#[test]
fn a_token_in_the_wrong_place_is_not_repeated() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    for (pass, words) in [
        // Meant for the environment.
        (one.pass().arg(&format!("CONSUL_HTTP_TOKEN={TOKEN}")), "unexpected argument 'CONSUL_HTTP_TOKEN=...'"),
        (one.pass().arg(TOKEN), "unexpected argument '...'"),
        (one.pass().args(["--token-file", TOKEN]), "--token-file: there is no such file, and it looks like a token"),
        (
            one.pass().env("CONSUL_HTTP_TOKEN_FILE", TOKEN),
            "CONSUL_HTTP_TOKEN_FILE: there is no such file, and it looks",
        ),
    ] {
        let said = one.said_by(&pass.run(), 1);
        assert!(said.contains(words) && !said.contains(TOKEN), "{said}");
    }
}

#[test]
fn a_token_that_was_typed_is_not_seen_in_the_list_of_processes_while_a_run_waits() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    one.report(&one.pass());
    one.report(&one.pass());
    let proxy = Proxy::before(node);
    // Nobody can see it after the first moment: neither while a file is read nor during a wait.
    let running = one.pass().through(&proxy).args(["--token", TOKEN, "--wait", "20s"]).spawn();
    wait_for("the run to wait", secs(10), || {
        seen(proxy.requests(), |requests| requests.iter().any(|request| request.path.contains("index="))).map(drop)
    });
    let listed = fs::read_to_string(format!("/proc/{}/cmdline", running.id())).unwrap();
    assert!(listed.contains("consul-master-election-tagger") && listed.contains("--wait"), "{listed:?}");
    assert!(!listed.contains(TOKEN), "{listed:?}");
    running.signal(Signal::TERM);
    assert_eq!(running.wait().stderr, "");
    assert!(proxy.requests().iter().all(|request| request.header("X-Consul-Token") == Some(TOKEN)));
    proxy.clear();
    let resigned = one.resign().through(&proxy).args(["--token", TOKEN, "--for", "1s"]).run();
    assert!(one.said_by(&resigned, 0).starts_with("slave, no master"));
    assert!(proxy.requests().iter().all(|request| request.header("X-Consul-Token") == Some(TOKEN)));
}

#[test]
fn a_token_that_is_no_text_or_comes_by_a_pipe_is_refused_at_once() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let (odd, pipe) = (unique_file(node, "odd"), unique_file(node, "pipe"));
    fs::write(&odd, [0xff, 0xfe, b'x']).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (path, words) in [
        (text(&odd), "--token-file contains a character that no token has"),
        (text(&pipe), "is not a file of at most 8 MiB"),
        ("/dev/zero", "is not a file of at most 8 MiB"),
        (text(node.directory()), "is a directory; name a file"),
    ] {
        let outcome = one.pass().args(["--token-file", path, "--timeout", "10s"]).run();
        assert!(one.said_by(&outcome, 1).contains(words) && outcome.took < secs(5), "{outcome:?}");
    }
}

#[test]
fn a_proxy_before_the_agent_is_told_user_and_password() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    for (login, header) in [("user:pass word:x", "Basic dXNlcjpwYXNzIHdvcmQ6eA=="), ("user", "Basic dXNlcjo=")] {
        let proxy = Proxy::before(node);
        let outcome = one.pass().through(&proxy).token(TOKEN).env("CONSUL_HTTP_AUTH", login).run();
        assert!(one.said_by(&outcome, 0).starts_with("master on n1"));
        for request in proxy.requests() {
            assert_eq!(
                (request.header("Authorization"), request.header("X-Consul-Token")),
                (Some(header), Some(TOKEN))
            );
        }
    }
}
