//! One HTTP request to the agent and its answer: connection, token, deadline, and nothing of what Consul means by them.
//!
//! Every request of a pass goes over one connection: bodies are read to their end, a status is never an error of the
//! transport, and the address is resolved once. No proxy is used, whatever the environment says, and no redirect is
//! followed, so that the token goes to the agent alone.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::OnceLock;

use log::debug;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::{DeserializeOwned, IgnoredAny};
use ureq::http::{HeaderValue, Method, Request, Response};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{NextTimeout, TcpConnector};
use ureq::{AsSendBody, Body};

use super::address::Address;
use super::error::{Error, Kind};
use crate::deadline::Deadline;
use crate::{duration, text};

/// ureq's default is 128 KiB each; a pass exchanges a few kilobytes, and a buffer grows when it must.
const BUFFER_BYTES: usize = 16 * 1024;

/// What of Consul's own words goes into an error: enough for its longest sentence, little enough for one line.
const MOST_WORDS: usize = 400;

/// A request as the typed calls describe it.
pub(super) struct Call {
    pub method: Method,
    /// Path and query, percent-encoded, beginning with `/v1/`.
    pub path: String,
    pub body: Option<Vec<u8>>,
    /// See [`Error::purpose`].
    pub purpose: String,
    /// See [`Error::rule`].
    pub rule: String,
}

/// A complete answer, whatever its status.
pub(super) struct Answer {
    pub status: u16,
    /// What a blocking query waits behind: the state's index for the servers' answers, its hash for the agent's.
    pub index: Option<String>,
    pub body: Vec<u8>,
    call: Call,
    base: String,
}

/// What came over the wire.
struct Received {
    status: u16,
    index: Option<String>,
    body: Vec<u8>,
}

/// An agent, asked over one connection, or over as many as there are requests at the same time.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<HeaderValue>,
    deadline: Deadline,
}

impl Client {
    /// A client of the agent at `address`. Connects with the first request. A token that cannot be a header's value is sent as
    /// none; the options take no such token.
    pub fn new(address: &Address, token: Option<&str>, deadline: Deadline) -> Client {
        let token = token.and_then(|token| HeaderValue::from_str(token).ok());
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("consul-master-election-tagger/", env!("CARGO_PKG_VERSION")))
            .input_buffer_size(BUFFER_BYTES)
            .output_buffer_size(BUFFER_BYTES)
            .build();
        let resolver = ResolveOnce { fixed: address.socket_address(), known: OnceLock::new() };
        let agent = ureq::Agent::with_parts(config, TcpConnector::default(), resolver);
        Client { agent, base: address.base().to_owned(), token, deadline }
    }

    /// The same client with another deadline.
    #[must_use]
    pub fn until(&self, deadline: Deadline) -> Client {
        Client { deadline, ..self.clone() }
    }

    /// Sends a request and reads its whole answer.
    ///
    /// # Errors
    /// When no complete answer came before the deadline. A status is no error here.
    pub(super) fn ask(&self, call: Call) -> Result<Answer, Error> {
        // No time at all would mean no limit to the transport.
        if self.deadline.remaining().is_zero() {
            return Err(call.failed(&self.base, self.timed_out()));
        }
        let outcome = self.exchange(&call);
        match outcome {
            Ok(Received { status, index, body }) => {
                debug!("{} {}: {status}", call.method, call.path);
                if status == 403 && !self.servers_answer() {
                    return Err(call.failed(&self.base, Kind::DeniedInOutage(words_of(&body))));
                }
                Ok(Answer { status, index, body, call, base: self.base.clone() })
            }
            Err(error) => {
                debug!("{} {}: {error}", call.method, call.path);
                let kind = self.kind_of(error);
                Err(call.failed(&self.base, kind))
            }
        }
    }

    /// Whether the agent reaches servers that have a leader, which it says to everyone.
    fn servers_answer(&self) -> bool {
        let call = Call::get("/v1/status/leader".to_owned(), String::new(), String::new());
        !self.deadline.remaining().is_zero()
            && matches!(self.exchange(&call), Ok(answer) if answer.status == 200 && answer.body.len() > "\"\"".len())
    }

    fn exchange(&self, call: &Call) -> Result<Received, ureq::Error> {
        let mut request = Request::builder().method(&call.method).uri(format!("{}{}", self.base, call.path));
        if let Some(token) = &self.token {
            request = request.header("X-Consul-Token", token);
        }
        let mut response = match &call.body {
            // Session create and query PUT ignore a body that comes without Content-Length; a slice has one.
            Some(body) => self.send(request.header("Content-Type", "application/json").body(body.as_slice())?)?,
            None if call.method == Method::GET => self.send(request.body(())?)?,
            None => self.send(request.body(&[][..])?)?,
        };
        let body = response.body_mut().read_to_vec()?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let index = header("X-Consul-Index").or_else(|| header("X-Consul-ContentHash"));
        Ok(Received { status: response.status().as_u16(), index, body })
    }

    fn send(&self, request: Request<impl AsSendBody>) -> Result<Response<Body>, ureq::Error> {
        let remaining = Some(self.deadline.remaining());
        self.agent.run(self.agent.configure_request(request).timeout_global(remaining).build())
    }

    fn timed_out(&self) -> Kind {
        Kind::TimedOut(duration::format(self.deadline.limit()))
    }

    fn kind_of(&self, error: ureq::Error) -> Kind {
        match error {
            ureq::Error::Timeout(_) => self.timed_out(),
            ureq::Error::HostNotFound => Kind::Unreachable("host not found".to_owned()),
            ureq::Error::Io(error) => match error.kind() {
                ErrorKind::TimedOut | ErrorKind::WouldBlock => self.timed_out(),
                ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::AddrNotAvailable => Kind::Unreachable(error.to_string()),
                _ => Kind::Interrupted(error.to_string()),
            },
            ureq::Error::Protocol(error) => Kind::NotUnderstood(error.to_string()),
            other => Kind::NotUnderstood(other.to_string()),
        }
    }
}

