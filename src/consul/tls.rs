//! Whom to trust behind https, and what to show there: reads certificates and keys, and checks them before anything is sent. Knows no
//! HTTP.
//!
//! ureq passes over a CA that it cannot use, and panics at a key that does not fit its certificate; so both are found out here.

use std::fmt;
use std::fs;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, CertificateError, InconsistentKeys, RootCertStore};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use super::access::Secret;
use crate::cli::named::Named;

/// What the user named for https.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// A file with the CA's certificates; goes before the directory, as for official clients.
    pub ca_file: Option<Named>,
    /// A directory of such files.
    pub ca_path: Option<Named>,
    /// What to show an agent that verifies whom it talks to: a certificate, and its key.
    pub client: Option<(Named, Named)>,
    /// The name that the agent's certificate must be for, where that is not its address.
    pub server_name: Option<String>,
    /// Whether the agent's certificate is verified.
    pub verifies: bool,
}

/// The kinds of keys that rustls knows by ring.
pub(super) const KEYS: &str = "RSA (2048 bits or more), ECDSA (P-256, P-384) or Ed25519";

/// Whom to trust, and what to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Empty where nothing is verified.
    roots: Vec<CertificateDer<'static>>,
    /// A chain of certificates, and the key of the first one in PEM.
    client: Option<(Vec<CertificateDer<'static>>, Secret)>,
    server_name: Option<String>,
    verifies: bool,
}

impl Tls {
    /// Reads what was named.
    ///
    /// # Errors
    /// Names the option or variable, the file, what is wrong with it, and the way out.
    pub fn read(settings: TlsSettings) -> Result<Tls, String> {
        let TlsSettings { ca_file, ca_path, client, server_name, verifies } = settings;
        let roots = match (ca_file, ca_path) {
            _ if !verifies => Vec::new(),
            (Some(file), _) => roots_of_file(&file)?,
            (None, Some(directory)) => roots_of_directory(&directory)?,
            (None, None) => roots_of_machine()?,
        };
        let client = client.map(|(certificate, key)| read_client(&certificate, &key)).transpose()?;
        Ok(Tls { roots, client, server_name, verifies })
    }

    /// Whether the agent's certificate is verified.
    pub fn verifies(&self) -> bool {
        self.verifies
    }

    /// The name that the agent's certificate must be for, where that is not its address.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// The same, as ureq takes it.
    pub fn config(&self) -> TlsConfig {
        let owned = |der: &CertificateDer| Certificate::from_der(der).to_owned();
        let client = self.client.as_ref().and_then(|(chain, key)| {
            let chain: Vec<_> = chain.iter().map(owned).collect();
            // It was read before, so that it can be now.
            Some(ClientCert::new_with_certs(&chain, PrivateKey::from_pem(key.reveal().as_bytes()).ok()?))
        });
        TlsConfig::builder()
            .root_certs(RootCerts::from(self.roots.iter().map(owned)))
            .client_cert(client)
            .disable_verification(!self.verifies)
            .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
            .build()
    }
}

/// The name of a host as it can stand in a certificate, out of `NAME`, `NAME:PORT`, an address, or one in brackets, as official clients
/// read it; `None` where it is none.
pub fn server_name(text: &str) -> Option<&str> {
    let name = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None if text.parse::<Ipv6Addr>().is_ok() => text,
        None => text.split_once(':').map_or(text, |(name, _)| name),
    };
    ServerName::try_from(name).is_ok().then_some(name)
}

fn roots_of_file(file: &Named) -> Result<Vec<CertificateDer<'static>>, String> {
    let roots = usable(certificates(&file.read()?));
    if roots.is_empty() {
        let Named { by, value: path } = file;
        return Err(format!("{by}: {path} holds no CA certificate that can be used; name a file that does, in PEM"));
    }
    Ok(roots)
}

/// Reads every file of a directory and of those below it, as official clients do. What is no certificate is passed over.
fn roots_of_directory(directory: &Named) -> Result<Vec<CertificateDer<'static>>, String> {
    let Named { by, value: path } = directory;
    let mut roots = Vec::new();
    let mut left = vec![PathBuf::from(path)];
    while let Some(path) = left.pop() {
        let cannot = |error: std::io::Error| directory.cannot_read(&path, &error);
        for entry in fs::read_dir(&path).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            // A link to a directory is not followed: it could lead in a circle.
            if entry.file_type().map_err(cannot)?.is_dir() {
                left.push(entry.path());
            } else if entry.path().is_file() {
                roots.extend(usable(certificates(&directory.read_file(&entry.path())?)));
            }
        }
    }
    if roots.is_empty() {
        return Err(format!("{by}: no file in {path} holds a CA certificate that can be used; put one there, in PEM"));
    }
    Ok(roots)
}

