//! The environment's variables, read once. Knows how their names begin, and none of them whole.

use std::ffi::{OsStr, OsString};

/// How the names begin that any part of the program reads.
const PREFIXES: &[&str] = &["CONSUL_", "ELECTION_", "SSL_CERT_"];

/// The variables, each with its value.
#[derive(Clone, Default)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// The environment of this process, as far as it can matter: a run looks up many names.
    #[must_use]
    pub fn of_process() -> Environment {
        let matters = |name: &OsStr| PREFIXES.iter().any(|prefix| begins(name, prefix));
        std::env::vars_os().filter(|(name, _)| matters(name)).collect()
    }

    /// The value of a variable. An empty one counts as unset.
    ///
    /// # Errors
    /// When it is not UTF-8: ignoring it would change the agent or the token.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.to_str().ok_or_else(|| format!("{name} is not UTF-8; check its value"))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn get(&self, wanted: &str) -> Option<&OsStr> {
        self.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_os_str())
    }

    /// Whether it has a variable that is not empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.is_empty())
    }

    /// Whether the name of any variable begins like this.
    pub(super) fn has_any(&self, prefix: &str) -> bool {
        self.0.iter().any(|(name, _)| begins(name, prefix))
    }
}

fn begins(name: &OsStr, prefix: &str) -> bool {
    name.as_encoded_bytes().starts_with(prefix.as_bytes())
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(variables: T) -> Environment {
        Environment(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