impl Call {
    pub fn get(path: String, purpose: String, rule: String) -> Call {
        Call { method: Method::GET, path, body: None, purpose, rule }
    }

    pub fn put(path: String, body: Option<Vec<u8>>, purpose: String, rule: String) -> Call {
        Call { method: Method::PUT, path, body, purpose, rule }
    }

    fn failed(&self, base: &str, kind: Kind) -> Error {
        // The query string is left out: with a session's ID in it, the same failure would read otherwise each time.
        let path = self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path);
        let request = format!("{} {base}{path}", self.method);
        Error { purpose: self.purpose.clone(), request, rule: self.rule.clone(), kind }
    }
}

impl Answer {
    /// The body of a 200, read as JSON that must be there.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if self.status != 200 {
            return Err(self.refused());
        }
        serde_json::from_slice(&self.body).map_err(|error| self.not_understood(&error))
    }

    /// Nothing, where a 200 says that all is done. Consul's body then is empty or JSON; any other is not Consul's answer.
    pub fn done(&self) -> Result<(), Error> {
        if self.status == 200 && self.body.is_empty() {
            return Ok(());
        }
        self.read::<IgnoredAny>().map(drop)
    }

    /// The body of a 200, read as JSON; `null`, as Consul sends for an empty list or a denied read, is the default.
    pub fn json<T: DeserializeOwned + Default>(&self) -> Result<T, Error> {
        Ok(self.read::<Option<T>>()?.unwrap_or_default())
    }

    /// The error that this answer is, in Consul's own words.
    pub fn refused(&self) -> Error {
        let words = words_of(&self.body);
        let kind = Kind::Status(self.status, words);
        self.call.failed(&self.base, kind)
    }

    /// The denial that this answer is though its status says otherwise.
    pub fn denied(&self, words: &str) -> Error {
        self.call.failed(&self.base, Kind::Status(403, words_of(words.as_bytes())))
    }

    /// The error that this answer is when it is JSON without what Consul always sends.
    pub fn lacks(&self, field: &str) -> Error {
        self.call.failed(&self.base, Kind::NotUnderstood(format!("no {field} in it")))
    }

    /// The error that this answer is when its body cannot be read.
    pub fn not_understood(&self, error: &serde_json::Error) -> Error {
        self.call.failed(&self.base, Kind::NotUnderstood(error.to_string()))
    }
}

/// A body as one line of bounded length.
fn words_of(body: &[u8]) -> String {
    let text = text::one_line(&String::from_utf8_lossy(body));
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// Encodes one segment of a path, or one value of a query: everything but what RFC 3986 calls unreserved.
pub(super) fn encode(segment: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(segment, RESERVED).to_string()
}

/// Resolves the agent's address once. ureq asks for every request, on a pooled connection too, and its own resolver starts a
/// thread each time, which costs as much as a request on loopback.
#[derive(Debug)]
struct ResolveOnce {
    /// The address, where it is written as an IP address.
    fixed: Option<SocketAddr>,
    /// What the name resolved to.
    known: OnceLock<Vec<SocketAddr>>,
}

impl Resolver for ResolveOnce {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        if let Some(address) = self.fixed {
            addresses.push(address);
        } else if let Some(known) = self.known.get() {
            for address in known {
                addresses.push(*address);
            }
        } else {
            addresses = DefaultResolver::default().resolve(uri, config, timeout)?;
            self.known.get_or_init(|| addresses.to_vec());
        }
        Ok(addresses)
    }
}