fn roots_of_machine() -> Result<Vec<CertificateDer<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return Err("https: this machine has no CA certificates; name the agent's CA with --ca-file or CONSUL_CACERT"
            .to_owned());
    }
    Ok(found.certs)
}

/// Those that a chain of trust can begin with.
fn usable(certificates: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    let is_usable = |der: &CertificateDer<'static>| RootCertStore::empty().add(der.clone()).is_ok();
    certificates.into_iter().filter(is_usable).collect()
}

/// The certificates of a file in PEM. What cannot be read between them is passed over, as by official clients.
fn certificates(text: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(text).flatten().collect()
}

fn read_client(certificate: &Named, key: &Named) -> Result<(Vec<CertificateDer<'static>>, Secret), String> {
    let none = || {
        let Named { by, value: path } = certificate;
        format!("{by}: {path} holds no certificate that can be used; name a file that does, in PEM")
    };
    let chain = certificates(&certificate.read()?);
    if chain.is_empty() {
        return Err(none());
    }
    let Named { by, value: path } = key;
    let text = key.read()?;
    // What the file holds is a secret, and the reason could quote it.
    let private = PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
        format!(
            "{by}: {path} holds no private key in PEM, or one with a passphrase; name a file that holds one without"
        )
    })?;
    match CertifiedKey::from_der(chain.clone(), private, &default_provider()) {
        Ok(_) => Ok((chain, Secret::of(String::from_utf8_lossy(&text).into_owned()))),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(format!(
            "{by}: {path} is not the key of the certificate in {}; name the one that belongs to it",
            certificate.value
        )),
        Err(rustls::Error::InvalidCertificate(_)) => Err(none()),
        Err(_) => Err(format!("{by}: {path} holds a private key of a kind that cannot be used; make one of {KEYS}")),
    }
}

/// Why no connection came about with whoever answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// No CA that is trusted here has signed its certificate.
    UnknownCa,
    /// Its certificate is for other names.
    OtherName,
    /// Its certificate does not hold at this time.
    NotNow,
    /// Its certificate is none that TLS takes.
    Certificate,
    /// It wants a client certificate, or another one.
    Client,
    /// It does not speak TLS.
    NoTls,
    /// It speaks TLS, and there is no way that both know.
    NoCommonWay,
    /// None of these.
    Other,
}

impl TlsFault {
    /// The fault, and what is to be said of it: nothing in it changes as time goes by.
    pub fn of(error: &rustls::Error) -> (TlsFault, String) {
        use CertificateError as E;
        match error {
            rustls::Error::InvalidCertificate(why) => match why {
                // A CA of the same name that is another one, as after it was made anew, does not fit the signature.
                E::UnknownIssuer | E::BadSignature => {
                    (TlsFault::UnknownCa, "no CA that is trusted here has signed its certificate".to_owned())
                }
                E::NotValidForName | E::NotValidForNameContext { .. } => (TlsFault::OtherName, why.to_string()),
                E::ExpiredContext { not_after, .. } => {
                    (TlsFault::NotNow, format!("its certificate expired on {}", utc(not_after.as_secs())))
                }
                E::Expired => (TlsFault::NotNow, "its certificate has expired".to_owned()),
                E::NotValidYetContext { not_before, .. } => {
                    (TlsFault::NotNow, format!("its certificate holds from {} only", utc(not_before.as_secs())))
                }
                E::NotValidYet => (TlsFault::NotNow, "its certificate does not hold yet".to_owned()),
                E::UnsupportedSignatureAlgorithmContext { .. }
                | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
                    TlsFault::Certificate,
                    "its certificate, or its CA's, is signed in a way that is not known here".to_owned(),
                ),
                _ => (TlsFault::Certificate, format!("its certificate cannot be trusted: {why}")),
            },
            rustls::Error::AlertReceived(alert) => (of_alert(*alert), format!("it ended the connection: {alert:?}")),
            rustls::Error::InvalidMessage(_) => (TlsFault::NoTls, "what answers there does not speak TLS".to_owned()),
            rustls::Error::PeerIncompatible(_) => (TlsFault::NoCommonWay, error.to_string()),
            _ => (TlsFault::Other, error.to_string()),
        }
    }
}

/// What an agent says of a client certificate that it does not take, or misses.
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

/// A time in UTC, given in seconds since 1970.
fn utc(seconds: u64) -> impl fmt::Display {
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}
