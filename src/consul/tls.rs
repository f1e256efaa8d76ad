//! TLS settings: the CAs to trust and the client certificate to present, checked before anything is sent. Must never
//! know files or HTTP.
//!
//! ureq ignores a CA that it cannot use and panics at a key that does not match its certificate, so both are checked
//! here.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use super::secret::Secret;

/// The kinds of keys that certificates can have, for errors.
pub const KEYS: &str = "RSA (2048 bits or more), ECDSA (P-256, P-384) or Ed25519";

/// How https connections are verified and what the client presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// `None`: the agent's certificate is not verified.
    roots: Option<Roots>,
    client: Option<ClientIdentity>,
    server_name: Option<String>,
}

/// CA certificates to trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots(Vec<CertificateDer<'static>>);

/// A client certificate with the chain that leads to its CA, and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientIdentity {
    chain: Vec<CertificateDer<'static>>,
    /// In PEM.
    key: Secret,
}

/// Why certificates or a key cannot be used. Quotes nothing, because a key is a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PemError {
    /// The client certificate's text holds no usable certificate.
    NoCertificate,
    /// The key's text holds no private key without a passphrase.
    NoKey,
    /// The key does not belong to the certificate.
    KeyOfAnother,
    /// The key is of an unsupported kind, see [`KEYS`].
    UnsupportedKey,
}

impl Tls {
    /// Trusts agents whose certificate one of these CAs signed.
    pub fn trusting(roots: Roots) -> Tls {
        Tls { roots: Some(roots), client: None, server_name: None }
    }

    /// Disables certificate verification.
    pub fn unverified() -> Tls {
        Tls { roots: None, client: None, server_name: None }
    }

    /// Presents this client certificate.
    #[must_use]
    pub fn with_client(self, client: ClientIdentity) -> Tls {
        Tls { client: Some(client), ..self }
    }

    /// Expects a certificate for this name instead of the address, see [`server_name`].
    #[must_use]
    pub fn with_server_name(self, name: &str) -> Tls {
        Tls { server_name: Some(name.to_owned()), ..self }
    }

    /// Returns whether the agent's certificate is verified.
    pub fn verifies(&self) -> bool {
        self.roots.is_some()
    }

    /// Returns the name that the agent's certificate must be for, unless that is its address.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Returns the settings in ureq's form.
    pub(super) fn config(&self) -> TlsConfig {
        let owned = |der: &CertificateDer| Certificate::from_der(der).to_owned();
        let client = self.client.as_ref().and_then(|ClientIdentity { chain, key }| {
            let chain: Vec<_> = chain.iter().map(owned).collect();
            // It parsed once already.
            Some(ClientCert::new_with_certs(&chain, PrivateKey::from_pem(key.reveal().as_bytes()).ok()?))
        });
        let roots = self.roots.iter().flat_map(|roots| &roots.0);
        TlsConfig::builder()
            .root_certs(RootCerts::from(roots.map(owned)))
            .client_cert(client)
            .disable_verification(self.roots.is_none())
            .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
            .build()
    }
}

impl Roots {
    /// Reads the usable CA certificates of a text in PEM. Skips everything else, as official clients do; so the result
    /// may be empty.
    pub fn of_pem(text: &[u8]) -> Roots {
        let is_usable = |der: &CertificateDer<'static>| RootCertStore::empty().add(der.clone()).is_ok();
        Roots(certificates(text).into_iter().filter(is_usable).collect())
    }

    /// Loads the CA certificates of this machine. The result may be empty.
    pub fn of_machine() -> Roots {
        Roots(rustls_native_certs::load_native_certs().certs)
    }

    /// Adds other CA certificates.
    pub fn extend(&mut self, other: Roots) {
        self.0.extend(other.0);
    }

    /// Returns whether there is no CA certificate, so that no agent would be trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl ClientIdentity {
    /// Reads a certificate chain and a private key in PEM.
    ///
    /// # Errors
    /// When one of them cannot be used, or they do not belong together.
    pub fn of_pem(certificate: &[u8], key: &[u8]) -> Result<ClientIdentity, PemError> {
        let chain = certificates(certificate);
        if chain.is_empty() {
            return Err(PemError::NoCertificate);
        }
        // The parser's own reason could quote the key.
        let private = PrivateKeyDer::from_pem_slice(key).map_err(|_| PemError::NoKey)?;
        match CertifiedKey::from_der(chain.clone(), private, &default_provider()) {
            Ok(_) => Ok(ClientIdentity { chain, key: Secret::of(String::from_utf8_lossy(key).into_owned()) }),
            Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(PemError::KeyOfAnother),
            Err(rustls::Error::InvalidCertificate(_)) => Err(PemError::NoCertificate),
            Err(_) => Err(PemError::UnsupportedKey),
        }
    }
}

impl fmt::Display for PemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PemError::NoCertificate => f.write_str("no usable certificate in PEM"),
            PemError::NoKey => f.write_str("no private key in PEM, or one with a passphrase"),
            PemError::KeyOfAnother => f.write_str("the private key does not belong to the certificate"),
            PemError::UnsupportedKey => write!(f, "the private key is not one of {KEYS}"),
        }
    }
}

impl std::error::Error for PemError {}

/// Extracts the host from `NAME`, `NAME:PORT`, an IP address, or one in brackets, as official clients do. `None`: a
/// certificate cannot be for this name.
pub fn server_name(text: &str) -> Option<&str> {
    let name = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None if text.parse::<Ipv6Addr>().is_ok() => text,
        None => text.split_once(':').map_or(text, |(name, _)| name),
    };
    ServerName::try_from(name).is_ok().then_some(name)
}

/// Reads the certificates of a text in PEM and skips everything else.
fn certificates(text: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(text).flatten().collect()
}
