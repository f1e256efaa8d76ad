//! What can go wrong when Consul is asked: one error that says what was attempted, on what, and what came back.
//!
//! Owns the difference between *refused* (Consul answered and did nothing) and *unknown* (the request may have been
//! carried out). Knows no roles, no exit statuses, and never holds a token.

use std::fmt;

/// A request to Consul that did not end well.
#[derive(Debug)]
pub struct Error {
    /// What was to be achieved, as the rest of a sentence that begins with "cannot".
    pub purpose: String,
    /// HTTP method and URL, without its query string.
    pub request: String,
    /// The ACL rule that allows this request, as it stands in a policy.
    pub rule: String,
    /// What came back.
    pub kind: Kind,
}

/// The ways in which a request can fail.
#[derive(Debug)]
pub enum Kind {
    /// No connection to the agent: nothing was sent. Holds the system's own words.
    Unreachable(String),
    /// No complete answer before the deadline; holds the time that there was for all requests together, as Consul writes it.
    TimedOut(String),
    /// The connection ended before a complete answer. Holds the system's own words.
    Interrupted(String),
    /// A complete answer that is not one of Consul's. Says what was wrong with it.
    NotUnderstood(String),
    /// Consul's own answer: its HTTP status and its words.
    Status(u16, String),
    /// A denial in Consul's words, while no server could be asked about the token. An agent denies a token that it does not
    /// know and cannot look up, so this says nothing of the token's rights (seen on 1.8.7 and 1.21.0).
    DeniedInOutage(String),
}

impl Error {
    /// Whether Consul may have carried the request out all the same: an answer that never came, broke off or made no sense
    /// says nothing about what was done. A refusal by Consul itself, or no connection at all, does.
    pub fn may_have_happened(&self) -> bool {
        match self.kind {
            Kind::TimedOut(_) | Kind::Interrupted(_) | Kind::NotUnderstood(_) => true,
            // A server that lost its leader in the middle of a write answers 500 for a write that is committed later.
            Kind::Status(status, _) => status >= 500,
            Kind::Unreachable(_) | Kind::DeniedInOutage(_) => false,
        }
    }

    /// Whether Consul denied the request for lack of rights.
    pub fn is_denied(&self) -> bool {
        matches!(self.kind, Kind::Status(401 | 403, _))
    }

    /// Whether Consul answered with this status and with words that contain `part`.
    pub fn says(&self, status: u16, part: &str) -> bool {
        matches!(&self.kind, Kind::Status(s, words) if *s == status && words.contains(part))
    }

    /// What the reader can do about it, or expect.
    fn way_out(&self) -> String {
        match &self.kind {
            Kind::Unreachable(_) => "is the agent running there? CONSUL_HTTP_ADDR says where to ask".to_owned(),
            Kind::NotUnderstood(_) => {
                "is it a Consul agent that answers there? CONSUL_HTTP_ADDR says where to ask".to_owned()
            }
            Kind::DeniedInOutage(_) => {
                "but no server can be asked about the token now; the next run tries again".to_owned()
            }
            Kind::Status(403, words) if words.contains("ACL not found") => {
                "the token in CONSUL_HTTP_TOKEN or CONSUL_HTTP_TOKEN_FILE does not exist".to_owned()
            }
            Kind::Status(401 | 403, _) => format!("the token needs: {}", self.rule),
            Kind::Status(400, _) => "this version of Consul does not take the request".to_owned(),
            Kind::Status(status, _) if (300..400).contains(status) => {
                "redirects are not followed; CONSUL_HTTP_ADDR must name the agent itself".to_owned()
            }
            Kind::TimedOut(_) | Kind::Interrupted(_) | Kind::Status(..) => "the next run tries again".to_owned(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}: ", self.purpose, self.request)?;
        match &self.kind {
            Kind::Unreachable(words) | Kind::Interrupted(words) => write!(f, "{words}")?,
            Kind::TimedOut(limit) => write!(f, "no answer within {limit}")?,
            Kind::NotUnderstood(what) => write!(f, "the answer is not Consul's: {what}")?,
            Kind::Status(status, words) if words.is_empty() => write!(f, "{status}")?,
            Kind::Status(status, words) => write!(f, "{status} {words}")?,
            Kind::DeniedInOutage(words) => write!(f, "403 {words}")?,
        }
        write!(f, "; {}", self.way_out())
    }
}

impl std::error::Error for Error {}
