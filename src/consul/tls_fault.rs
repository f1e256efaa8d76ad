//! What a failed TLS handshake means. Must never know a request or a remedy.

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use rustls::{AlertDescription, CertificateError};

/// Why the server that answered and the client could not agree on TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// No trusted CA signed the server's certificate.
    UnknownCa,
    /// The server's certificate is for other names.
    OtherName,
    /// The server's certificate has expired or is not valid yet.
    NotNow,
    /// The server's certificate is invalid for another reason.
    Certificate,
    /// The server requires a client certificate, or rejects the one it got.
    Client,
    /// The server does not speak TLS.
    NoTls,
    /// The server supports no TLS version or algorithm that this client supports.
    NoCommonWay,
    /// Any other failure.
    Other,
}

/// A failed handshake in words that stay the same as time passes; rustls's own count seconds.
#[derive(Debug)]
struct Handshake {
    words: String,
    source: rustls::Error,
}

impl TlsFault {
    /// Classifies an error of a handshake. Also returns its cause, reworded where rustls is unclear or counts seconds.
    pub(super) fn of(error: rustls::Error) -> (TlsFault, Box<dyn Error + Send + Sync>) {
        let (fault, words) = match &error {
            rustls::Error::InvalidCertificate(why) => of_certificate(why),
            rustls::Error::AlertReceived(alert) => {
                (of_alert(*alert), Some(format!("it ended the connection: {alert:?}")))
            }
            rustls::Error::InvalidMessage(_) => {
                (TlsFault::NoTls, Some("what answers there does not speak TLS".to_owned()))
            }
            rustls::Error::PeerIncompatible(_) => (TlsFault::NoCommonWay, None),
            _ => (TlsFault::Other, None),
        };
        match words {
            Some(words) => (fault, Box::new(Handshake { words, source: error })),
            None => (fault, Box::new(error)),
        }
    }
}

impl fmt::Display for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Error for Handshake {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

fn of_certificate(why: &CertificateError) -> (TlsFault, Option<String>) {
    use CertificateError as E;
    let (fault, words) = match why {
        // After a CA was recreated under its old name, the signature no longer matches.
        E::UnknownIssuer | E::BadSignature => (TlsFault::UnknownCa, "no trusted CA signed its certificate".to_owned()),
        E::NotValidForName | E::NotValidForNameContext { .. } => return (TlsFault::OtherName, None),
        E::ExpiredContext { not_after, .. } => {
            (TlsFault::NotNow, format!("its certificate expired on {}", utc(not_after.as_secs())))
        }
        E::Expired => (TlsFault::NotNow, "its certificate has expired".to_owned()),
        E::NotValidYetContext { not_before, .. } => {
            (TlsFault::NotNow, format!("its certificate is valid only from {}", utc(not_before.as_secs())))
        }
        E::NotValidYet => (TlsFault::NotNow, "its certificate is not valid yet".to_owned()),
        E::UnsupportedSignatureAlgorithmContext { .. } | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            (TlsFault::Certificate, "its certificate or CA has an unsupported signature algorithm".to_owned())
        }
        _ => return (TlsFault::Certificate, None),
    };
    (fault, Some(words))
}

/// Returns the fault behind an alert. Versions of Consul send different alerts for the same client certificate.
fn of_alert(alert: AlertDescription) -> TlsFault {
    use AlertDescription as A;
    match alert {
        A::CertificateRequired
        | A::NoCertificate
        | A::BadCertificate
        | A::UnsupportedCertificate
        | A::CertificateRevoked
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::UnknownCA
        | A::AccessDenied
        | A::DecryptError => TlsFault::Client,
        A::ProtocolVersion | A::HandshakeFailure | A::InsufficientSecurity => TlsFault::NoCommonWay,
        _ => TlsFault::Other,
    }
}

/// Formats seconds since 1970 as a time in UTC.
fn utc(seconds: u64) -> impl fmt::Display {
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}
