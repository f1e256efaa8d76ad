//! One try to connect, with a time limit, and what its failure says. Must never know why anybody asks.

use std::io::{Error, ErrorKind, Result};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl};

use super::{Stream, Target, Unclear};
use crate::deadline::Deadline;
use crate::net::{connect_unix, resolve};

/// How long a connection to one address may take. One that takes longer shows nothing, and there is other work to do.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the kernel asks the other end whether the connection still exists, and how many questions may stay unanswered. A firewall or
/// a machine without power leaves a connection that only this end knows.
const KEEPALIVE: (Duration, u32) = (Duration::from_secs(1), 3);

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nobody listens: the system itself said so.
    Refused,
    /// Anything else.
    Unclear(Unclear),
}

/// Connects. However slow the resolver and the other end are, it ends before `until`.
pub(super) fn connect(target: &Target, until: Deadline) -> std::result::Result<Stream, Failure> {
    match target {
        Target::Unix(path) => {
            let stream = connect_unix(path, Some(limit(until)));
            stream.map(Stream::Unix).map_err(|error| Failure::of(&error))
        }
        Target::Tcp(host, port) => {
            let unresolved = Failure::Unclear(Unclear::Unresolved);
            let addresses = resolve(host, *port, until.remaining() / 2).map_err(|_| unresolved)?;
            let mut failures = Vec::new();
            // A name with several addresses is open where one of them is.
            for address in addresses {
                match connect_tcp(&address, until) {
                    Ok(stream) => return Ok(Stream::Tcp(stream)),
                    Err(error) => failures.push(Failure::of(&error)),
                }
            }
            Err(worst(&failures).unwrap_or(unresolved))
        }
    }
}

/// The failure of a name whose addresses failed so. One that does not answer may be open. One that this machine cannot reach, as `::1`
/// where it has no IPv6, says nothing if another one refuses.
fn worst(failures: &[Failure]) -> Option<Failure> {
    let find = |wanted: Failure| failures.iter().copied().find(|failure| *failure == wanted);
    find(Failure::Unclear(Unclear::NoAnswer)).or_else(|| find(Failure::Refused)).or(failures.last().copied())
}

fn connect_tcp(address: &SocketAddr, until: Deadline) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, limit(until))?;
    // On loopback, a port that nobody listens on can be given to the very socket that asks for it, which then talks to itself.
    // A process that dies may still have accepted it, and has reset it by now.
    let peer = stream.peer_addr().map_err(|_| Errno::CONNRESET)?;
    if stream.local_addr()? == peer {
        return Err(Errno::CONNREFUSED.into());
    }
    let (interval, count) = KEEPALIVE;
    set_socket_keepalive(&stream, true)?;
    set_tcp_keepidle(&stream, interval)?;
    set_tcp_keepintvl(&stream, interval)?;
    set_tcp_keepcnt(&stream, count)?;
    Ok(stream)
}

/// The time limit of one connection, which leaves half of what is left for the rest. Never zero, which would mean no limit.
fn limit(until: Deadline) -> Duration {
    PATIENCE.min(until.remaining() / 2).max(Duration::from_millis(1))
}

impl Failure {
    /// What an error says. A socket that is gone from the file system, or that nobody holds any more, is refused. So is a connection that
    /// the other end has accepted and reset: its process is dying.
    fn of(error: &Error) -> Failure {
        match error.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotFound => Failure::Refused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure::Unclear(Unclear::NoAnswer),
            kind => Failure::Unclear(Unclear::Failed(kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_refused_only_if_none_of_its_addresses_may_be_open() {
        let silent = Failure::Unclear(Unclear::NoAnswer);
        let no_such = Failure::Unclear(Unclear::Failed(ErrorKind::AddrNotAvailable));
        assert_eq!(worst(&[Failure::Refused, no_such]), Some(Failure::Refused));
        assert_eq!(worst(&[no_such, Failure::Refused]), Some(Failure::Refused));
        assert_eq!(worst(&[silent, Failure::Refused]), Some(silent));
        assert_eq!(worst(&[no_such]), Some(no_such));
        assert_eq!(worst(&[]), None);
    }
}
