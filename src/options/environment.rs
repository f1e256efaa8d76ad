//! What the environment says of the agent and the token, as official clients read it. Reads the token's file, and no other.

use std::ffi::OsString;

use super::Token;
use crate::consul::Address;

/// The agent that the environment names. What this version cannot do, but would ask elsewhere or otherwise than the user
/// meant if it were passed over, is an error.
pub fn agent(environment: impl Fn(&str) -> Option<OsString>) -> Result<Address, String> {
    let is_true = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "1" | "t" | "true");
    if text(&environment, "CONSUL_HTTP_SSL")?.is_some_and(|value| is_true(&value)) {
        return Err(
            "CONSUL_HTTP_SSL asks for https, which is not supported yet; unset it and use the agent's plain HTTP address"
                .to_owned(),
        );
    }
    for variable in ["CONSUL_HTTP_AUTH", "CONSUL_NAMESPACE", "CONSUL_PARTITION"] {
        if environment(variable).is_some_and(|value| !value.is_empty()) {
            return Err(format!("{variable} is not supported yet; unset it"));
        }
    }
    let address = text(&environment, "CONSUL_HTTP_ADDR")?.unwrap_or_default();
    Address::parse(&address).map_err(|wrong| format!("CONSUL_HTTP_ADDR: {wrong}"))
}

/// The token that the environment names, or none.
pub fn token(environment: impl Fn(&str) -> Option<OsString>) -> Result<Option<Token>, String> {
    let (source, token) = match text(&environment, "CONSUL_HTTP_TOKEN_FILE")?.filter(|path| !path.is_empty()) {
        Some(path) => {
            let text = std::fs::read_to_string(&path).map_err(|error| {
                format!("CONSUL_HTTP_TOKEN_FILE: cannot read {path}: {error}; name a file that this user can read")
            })?;
            ("CONSUL_HTTP_TOKEN_FILE", text.trim().to_owned())
        }
        None => ("CONSUL_HTTP_TOKEN", text(&environment, "CONSUL_HTTP_TOKEN")?.unwrap_or_default()),
    };
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "{source} holds a byte that no token has, such as a space or a line's end; check what was put there"
        ));
    }
    Ok((!token.is_empty()).then_some(Token(token)))
}

/// A variable's value. One that is no UTF-8 is an error rather than none: it would be another agent, or another token.
fn text(environment: impl Fn(&str) -> Option<OsString>, name: &str) -> Result<Option<String>, String> {
    let value = environment(name).map(OsString::into_string).transpose();
    value.map_err(|_| format!("{name} is not UTF-8; check what was put there"))
}
