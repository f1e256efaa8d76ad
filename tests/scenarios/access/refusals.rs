//! Errors in a certificate, a key or a port: one line with the cause and the fix, the right exit code, in time, and no
//! action.

use std::fs;
use std::path::PathBuf;

use super::{https_address, over_https, serve_https, text};
use crate::harness::{Authority, Cluster, Node, Pass, Proxy, secs, shared};
use crate::stage::Candidate;

const CLIENT: &str = "; give a valid certificate of the agent's CA with --client-cert and --client-key (CONSUL_CLIENT_CERT, CONSUL_CLIENT_KEY)";
const CA: &str = ": no trusted CA signed its certificate; name the CA that did with --ca-file or --ca-path (CONSUL_CACERT, CONSUL_CAPATH)";

/// Runs the same pass twice: it must end with this exit code, in time, with the same line that contains these parts,
/// and do nothing.
fn refused(one: &Candidate, pass: &Pass, status: i32, parts: &[&str]) {
    let pass = pass.clone().args(["--timeout", "15s"]);
    let first = pass.run();
    let said = one.said_by(&first, status);
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    assert!(first.took < secs(5), "{first:?}");
    assert_eq!(first.stderr, "");
    assert_eq!(one.said_by(&pass.run(), status), said, "the same state prints the same line");
    assert!(!one.is_tagged("master") && !one.is_tagged("slave") && one.sessions().is_empty());
}

#[test]
fn an_agent_that_verifies_refuses_a_client_without_a_certificate_or_with_one_of_another_ca_or_an_old_one() {
    let cluster = Cluster::of(1);
    let [n1] = cluster.nodes::<1>();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let ca = serve_https(n1, &ours, &ours.issue(&[&n1.ip().to_string()]), true);
    let one = Candidate::alone(n1);
    let pass = over_https(one.pass(), n1, &ca);
    let health = format!("cannot read the health of instance {} at {}: TLS failed", one.id, https_address(n1));
    refused(&one, &pass, 1, &["error: ", &health, ": it ended the connection: ", CLIENT]);
    for (name, pair) in [("theirs", theirs.issue(&["client"])), ("old", ours.issue_for(&["client"], 2020, 2021))] {
        let (certificate, key) = pair.write(n1.directory(), name);
        let pass = pass.clone().args(["--client-cert", text(&certificate), "--client-key", text(&key)]);
        refused(&one, &pass, 1, &[&health, ": it ended the connection: ", CLIENT]);
    }
}

#[test]
fn an_agent_whose_certificate_is_of_another_ca_for_another_name_or_for_another_time_is_not_believed() {
    let cluster = Cluster::of(4);
    let [n1, n2, n3, n4] = cluster.nodes::<4>();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let ip = |node: &Node| node.ip().to_string();
    let their_ca = {
        let path = n1.directory().join("their-ca.pem");
        fs::write(&path, theirs.certificate()).unwrap();
        path
    };
    let good = serve_https(n1, &ours, &ours.issue(&[&ip(n1)]), false);
    for (node, pair, status, parts) in [
        (
            n2,
            ours.issue_for(&[&ip(n2)], 2020, 2021),
            1,
            [
                ": its certificate expired on 2021-01-01T00:00:00Z",
                "; renew the agent's certificate, or correct this machine's clock",
            ],
        ),
        (
            n3,
            ours.issue_for(&[&ip(n3)], 2100, 2101),
            1,
            [": its certificate is valid only from 2100-01-01T00:00:00Z", "; renew the agent's certificate"],
        ),
        (
            n4,
            ours.issue(&["server.dc1.consul"]),
            1,
            ["server.dc1.consul", "; name the host that it is for with --tls-server-name or CONSUL_TLS_SERVER_NAME"],
        ),
    ] {
        let ca = serve_https(node, &ours, &pair, false);
        let one = Candidate::alone(node);
        refused(&one, &over_https(one.pass(), node, &ca), status, &parts);
    }
    let one = Candidate::alone(n1);
    refused(&one, &over_https(one.pass(), n1, &their_ca), 1, &[CA]);
    refused(&one, &one.pass().at(&https_address(n1)), 1, &[CA]);
    let wrong_name = over_https(one.pass(), n1, &good).args(["--tls-server-name", "server.dc1.consul"]);
    refused(&one, &wrong_name, 1, &["certificate not valid for name \"server.dc1.consul\"", &ip(n1)]);
    // The agent itself works.
    assert!(one.said_by(&over_https(one.pass(), n1, &good).run(), 0).starts_with("master on n1"));
}

#[test]
fn plain_text_to_an_https_port_and_https_to_a_plain_one_say_so() {
    let cluster = Cluster::of(1);
    let [n1] = cluster.nodes::<1>();
    let authority = Authority::new();
    let ca = serve_https(n1, &authority, &authority.issue(&[&n1.ip().to_string()]), false);
    let one = Candidate::alone(n1);
    let plain = one.pass().at(&format!("{}:8501", n1.ip()));
    refused(
        &one,
        &plain,
        1,
        &["HTTP request to an HTTPS server", "; set --http-addr or CONSUL_HTTP_ADDR to https://HOST:PORT"],
    );
    let https = over_https(one.pass(), n1, &ca).at(&format!("https://{}:8500", n1.ip()));
    refused(
        &one,
        &https,
        1,
        &[": what answers there does not speak TLS; if the agent serves plain HTTP there, use http://HOST:PORT"],
    );
}

