//! One HTTP request to the agent and its answer: headers, token, deadline, and nothing of what Consul means by them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use log::debug;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::{DeserializeOwned, IgnoredAny};
use ureq::http::{HeaderValue, Method, Request, Response};
use ureq::{AsSendBody, Body};

use super::access::{Access, Scope};
use super::error::{Error, Kind};
use super::transport;
use crate::deadline::Deadline;
use crate::{duration, text};

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
    asked: Asked,
}

/// Who was asked, and as whom.
#[derive(Clone, Debug)]
struct Asked {
    /// What a request's URL begins with, as it is shown to people.
    base: String,
    has_token: bool,
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
    /// What a request's URL begins with.
    base: String,
    asked: Asked,
    /// What every request has, marked as not to be shown where it is secret.
    headers: Vec<(&'static str, HeaderValue)>,
    /// What every request's query string has: the namespace and the partition.
    scope: String,
    deadline: Deadline,
}

impl Client {
    /// A client of an agent. Connects with the first request. A token that cannot be a header's value is sent as none; the options
    /// take no such token.
    pub fn new(access: &Access, scope: &Scope, deadline: Deadline) -> Client {
        let address = &access.address;
        let login = access.login.as_ref().map(|login| format!("Basic {}", STANDARD.encode(login.reveal())));
        let headers = [
            ("Host", Some(address.host_header()), false),
            ("X-Consul-Token", access.token.as_ref().map(|token| token.reveal().to_owned()), true),
            ("Authorization", login, true),
        ];
        let header = |(name, text, is_secret): (_, Option<String>, _)| {
            let mut value = HeaderValue::from_str(&text?).ok()?;
            value.set_sensitive(is_secret);
            Some((name, value))
        };
        let scope = [("ns", &scope.namespace), ("partition", &scope.partition)];
        let scope = scope.iter().filter_map(|(name, value)| Some(format!("{name}={}", encode(value.as_ref()?))));
        Client {
            agent: transport::agent(access),
            base: address.base(access.tls.as_ref().and_then(|tls| tls.server_name())),
            asked: Asked { base: address.shown(), has_token: access.token.is_some() },
            headers: headers.into_iter().filter_map(header).collect(),
            scope: scope.collect::<Vec<_>>().join("&"),
            deadline,
        }
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
            return Err(call.failed(&self.asked, self.timed_out()));
        }
        let outcome = self.exchange(&call);
        match outcome {
            Ok(Received { status, index, body }) => {
                debug!("{} {}: {status}", call.method, call.path);
                if status == 403 && !self.servers_answer() {
                    return Err(call.failed(&self.asked, Kind::DeniedInOutage(words_of(&body))));
                }
                Ok(Answer { status, index, body, call, asked: self.asked.clone() })
            }
            Err(error) => {
                debug!("{} {}: {error}", call.method, call.path);
                let kind = transport::kind_of(error).unwrap_or_else(|| self.timed_out());
                Err(call.failed(&self.asked, kind))
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
        let mut request = Request::builder().method(&call.method).uri(self.url(&call.path));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
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

    fn url(&self, path: &str) -> String {
        let joint = match (self.scope.as_str(), path.contains('?')) {
            ("", _) => "",
            (_, true) => "&",
            (_, false) => "?",
        };
        format!("{}{path}{joint}{}", self.base, self.scope)
    }

    fn send(&self, request: Request<impl AsSendBody>) -> Result<Response<Body>, ureq::Error> {
        let remaining = Some(self.deadline.remaining());
        self.agent.run(self.agent.configure_request(request).timeout_global(remaining).build())
    }

    fn timed_out(&self) -> Kind {
        Kind::TimedOut(duration::format(self.deadline.limit()))
    }
}

impl Call {
    pub fn get(path: String, purpose: String, rule: String) -> Call {
        Call { method: Method::GET, path, body: None, purpose, rule }
    }

    pub fn put(path: String, body: Option<Vec<u8>>, purpose: String, rule: String) -> Call {
        Call { method: Method::PUT, path, body, purpose, rule }
    }

    fn failed(&self, asked: &Asked, kind: Kind) -> Error {
        // The query string is left out: with a session's ID in it, the same failure would read otherwise each time.
        let path = self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path);
        let request = format!("{} {}{path}", self.method, asked.base);
        Error { purpose: self.purpose.clone(), request, rule: self.rule.clone(), has_token: asked.has_token, kind }
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
        self.call.failed(&self.asked, kind)
    }

    /// The denial that this answer is though its status says otherwise.
    pub fn denied(&self, words: &str) -> Error {
        self.call.failed(&self.asked, Kind::Status(403, words_of(words.as_bytes())))
    }

    /// The error that this answer is when it is JSON without what Consul always sends.
    pub fn lacks(&self, field: &str) -> Error {
        self.call.failed(&self.asked, Kind::NotUnderstood(format!("no {field} in it")))
    }

    /// The error that this answer is when its body cannot be read.
    pub fn not_understood(&self, error: &serde_json::Error) -> Error {
        self.call.failed(&self.asked, Kind::NotUnderstood(error.to_string()))
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
