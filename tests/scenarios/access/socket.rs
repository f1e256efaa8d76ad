//! Unix sockets: equivalent to a port, and limited in time if nobody serves them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use serde_json::json;

use super::{text, unique_file};
use crate::harness::{Authority, Cluster, Node, consul, secs, shared};
use crate::stage::Candidate;

/// Makes an agent also serve HTTP on a socket that only its own user may use.
fn serve_socket(node: &Node) -> PathBuf {
    let socket = node.directory().join("consul.sock");
    let addresses = format!("{} unix://{}", node.ip(), text(&socket));
    node.write_config("socket.json", json!({"addresses": {"http": addresses}, "unix_sockets": {"mode": "0700"}}));
    node.restart();
    socket
}

#[test]
fn an_agent_is_asked_by_its_socket_as_by_its_port_and_waited_for() {
    let cluster = Cluster::of(2);
    let [n1, n2] = cluster.nodes::<2>();
    let sockets = [n1, n2].map(|node| format!("unix://{}", text(&serve_socket(node))));
    let [one, two] = Candidate::on_each([n1, n2]);
    let pass = one.pass().at(&sockets[0]);
    assert!(one.said_by(&one.report(&pass), 0).starts_with("master on n1"));
    assert!(one.is_tagged("master") && one.holds_the_lock());
    two.follows(&one);
    one.report(&pass);
    let waited = pass.clone().args(["--wait", "3s"]).run();
    assert!(waited.took >= secs(3) && one.said_by(&waited, 0).starts_with("master on n1"), "{waited:?}");
    let by_option = two.pass().at("127.0.0.1:1").args(["-http-addr", &sockets[1]]);
    assert!(two.said_by(&by_option.run(), 0).starts_with("slave of n1"));
}

#[test]
fn https_goes_through_a_socket_too_where_the_agent_has_it() {
    let cluster = Cluster::of(1);
    let [n1] = cluster.nodes::<1>();
    let authority = Authority::new();
    let socket = n1.directory().join("https.sock");
    n1.write_config("socket.json", json!({"addresses": {"https": format!("unix://{}", text(&socket))}}));
    let ca = super::serve_https(n1, &authority, &authority.issue(&["localhost"]), false);
    let one = Candidate::alone(n1);
    let pass = one.pass().at(&format!("unix://{}", text(&socket))).env("CONSUL_HTTP_SSL", "1");
    let outcome = pass.env("CONSUL_CACERT", text(&ca)).run();
    if consul().version < (1, 11, 0) {
        // 1.8.7 serves plain text on a socket that is configured for https.
        assert!(one.said_by(&outcome, 1).contains(": what answers there does not speak TLS; "));
    } else {
        assert!(one.said_by(&outcome, 0).starts_with("master on n1"));
    }
}

#[test]
fn a_socket_that_may_not_be_used_says_so() {
    let cluster = Cluster::of(1);
    let [n1] = cluster.nodes::<1>();
    let socket = serve_socket(n1);
    // Also if the developer runs the tests as the agent's user.
    fs::set_permissions(&socket, PermissionsExt::from_mode(0o000)).unwrap();
    let one = Candidate::alone(n1);
    let outcome = one.pass().at(&format!("unix://{}", text(&socket))).by_nobody(n1.directory()).run();
    let said = one.said_by(&outcome, 1);
    assert!(
        said.contains(&format!(
            "cannot read the health of instance {} at unix://{}: no connection: Permission denied",
            one.id,
            text(&socket)
        )),
        "{said}"
    );
    assert!(
        said.ends_with(
            "; allow this user to use the socket: set user, group or mode of unix_sockets in the agent's configuration"
        ),
        "{said}"
    );
}

#[test]
fn a_socket_that_nobody_serves_is_an_outage_and_takes_no_longer_than_the_timeout() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let pass = |socket: &PathBuf| one.pass().at(&format!("unix://{}", text(socket))).args(["--timeout", "1s"]);
    let below_a_file = unique_file(node, "file");
    fs::write(&below_a_file, "").unwrap();
    let said = one.said_by(&pass(&below_a_file.join("x.sock")).run(), 1);
    assert!(said.contains("Not a directory") && said.contains("; is the agent running there?"), "{said}");
    let missing = unique_file(node, "missing.sock");
    let said = one.said_by(&pass(&missing).run(), 1);
    assert!(said.contains("No such file or directory") && said.contains("; is the agent running there?"), "{said}");
    let abandoned = unique_file(node, "abandoned.sock");
    drop(UnixListener::bind(&abandoned).unwrap());
    let said = one.said_by(&pass(&abandoned).run(), 1);
    assert!(said.contains("Connection refused") && said.contains("; is the agent running there?"), "{said}");
    // It accepts a connection and sends nothing; when its backlog is full, it accepts none.
    let silent = unique_file(node, "silent.sock");
    let _listener = UnixListener::bind(&silent).unwrap();
    let outcome = pass(&silent).run();
    assert!(one.said_by(&outcome, 1).contains(": no answer within 1s; ") && outcome.took < secs(3), "{outcome:?}");
    let _waiting = fill(&silent);
    let outcome = pass(&silent).run();
    assert!(one.said_by(&outcome, 1).contains(": no answer within 1s; ") && outcome.took < secs(3), "{outcome:?}");
}

/// Opens connections to a listener that accepts none, until the next one would block.
fn fill(socket: &PathBuf) -> Vec<UnixStream> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
    let address = SocketAddrUnix::new(socket).unwrap();
    let mut waiting = Vec::new();
    loop {
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None).unwrap();
        match connect(&socket, &address) {
            Ok(()) => waiting.push(UnixStream::from(socket)),
            Err(error) => {
                assert_eq!(error, rustix::io::Errno::AGAIN);
                return waiting;
            }
        }
        assert!(waiting.len() < 100_000, "the listener accepts any number");
    }
}
