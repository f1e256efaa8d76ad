//! Values of options, read from their text; every error names the option and what can be written there.

use std::time::Duration;

use crate::consul::Status;
use crate::{duration, hook};

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

pub fn status(option: &str, text: Option<String>) -> Result<Status, String> {
    let choices = [("passing", Status::Passing), ("warning", Status::Warning), ("critical", Status::Critical)];
    choice(option, text, Status::Passing, &choices)
}

/// Large enough for any order that people may want, small enough to be read.
const HIGHEST_PRIORITY: u32 = 1_000_000;

pub fn priority(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|priority| *priority <= HIGHEST_PRIORITY).ok_or_else(|| {
        format!(
            "--priority '{text}' is none; use a whole number from 0 (never leads) to {HIGHEST_PRIORITY}, 100 by default"
        )
    })
}

/// A command's words.
pub fn command(option: &str, text: Option<&str>) -> Result<Option<Vec<String>>, String> {
    let Some(text) = text else { return Ok(None) };
    hook::split(text).map(Some).ok_or_else(|| {
        format!(
            "{option} '{text}' names no command, or has a quote that is not closed; what a shell is to run goes into sh -c '...'"
        )
    })
}
