//! Whether anything listens where a service should, and the connection that shows when it no longer does. Must never know roles or
//! Consul.
//!
//! When a process ends, the kernel closes its connections in the same millisecond, however it ended. The connection here is idle: not
//! a byte of data is sent, and none is read.

mod connect;

use std::fmt;
use std::io::ErrorKind;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

use crate::deadline::Deadline;
use connect::Failure;

/// The pause before the next try where nobody listens, as long as there is time for it.
const RETRY: Duration = Duration::from_millis(20);

/// Where a service listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// The try shows neither.
    Unclear(Unclear),
}

/// Why a try shows nothing. The same state always gives the same reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// The host name does not resolve, or not in time.
    Unresolved,
    /// There is no answer within the time limit.
    NoAnswer,
    /// The system refuses the connection for another reason than that nobody listens.
    Failed(ErrorKind),
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
    /// Reads `HOST:PORT`, `[ADDRESS]:PORT`, `unix:///PATH` or `/PATH`; `None` for any other text.
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

    /// Tries to connect. A refusal is tried again until `grace` has passed; each try ends before `until`.
    pub fn probe(&self, grace: Deadline, until: Deadline) -> Probe {
        loop {
            match connect::connect(self, until) {
                Ok(stream) => return Probe::Open(Connection { stream, is_given_up: AtomicBool::new(false) }),
                Err(Failure::Unclear(why)) => return Probe::Unclear(why),
                Err(Failure::Refused) if grace.remaining().is_zero() => return Probe::Refused,
                Err(Failure::Refused) => std::thread::sleep(RETRY.min(grace.remaining())),
            }
        }
    }
}

impl Connection {
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

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unclear::Unresolved => f.write_str("the host name does not resolve"),
            Unclear::NoAnswer => f.write_str("no answer"),
            Unclear::Failed(kind) => kind.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
