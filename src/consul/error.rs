//! What can go wrong when Consul is asked: one error that says what was attempted, on what, and what came back.
//!
//! Owns the difference between *refused* (Consul answered and did nothing) and *unknown* (the request may have been
//! carried out). Knows no roles, no exit statuses, and never holds a token.

use std::fmt;

use super::tls::{KEYS, TlsFault};

/// What Go's server says on an https port to a request in plain text, and so what every Consul does (1.8.7, 1.21.0).
const WANTS_HTTPS: &str = "HTTP request to an HTTPS server";

/// A request to Consul that did not end well.
#[derive(Debug)]
pub struct Error {
    /// What was to be achieved, as the rest of a sentence that begins with "cannot".
    pub purpose: String,
    /// HTTP method and URL, without its query string.
    pub request: String,
    /// The ACL rule that allows this request, as it stands in a policy.
    pub rule: String,
    /// Whether it had a token.
    pub has_token: bool,
    /// What came back.
    pub kind: Kind,
}

/// The ways in which a request can fail.
#[derive(Debug)]
pub enum Kind {
    /// No connection to the agent: nothing was sent. Holds the system's own words.
    Unreachable(String),
    /// No connection to the agent's socket for lack of rights to it: nothing was sent. Holds the system's own words.
    Forbidden(String),
    /// No TLS with whoever answered there. Says why.
    Tls(TlsFault, String),
    /// No complete answer before the deadline; holds the time that there was for all requests together, as Consul writes it.
    TimedOut(String),
    /// The connection ended before a complete answer. Holds the system's own words.
    Interrupted(String),
    /// What came back is not an answer of Consul's. Says what was wrong with it.
    NotUnderstood(String),
    /// Consul's own answer: its HTTP status and its words.
    Status(u16, String),
    /// A denial in Consul's words, while no server could be asked about the token. An agent denies a token that it does not
    /// know and cannot look up, so this says nothing of the token's rights (seen on 1.8.7 and 1.21.0).
    DeniedInOutage(String),
}

/// What a Consul that knows no namespaces and no partitions says of them. 1.8.7 takes a partition for nothing in a request, and
/// refuses it in a prepared query.
const ENTERPRISE: [&str; 3] =
    ["Consul Enterprise feature", "unknown field \"Namespace\"", "unknown field \"Partition\""];

fn lacks_enterprise(words: &str) -> bool {
    ENTERPRISE.iter().any(|part| words.contains(part))
}

impl Error {
    /// Whether Consul may have carried the request out all the same: an answer that never came, broke off or made no sense
    /// says nothing about what was done. A refusal by Consul itself, or no connection at all, does.
    pub fn may_have_happened(&self) -> bool {
        match self.kind {
            // An agent that wants another client certificate says so when the first request is on its way; it reads none.
            Kind::TimedOut(_) | Kind::Interrupted(_) | Kind::NotUnderstood(_) | Kind::Tls(TlsFault::Other, _) => true,
            // A server that lost its leader in the middle of a write answers 500 for a write that is committed later.
            Kind::Status(status, _) => status >= 500,
            Kind::Unreachable(_) | Kind::Forbidden(_) | Kind::Tls(..) | Kind::DeniedInOutage(_) => false,
        }
    }

    /// Whether Consul denied the request for lack of rights.
    pub fn is_denied(&self) -> bool {
        matches!(self.kind, Kind::Status(401 | 403, _))
    }

    /// Whether no later request can do better as long as nobody changes something: denied, or not the agent that was meant, or not
    /// as it wants to be asked. A certificate that has expired is none of these; it was right before, and a new one may come.
    pub fn is_for_good(&self) -> bool {
        use TlsFault as F;
        let is_mistake = match &self.kind {
            Kind::Forbidden(_)
            | Kind::Tls(F::UnknownCa | F::OtherName | F::Certificate | F::Client | F::NoTls | F::NoCommonWay, _) => {
                true
            }
            Kind::Status(400, words) => words.contains(WANTS_HTTPS) || lacks_enterprise(words),
            _ => false,
        };
        is_mistake || self.is_denied()
    }

