//! Turns options and environment into the access to the agent. Options take precedence, and both have the meaning that they have for
//! official clients. Must never know a request.

use std::path::PathBuf;

use super::draft::TypedAccess;
use super::environment::Environment;
use super::named::Named;
use super::tls::{self, TlsSettings};
use super::{values, wording};
use crate::consul::{self, Access, Address, AddressError, Scope, Secret};

/// Returns the access to the agent that the options and the environment describe. Reads the files that they name.
///
/// # Errors
/// Names the option or variable, what is wrong with it, and what to do. Never repeats a secret.
pub fn resolve(typed: &TypedAccess, environment: &Environment) -> Result<Access, String> {
    let variable = |name| variable(environment, name);
    let either = |option, value: &Option<String>, name| match value {
        Some(value) => Ok(Some(Named { by: option, value: value.clone() })),
        None => variable(name),
    };
    let asks_for_https = truth(variable("CONSUL_HTTP_SSL")?)?.unwrap_or(false);
    let address = match either("--http-addr", &typed.http_addr, "CONSUL_HTTP_ADDR")? {
        Some(Named { by, value }) => {
            Address::parse(&value, asks_for_https).map_err(|wrong| format!("{by}: {}", words_of(&wrong)))?
        }
        None => Address::parse("", asks_for_https).map_err(|wrong| wrong.to_string())?,
    };
    // Without https, TLS settings are ignored: a fleet may set the variables on all nodes.
    let tls = if address.is_https() { Some(tls::read(tls_settings(typed, variable, either)?)?) } else { None };
    let (token, empty_token_file) = token(typed, variable)?;
    let login = variable("CONSUL_HTTP_AUTH")?.map(login);
    Ok(Access { address, tls, token, empty_token_file, login })
}

/// Returns what is wrong with an address. A user in it belongs in a variable.
fn words_of(wrong: &AddressError) -> String {
    match wrong {
        AddressError::UserOrQuery => format!("{wrong}, and CONSUL_HTTP_AUTH for a user"),
        _ => wrong.to_string(),
    }
}

/// Returns the namespace and the partition that the options or the environment name.
pub fn scope(typed: &TypedAccess, environment: &Environment) -> Result<Scope, String> {
    let either = |value: &Option<String>, name| match value {
        Some(value) => Ok(Some(value.clone())),
        None => Ok::<_, String>(variable(environment, name)?.map(|named| named.value)),
    };
    Ok(Scope {
        namespace: either(&typed.namespace, "CONSUL_NAMESPACE")?,
        partition: either(&typed.partition, "CONSUL_PARTITION")?,
    })
}

fn tls_settings(
    typed: &TypedAccess,
    variable: impl Fn(&'static str) -> Result<Option<Named>, String>,
    either: impl Fn(&'static str, &Option<String>, &'static str) -> Result<Option<Named>, String>,
) -> Result<TlsSettings, String> {
    let certificate = either("--client-cert", &typed.client_cert, "CONSUL_CLIENT_CERT")?;
    let key = either("--client-key", &typed.client_key, "CONSUL_CLIENT_KEY")?;
    let name = either("--tls-server-name", &typed.tls_server_name, "CONSUL_TLS_SERVER_NAME")?;
    Ok(TlsSettings {
        ca_file: either("--ca-file", &typed.ca_file, "CONSUL_CACERT")?,
        ca_path: either("--ca-path", &typed.ca_path, "CONSUL_CAPATH")?,
        client: client(certificate, key)?,
        machine: (variable("SSL_CERT_FILE")?, variable("SSL_CERT_DIR")?),
        server_name: name.map(server_name).transpose()?,
        verifies: truth(variable("CONSUL_HTTP_SSL_VERIFY")?)?.unwrap_or(true),
    })
}

/// Reads a variable. An empty one counts as unset. One that is not UTF-8 is an error, because ignoring it would change the agent or the
/// token.
fn variable(environment: &Environment, name: &'static str) -> Result<Option<Named>, String> {
    let value = environment.text(name)?;
    Ok(value.map(|value| Named { by: name, value: value.to_owned() }))
}

/// Reads a switch. Official clients only warn about an unknown word. Here it is an error, because the switch decides what is sent in plain
/// text, and to which server.
fn truth(named: Option<Named>) -> Result<Option<bool>, String> {
    let Some(Named { by, value }) = named else { return Ok(None) };
    values::truth(&value).map(Some).ok_or_else(|| wording::neither_true_nor_false(by, &value))
}

fn client(certificate: Option<Named>, key: Option<Named>) -> Result<Option<(Named, Named)>, String> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (None, None) => Ok(None),
        (Some(Named { by, .. }), None) => {
            Err(format!("{by} needs its key; name it with --client-key or CONSUL_CLIENT_KEY"))
        }
        (None, Some(Named { by, .. })) => {
            Err(format!("{by} needs its certificate; name it with --client-cert or CONSUL_CLIENT_CERT"))
        }
    }
}

fn server_name(Named { by, value }: Named) -> Result<String, String> {
    consul::server_name(&value)
        .map(str::to_owned)
        .ok_or_else(|| format!("{by} '{value}' is not a host name; use one that the agent's certificate has"))
}

/// The token: of two that are given, the one from a file, and of two ways to give it, the option. An empty file is ignored; without
/// another token, its path is returned too.
fn token(
    typed: &TypedAccess,
    variable: impl Fn(&'static str) -> Result<Option<Named>, String>,
) -> Result<(Option<Secret>, Option<PathBuf>), String> {
    let typed_file = typed.token_file.clone().map(|value| Named { by: "--token-file", value });
    let typed_token = typed.token.clone().map(|value| Named { by: "--token", value });
    let (file, token) = match (typed_file, typed_token) {
        (None, None) => (variable("CONSUL_HTTP_TOKEN_FILE")?, variable("CONSUL_HTTP_TOKEN")?),
        (None, token) => (None, token),
        (file, token) => (file, token.map_or_else(|| variable("CONSUL_HTTP_TOKEN"), |token| Ok(Some(token)))?),
    };
    let read = |file: Named| {
        let text = file.read()?;
        Ok::<_, String>(Named { by: file.by, value: String::from_utf8_lossy(&text).trim().to_owned() })
    };
    let path = file.as_ref().map(|file| PathBuf::from(&file.value));
    let file = file.map(read).transpose()?.filter(|named| !named.value.is_empty());
    let Some(Named { by, value }) = file.or(token) else { return Ok((None, path)) };
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "{by} contains a character that no token has, such as a space or a line break; check its value"
        ));
    }
    Ok((Some(Secret::of(value)), None))
}

/// Returns user and password, with the colon that a user without a password lacks.
fn login(Named { value, .. }: Named) -> Secret {
    Secret::of(if value.contains(':') { value } else { value + ":" })
}
