//! One question to a DNS server: where does this name lead? Must never know Consul or elections.
//!
//! Asks over TCP: an answer over UDP has three records at most, and no answer shows as late as a refused one.

use std::fmt;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, Question, RCODE, TYPE};

use crate::deadline::Deadline;

/// The most targets that are read of an answer.
const MOST_TARGETS: usize = 64;

/// Where a name leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// An address, or a name where the answer has no address for it.
    pub host: String,
    /// The port; 0: none.
    pub port: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { host, port } = self;
        match port {
            0 => f.write_str(host),
            _ if host.parse::<Ipv6Addr>().is_ok() => write!(f, "[{host}]:{port}"),
            _ => write!(f, "{host}:{port}"),
        }
    }
}

/// Asks for the SRV records of a name, and returns where they lead, sorted. A name that does not exist leads nowhere.
///
/// # Errors
/// When the server does not answer within `limit`, or its answer is an error.
pub fn ask(server: SocketAddr, name: &str, limit: Duration) -> Result<Vec<Target>> {
    let until = Deadline::after(limit);
    let mut stream = TcpStream::connect_timeout(&server, left(until)?)?;
    stream.set_nodelay(true)?;
    let question = question(name)?;
    let length = u16::try_from(question.len()).map_err(|_| invalid("the name is too long"))?;
    stream.set_write_timeout(Some(left(until)?))?;
    stream.write_all(&[&length.to_be_bytes(), &question[..]].concat())?;
    let mut length = [0; 2];
    read(&mut stream, &mut length, until)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    read(&mut stream, &mut answer, until)?;
    targets(&answer)
}

fn left(until: Deadline) -> Result<Duration> {
    Some(until.remaining()).filter(|left| !left.is_zero()).ok_or_else(|| ErrorKind::TimedOut.into())
}

/// Fills the buffer. A limit for each read alone would not bound them together.
fn read(stream: &mut TcpStream, buffer: &mut [u8], until: Deadline) -> Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(&mut buffer[filled..])? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    Ok(())
}

fn question(name: &str) -> Result<Vec<u8>> {
    let name = Name::new(name).map_err(|_| invalid("not a name for DNS"))?;
    let mut packet = Packet::new_query(1);
    packet.questions.push(Question::new(name, TYPE::SRV.into(), CLASS::IN.into(), false));
    packet.build_bytes_vec().map_err(|_| invalid("not a name for DNS"))
}

fn targets(answer: &[u8]) -> Result<Vec<Target>> {
    let packet = Packet::parse(answer).map_err(|_| invalid("the answer is not DNS"))?;
    match packet.rcode() {
        RCODE::NoError | RCODE::NameError => {}
        other => return Err(Error::other(format!("the answer is {other:?}"))),
    }
    let address = |host: &Name| {
        packet.additional_records.iter().filter(|record| record.name == *host).find_map(|record| match &record.rdata {
            RData::A(record) => Some(std::net::Ipv4Addr::from(record.address).to_string()),
            RData::AAAA(record) => Some(Ipv6Addr::from(record.address).to_string()),
            _ => None,
        })
    };
    let of_record = |data: &RData| match data {
        RData::SRV(record) => {
            let host = address(&record.target).unwrap_or_else(|| record.target.to_string());
            Some(Target { host: host.trim_end_matches('.').to_owned(), port: record.port })
        }
        _ => None,
    };
    let mut targets: Vec<Target> =
        packet.answers.iter().filter_map(|record| of_record(&record.rdata)).take(MOST_TARGETS).collect();
    targets.sort();
    targets.dedup();
    Ok(targets)
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn what_is_no_answer_is_an_error_and_never_takes_longer_than_the_limit() {
        for answer in [&b""[..], b"\0", b"\0\x04abcd", b"\0\x0c\0\x01\x81\x80\0\x01\0\xff\0\0\0\0", b"\xff\xff\0"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let server = listener.local_addr().unwrap();
            let serving = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 512]);
                stream.write_all(answer).unwrap();
            });
            assert!(ask(server, "redis-master.query.consul", Duration::from_secs(20)).is_err(), "{answer:?}");
            serving.join().unwrap();
        }
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = ask(silent.local_addr().unwrap(), "a.query.consul", Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock), "{error:?}");
        assert!(ask(silent.local_addr().unwrap(), &"a".repeat(300), Duration::from_secs(1)).is_err());
    }

    #[test]
    fn targets_read_as_a_client_would_write_them() {
        let shown = |host: &str, port| Target { host: host.to_owned(), port }.to_string();
        assert_eq!(shown("10.0.0.2", 6379), "10.0.0.2:6379");
        assert_eq!(shown("fd00::2", 6379), "[fd00::2]:6379");
        assert_eq!(shown("redis.example.org", 0), "redis.example.org");
    }
}
