//! The one error of a request to Consul: what was attempted, where, and what came back. Must never know a token or who
//! named the agent.
//!
//! It separates *refused* (Consul answered and did nothing) from *unknown* (Consul may have carried the request out).

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::acl::Rule;
use super::address::PortDoubt;
use super::remedy::Remedy;
use super::tls_fault::TlsFault;
use crate::duration;

/// What Go's HTTP server answers on an https port to a request in plain text (Consul 1.8.7 and 1.21.0).
const WANTS_HTTPS: &str = "HTTP request to an HTTPS server";

/// What Consul's community edition says of namespaces and partitions. 1.8.7 ignores a partition in a request and
/// refuses it in a prepared query.
const ENTERPRISE: [&str; 3] =
    ["Consul Enterprise feature", "unknown field \"Namespace\"", "unknown field \"Partition\""];

/// What servers say of a session's TTL that is below their `session_ttl_min` (1.8.7 and 1.21.0).
const WRONG_TTL: &str = "Invalid Session TTL";

/// What servers say of a session on a check that is not in the catalog (1.8.7 and 1.21.0).
const MISSING_CHECK: &str = "Missing check";

/// What an agent says that reaches none of its servers (1.8.7 and 1.21.0).
const NO_SERVER: [&str; 4] =
    ["rpc error getting client", "No known Consul servers", "rpc error making call: EOF", "i/o timeout"];

/// The underlying error that a failure comes from.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// A request to Consul that failed.
///
/// The plain text leaves out the cause, which is the error's source; `{:#}` includes it.
#[derive(Debug)]
pub struct Error {
    /// What the request was for and on what: the rest of a sentence that begins with "cannot".
    pub purpose: String,
    /// The address of the agent, for people.
    pub agent: Arc<str>,
    /// The ACL rule that allows the request.
    pub rule: Rule,
    /// Whether the request carried a token.
    pub has_token: bool,
    /// What may be wrong with the way in which the agent was reached.
    pub suspicion: Arc<Suspicion>,
    /// What came back.
    pub kind: Kind,
}

/// What may be wrong with the way in which an agent is reached. It matters only once a request has failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspicion {
    /// The file that should hold the token, and is empty.
    pub empty_token_file: Option<String>,
    /// Why the port of the agent's address may be the wrong one.
    pub port: Option<PortDoubt>,
}

/// The ways in which a request can fail.
#[derive(Debug)]
pub enum Kind {
    /// No connection to the agent; nothing was sent.
    Unreachable(Cause),
    /// No connection, because this user may not use the agent's socket; nothing was sent.
    Forbidden(Cause),
    /// No TLS with the server that answered.
    Tls(TlsFault, Cause),
    /// No complete answer before the deadline. Holds the time limit of all requests together.
    TimedOut(Duration),
    /// The connection ended before the answer was complete.
    Interrupted(Cause),
    /// The answer does not come from Consul.
    NotUnderstood(Cause),
    /// The answer is longer, or has more values, than is read. Holds the bytes.
    TooLarge(u64),
    /// Consul's own answer: its HTTP status and its words.
    Status(u16, String),
    /// A denial in Consul's words while no server can check the token. An agent denies a token that it cannot look up,
    /// so this says nothing about the token's rights (1.8.7 and 1.21.0).
    DeniedInOutage(String),
}

impl Error {
    /// Returns whether Consul may have carried the request out. An answer that is missing, incomplete or unreadable
    /// says nothing about that; a refusal, or no connection, does.
    pub fn may_have_happened(&self) -> bool {
        match self.kind {
            // An agent may reject the client certificate only after the request was sent; it has not read the request.
            Kind::TimedOut(_)
            | Kind::Interrupted(_)
            | Kind::NotUnderstood(_)
            | Kind::TooLarge(_)
            | Kind::Tls(TlsFault::Other, _) => true,
            // A server that loses its leader during a write answers 500 for a write that is committed later.
            Kind::Status(status, _) => status >= 500,
            Kind::Unreachable(_) | Kind::Forbidden(_) | Kind::Tls(..) | Kind::DeniedInOutage(_) => false,
        }
    }

