//! The way to the agent: by TCP or a Unix socket, in plain text or behind TLS, and what it means when it fails. Knows no request.
//!
//! Every request of a pass goes over one connection: bodies are read to their end, a status is never an error of the
//! transport, and the address is resolved once. No proxy is used, whatever the environment says, and no redirect is
//! followed, so that the token goes to the agent alone. Plain HTTP pays for nothing that https needs.

use std::fmt;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, NextTimeout, RustlsConnector, TcpConnector, Transport,
};

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
    let socket = access.address.socket().map(|path| {
        let connector = SocketConnector { path: path.to_owned() };
        Reaching { connector, is_socket: true }
    });
    let tcp = || Reaching { connector: TcpConnector::default(), is_socket: false };
    match (socket, &access.tls) {
        (None, None) => Agent::with_parts(config, tcp(), resolver),
        (None, Some(_)) => Agent::with_parts(config, tcp().chain(RustlsConnector::default()), resolver),
        (Some(socket), None) => Agent::with_parts(config, socket, resolver),
        (Some(socket), Some(_)) => Agent::with_parts(config, socket.chain(RustlsConnector::default()), resolver),
    }
}

/// What an error of the transport means; `None`: the time was over.
pub fn kind_of(error: ureq::Error) -> Option<Kind> {
    match error {
        ureq::Error::Timeout(_) => None,
        ureq::Error::Io(error) => match error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) {
            Some(error) => Some(of_tls(error)),
            None if is_timeout(&error) => None,
            None => Some(Kind::Interrupted(error.to_string())),
        },
        ureq::Error::Rustls(error) => Some(of_tls(&error)),
        ureq::Error::Protocol(error) => Some(Kind::NotUnderstood(error.to_string())),
        ureq::Error::Other(error) => match error.downcast::<NotReached>() {
            Ok(error) if error.is_forbidden => Some(Kind::Forbidden(error.words)),
            Ok(error) => Some(Kind::Unreachable(error.words)),
            Err(other) => Some(Kind::NotUnderstood(other.to_string())),
        },
        other => Some(Kind::NotUnderstood(other.to_string())),
    }
}

/// That there is no connection, so that nothing can have been sent. The transport's own errors do not tell that.
#[derive(Debug)]
struct NotReached {
    is_forbidden: bool,
    words: String,
}

impl NotReached {
    fn because(error: ureq::Error, is_socket: bool) -> ureq::Error {
        let (is_forbidden, words) = match error {
            ureq::Error::Timeout(_) => return error,
            ureq::Error::Io(error) if is_timeout(&error) => return error.into(),
            ureq::Error::Io(error) => (is_socket && error.kind() == ErrorKind::PermissionDenied, error.to_string()),
            other => (false, other.to_string()),
        };
        ureq::Error::Other(Box::new(NotReached { is_forbidden, words }))
    }
}

impl fmt::Display for NotReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for NotReached {}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// A connector whose errors say that there is no connection.
#[derive(Debug)]
struct Reaching<C> {
    connector: C,
    is_socket: bool,
}

impl<In: Transport, C: Connector<In>> Connector<In> for Reaching<C> {
    type Out = C::Out;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<C::Out>, ureq::Error> {
        self.connector.connect(details, chained).map_err(|error| NotReached::because(error, self.is_socket))
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
            let name = self.name.parse().map_err(|_| ureq::Error::HostNotFound);
            let found = name.and_then(|name| DefaultResolver::default().resolve(&name, config, timeout));
            addresses = found.map_err(|error| NotReached::because(error, false))?;
            self.known.get_or_init(|| addresses.to_vec());
        }
        Ok(addresses)
    }
}
