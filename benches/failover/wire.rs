//! Cheap ways to ask an agent many times a second: HTTP over one kept connection, DNS over one UDP socket.

use std::collections::HashMap;
use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{DNS_PORT, Message, addresses_in, millis, question};

/// Longer than a blocking query takes (see [`Http::block`]), and short enough to change from a hanging server to another.
const PATIENCE: Duration = Duration::from_millis(1500);
/// After this time without an answer, the next DNS question is sent. The answer may still come.
const DNS_PATIENCE: Duration = Duration::from_millis(50);

pub struct Http {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

impl Http {
    pub fn to(ip: Ipv4Addr) -> Http {
        Http { address: SocketAddr::from((ip, 8500)), connection: None }
    }

    /// Returns the body of a 200 (or `null` for a 404) and Consul's index. After an error, the next call reconnects.
    pub fn get(&mut self, path: &str) -> Result<(Value, u64), String> {
        let answer = self.exchange(path).map_err(|error| error.to_string());
        let message = answer.inspect_err(|_| self.connection = None)?;
        let body = message.payload();
        let index = message.header("X-Consul-Index").and_then(|index| index.parse().ok()).unwrap_or_default();
        match message.start.split(' ').nth(1) {
            Some("404") => Ok((Value::Null, index)),
            Some("200") => serde_json::from_slice(&body).map(|body| (body, index)).map_err(|error| error.to_string()),
            _ => Err(format!("{}: {}", message.start, String::from_utf8_lossy(&body))),
        }
    }

    /// Sends a blocking query of half a second from that index on. With index 0 the answer comes at once.
    pub fn block(&mut self, path: &str, index: u64) -> Result<(Value, u64), String> {
        self.get(&format!("{path}{}index={index}&wait=500ms", if path.contains('?') { '&' } else { '?' }))
    }

    fn exchange(&mut self, path: &str) -> std::io::Result<Message> {
        if self.connection.is_none() {
            let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            self.connection = Some(BufReader::new(stream));
        }
        let connection = self.connection.as_mut().expect("it was just made");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        connection.get_mut().write_all(request.as_bytes())?;
        Message::read_response(connection, "GET")
    }
}

/// The time of the question, and the addresses in the answer.
pub type Reply = (Instant, Result<Vec<Ipv4Addr>, String>);

pub struct Dns {
    socket: UdpSocket,
    question: Vec<u8>,
    id: u16,
    /// When each unanswered question was asked, by its ID.
    open: HashMap<u16, Instant>,
}

impl Dns {
    pub fn to(ip: Ipv4Addr, name: &str) -> std::io::Result<Dns> {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.connect((ip, DNS_PORT))?;
        let question = question(name).expect("a name that DNS can ask for");
        Ok(Dns { socket, question, id: 0, open: HashMap::new() })
    }

    /// Asks once. The first reply belongs to this question, and is an error without an answer in time. The others are
    /// late replies to earlier questions.
    pub fn ask(&mut self) -> (Reply, Vec<Reply>) {
        self.id = self.id.wrapping_add(1);
        self.question[..2].copy_from_slice(&self.id.to_be_bytes());
        let asked = Instant::now();
        let mut late = Vec::new();
        if let Err(error) = self.socket.send(&self.question) {
            return ((asked, Err(error.to_string())), late);
        }
        self.open.insert(self.id, asked);
        loop {
            let left = DNS_PATIENCE.saturating_sub(asked.elapsed());
            match self.receive(left.max(millis(1))) {
                Ok((id, addresses)) if id == self.id => {
                    self.open.remove(&id);
                    return ((asked, addresses), late);
                }
                Ok((id, addresses)) => late.extend(self.open.remove(&id).map(|asked| (asked, addresses))),
                Err(error) => return ((asked, Err(error.to_string())), late),
            }
            if left.is_zero() {
                return ((asked, Err("no answer in time".to_owned())), late);
            }
        }
    }

    fn receive(&self, patience: Duration) -> std::io::Result<(u16, Result<Vec<Ipv4Addr>, String>)> {
        self.socket.set_read_timeout(Some(patience))?;
        let mut answer = [0; 1500];
        let length = self.socket.recv(&mut answer)?;
        Ok((u16::from_be_bytes([answer[0], answer[1]]), addresses_in(&answer[..length])))
    }
}