    /// Returns whether the answer is larger than is read.
    pub fn is_too_large(&self) -> bool {
        matches!(self.kind, Kind::TooLarge(_))
    }

    /// Returns whether there was no connection to the agent, so that no other request fares better.
    pub fn is_unreached(&self) -> bool {
        matches!(self.kind, Kind::Unreachable(_) | Kind::Forbidden(_))
    }

    /// Returns whether Consul denied the request for lack of rights.
    pub fn is_denied(&self) -> bool {
        matches!(self.kind, Kind::Status(401 | 403, _))
    }

    /// Returns whether Consul answered that it does not do this, with any leader: the request is denied or not understood.
    pub fn is_refusal(&self) -> bool {
        matches!(self.kind, Kind::Status(400..=499, _)) && !matches!(self.kind, Kind::Status(429, _))
    }

    /// Returns whether the request keeps failing until an operator changes something. An expired certificate does not
    /// count: it was right before, and a new one may come.
    pub fn is_permanent(&self) -> bool {
        use TlsFault as F;
        let is_mistake = match &self.kind {
            Kind::Forbidden(_)
            | Kind::Tls(F::UnknownCa | F::OtherName | F::Certificate | F::Client | F::NoTls | F::NoCommonWay, _) => {
                true
            }
            Kind::Status(400, words) => words.contains(WANTS_HTTPS) || lacks_enterprise(words),
            Kind::Status(500, words) => words.contains(WRONG_TTL),
            _ => false,
        };
        is_mistake || self.is_denied()
    }

    /// Returns whether the agent answered, and only its servers did not: an error of a request that it passes on to them, or no leader
    /// among them (1.8.7 and 1.21.0).
    pub fn is_of_servers(&self) -> bool {
        let parts = ["rpc error", "No cluster leader", "No known Consul servers", "failed to get conn"];
        matches!(&self.kind, Kind::Status(500.., words) if parts.iter().any(|part| words.contains(part)))
    }

    /// Returns whether Consul answered with this status and words that contain `part`.
    pub fn says(&self, status: u16, part: &str) -> bool {
        matches!(&self.kind, Kind::Status(s, words) if *s == status && words.contains(part))
    }

    /// Returns what the reader can do about the error.
    pub fn remedy(&self) -> Remedy {
        if let Some(doubt) = self.suspicion.port.as_ref().filter(|_| self.is_of_another_server()) {
            return Remedy::CorrectPort(doubt.clone());
        }
        match &self.kind {
            Kind::Unreachable(_) => Remedy::ReachAgent,
            Kind::Forbidden(_) => Remedy::OpenSocket,
            Kind::Tls(fault, _) => of_tls(*fault),
            Kind::NotUnderstood(_) | Kind::Status(404, _) => Remedy::CorrectAddress,
            Kind::Status(401 | 403, _) if !self.has_token => match &self.suspicion.empty_token_file {
                Some(file) => Remedy::FillTokenFile(self.rule.clone(), file.clone()),
                None => Remedy::GiveToken(self.rule.clone()),
            },
            Kind::Status(403, words) if words.contains("ACL not found") => Remedy::ReplaceToken,
            Kind::Status(401 | 403, _) => Remedy::Grant(self.rule.clone()),
            Kind::Status(400, words) if words.contains(WANTS_HTTPS) => Remedy::UseHttps,
            Kind::Status(400, words) if lacks_enterprise(words) => Remedy::LeaveOutScope,
            Kind::Status(400, _) => Remedy::ChangeVersion,
            Kind::Status(500, words) if words.contains(WRONG_TTL) => Remedy::RaiseTtl(least_ttl(words)),
            Kind::Status(500, words) if words.contains(MISSING_CHECK) => Remedy::RegisterCheck,
            Kind::Status(status, _) if (300..400).contains(status) => Remedy::NameAgentItself,
            Kind::TooLarge(_) => Remedy::Shrink,
            Kind::TimedOut(_) | Kind::Interrupted(_) | Kind::Status(..) | Kind::DeniedInOutage(_) => Remedy::Retry,
        }
    }
}

