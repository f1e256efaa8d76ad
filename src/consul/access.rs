//! How an agent is reached, and as whom: what the user named, checked and read. Asks nothing.

use std::fmt;

use super::address::Address;
use super::tls::Tls;

/// How an agent is reached, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Where it is.
    pub address: Address,
    /// Whom to trust there, and what to show; for https alone.
    pub tls: Option<Tls>,
    /// The ACL token.
    pub token: Option<Secret>,
    /// User and password, with a colon between them, for a proxy before the agent that asks for them.
    pub login: Option<Secret>,
}

/// Which part of a Consul Enterprise datacenter is meant; empty for Consul's community edition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The namespace.
    pub namespace: Option<String>,
    /// The admin partition.
    pub partition: Option<String>,
}

impl Access {
    /// Whether anyone could answer in the agent's place, since its certificate is not verified.
    pub fn is_unverified(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| !tls.verifies())
    }
}

/// What no debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn of(text: String) -> Secret {
        Secret(text)
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}
