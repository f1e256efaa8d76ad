//! A DNS question to an agent, by TCP, which has no limit of three answers as Consul's UDP has; and the words of it, for those
//! who carry them in another way.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, Question, RCODE, TYPE};

use super::wait::secs;

pub const PORT: u16 = 8600;

/// The A records, sorted; none for a name that is not there.
pub fn addresses(server: Ipv4Addr, name: &str) -> Result<Vec<Ipv4Addr>, String> {
    ask(server, name, TYPE::A, address)
}

/// The ports of the SRV records, sorted; none for a name that is not there.
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

/// The message that asks for the A records of a name; its first two bytes are its ID, which the answer has as well.
pub fn question(name: &str) -> Result<Vec<u8>, String> {
    words(name, TYPE::A)
}

/// The A records of a message that answers, sorted; none for a name that is not there.
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

/// Over TCP every message has its length before it, in two bytes.
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