impl Error {
    /// Returns whether what listens there may not be an agent's HTTP server. The agent's own answers show that it is.
    fn is_of_another_server(&self) -> bool {
        match &self.kind {
            Kind::Unreachable(_) | Kind::Interrupted(_) | Kind::NotUnderstood(_) => true,
            Kind::Tls(fault, _) => matches!(fault, TlsFault::NoTls | TlsFault::Other),
            Kind::Status(status, _) => *status == 404,
            Kind::TimedOut(_) | Kind::Forbidden(_) | Kind::TooLarge(_) | Kind::DeniedInOutage(_) => false,
        }
    }
}

/// Reads the lower limit in `must be between [30s=24h0m0s]`.
fn least_ttl(words: &str) -> Option<Duration> {
    let (_, limits) = words.split_once('[')?;
    duration::parse(limits.split_once('=')?.0)
}

fn of_tls(fault: TlsFault) -> Remedy {
    match fault {
        TlsFault::UnknownCa => Remedy::TrustCa,
        TlsFault::OtherName => Remedy::NameServer,
        TlsFault::NotNow => Remedy::RenewCertificate,
        TlsFault::Certificate => Remedy::ReplaceCertificate,
        TlsFault::Client => Remedy::PresentCertificate,
        TlsFault::NoTls => Remedy::UsePlainHttp,
        TlsFault::NoCommonWay => Remedy::UpgradeTls,
        TlsFault::Other => Remedy::Retry,
    }
}

fn lacks_enterprise(words: &str) -> bool {
    ENTERPRISE.iter().any(|part| words.contains(part))
}

/// The attempt, the agent and the answer. A denial ends with the ACL rule that is missing.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} at {}: {}", self.purpose, self.agent, self.kind)?;
        if let (true, Some(cause)) = (f.alternate(), self.kind.cause()) {
            write!(f, ": {cause}")?;
        }
        match self.remedy() {
            Remedy::GiveToken(rule) | Remedy::FillTokenFile(rule, _) => write!(f, "; needs a token with: {rule}"),
            Remedy::Grant(rule) => write!(f, "; the token needs: {rule}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Unreachable(_) | Kind::Forbidden(_) => f.write_str("no connection"),
            Kind::Tls(..) => f.write_str("TLS failed"),
            Kind::TimedOut(limit) => write!(f, "no answer within {}", duration::rounded(*limit)),
            Kind::Interrupted(_) => f.write_str("the connection ended early"),
            Kind::NotUnderstood(_) => f.write_str("the answer is not Consul's"),
            Kind::TooLarge(bytes) => write!(f, "the answer has more than {bytes} bytes or too many values"),
            Kind::Status(status, words) if words.is_empty() => write!(f, "{status}"),
            Kind::Status(500, words) if NO_SERVER.iter().any(|part| words.contains(part)) => {
                write!(f, "Consul's servers do not answer: 500 {words}")
            }
            Kind::Status(status, words) => write!(f, "{status} {words}"),
            Kind::DeniedInOutage(words) => write!(f, "403 {words}, but no server can check the token now"),
        }
    }
}

impl Kind {
    /// Returns what a failed handshake means.
    pub(crate) fn of_tls(error: rustls::Error) -> Kind {
        let (fault, cause) = TlsFault::of(error);
        Kind::Tls(fault, cause)
    }

    fn cause(&self) -> Option<&Cause> {
        match self {
            Kind::Unreachable(cause)
            | Kind::Forbidden(cause)
            | Kind::Tls(_, cause)
            | Kind::Interrupted(cause)
            | Kind::NotUnderstood(cause) => Some(cause),
            Kind::TimedOut(_) | Kind::TooLarge(_) | Kind::Status(..) | Kind::DeniedInOutage(_) => None,
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let cause = self.kind.cause()?;
        Some(&**cause)
    }
}

#[cfg(test)]
mod tests;
