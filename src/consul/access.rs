//! How an agent is reached, and as whom. Plain values; must never know where they come from or what is asked.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::address::Address;
use super::secret::Secret;
use super::tls::Tls;

/// How an agent is reached, and as whom. The default is the local agent at `127.0.0.1:8500`, without a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The agent's address.
    pub address: Address,
    /// The TLS settings. An `https` address needs them; any other ignores them.
    pub tls: Option<Tls>,
    /// The ACL token. Characters that an HTTP header cannot hold make it invalid: it is then not sent.
    pub token: Option<Secret>,
    /// The file that should hold the token, and is empty: it says why a request without one is denied.
    pub empty_token_file: Option<PathBuf>,
    /// `USER:PASSWORD` for HTTP basic authentication, for a proxy in front of the agent.
    pub login: Option<Secret>,
}

/// The part of a Consul Enterprise datacenter that requests go to. Empty for the community edition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The namespace.
    pub namespace: Option<String>,
    /// The admin partition.
    pub partition: Option<String>,
}

impl Access {
    /// Returns whether any server could answer in the agent's place, because its certificate is not verified.
    pub fn is_unverified(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| !tls.verifies())
    }

    /// Returns what nothing that is printed may contain: the token and the login, as they are and as they are sent. A text of up to 3
    /// characters is no secret, and would be found everywhere.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let login = self.login.as_ref().map(Secret::reveal);
        let password = login.and_then(|login| Some(login.split_once(':')?.1.to_owned()));
        let encoded = login.map(|login| STANDARD_NO_PAD.encode(login));
        let token = self.token.as_ref().map(|token| token.reveal().to_owned());
        let all = [token, login.map(str::to_owned), password, encoded];
        all.into_iter().flatten().filter(|text| text.chars().count() > 3).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_local_agent_without_a_token() {
        let access = Access::default();
        assert_eq!(access.address.shown(), "http://127.0.0.1:8500");
        assert_eq!((access.tls, access.token, access.login), (None, None, None));
    }

    #[test]
    fn debug_output_hides_token_and_login() {
        let secret = |text: &str| Some(Secret::of(text.to_owned()));
        let access = Access { token: secret("5ec2e7"), login: secret("user:5ec2e7"), ..Access::default() };
        assert!(!format!("{access:?}").contains("5ec2e7"));
    }
}
