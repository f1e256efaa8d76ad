//! Tokens: every way to give one, what is said of one that is gone, and that none is ever seen.

use std::fs;

use super::{text, unique_file};
use crate::harness::{Cluster, Fault, NOBODY_LISTENS, Pass, Proxy, Signal, secs, seen, shared, wait_for};
use crate::stage::Candidate;

const TOKEN: &str = "5ec2e700-0000-4000-8000-00000000beef";

/// What an instance on node n1 needs.
fn token_for(one: &Candidate) -> String {
    one.node.api().token_with(&format!(
        "service \"{}\" {{ policy = \"write\" }}\nsession \"n1\" {{ policy = \"write\" }}\nkey \"{}\" {{ policy = \"write\" }}\nquery \"{}\" {{ policy = \"write\" }}",
        one.service, one.key(), one.query()
    ))
}

#[test]
fn under_acls_that_deny_a_token_can_be_given_by_variable_by_file_and_by_option() {
    let cluster = Cluster::with(1).acls().start();
    let [n1] = cluster.nodes::<1>();
    let one = Candidate::alone(n1);
    let token = token_for(&one);
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
    let said = one.said_by(&pass.run(), 2);
    // What is denied has no name on 1.8.7, since the anonymous token does not exist there before it is given rights.
    let way_out = "; give a token by --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN; it needs: service ";
    assert!(said.contains(": 403 ") && said.contains(way_out), "without any: {said}");
}

#[test]
fn a_token_that_was_just_deleted_is_said_to_be_gone_and_changes_no_role() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let token = token_for(&one);
    let pass = one.pass().token(&token);
    assert!(one.said_by(&pass.run(), 0).starts_with("master on n1"));
    let api = one.node.api().with_token(&token);
    let own = api.get("/v1/acl/token/self").json()["AccessorID"].as_str().unwrap().to_owned();
    one.node.api().delete(&format!("/v1/acl/token/{own}")).ok();
    // An agent, and a server, may know a token for as long as acl.token_ttl, 30 s.
    let said = wait_for("the deleted token to be refused", secs(60), || {
        seen(pass.run(), |outcome| outcome.status != 0).map(|outcome| one.said_by(&outcome, 2))
    });
    let end = "ACL not found; the token does not exist, or no more; give another by --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN";
    assert!(said.contains(": 403 ") && said.ends_with(end), "{said}");
    assert!(!said.contains(&token) && one.holds_the_lock() && one.is_tagged("master"));
}

#[test]
fn no_token_is_seen_in_any_line_log_or_list_of_processes() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let nobody = one.pass().at(NOBODY_LISTENS);
    let broken = Proxy::before(node);
    broken.fail(|_, _| Some(Fault::Garbage));
    for pass in
        [one.pass(), nobody, one.pass().through(&broken), Pass::bare().arg("--nonsense"), Pass::bare().arg("--help")]
    {
        for pass in [pass.clone().token(TOKEN), pass.clone().args(["--token", TOKEN])] {
            let pass = pass.env("CONSUL_HTTP_AUTH", &format!("user:{TOKEN}"));
            for loud in [pass.clone().env("RUST_LOG", "trace"), pass.args(["--log-level", "trace"])] {
                let output = loud.output();
                assert!(!output.stdout.contains(TOKEN) && !output.stderr.contains(TOKEN), "{output:?}");
                // In base64 it would be none the less.
                assert!(!output.stderr.contains("NWVjMmU3"), "{output:?}");
            }
        }
    }
    // A token that was meant for the environment.
    let slip = one.said_by(&one.pass().arg(&format!("CONSUL_HTTP_TOKEN={TOKEN}")).run(), 2);
    assert!(slip.contains("'CONSUL_HTTP_TOKEN=...' belongs to no option") && !slip.contains(TOKEN), "{slip}");
}

#[test]
fn a_token_that_was_typed_is_not_seen_in_the_list_of_processes_while_a_run_waits() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    one.report(&one.pass());
    let proxy = Proxy::before(node);
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
