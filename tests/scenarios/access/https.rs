//! https: with Consul's own certificates, and with every way to configure trust and client certificates.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::{https_address, over_https, serve_https, text};
use crate::harness::{Authority, Cluster, Health, Pass, Proxy, Relay, consul, secs, unique};
use crate::stage::{Candidate, wait_for_another_master, wait_for_settled};

/// Runs `consul tls` in a directory.
fn consul_tls(directory: &Path, arguments: &[&str]) {
    let output = Command::new(&consul().binary).arg("tls").args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "consul tls {arguments:?}: {output:?}");
}

/// A directory that is removed when dropped.
struct Directory(std::path::PathBuf);

impl Directory {
    fn new() -> Directory {
        let name = format!("{}-{}", unique("consul-master-election-tagger-tls"), std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Directory(path)
    }

    fn file(&self, name: &str) -> String {
        text(&self.0.join(name)).to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn where_all_verify_all_with_certificates_made_by_consul_tls_a_master_is_elected_and_another_takes_over() {
    let directory = Directory::new();
    consul_tls(&directory.0, &["ca", "create"]);
    consul_tls(&directory.0, &["cert", "create", "-server"]);
    consul_tls(&directory.0, &["cert", "create", "-cli"]);
    let ca = directory.file("consul-agent-ca.pem");
    let config = json!({
        "ports": {"https": 8501, "grpc": -1}, "verify_incoming": true, "verify_outgoing": true, "ca_file": ca,
        "cert_file": directory.file("dc1-server-consul-0.pem"), "key_file": directory.file("dc1-server-consul-0-key.pem"),
    });
    let cluster = Cluster::with(2).config(config).start();
    let candidates = Candidate::on_each(cluster.nodes::<2>());
    let (certificate, key) = (directory.file("dc1-cli-consul-0.pem"), directory.file("dc1-cli-consul-0-key.pem"));
    for candidate in &candidates {
        let pass = Pass::of(&candidate.service)
            .at(&https_address(candidate.node))
            .env("CONSUL_CACERT", &ca)
            .env("CONSUL_CLIENT_CERT", &certificate)
            .env("CONSUL_CLIENT_KEY", &key)
            // Consul's server certificates are for this name, for localhost and for 127.0.0.1.
            .env("CONSUL_TLS_SERVER_NAME", "server.dc1.consul")
            .args(["--wait", "9s", "--lock-delay", "0s"]);
        candidate.let_consul_run_it("1s", &pass);
    }
    let api = cluster.server().api();
    let old = wait_for_settled(&candidates, &api);
    candidates[old].turn(Health::Critical);
    let new = wait_for_another_master(&candidates, old, &api);
    candidates[old].turn(Health::Passing);
    assert_eq!(wait_for_settled(&candidates, &api), new);
}

#[test]
fn whom_to_trust_and_what_to_show_can_be_said_by_option_and_by_variable() {
    let cluster = Cluster::of(1);
    let [n1] = cluster.nodes::<1>();
    let authority = Authority::new();
    let ip = n1.ip().to_string();
    let ca = serve_https(n1, &authority, &authority.issue(&[&ip, "server.dc1.consul", "::1"]), true);
    let (certificate, key) = authority.issue(&["client"]).write(n1.directory(), "client");
    let several = n1.directory().join("several");
    fs::create_dir_all(several.join("below")).unwrap();
    // As in official clients, subdirectories count, and files that are no certificates are ignored.
    let damaged = "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n";
    fs::write(several.join("README"), "No certificate.\n").unwrap();
    fs::write(several.join("a.pem"), Authority::new().certificate()).unwrap();
    fs::write(
        several.join("below/b.pem"),
        format!("{damaged}{}{}", Authority::new().certificate(), authority.certificate()),
    )
    .unwrap();
    let one = Candidate::alone(n1);
    let bare = Pass::of(&one.service).args(["--lock-delay", "0s"]);
    let shown = |pass: Pass| pass.env("CONSUL_CLIENT_CERT", text(&certificate)).env("CONSUL_CLIENT_KEY", text(&key));
    let there = |pass: Pass| shown(pass).at(&https_address(n1));
    let no_file = "/no/such/file";
    for (way, pass) in [
        ("variables", there(bare.clone()).env("CONSUL_CACERT", text(&ca))),
        (
            "options before variables",
            bare.clone()
                .args(["-http-addr", &https_address(n1), "-ca-file", text(&ca)])
                .args(["-client-cert", text(&certificate), "-client-key", text(&key)])
                .at("127.0.0.1:1")
                .env("CONSUL_CACERT", no_file)
                .env("CONSUL_CLIENT_CERT", no_file)
                .env("CONSUL_CLIENT_KEY", no_file),
        ),
        ("a directory", there(bare.clone()).env("CONSUL_CAPATH", text(&several))),
        (
            "a directory by option",
            there(bare.clone()).args(["--ca-path", text(&several)]).env("CONSUL_CAPATH", no_file),
        ),
        (
            "a file before a directory",
            there(bare.clone()).env("CONSUL_CACERT", text(&ca)).env("CONSUL_CAPATH", no_file),
        ),
        // This variable changes the machine's CAs for every program that follows OpenSSL.
        ("the machine's", there(bare.clone()).env("SSL_CERT_FILE", text(&ca))),
        (
            "https by variable",
            shown(bare.clone())
                .at(&format!("{ip}:8501"))
                .env("CONSUL_HTTP_SSL", "TRUE")
                .env("CONSUL_CACERT", text(&ca)),
        ),
    ] {
        let said = one.said_by(&pass.run(), 0);
        assert!(said.starts_with("master on n1"), "{way}: {said}");
    }
}

#[test]
fn an_agent_is_known_by_its_address_or_by_the_name_that_is_asked_for_and_asked_over_one_connection() {
    let cluster = Cluster::of(1);
    let [n1] = cluster.nodes::<1>();
    let authority = Authority::new();
    let ca = serve_https(n1, &authority, &authority.issue(&["server.dc1.consul", "::1"]), false);
    let target = format!("{}:8501", n1.ip());
    let (four, six) = (Relay::listening_on("127.0.0.1:0", &target), Relay::listening_on("[::1]:0", &target));
    let one = Candidate::alone(n1);
    let pass = |at: &str| over_https(one.pass(), n1, &ca).at(&format!("https://{at}"));
    let port = four.address().rsplit_once(':').unwrap().1.to_owned();
    // The first run takes the lock, with more requests.
    pass(&six.address()).run();
    // An address and a host name: both are connected to, and verified by the given name.
    for (relay, pass) in [
        (&six, pass(&six.address())),
        (&four, pass(&four.address()).args(["-tls-server-name", "[::1]:8501"])),
        (&four, pass(&four.address()).args(["-tls-server-name", "::1"])),
        (&four, pass(&four.address()).args(["-tls-server-name", "server.dc1.consul:8501"])),
        (&four, pass(&four.address()).args(["-tls-server-name", "server.dc1.consul"])),
        (&four, pass(&format!("localhost:{port}")).env("CONSUL_TLS_SERVER_NAME", "server.dc1.consul")),
    ] {
        let before = relay.connections();
        let trap = Proxy::before(n1);
        let url = format!("http://{}", trap.address());
        let pass = pass.env("https_proxy", &url).env("HTTPS_PROXY", &url).env("ALL_PROXY", &url);
        assert!(one.said_by(&pass.run(), 0).starts_with("master on n1"));
        assert_eq!(relay.connections() - before, 1, "a master's three requests go over one connection");
        assert_eq!(trap.connections(), 0, "no proxy is used");
    }
}

#[test]
fn a_certificate_by_way_of_another_ca_and_a_token_under_acls_work_as_anywhere() {
    let cluster = Cluster::with(1).acls().start();
    let [n1] = cluster.nodes::<1>();
    let authority = Authority::new();
    let between = authority.authority_below();
    let mut pair = between.issue(&[&n1.ip().to_string()]);
    // The agent sends its own certificate and those of the CAs up to the trusted one.
    pair.certificate += between.certificate();
    let ca = serve_https(n1, &authority, &pair, false);
    let one = Candidate::alone(n1);
    let pass = over_https(one.pass(), n1, &ca);
    let token = n1.api().token_with(&one.rules());
    assert!(one.said_by(&pass.clone().args(["--token", &token]).run(), 0).starts_with("master on n1"));
    assert!(one.said_by(&pass.run(), 1).contains("; give one with --token-file"));
}

#[test]
fn a_certificate_that_is_not_verified_is_said_in_every_line_and_a_run_waits_all_the_same() {
    let cluster = Cluster::of(1);
    let [n1] = cluster.nodes::<1>();
    let authority = Authority::new();
    serve_https(n1, &authority, &authority.issue(&["somewhere.else"]), false);
    let one = Candidate::alone(n1);
    let pass = one.pass().at(&https_address(n1)).env("CONSUL_HTTP_SSL_VERIFY", "false");
    let warning = "; warning: the agent's certificate is not verified (CONSUL_HTTP_SSL_VERIFY)";
    let said = one.said_by(&one.report(&pass), 0);
    assert!(said.starts_with("master on n1") && said.ends_with(warning), "{said}");
    // The session is bound to the election's check once that has passed, which begins a term.
    one.report(&pass);
    let outcome = pass.args(["--wait", "3s"]).run();
    assert!(outcome.line.ends_with(warning) && outcome.took >= secs(3), "{outcome:?}");
}
