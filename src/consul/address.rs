//! The agent's address, read as Consul's official clients read it. Opens no connection; must never know who named the
//! address.

use std::fmt;
use std::net::SocketAddr;
use std::os::unix::net::SocketAddr as SocketPath;
use std::path::{Path, PathBuf};

/// The address that official clients use by default.
const DEFAULT: &str = "127.0.0.1:8500";

/// The forms of an address, for errors.
const FORMS: &str = "HOST:PORT, http://HOST:PORT, https://HOST:PORT or unix:///PATH";

/// The agent's HTTP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    is_https: bool,
    place: Place,
    /// Whether its port was not given, so that it is the scheme's own.
    lacks_port: bool,
    /// Precedes every path. Empty, or begins with a slash and does not end with one.
    prefix: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tcp { host: String, port: u16 },
    Socket(PathBuf),
}

/// The local agent's default address, `127.0.0.1:8500`.
impl Default for Address {
    fn default() -> Address {
        Address {
            is_https: false,
            place: Place::Tcp { host: "127.0.0.1".to_owned(), port: 8500 },
            lacks_port: false,
            prefix: String::new(),
        }
    }
}

/// Why a text is not an address. Its words repeat the text only where it cannot hold a password or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// It holds a user or a query string, and so maybe a secret.
    UserOrQuery,
    /// It begins with a scheme that Consul does not serve.
    UnknownScheme(String),
    /// It has no host, a port that is no number, or characters that do not belong there.
    WrongForm(String),
    /// The path of its socket is empty or too long.
    WrongSocket(String),
}

/// The ports on which an agent serves something else by default, and what.
const OTHER_PORTS: &[(u16, &str)] =
    &[(8300, "server RPC"), (8301, "gossip"), (8302, "gossip"), (8502, "gRPC"), (8503, "gRPC"), (8600, "DNS")];

/// Why the port of an address may be the wrong one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortDoubt {
    /// None was given, so that this one, the scheme's own, was used.
    NotGiven(u16),
    /// It is the one on which agents serve this.
    Serves(u16, &'static str),
}

impl Address {
    /// Reads an address. An empty text means `127.0.0.1:8500`. With `prefers_https`, an address without a scheme or
    /// with `http://` is reached over https, as in newer official clients.
    ///
    /// # Errors
    /// When the text is not an address.
    pub fn parse(text: &str, prefers_https: bool) -> Result<Address, AddressError> {
        let text = if text.is_empty() { DEFAULT } else { text };
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        if scheme == "unix" {
            let place = socket(rest)?;
            return Ok(Address { is_https: prefers_https, place, lacks_port: false, prefix: String::new() });
        }
        if text.contains(['@', '?']) {
            return Err(AddressError::UserOrQuery);
        }
        let is_https = match scheme {
            "http" => prefers_https,
            "https" => true,
            _ => return Err(AddressError::UnknownScheme(scheme.to_owned())),
        };
        let (authority, prefix) = match rest.find('/') {
            Some(slash) => (&rest[..slash], rest[slash..].trim_end_matches('/')),
            None => (rest, ""),
        };
        let wrong = || AddressError::WrongForm(text.to_owned());
        let (host, given) = split_port(authority).ok_or_else(wrong)?;
        // The scheme's own port is the default, as in official clients.
        let port = given.unwrap_or(if is_https { 443 } else { 80 });
        let name_is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        let path_is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '<' | '>' | '\\' | '`');
        if host.is_empty() || !host.chars().all(name_is_plain) || !prefix.chars().all(path_is_plain) {
            return Err(wrong());
        }
        let place = Place::Tcp { host: host.to_owned(), port };
        Ok(Address { is_https, place, lacks_port: given.is_none(), prefix: prefix.to_owned() })
    }

    /// Returns whether the agent is reached over https.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Returns why the port may be the wrong one.
    pub fn port_doubt(&self) -> Option<PortDoubt> {
        let Place::Tcp { port, .. } = &self.place else { return None };
        if self.lacks_port {
            return Some(PortDoubt::NotGiven(*port));
        }
        let (port, serves) = OTHER_PORTS.iter().find(|(other, _)| other == port)?;
        Some(PortDoubt::Serves(*port, serves))
    }

    /// Returns the path of the agent's Unix socket, if it is reached by one.
    pub fn socket(&self) -> Option<&Path> {
        match &self.place {
            Place::Socket(path) => Some(path),
            Place::Tcp { .. } => None,
        }
    }

    /// Returns the address to connect to, if the host is an IP address and needs no resolving.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        match &self.place {
            Place::Tcp { host, port } => host.parse().ok().map(|ip| SocketAddr::new(ip, *port)),
            Place::Socket(_) => None,
        }
    }

    /// Returns the host, unless the agent is reached by a socket.
    pub fn host_name(&self) -> Option<&str> {
        match &self.place {
            Place::Tcp { host, .. } => Some(host),
            Place::Socket(_) => None,
        }
    }

    /// Returns the address for people: `http://127.0.0.1:8500/prefix`, `unix:///run/consul.sock`.
    pub fn shown(&self) -> String {
        match &self.place {
            Place::Tcp { .. } => self.url(&self.host()),
            Place::Socket(path) => format!("unix://{}", path.display()),
        }
    }

    /// Returns what precedes the path in a request's URL: scheme, host, port and prefix. `name` replaces the host.
    pub fn base(&self, name: Option<&str>) -> String {
        self.url(&name.map_or_else(|| self.host(), bracketed))
    }

    /// Returns the `Host` header. Over a socket it is `localhost`, because Consul answers 400 to any other.
    pub fn host_header(&self) -> String {
        self.host() + &self.port()
    }

    fn url(&self, host: &str) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{host}{}{}", self.port(), self.prefix)
    }

    fn host(&self) -> String {
        match &self.place {
            Place::Tcp { host, .. } => bracketed(host),
            Place::Socket(_) => "localhost".to_owned(),
        }
    }

    fn port(&self) -> String {
        match &self.place {
            Place::Tcp { port, .. } => format!(":{port}"),
            Place::Socket(_) => String::new(),
        }
    }
}

/// Returns a host in the form that a URL needs.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressError::UserOrQuery => write!(f, "a user or a query string is not accepted; use {FORMS}"),
            AddressError::UnknownScheme(scheme) => write!(f, "unknown scheme '{scheme}'; use {FORMS}"),
            AddressError::WrongForm(text) => write!(f, "'{text}' is not of the form {FORMS}"),
            AddressError::WrongSocket(path) => {
                write!(f, "'unix://{path}' names no socket; write unix:///PATH, of at most 107 bytes")
            }
        }
    }
}

impl std::error::Error for AddressError {}

/// Reads the path of a socket, which the system limits to about 100 bytes.
fn socket(path: &str) -> Result<Place, AddressError> {
    let sound = !path.is_empty() && SocketPath::from_pathname(path).is_ok();
    sound.then(|| Place::Socket(path.into())).ok_or_else(|| AddressError::WrongSocket(path.to_owned()))
}

fn port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Splits `host:port`, `[v6]:port`, or either without a port.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return match after {
            "" => Some((host, None)),
            _ => Some((host, Some(port(after.strip_prefix(':')?)?))),
        };
    }
    match authority.split_once(':') {
        None => Some((authority, None)),
        Some((host, after)) => Some((host, Some(port(after)?))),
    }
}

#[cfg(test)]
mod tests;
