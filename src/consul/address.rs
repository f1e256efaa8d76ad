//! Where the agent is: reads `CONSUL_HTTP_ADDR` as Consul's official clients do. Opens no connection.

use std::net::SocketAddr;

/// The address that official clients use when none is given.
const DEFAULT: &str = "127.0.0.1:8500";

/// The agent's HTTP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    base: String,
    host: String,
    port: u16,
}

impl Address {
    /// Reads an address of the form `host:port` or `http://host:port/prefix`; an empty one means `127.0.0.1:8500`.
    ///
    /// # Errors
    /// Says what is wrong with the address and what it should look like.
    pub fn parse(text: &str) -> Result<Address, String> {
        let text = if text.is_empty() { DEFAULT } else { text };
        if text.contains(['@', '?']) {
            // The text is not repeated, here or below: it may hold a password or a token.
            return Err("a user or a query string in it is not supported; use HOST:PORT or http://HOST:PORT".to_owned());
        }
        let rest = match text.split_once("://") {
            None => text,
            Some(("http", rest)) => rest,
            Some((scheme @ ("https" | "unix"), _)) => {
                return Err(format!("{scheme} is not supported yet; use the agent's plain HTTP address"));
            }
            Some((scheme, _)) => return Err(format!("unknown scheme '{scheme}'; use http://HOST:PORT")),
        };
        let (authority, prefix) = match rest.find('/') {
            Some(slash) => (&rest[..slash], rest[slash..].trim_end_matches('/')),
            None => (rest, ""),
        };
        let wrong = || format!("'{text}' is not of the form HOST:PORT or http://HOST:PORT");
        let (host, port) = split_port(authority).ok_or_else(wrong)?;
        let name_is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        let path_is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '<' | '>' | '\\' | '`');
        if host.is_empty() || !host.chars().all(name_is_plain) || !prefix.chars().all(path_is_plain) {
            return Err(wrong());
        }
        let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        Ok(Address { base: format!("http://{shown}:{port}{prefix}"), host: host.to_owned(), port })
    }

    /// Scheme, authority and path prefix, without a slash at its end: `http://127.0.0.1:8500/prefix`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where to connect to, when the host is written as an IP address and need not be resolved.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        self.host.parse().ok().map(|ip| SocketAddr::new(ip, self.port))
    }
}

/// Splits `host:port`, `[v6]:port`, or either without a port, which then is 80, as for official clients.
fn split_port(authority: &str) -> Option<(&str, u16)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        return match after {
            "" => Some((host, 80)),
            _ => Some((host, after.strip_prefix(':')?.parse().ok()?)),
        };
    }
    match authority.split_once(':') {
        None => Some((authority, 80)),
        Some((host, port)) => Some((host, port.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_official_clients_read_them() {
        for (text, base, host, port) in [
            ("", "http://127.0.0.1:8500", "127.0.0.1", 8500),
            ("127.0.0.1:8500", "http://127.0.0.1:8500", "127.0.0.1", 8500),
            ("http://consul.example:80/", "http://consul.example:80", "consul.example", 80),
            ("http://10.0.0.1:8500/a/b/", "http://10.0.0.1:8500/a/b", "10.0.0.1", 8500),
            ("[::1]:8500", "http://[::1]:8500", "::1", 8500),
            ("http://[::1]:8501/p", "http://[::1]:8501/p", "::1", 8501),
            ("localhost", "http://localhost:80", "localhost", 80),
        ] {
            let expected = Address { base: base.to_owned(), host: host.to_owned(), port };
            assert_eq!(Address::parse(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_reached_is_an_error_not_a_wrong_connection() {
        for text in [
            "https://127.0.0.1:8501",
            "unix:///run/consul.sock",
            "ftp://127.0.0.1",
            "127.0.0.1:99999",
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
        ] {
            let error = Address::parse(text).expect_err(text);
            assert!(!error.contains("password"), "{error}");
        }
    }
}
