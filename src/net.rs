//! Connections and name lookups with a time limit, which the standard library lacks. Must never know what a connection is for.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

/// Connects to a Unix socket; a leading `@` means a name outside the file system. A listener that does not accept would block the caller:
/// after `limit` the error is [`ErrorKind::WouldBlock`]. `None`: no limit.
///
/// # Errors
/// When there is no connection within the limit.
pub fn connect_unix(path: &Path, limit: Option<Duration>) -> Result<UnixStream> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // The limit for sending also limits the connect.
    set_socket_timeout(&socket, Timeout::Send, limit)?;
    let address = match path.as_os_str().as_bytes() {
        [b'@', name @ ..] => SocketAddrUnix::new_abstract_name(name)?,
        _ => SocketAddrUnix::new(path)?,
    };
    retry_on_intr(|| connect(&socket, &address))?;
    Ok(UnixStream::from(socket))
}

/// Looks up the addresses of a host. The system's resolver has no limit that a caller could set, so a name is looked up in a thread, which
/// is left alone after `limit`.
///
/// # Errors
/// When the name has no address or the lookup takes longer.
pub fn resolve(host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (name, (answer, answered)) = (host.to_owned(), channel());
    thread::Builder::new().name("resolver".to_owned()).spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        // Nobody waits any more if the limit has passed.
        let _ = answer.send(found);
    })?;
    answered
        .recv_timeout(limit)
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::TimedOut, "the resolver does not answer")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::time::Instant;

    use rustix::net::{bind, listen};

    use super::*;

    #[test]
    fn a_listener_that_does_not_accept_blocks_for_no_longer_than_the_limit() {
        let path = std::env::temp_dir().join(format!("net-{}.sock", std::process::id()));
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        listen(&socket, 0).unwrap();
        let _listener = UnixListener::from(socket);
        let limit = Some(Duration::from_millis(50));
        let mut held = Vec::new();
        let begin = Instant::now();
        let error = loop {
            match connect_unix(&path, limit) {
                Ok(stream) => held.push(stream),
                Err(error) => break error,
            }
            assert!(held.len() < 10, "the backlog is never full");
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!(begin.elapsed() < Duration::from_secs(5));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn an_address_needs_no_lookup_and_an_unknown_name_is_an_error() {
        let found = |host| resolve(host, 6379, Duration::ZERO);
        assert_eq!(found("10.0.0.2").unwrap(), ["10.0.0.2:6379".parse().unwrap()]);
        assert_eq!(found("fd00::2").unwrap(), ["[fd00::2]:6379".parse().unwrap()]);
        assert_eq!(found("no-such-host.invalid").unwrap_err().kind(), ErrorKind::TimedOut, "no time, no answer");
        assert!(resolve("no-such-host.invalid", 6379, Duration::from_secs(60)).is_err());
        assert!(!resolve("localhost", 6379, Duration::from_secs(60)).unwrap().is_empty());
    }
}