    /// Whether Consul answered with this status and with words that contain `part`.
    pub fn says(&self, status: u16, part: &str) -> bool {
        matches!(&self.kind, Kind::Status(s, words) if *s == status && words.contains(part))
    }

    /// What the reader can do about it, or expect.
    fn way_out(&self) -> String {
        match &self.kind {
            Kind::Unreachable(_) => {
                "is the agent running there? CONSUL_HTTP_ADDR or --http-addr says where to ask".to_owned()
            }
            Kind::Forbidden(_) => {
                "let this user use the socket: unix_sockets in the agent's configuration has user, group and mode"
                    .to_owned()
            }
            Kind::Tls(fault, _) => way_out_of(*fault),
            Kind::NotUnderstood(_) => {
                "is it a Consul agent that answers there? CONSUL_HTTP_ADDR or --http-addr says where to ask".to_owned()
            }
            Kind::DeniedInOutage(_) => {
                "but no server can be asked about the token now; the next run tries again".to_owned()
            }
            // Without one, the agent's own default token counts, or the anonymous one.
            Kind::Status(401 | 403, _) if !self.has_token => {
                format!(
                    "give a token by --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN; it needs: {}",
                    self.rule
                )
            }
            Kind::Status(403, words) if words.contains("ACL not found") => {
                "the token does not exist, or no more; give another by --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN"
                    .to_owned()
            }
            Kind::Status(401 | 403, _) => format!("the token needs: {}", self.rule),
            Kind::Status(400, words) if words.contains(WANTS_HTTPS) => {
                "name it as https://HOST:PORT in CONSUL_HTTP_ADDR or --http-addr, or set CONSUL_HTTP_SSL=true".to_owned()
            }
            Kind::Status(400, words) if lacks_enterprise(words) => {
                "unset CONSUL_NAMESPACE and CONSUL_PARTITION, and give no --namespace and no --partition".to_owned()
            }
            Kind::Status(400, _) => "this version of Consul does not take the request".to_owned(),
            Kind::Status(status, _) if (300..400).contains(status) => {
                "redirects are not followed; CONSUL_HTTP_ADDR or --http-addr must name the agent itself".to_owned()
            }
            Kind::TimedOut(_) | Kind::Interrupted(_) | Kind::Status(..) => "the next run tries again".to_owned(),
        }
    }
}

/// What the reader can do where no TLS came about.
fn way_out_of(fault: TlsFault) -> String {
    match fault {
        TlsFault::UnknownCa => "name the CA that did with --ca-file or --ca-path (CONSUL_CACERT, CONSUL_CAPATH)".to_owned(),
        TlsFault::OtherName => {
            "say which name is right with --tls-server-name or CONSUL_TLS_SERVER_NAME, or name the agent by it".to_owned()
        }
        TlsFault::NotNow => "the agent needs a new one, if this machine's clock is right".to_owned(),
        TlsFault::Certificate => format!("the agent needs another one: not one that is its own CA, and with keys of {KEYS}"),
        TlsFault::Client => {
            "it takes certificates of its own CA alone, as long as they hold: name one, and its key, with --client-cert and --client-key (CONSUL_CLIENT_CERT, CONSUL_CLIENT_KEY)".to_owned()
        }
        TlsFault::NoTls => {
            "is https served there? what serves plain HTTP is named http://HOST:PORT or unix:///PATH, without CONSUL_HTTP_SSL".to_owned()
        }
        TlsFault::NoCommonWay => format!("the agent needs TLS 1.2 or 1.3, and keys of {KEYS}"),
        TlsFault::Other => "the next run tries again".to_owned(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}: ", self.purpose, self.request)?;
        match &self.kind {
            Kind::Unreachable(words) | Kind::Forbidden(words) | Kind::Interrupted(words) | Kind::Tls(_, words) => {
                write!(f, "{words}")?;
            }
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
