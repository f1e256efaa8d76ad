//! Values of options, read from their text; every error names the option and what can be written there.

use std::time::Duration;

use crate::duration;

pub fn duration(option: &str, text: &str) -> Result<Duration, String> {
    duration::parse(text)
        .ok_or_else(|| format!("{option} '{text}' is no duration; write it as Consul does: 15s, 1m30s, 0s"))
}

pub fn choice<T: Copy>(option: &str, text: Option<String>, default: T, choices: &[(&str, T)]) -> Result<T, String> {
    let Some(text) = text else { return Ok(default) };
    choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        format!("{option} '{text}' is none of its values; use {}", names.join(" or "))
    })
}

pub fn log_level(text: Option<&str>) -> Result<Option<log::LevelFilter>, String> {
    let Some(text) = text else { return Ok(None) };
    text.parse()
        .map(Some)
        .map_err(|_| format!("--log-level '{text}' is no level; use off, error, warn, info, debug or trace"))
}
