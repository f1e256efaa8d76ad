//! One HTTP request to the agent and its answer: headers, token, deadline. Must never know what an answer means.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use log::debug;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::{HeaderValue, Method, Request, Response};
use ureq::{AsSendBody, Body};

use super::access::{Access, Scope};
use super::call::{Answer, Asked, Call};
use super::error::{Error, Kind, Suspicion};
use super::transport;
use crate::bounds;
use crate::deadline::Deadline;

/// An answer as it came over the wire.
struct Received {
    status: u16,
    index: Option<String>,
    is_filtered: bool,
    body: Vec<u8>,
}

/// A client of one agent. Its clones share a connection; simultaneous requests use one each.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    /// What precedes the path in every URL.
    base: String,
    asked: Asked,
    /// The headers of every request; secret ones are marked as sensitive.
    headers: Vec<(&'static str, HeaderValue)>,
    /// Namespace and partition for every query string.
    scope: String,
    deadline: Deadline,
}

impl Client {
    /// Creates a client, which connects with its first request. A token or login that cannot be an HTTP header is not
    /// sent.
    pub fn new(access: &Access, scope: &Scope, deadline: Deadline) -> Client {
        let address = &access.address;
        let login = access.login.as_ref().map(|login| format!("Basic {}", STANDARD.encode(login.reveal())));
        let secrets = access.secrets().into();
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
            asked: Asked {
                agent: address.shown().into(),
                has_token: access.token.is_some(),
                suspicion: Arc::new(Suspicion {
                    empty_token_file: access.empty_token_file.as_ref().map(|path| path.display().to_string()),
                    port: address.port_doubt(),
                }),
                secrets,
            },
            headers: headers.into_iter().filter_map(header).collect(),
            scope: scope.collect::<Vec<_>>().join("&"),
            deadline,
        }
    }

    /// Returns the agent's address, for people.
    pub fn agent(&self) -> &str {
        &self.asked.agent
    }

    /// Returns the same client with another deadline.
    #[must_use]
    pub fn until(&self, deadline: Deadline) -> Client {
        Client { deadline, ..self.clone() }
    }

    /// Returns the same client for reads that any server may answer, even without a leader, from what it last knew.
    #[must_use]
    pub fn stale(&self) -> Client {
        let scope = ["stale", &self.scope].iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        Client { scope: scope.join("&"), ..self.clone() }
    }

    /// Returns the time by which its requests end.
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Sends a request and reads its whole answer.
    ///
    /// # Errors
    /// When no complete answer came before the deadline. No status is an error here, except a denial while no server
    /// can check the token.
    pub(super) fn ask(&self, call: Call) -> Result<Answer, Error> {
        // To the transport, a limit of zero means no limit.
        if self.deadline.remaining().is_zero() {
            return Err(call.failed(&self.asked, self.timed_out()));
        }
        let outcome = self.exchange(&call.method, &call.path, call.body.as_deref(), call.limit);
        match outcome {
            Ok(Received { status, index, is_filtered, body }) => {
                debug!("{} {}: {status}", call.method, call.path);
                if status == 403 && !self.servers_answer() {
                    return Err(call.failed(&self.asked, Kind::DeniedInOutage(self.asked.words_of(&body))));
                }
                Ok(Answer { status, index, is_filtered, body, call, asked: self.asked.clone() })
            }
            Err(error) => {
                debug!("{} {}: {error}", call.method, call.path);
                let kind = match transport::kind_of(error) {
                    // It may quote a part of the answer.
                    Some(Kind::NotUnderstood(cause)) => {
                        Kind::NotUnderstood(self.asked.words_of(cause.to_string().as_bytes()).into())
                    }
                    kind => kind.unwrap_or_else(|| self.timed_out()),
                };
                Err(call.failed(&self.asked, kind))
            }
        }
    }

    /// Returns whether the agent reaches servers that have a leader. Needs no rights.
    fn servers_answer(&self) -> bool {
        !self.deadline.remaining().is_zero()
            && self
                .exchange(&Method::GET, "/v1/status/leader", None, bounds::ANSWER)
                // Without a leader the answer is an empty string in JSON.
                .is_ok_and(|answer| answer.status == 200 && answer.body.len() > "\"\"".len())
    }

    fn exchange(&self, method: &Method, path: &str, body: Option<&[u8]>, limit: u64) -> Result<Received, ureq::Error> {
        let mut request = Request::builder().method(method).uri(self.url(path));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut response = match body {
            // Session create and query PUT ignore a body without Content-Length; a slice has one.
            Some(body) => self.send(request.header("Content-Type", "application/json").body(body)?)?,
            None if *method == Method::GET => self.send(request.body(())?)?,
            None => self.send(request.body(&[][..])?)?,
        };
        let body = response.body_mut().with_config().limit(limit).read_to_vec()?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let index = header("X-Consul-Index").or_else(|| header("X-Consul-ContentHash"));
        let is_filtered = header("X-Consul-Results-Filtered-By-ACLs").is_some_and(|value| value == "true");
        Ok(Received { status: response.status().as_u16(), index, is_filtered, body })
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
        Kind::TimedOut(self.deadline.limit())
    }
}

/// The parameters of a question that waits for a change; none if it does not wait.
pub(super) fn behind(index: Option<&str>, limit: Duration) -> String {
    index.map(|index| format!("?index={}&wait={}ms", encode(index), limit.as_millis())).unwrap_or_default()
}

/// Percent-encodes one segment of a path or one value of a query string: everything except RFC 3986's unreserved
/// characters.
pub(super) fn encode(segment: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(segment, RESERVED).to_string()
}
