//! One run of an instance at a time runs hooks. Knows no hooks.
//!
//! A hook that lets the agent reload makes it start the check's next run at once, while this run still has to note that the hook is done. The
//! turn is a name in the kernel, and is free again when the run ends, however it ends.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use super::config::Config;
use super::identity::Identity;

/// The right to run hooks, until it is dropped.
pub struct Turn {
    _name: Option<UnixListener>,
}

impl Turn {
    /// Takes the turn; `None`: another run of the instance has it. Where the kernel has no such names, every run may go.
    pub fn take(config: &Config, own: &Identity) -> Option<Turn> {
        let mut hasher = DefaultHasher::new();
        (config.access.address.shown(), &config.names.query, &own.node, &own.service_id).hash(&mut hasher);
        let name = format!("consul-master-election-tagger {:016x}", hasher.finish());
        match SocketAddr::from_abstract_name(name).and_then(|name| UnixListener::bind_addr(&name)) {
            Ok(name) => Some(Turn { _name: Some(name) }),
            Err(error) if error.kind() == ErrorKind::AddrInUse => None,
            Err(_) => Some(Turn { _name: None }),
        }
    }
}
