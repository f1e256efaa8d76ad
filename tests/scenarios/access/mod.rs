//! Every way to reach an agent, on real ones: https, sockets, tokens. What each failure says, and that it says it in time.

mod https;
mod refusals;
mod secrets;
mod socket;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::harness::{Authority, Node, Pair, Pass};

/// The port on which an agent of these scenarios serves https.
const HTTPS: u16 = 8501;

/// Lets an agent serve https too, with this certificate, and for clients of this CA alone where that is asked for. The files stand in its
/// directory; the CA's is returned.
fn serve_https(node: &Node, authority: &Authority, pair: &Pair, verify: bool) -> PathBuf {
    let ca = node.directory().join("ca.pem");
    fs::write(&ca, authority.certificate()).unwrap();
    let (certificate, key) = pair.write(node.directory(), "agent");
    let config = json!({
        "ports": {"https": HTTPS}, "ca_file": ca, "cert_file": certificate, "key_file": key, "verify_incoming_https": verify,
    });
    node.write_config("https.json", config);
    node.restart();
    ca
}

/// The agent's https address.
fn https_address(node: &Node) -> String {
    format!("https://{}:{HTTPS}", node.ip())
}

/// A pass that asks by https and trusts the CA in this file.
fn over_https(pass: Pass, node: &Node, ca: &Path) -> Pass {
    pass.at(&https_address(node)).env("CONSUL_CACERT", text(ca))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A name for a file that no other scenario of this process writes.
fn unique_file(node: &Node, name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    node.directory().join(format!("{}-{name}", NEXT.fetch_add(1, Ordering::Relaxed)))
}
