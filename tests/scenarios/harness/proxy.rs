//! A proxy between the program and a real agent, which counts requests and can inject faults.
//!
//! Real answers come from the real agent; only the fault is artificial.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::http::Message;
use super::node::Node;

/// One request as the program sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The number of its connection, from 0.
    pub connection: usize,
    pub method: String,
    /// With the query string.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    /// Returns `GET /v1/kv/x`, for comparisons.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// What goes wrong with a request. "After" means that the agent has executed it.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is closed at once; the agent receives nothing.
    Refuse,
    /// No answer ever comes; the agent receives nothing.
    Hang,
    /// The agent executes it, but no answer ever comes.
    HangAfter,
    /// The agent executes it, but the connection is closed instead of an answer.
    CloseAfter,
    /// The real head and half of the real body (half of the head if there is no body), then the connection is closed.
    HalfBody,
    /// The agent executes it, but the answer is a 200 that is not JSON.
    Garbage,
    /// The real answer without this header.
    Without(&'static str),
    /// Bytes that are not HTTP; the agent receives nothing.
    NotHttp,
    /// A status and a text of the proxy's own; the agent receives nothing.
    Status(u16, &'static str),
    /// The same, after the agent has executed it.
    StatusAfter(u16, &'static str),
}

/// Called for every request, with its number from 0 since the start or the last [`Proxy::clear`].
type Rule = dyn Fn(&Request, usize) -> Option<Fault> + Send + Sync;

pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    agent: String,
    state: Mutex<State>,
}

struct State {
    requests: Vec<Request>,
    connections: usize,
    rule: Arc<Rule>,
    /// Every open socket by its connection, so that the end of the proxy can wake every reader.
    open: Vec<(usize, TcpStream)>,
    accepted: usize,
    ended: bool,
}

impl Proxy {
    /// Starts a proxy without faults in front of the node's agent.
    pub fn before(node: &Node) -> Proxy {
        Proxy::before_address(&node.address())
    }

    pub fn before_address(agent: &str) -> Proxy {
        Proxy::listening_on("127.0.0.1:0", agent)
    }

    pub fn listening_on(address: &str, agent: &str) -> Proxy {
        let listener = TcpListener::bind(address).expect("a port for the proxy");
        let address = listener.local_addr().expect("the proxy's address");
        let state = State {
            requests: Vec::new(),
            connections: 0,
            rule: Arc::new(|_, _| None),
            open: Vec::new(),
            accepted: 0,
            ended: false,
        };
        let shared = Arc::new(Shared { agent: agent.to_owned(), state: Mutex::new(state) });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Proxy { address, shared, accepting: Some(accepting) }
    }

    /// Its address, as in `CONSUL_HTTP_ADDR`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The requests since the start or the last [`Proxy::clear`].
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// Method and path of each of these requests.
    pub fn lines(&self) -> Vec<String> {
        self.shared.state().requests.iter().map(Request::line).collect()
    }

    /// How many connections have been opened since then.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Forgets all requests; the numbers start at 0 again.
    pub fn clear(&self) {
        let mut state = self.shared.state();
        state.requests.clear();
        state.connections = 0;
    }

    /// Sets which requests fail from now on, and how. The rule may wait, or change the cluster, to make an event happen
    /// exactly between two requests.
    pub fn fail(&self, rule: impl Fn(&Request, usize) -> Option<Fault> + Send + Sync + 'static) {
        self.shared.state().rule = Arc::new(rule);
    }

    pub fn heal(&self) {
        self.fail(|_, _| None);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        // Wakes the accepting thread, which then closes every connection and waits for their threads.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            let _ = accepting.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an open socket, unless the proxy has ended.
    fn open(&self, id: usize, stream: &TcpStream) -> io::Result<()> {
        let mut state = self.state();
        if state.ended {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        state.open.push((id, stream.try_clone()?));
        Ok(())
    }

    fn close(&self, ids: impl Fn(usize) -> bool) {
        self.state().open.retain(|(id, stream)| {
            if ids(*id) {
                let _ = stream.shutdown(Shutdown::Both);
            }
            !ids(*id)
        });
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for client in listener.incoming().flatten() {
        let (id, connection) = {
            let mut state = shared.state();
            if state.ended {
                break;
            }
            state.accepted += 1;
            state.connections += 1;
            (state.accepted, state.connections - 1)
        };
        threads.retain(|thread| !thread.is_finished());
        let shared = Arc::clone(shared);
        threads.push(thread::spawn(move || {
            // An error means that one side ended the connection, which is normal for a proxy.
            let _ = serve(client, id, connection, &shared);
            shared.close(|own| own == id);
        }));
    }
    shared.close(|_| true);
    for thread in threads {
        let _ = thread.join();
    }
}

/// Forwards the requests of one connection to the agent, over one connection of its own, until a fault or the end.
fn serve(mut client: TcpStream, id: usize, connection: usize, shared: &Shared) -> io::Result<()> {
    shared.open(id, &client)?;
    client.set_nodelay(true)?;
    let mut requests = BufReader::new(client.try_clone()?);
    let mut upstream: Option<BufReader<TcpStream>> = None;
    while let Some(message) = Message::read_request(&mut requests)? {
        let (request, fault) = judge(&message, connection, shared);
        match fault {
            Some(Fault::Refuse) => return Ok(()),
            Some(Fault::Hang) => return outwait(&mut client),
            Some(Fault::NotHttp) => {
                return client.write_all(b"\x16\x03\x01 SSH-2.0 220 not what you asked for\r\n\r\n");
            }
            Some(Fault::Status(code, text)) => {
                answer(&mut client, code, text)?;
                continue;
            }
            _ => {}
        }
        if upstream.is_none() {
            let stream = TcpStream::connect(&shared.agent)?;
            stream.set_nodelay(true)?;
            shared.open(id, &stream)?;
            upstream = Some(BufReader::new(stream));
        }
        let agent = upstream.as_mut().expect("connected above");
        message.write_to(agent.get_mut())?;
        let response = Message::read_response(agent, &request.method)?;
        match fault {
            Some(Fault::HangAfter) => return outwait(&mut client),
            Some(Fault::CloseAfter) => return Ok(()),
            Some(Fault::HalfBody) => {
                let (head, body) = (response.head.as_slice(), response.body.as_slice());
                // Half of an empty body would not be a fault, so half of the head is sent instead.
                let half = if body.is_empty() { &head[..head.len() / 2] } else { &body[..body.len() / 2] };
                return client.write_all(&if body.is_empty() { half.to_vec() } else { [head, half].concat() });
            }
            Some(Fault::Without(name)) => response.without(name).write_to(&mut client)?,
            Some(Fault::Garbage) => answer(&mut client, 200, "<html>this is not JSON</html>")?,
            Some(Fault::StatusAfter(code, text)) => answer(&mut client, code, text)?,
            _ => response.write_to(&mut client)?,
        }
    }
    Ok(())
}

/// Records the request and asks the rule. No lock is held, so the rule may take its time.
fn judge(message: &Message, connection: usize, shared: &Shared) -> (Request, Option<Fault>) {
    let mut start = message.start.split(' ').map(str::to_owned);
    let request = Request {
        connection,
        method: start.next().unwrap_or_default(),
        path: start.next().unwrap_or_default(),
        headers: message.headers.clone(),
        body: String::from_utf8_lossy(&message.body).into_owned(),
    };
    let (rule, number) = {
        let mut state = shared.state();
        state.requests.push(request.clone());
        (Arc::clone(&state.rule), state.requests.len() - 1)
    };
    let fault = rule(&request, number);
    (request, fault)
}

/// Stays silent until the client goes away or the proxy ends.
fn outwait(client: &mut TcpStream) -> io::Result<()> {
    io::copy(client, &mut io::sink()).map(drop)
}

fn answer(client: &mut TcpStream, code: u16, text: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 {code} As Said\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", text.len());
    client.write_all(format!("{head}{text}").as_bytes())
}
