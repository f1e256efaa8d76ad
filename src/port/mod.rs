//! Whether anything listens where a service should, and the moment in which it no longer does: owns the connection that tells. Knows
//! no roles and no Consul.
//!
//! When a process ends, the kernel closes its connections in the same millisecond, however it ended. The connection here is idle: not
//! a byte is sent, and none is read.

use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};

use crate::deadline::Deadline;

/// How long a connection may take to be made. One that takes longer tells nothing, and there is other work to do.
const PATIENCE: Duration = Duration::from_secs(1);

/// How soon a connection is tried again that was refused, as long as there is time for it.
const RETRY: Duration = Duration::from_millis(20);

/// Where a service listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A host, by name or address, and a port.
    Tcp(String, u16),
    /// The path of a socket.
    Unix(PathBuf),
}

/// What a try to connect has told.
#[derive(Debug)]
pub enum Probe {
    /// Someone listens.
    Open(Connection),
    /// Nobody does: the system itself said so.
    Refused,
    /// It does not tell: no answer, no such host, no rights.
    Unclear(Error),
}

/// An idle connection, which ends with the process at its other end.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    is_given_up: AtomicBool,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Target {
    /// Reads `HOST:PORT`, `[ADDRESS]:PORT`, `unix:///PATH` or `/PATH`; `None` when it is none of these.
    pub fn parse(text: &str) -> Option<Target> {
        let path = text.strip_prefix("unix://").unwrap_or(text);
        if path.starts_with('/') {
            return Some(Target::Unix(path.into()));
        }
        let (host, port) = text.rsplit_once(':')?;
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let sound = match inner {
            Some(inner) => inner.contains(':'),
            None => !host.is_empty() && !host.contains([':', '/', ' ']),
        };
        let port = port.parse().ok().filter(|port| *port != 0)?;
        sound.then(|| Target::Tcp(inner.unwrap_or(host).to_owned(), port))
    }

    /// Tries to connect. What is refused is tried again until `grace` has passed.
    pub fn probe(&self, grace: Deadline) -> Probe {
        loop {
            match self.connect() {
                Ok(connection) => return Probe::Open(connection),
                Err(error) if !is_refusal(&error) => return Probe::Unclear(error),
                Err(_) if grace.remaining().is_zero() => return Probe::Refused,
                Err(_) => std::thread::sleep(RETRY.min(grace.remaining())),
            }
        }
    }

    fn connect(&self) -> Result<Connection> {
        match self {
            Target::Unix(path) => UnixStream::connect(path).map(|stream| Connection::over(Stream::Unix(stream))),
            Target::Tcp(host, port) => {
                let mut last = Error::new(ErrorKind::NotFound, "the host has no address");
                // A name with several addresses is open where one of them is; the last one says what is wrong.
                for address in (host.as_str(), *port).to_socket_addrs()? {
                    match connect_tcp(&address) {
                        Ok(stream) => return Ok(Connection::over(Stream::Tcp(stream))),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }
}

fn connect_tcp(address: &SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, PATIENCE)?;
    // On loopback, a port that nobody listens on can be given to the very socket that asks for it, which then talks to itself.
    // A process that dies may still have accepted it, and has reset it by now.
    let peer = stream.peer_addr().map_err(|_| Errno::CONNRESET)?;
    if stream.local_addr()? == peer {
        return Err(Errno::CONNREFUSED.into());
    }
    Ok(stream)
}

/// Whether an error says that nobody listens. A socket that is gone from the file system, or that nobody holds any more, does.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::NotFound)
        && error.raw_os_error().is_some()
}

impl Connection {
    fn over(stream: Stream) -> Connection {
        Connection { stream, is_given_up: AtomicBool::new(false) }
    }

    /// Waits until the other end has closed, or the system does not tell any more; `false` when it has not within `limit`.
    pub fn closes_within(&self, limit: Duration) -> bool {
        // What the service may say first stays unread: only its end is asked for.
        let mut watched = [match &self.stream {
            Stream::Tcp(stream) => PollFd::new(stream, PollFlags::RDHUP),
            Stream::Unix(stream) => PollFd::new(stream, PollFlags::RDHUP),
        }];
        let seconds = limit.as_secs().try_into().unwrap_or(i64::MAX);
        let limit = Timespec { tv_sec: seconds, tv_nsec: limit.subsec_nanos().into() };
        !matches!(retry_on_intr(|| poll(&mut watched, Some(&limit))), Ok(0))
    }

    /// Ends it from this side and so wakes a thread that waits for its end.
    pub fn give_up(&self) {
        self.is_given_up.store(true, Ordering::SeqCst);
        // One that has ended already has nothing to be ended.
        let _ = match &self.stream {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// Whether it was ended from this side.
    pub fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::SeqCst)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Unix(path) => write!(f, "{}", path.display()),
            Target::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Target::Tcp(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests;
