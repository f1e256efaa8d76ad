//! Where the agent is: reads an address as Consul's official clients do. Opens no connection.

use std::net::SocketAddr;
use std::os::unix::net::SocketAddr as SocketPath;
use std::path::{Path, PathBuf};

/// The address that official clients use when none is given.
const DEFAULT: &str = "127.0.0.1:8500";

/// What an address looks like, for errors.
const FORMS: &str = "HOST:PORT, http://HOST:PORT, https://HOST:PORT or unix:///PATH";

/// The agent's HTTP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    is_https: bool,
    place: Place,
    /// Goes before every path; empty, or with a slash at its beginning and none at its end.
    prefix: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tcp { host: String, port: u16 },
    Socket(PathBuf),
}

impl Address {
    /// Reads an address; an empty one means `127.0.0.1:8500`. `asks_for_https` is what `CONSUL_HTTP_SSL` says: it makes https of an address
    /// without a scheme, and of one with `http://` as well (as newer official clients do), so that no token goes over the wire in plain
    /// text that should not.
    ///
    /// # Errors
    /// Says what is wrong with the address and what it should look like.
    pub fn parse(text: &str, asks_for_https: bool) -> Result<Address, String> {
        let text = if text.is_empty() { DEFAULT } else { text };
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        if scheme == "unix" {
            return Ok(Address { is_https: asks_for_https, place: socket(rest)?, prefix: String::new() });
        }
        if text.contains(['@', '?']) {
            // The text is not repeated, here or below: it may hold a password or a token.
            return Err(format!(
                "a user or a query string in it is not taken; use {FORMS}, and CONSUL_HTTP_AUTH for a user"
            ));
        }
        let is_https = match scheme {
            "http" => asks_for_https,
            "https" => true,
            _ => return Err(format!("unknown scheme '{scheme}'; use {FORMS}")),
        };
        let (authority, prefix) = match rest.find('/') {
            Some(slash) => (&rest[..slash], rest[slash..].trim_end_matches('/')),
            None => (rest, ""),
        };
        let wrong = || format!("'{text}' is not of the form {FORMS}");
        let (host, port) = split_port(authority, if is_https { 443 } else { 80 }).ok_or_else(wrong)?;
        let name_is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        let path_is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '<' | '>' | '\\' | '`');
        if host.is_empty() || !host.chars().all(name_is_plain) || !prefix.chars().all(path_is_plain) {
            return Err(wrong());
        }
        Ok(Address { is_https, place: Place::Tcp { host: host.to_owned(), port }, prefix: prefix.to_owned() })
    }

    /// Whether it is reached by https.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The socket's path, where it is reached by one.
    pub fn socket(&self) -> Option<&Path> {
        match &self.place {
            Place::Socket(path) => Some(path),
            Place::Tcp { .. } => None,
        }
    }

    /// Where to connect to, when the host is written as an IP address and need not be resolved.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        match &self.place {
            Place::Tcp { host, port } => host.parse().ok().map(|ip| SocketAddr::new(ip, *port)),
            Place::Socket(_) => None,
        }
    }

    /// What stands before a path when people are told of a request: `http://127.0.0.1:8500/prefix`, `unix:///run/consul.sock:`.
    pub fn shown(&self) -> String {
        match &self.place {
            Place::Tcp { .. } => self.url(&self.host()),
            Place::Socket(path) => format!("unix://{}:", path.display()),
        }
    }

    /// Scheme, host, port and prefix as a request has them, with another host's name where one is given.
    pub fn base(&self, name: Option<&str>) -> String {
        self.url(&name.map_or_else(|| self.host(), bracketed))
    }

    /// What the agent is told to be asked as. Consul answers 400 to a request by a socket that calls it anything but `localhost`.
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

/// A host as a URL has it.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Reads the path of a socket, which the system limits to about a hundred bytes.
fn socket(path: &str) -> Result<Place, String> {
    let sound = !path.is_empty() && SocketPath::from_pathname(path).is_ok();
    sound
        .then(|| Place::Socket(path.into()))
        .ok_or_else(|| format!("'unix://{path}' names no socket; write unix:///PATH, of no more than 107 bytes"))
}

fn port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Splits `host:port`, `[v6]:port`, or either without a port, which then is the scheme's own, as for official clients.
fn split_port(authority: &str, default: u16) -> Option<(&str, u16)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return match after {
            "" => Some((host, default)),
            _ => Some((host, port(after.strip_prefix(':')?)?)),
        };
    }
    match authority.split_once(':') {
        None => Some((authority, default)),
        Some((host, after)) => Some((host, port(after)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_official_clients_read_them() {
        for (text, ssl, shown) in [
            ("", false, "http://127.0.0.1:8500"),
            ("", true, "https://127.0.0.1:8500"),
            ("127.0.0.1:8500", false, "http://127.0.0.1:8500"),
            ("http://consul.example:80/", false, "http://consul.example:80"),
            ("http://consul.example:80/", true, "https://consul.example:80"),
            ("http://10.0.0.1:8500/a/b/", false, "http://10.0.0.1:8500/a/b"),
            ("https://10.0.0.1:8501/a/b/", false, "https://10.0.0.1:8501/a/b"),
            ("[::1]:8500", false, "http://[::1]:8500"),
            ("https://[::1]/p", false, "https://[::1]:443/p"),
            ("localhost", false, "http://localhost:80"),
            ("unix:///run/consul.sock", false, "unix:///run/consul.sock:"),
            ("unix://consul@1.sock", true, "unix://consul@1.sock:"),
        ] {
            let address = Address::parse(text, ssl).expect(text);
            assert_eq!(address.shown(), shown, "{text:?}");
            assert_eq!(address.is_https(), ssl || text.starts_with("https"), "{text:?}");
        }
    }

    #[test]
    fn a_request_has_the_host_that_the_agent_is_to_see() {
        for (text, name, base, header) in [
            ("https://10.0.0.1:8501/p", None, "https://10.0.0.1:8501/p", "10.0.0.1:8501"),
            ("https://10.0.0.1:8501/p", Some("server.dc1.consul"), "https://server.dc1.consul:8501/p", "10.0.0.1:8501"),
            ("https://[::1]:8501", None, "https://[::1]:8501", "[::1]:8501"),
            ("https://10.0.0.1:8501", Some("::1"), "https://[::1]:8501", "10.0.0.1:8501"),
            ("unix:///run/consul.sock", None, "http://localhost", "localhost"),
        ] {
            let address = Address::parse(text, false).expect(text);
            assert_eq!((address.base(name).as_str(), address.host_header().as_str()), (base, header));
        }
    }

    #[test]
    fn what_cannot_be_reached_is_an_error_not_a_wrong_connection() {
        let long = format!("unix:///{}", "x".repeat(200));
        for text in [
            long.as_str(),
            "unix://",
            "ftp://127.0.0.1",
            "127.0.0.1:99999",
            "127.0.0.1:+8500",
            "127.0.0.1:",
            ":8500",
            "::1:8500",
            "[::1:8500",
            "[name]:8500",
            "user:password@127.0.0.1:8500",
            "user@127.0.0.1:8500",
            "http://user:pass/password@127.0.0.1:8500",
            "127.0.0.1:8500/x?token=password",
            "127.0.0.1:8500?x",
            "two words:8500",
            "http://",
            "https://",
        ] {
            let error = Address::parse(text, false).expect_err(text);
            assert!(!error.contains("password"), "{error}");
        }
    }
}
