//! The connection to the agent: TCP or a Unix socket, plain or TLS, and what a failure of it means. Must never know a
//! request.
//!
//! All requests of a client share one connection: every body is read to its end, no status is an error of the
//! transport, and the address is resolved once. Proxies of the environment and redirects are ignored, so that the token
//! reaches only the agent.

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
use super::error::{Cause, Kind};
use super::socket::SocketConnector;

/// ureq's default is 128 KiB each. A few kilobytes are exchanged, and a buffer grows on demand.
const BUFFER_BYTES: usize = 16 * 1024;

/// Creates an HTTP client that connects only to this agent.
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

/// Classifies an error of the transport. `None`: the time is over.
pub fn kind_of(error: ureq::Error) -> Option<Kind> {
    match error {
        ureq::Error::Timeout(_) => None,
        ureq::Error::BodyExceedsLimit(limit) => Some(Kind::TooLarge(limit)),
        ureq::Error::Io(error) => match error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) {
            Some(error) => Some(Kind::of_tls(error.clone())),
            None if is_timeout(&error) => None,
            None => Some(Kind::Interrupted(error.into())),
        },
        ureq::Error::Rustls(error) => Some(Kind::of_tls(error)),
        ureq::Error::Protocol(error) => Some(Kind::NotUnderstood(error.into())),
        ureq::Error::Other(error) => match error.downcast::<NotReached>() {
            Ok(error) if error.is_forbidden => Some(Kind::Forbidden(error.cause)),
            Ok(error) => Some(Kind::Unreachable(error.cause)),
            Err(other) => Some(Kind::NotUnderstood(other)),
        },
        other => Some(Kind::NotUnderstood(other.into())),
    }
}

/// No connection, so nothing was sent. ureq's own errors do not show that.
#[derive(Debug)]
struct NotReached {
    is_forbidden: bool,
    cause: Cause,
}

impl NotReached {
    fn because(error: ureq::Error, is_socket: bool) -> ureq::Error {
        let (is_forbidden, cause) = match error {
            ureq::Error::Timeout(_) => return error,
            ureq::Error::Io(error) if is_timeout(&error) => return error.into(),
            ureq::Error::Io(error) => (is_socket && error.kind() == ErrorKind::PermissionDenied, error.into()),
            other => (false, other.into()),
        };
        ureq::Error::Other(Box::new(NotReached { is_forbidden, cause }))
    }
}

impl fmt::Display for NotReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for NotReached {}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// A connector whose errors say that no connection exists.
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

/// Resolves the agent's address once. ureq resolves it for every request, even on a pooled connection, and its own
/// resolver starts a thread each time, which takes as long as a request on loopback.
#[derive(Debug)]
struct ResolveOnce {
    /// The address, if it needs no resolving.
    fixed: Option<SocketAddr>,
    /// The URL to resolve. A request's own URL differs where the certificate is for another name.
    name: String,
    /// The addresses that the name resolved to.
    known: OnceLock<Vec<SocketAddr>>,
}

impl ResolveOnce {
    fn of(access: &Access) -> ResolveOnce {
        // A socket's connector needs no address, but ureq requires one.
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
