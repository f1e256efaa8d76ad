//! DNS questions to an agent over TCP, which is not limited to three answers as Consul's UDP is. Also encodes and
//! decodes messages for callers with their own transport.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, Question, RCODE, TYPE};

use super::wait::secs;

pub const PORT: u16 = 8600;

/// Returns the A records, sorted; none if the name does not exist.
pub fn addresses(server: Ipv4Addr, name: &str) -> Result<Vec<Ipv4Addr>, String> {
    ask(server, name, TYPE::A, address)
}

/// Returns the ports of the SRV records, sorted; none if the name does not exist.
pub fn ports(server: Ipv4Addr, name: &str) -> Result<Vec<u16>, String> {
    ask(server, name, TYPE::SRV, |data| match data {
        RData::SRV(record) => Some(record.port),
        _ => None,
    })
}

fn ask<T: Ord>(server: Ipv4Addr, name: &str, kind: TYPE, read: impl Fn(&RData) -> Option<T>) -> Result<Vec<T>, String> {
    let query = words(name, kind)?;
    let answer = exchange(server, &query).map_err(|error| error.to_string())?;
    records(&answer, read)
}

/// Encodes a question for the A records of a name. Its first two bytes are the ID, which the answer repeats.
pub fn question(name: &str) -> Result<Vec<u8>, String> {
    words(name, TYPE::A)
}

/// Decodes the A records of an answer, sorted; none if the name does not exist.
pub fn addresses_in(answer: &[u8]) -> Result<Vec<Ipv4Addr>, String> {
    records(answer, address)
}

fn words(name: &str, kind: TYPE) -> Result<Vec<u8>, String> {
    let question = Name::new(name).map_err(|error| format!("{name} is no name: {error:?}"))?;
    let mut query = Packet::new_query(1);
    query.questions.push(Question::new(question, kind.into(), CLASS::IN.into(), false));
    query.build_bytes_vec().map_err(|error| format!("{error:?}"))
}

fn records<T: Ord>(answer: &[u8], read: impl Fn(&RData) -> Option<T>) -> Result<Vec<T>, String> {
    let answer = Packet::parse(answer).map_err(|error| format!("an answer that is not DNS: {error:?}"))?;
    match answer.rcode() {
        RCODE::NoError | RCODE::NameError => {}
        other => return Err(format!("the answer is {other:?}")),
    }
    let mut found: Vec<T> = answer.answers.iter().filter_map(|record| read(&record.rdata)).collect();
    found.sort();
    Ok(found)
}

fn address(data: &RData) -> Option<Ipv4Addr> {
    match data {
        RData::A(record) => Some(Ipv4Addr::from(record.address)),
        _ => None,
    }
}

/// Over TCP, two bytes with the length precede every message.
fn exchange(server: Ipv4Addr, query: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((server, PORT)), secs(5))?;
    stream.set_read_timeout(Some(secs(10)))?;
    let length = u16::try_from(query.len()).expect("a query is short");
    stream.write_all(&[&length.to_be_bytes(), query].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}
