//! A request as a value, and its complete answer: what an error says of them, and how a body is read. Must never know what an answer means.

use std::sync::Arc;

use serde::de::{DeserializeOwned, IgnoredAny};
use ureq::http::Method;

use super::acl::Rule;
use super::error::{Error, Kind, Suspicion};
use crate::bounds;
use crate::text;

/// A request, and what an error says of it.
pub(super) struct Call {
    pub method: Method,
    /// Path and query, percent-encoded, beginning with `/v1/`.
    pub path: String,
    pub body: Option<Vec<u8>>,
    /// See [`Error::purpose`].
    pub purpose: String,
    /// See [`Error::rule`].
    pub rule: Rule,
    /// The most bytes of the answer.
    pub limit: u64,
}

/// A complete answer, whatever its status.
pub(super) struct Answer {
    pub status: u16,
    /// What the next blocking query waits behind: an index in the servers' answers, a hash in the agent's.
    pub index: Option<String>,
    /// Whether Consul says that it left out what the token may not see. Versions before 1.11 never do.
    pub is_filtered: bool,
    pub body: Vec<u8>,
    pub call: Call,
    pub asked: Asked,
}

/// Which agent was asked, and as whom.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub agent: Arc<str>,
    pub has_token: bool,
    pub suspicion: Arc<Suspicion>,
    /// What no quoted answer may contain: a server may echo the request.
    pub secrets: Arc<[String]>,
}

impl Call {
    /// A request.
    pub fn new(method: Method, path: String, body: Option<Vec<u8>>, purpose: String, rule: Rule) -> Call {
        Call { method, path, body, purpose, rule, limit: bounds::ANSWER }
    }

    /// A GET request.
    pub fn get(path: String, purpose: String, rule: Rule) -> Call {
        Call::new(Method::GET, path, None, purpose, rule)
    }

    /// The request, whose answer may be as long as a list.
    #[must_use]
    pub fn for_list(self) -> Call {
        Call { limit: bounds::LIST, ..self }
    }

    /// A PUT request.
    pub fn put(path: String, body: Option<Vec<u8>>, purpose: String, rule: Rule) -> Call {
        Call::new(Method::PUT, path, body, purpose, rule)
    }

    pub fn failed(&self, asked: &Asked, kind: Kind) -> Error {
        Error {
            purpose: self.purpose.clone(),
            agent: asked.agent.clone(),
            rule: self.rule.clone(),
            has_token: asked.has_token,
            suspicion: asked.suspicion.clone(),
            kind,
        }
    }
}

impl Answer {
    /// Reads the JSON body of a 200. `null` is an error.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if self.status != 200 {
            return Err(self.refused());
        }
        self.parse()
    }

    /// Reads the JSON body, whatever the status.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if bounds::has_too_many_values(&self.body) {
            return Err(self.failed(Kind::TooLarge(self.body.len().try_into().unwrap_or(u64::MAX))));
        }
        // The parser's words may quote a part of the answer.
        serde_json::from_slice(&self.body)
            .map_err(|error| self.failed(Kind::NotUnderstood(self.asked.words_of(error.to_string().as_bytes()).into())))
    }

    /// Reads the JSON body of a 200. `null`, which Consul sends for an empty list or a denied read, is the default.
    pub fn json<T: DeserializeOwned + Default>(&self) -> Result<T, Error> {
        Ok(self.read::<Option<T>>()?.unwrap_or_default())
    }

    /// Checks for a 200 whose body is empty or JSON. Any other body does not come from Consul.
    pub fn done(&self) -> Result<(), Error> {
        if self.status == 200 && self.body.is_empty() {
            return Ok(());
        }
        self.read::<IgnoredAny>().map(drop)
    }

    /// Returns this answer as an error, in Consul's own words.
    pub fn refused(&self) -> Error {
        self.failed(Kind::Status(self.status, self.asked.words_of(&self.body)))
    }

    /// Returns this answer as a denial, which its status does not show.
    pub fn denied(&self, words: &str) -> Error {
        self.failed(Kind::Status(403, self.asked.words_of(words.as_bytes())))
    }

    /// Returns the error of an answer without a field that Consul always sends.
    pub fn lacks(&self, field: &str) -> Error {
        self.failed(Kind::NotUnderstood(format!("no {field} in it").into()))
    }

    fn failed(&self, kind: Kind) -> Error {
        self.call.failed(&self.asked, kind)
    }
}

impl Asked {
    /// Returns a body as one line of bounded length, without what this client keeps secret.
    pub fn words_of(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(&body[..body.len().min(bounds::PLAIN)]);
        let text = text::without(&text, &self.secrets);
        let words = text::one_line(&text).split_whitespace().collect::<Vec<_>>().join(" ");
        text::capped(&words, bounds::QUOTE)
    }
}