/// Writes a file of the scenario's with this text.
fn file(node: &Node, text: &str) -> PathBuf {
    let path = super::unique_file(node, "pem");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn an_invalid_or_mismatched_file_is_named_before_any_request() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let silent = Proxy::before(node);
    let authority = Authority::new();
    let (first, second) = (authority.issue(&["a"]), authority.issue(&["b"]));
    let ca = file(node, authority.certificate());
    let (certificate, key, other_key) =
        (file(node, &first.certificate), file(node, &first.key), file(node, &second.key));
    let text_only = file(node, "no PEM at all\n");
    let broken = file(node, "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n");
    let no_certificate = file(node, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let empty = super::unique_file(node, "directory");
    fs::create_dir(&empty).unwrap();
    let (missing, directory) = (node.directory().join("missing"), node.directory());
    for (option, path, more, words) in [
        ("--ca-file", text(&missing), None, "cannot read"),
        ("--ca-file", text(directory), None, "is a directory"),
        ("--ca-file", text(&text_only), None, "has no usable CA certificate"),
        ("--ca-file", text(&broken), None, "has no usable CA certificate"),
        ("--ca-file", text(&no_certificate), None, "has no usable CA certificate"),
        ("--ca-file", text(&key), None, "has no usable CA certificate"),
        ("--ca-path", text(&missing), None, "cannot read"),
        ("--ca-path", text(&ca), None, "cannot read"),
        ("--ca-path", text(&empty), None, "no file in"),
        ("--client-cert", text(&missing), Some(("--client-key", text(&key))), "cannot read"),
        ("--client-cert", text(&key), Some(("--client-key", text(&key))), "has no usable certificate"),
        ("--client-cert", text(&no_certificate), Some(("--client-key", text(&key))), "no usable certificate in PEM"),
        ("--client-key", text(&missing), Some(("--client-cert", text(&certificate))), "cannot read"),
        ("--client-key", text(&certificate), Some(("--client-cert", text(&certificate))), "has no private key"),
        ("--client-key", text(&broken), Some(("--client-cert", text(&certificate))), "has no private key"),
        (
            "--client-key",
            text(&other_key),
            Some(("--client-cert", text(&certificate))),
            "is not the key of the certificate",
        ),
    ] {
        let mut pass = one.pass().at(&format!("https://{}", silent.address())).args([option, path]);
        if option.starts_with("--client") {
            pass = pass.env("CONSUL_CACERT", text(&ca));
        }
        if let Some((option, path)) = more {
            pass = pass.args([option, path]);
        }
        refused(&one, &pass, 1, &[&format!("error: {option}: "), path, words, "; "]);
    }
    assert_eq!(silent.connections(), 0);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let secret = file(node, "x");
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    for option in ["--ca-file", "--token-file"] {
        let pass = one.pass().at("https://127.0.0.1:1").args([option, text(&secret)]).by_nobody(node.directory());
        refused(&one, &pass, 1, &[&format!("error: {option}: cannot read {}: Permission denied", text(&secret))]);
    }
}

#[test]
fn a_host_that_does_not_exist_is_an_outage_in_which_nothing_was_sent() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    for address in ["no.such.host.invalid:8500", "https://no.such.host.invalid:8501"] {
        let ca = file(node, Authority::new().certificate());
        let pass = one.pass().at(address).env("CONSUL_CACERT", text(&ca));
        refused(
            &one,
            &pass,
            1,
            &[" at http", ": no connection: ", "; is the agent running there? set its address with --http-addr"],
        );
    }
}

#[test]
fn an_agent_that_is_silent_behind_tls_costs_no_more_than_the_timeout() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let ca = file(node, Authority::new().certificate());
    // It accepts connections and never sends anything.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let pass = one.pass().at(&format!("https://{}", listener.local_addr().unwrap())).env("CONSUL_CACERT", text(&ca));
    let outcome = pass.args(["--timeout", "1s"]).run();
    assert!(one.said_by(&outcome, 1).contains(": no answer within 1s; "), "{outcome:?}");
    assert!(outcome.took < secs(3), "{outcome:?}");
}

#[test]
fn a_namespace_on_a_consul_that_has_none_is_refused_in_its_own_words() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    for (option, variable, parameter) in
        [("-namespace", "CONSUL_NAMESPACE", "ns"), ("-partition", "CONSUL_PARTITION", "partition")]
    {
        let proxy = Proxy::before(node);
        let by_option = one.pass().through(&proxy).args([option, "a team"]);
        let by_variable = one.pass().through(&proxy).env(variable, "a team");
        for pass in [by_option, by_variable] {
            proxy.clear();
            let said = one.said_by(&pass.run(), 1);
            let way_out = "; unset CONSUL_NAMESPACE and CONSUL_PARTITION, and drop --namespace and --partition";
            assert!(said.contains(": 400 ") && said.ends_with(way_out), "{said}");
            let asked = proxy.requests();
            assert!(
                !asked.is_empty()
                    && asked.iter().all(|request| request.path.contains(&format!("{parameter}=a%20team"))),
                "{asked:?}"
            );
        }
    }
}
