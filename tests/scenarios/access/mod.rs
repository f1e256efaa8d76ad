//! Every way to reach a real agent: https, sockets, tokens. Each failure must have its own message, in time.

mod https;
mod refusals;
mod secrets;
mod socket;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::harness::{Authority, Node, Pair, Pass};

/// The agents' https port in these scenarios.
const HTTPS: u16 = 8501;

/// Makes an agent also serve https with this certificate, and accept only clients of this CA if asked to. Writes the
/// files to its directory, and returns the CA's.
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

/// Returns the agent's https address.
fn https_address(node: &Node) -> String {
    format!("https://{}:{HTTPS}", node.ip())
}

/// Returns a pass that uses https and trusts the CA in this file.
fn over_https(pass: Pass, node: &Node, ca: &Path) -> Pass {
    pass.at(&https_address(node)).env("CONSUL_CACERT", text(ca))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Returns a file name that no other scenario of this process uses.
fn unique_file(node: &Node, name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    node.directory().join(format!("{}-{name}", NEXT.fetch_add(1, Ordering::Relaxed)))
}
