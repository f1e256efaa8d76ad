//! The way to the agent: by TCP or a Unix socket, in plain text or behind TLS, and what it means when it fails. Knows no request.
//!
//! Every request of a pass goes over one connection: bodies are read to their end, a status is never an error of the
//! transport, and the address is resolved once. No proxy is used, whatever the environment says, and no redirect is
//! followed, so that the token goes to the agent alone. Plain HTTP pays for nothing that https needs.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Connector, NextTimeout, RustlsConnector, TcpConnector};

use super::access::Access;
use super::error::Kind;
use super::socket::SocketConnector;
use super::tls::TlsFault;

/// ureq's default is 128 KiB each; a pass exchanges a few kilobytes, and a buffer grows when it must.
const BUFFER_BYTES: usize = 16 * 1024;

/// What connects to this agent, and to no other.
pub fn agent(access: &Access) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("consul-master-election-tagger/", env!("CARGO_PKG_VERSION")))
        .input_buffer_size(BUFFER_BYTES)
        .output_buffer_size(BUFFER_BYTES);
    if let Some(tls) = &access.tls {
        config = config.tls_config(tls.config());
    }
    let config = config.build();
    let resolver = ResolveOnce::of(access);
    let socket = access.address.socket().map(|path| SocketConnector { path: path.to_owned() });
    match (socket, &access.tls) {
        (None, None) => Agent::with_parts(config, TcpConnector::default(), resolver),
        (None, Some(_)) => {
            Agent::with_parts(config, TcpConnector::default().chain(RustlsConnector::default()), resolver)
        }
        (Some(socket), None) => Agent::with_parts(config, socket, resolver),
        (Some(socket), Some(_)) => Agent::with_parts(config, socket.chain(RustlsConnector::default()), resolver),
    }
}

/// What an error of the transport means; `None`: the time was over.
pub fn kind_of(error: ureq::Error) -> Option<Kind> {
    match error {
        ureq::Error::Timeout(_) => None,
        ureq::Error::HostNotFound => Some(Kind::Unreachable("host not found".to_owned())),
        ureq::Error::Io(error) => {
            let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
            match (tls, error.kind()) {
                (Some(error), _) => Some(of_tls(error)),
                (None, ErrorKind::TimedOut | ErrorKind::WouldBlock) => None,
                (None, ErrorKind::PermissionDenied) => Some(Kind::Forbidden(error.to_string())),
                (
                    None,
                    ErrorKind::ConnectionRefused
                    | ErrorKind::HostUnreachable
                    | ErrorKind::NetworkUnreachable
                    | ErrorKind::AddrNotAvailable
                    | ErrorKind::NotFound,
                ) => Some(Kind::Unreachable(error.to_string())),
                (None, _) => Some(Kind::Interrupted(error.to_string())),
            }
        }
        ureq::Error::Rustls(error) => Some(of_tls(&error)),
        ureq::Error::Protocol(error) => Some(Kind::NotUnderstood(error.to_string())),
        other => Some(Kind::NotUnderstood(other.to_string())),
    }
}

fn of_tls(error: &rustls::Error) -> Kind {
    let (fault, words) = TlsFault::of(error);
    Kind::Tls(fault, words)
}

/// Resolves the agent's address once. ureq asks for every request, on a pooled connection too, and its own resolver starts a
/// thread each time, which costs as much as a request on loopback.
#[derive(Debug)]
struct ResolveOnce {
    /// The address, where it is written as an IP address.
    fixed: Option<SocketAddr>,
    /// What is to be resolved, which is not the URL of a request where the agent's certificate is for another name.
    name: String,
    /// What the name resolved to.
    known: OnceLock<Vec<SocketAddr>>,
}

impl ResolveOnce {
    fn of(access: &Access) -> ResolveOnce {
        // A socket has no such address, and its connector asks for none; but ureq wants one.
        let unused = || access.address.socket().map(|_| SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        let fixed = access.address.socket_address().or_else(unused);
        ResolveOnce { fixed, name: access.address.base(None), known: OnceLock::new() }
    }
}

impl Resolver for ResolveOnce {
    fn resolve(
        &self,
        _: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        if let Some(address) = self.fixed {
            addresses.push(address);
        } else if let Some(known) = self.known.get() {
            for address in known {
                addresses.push(*address);
            }
        } else {
            let name = self.name.parse().map_err(|_| ureq::Error::HostNotFound)?;
            addresses = DefaultResolver::default().resolve(&name, config, timeout)?;
            self.known.get_or_init(|| addresses.to_vec());
        }
        Ok(addresses)
    }
}
