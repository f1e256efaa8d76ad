//! What helps against a failed request, as data: the command line turns it into words that name its options. Must never know a request.

use std::time::Duration;

use super::acl::Rule;
use super::address::PortDoubt;

/// What the reader of an error can do about it, or expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Retry later: the cause may pass by itself.
    Retry,
    /// Correct the port, which is one that agents serve nothing else on, or was not given.
    CorrectPort(PortDoubt),
    /// Start the agent, or correct its address.
    ReachAgent,
    /// Correct the address: the server there is not a Consul agent.
    CorrectAddress,
    /// Name the agent itself: redirects are not followed.
    NameAgentItself,
    /// Let this user use the agent's socket, by `unix_sockets` in the agent's configuration.
    OpenSocket,
    /// Reach the agent over https.
    UseHttps,
    /// Reach the agent over plain HTTP or its socket, or let it serve https.
    UsePlainHttp,
    /// Trust the CA that signed the agent's certificate.
    TrustCa,
    /// Name the host that the agent's certificate is for.
    NameServer,
    /// Renew the agent's certificate, or correct this machine's clock.
    RenewCertificate,
    /// Replace the agent's certificate: it must not be its own CA, and needs a key of one of [`super::KEYS`].
    ReplaceCertificate,
    /// Present a client certificate that the agent's CA signed and that has not expired.
    PresentCertificate,
    /// Let the agent support TLS 1.2 or 1.3 and a key of one of [`super::KEYS`].
    UpgradeTls,
    /// Send a token that has this rule.
    GiveToken(Rule),
    /// Write a token that has this rule into this file, which is empty.
    FillTokenFile(Rule, String),
    /// Send another token: this one does not exist.
    ReplaceToken,
    /// Add this rule to the token.
    Grant(Rule),
    /// Raise the session's TTL to the servers' `session_ttl_min`, which is this where their words hold it.
    RaiseTtl(Option<Duration>),
    /// Retry later: the check is not in the catalog yet. If that lasts, let the agent register it: its token lacks rights.
    RegisterCheck,
    /// Leave namespace and partition out: this Consul has none.
    LeaveOutScope,
    /// Make what the answer is about smaller.
    Shrink,
    /// Use another version of Consul: this one does not accept the request.
    ChangeVersion,
}
