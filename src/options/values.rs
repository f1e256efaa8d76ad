//! Values of options, read from their text; every error names the option and what can be written there.

use std::time::Duration;

use crate::consul::Status;
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
    split(text).map(Some).ok_or_else(|| {
        format!(
            "{option} '{text}' names no command, or has a quote that is not closed; what a shell is to run goes into sh -c '...'"
        )
    })
}

/// Splits a command line into words by the quoting rules of a POSIX shell; `None` when a quote is not closed or no program is
/// named. Nothing is expanded, and what else a shell would act on, such as `;`, is text.
fn split(text: &str) -> Option<Vec<String>> {
    shlex::split(text).filter(|words| words.first().is_some_and(|program| !program.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_by_a_shells_quoting_rules() {
        for (text, words) in [
            ("/bin/notify", &["/bin/notify"][..]),
            ("  notify  a\tb\n", &["notify", "a", "b"]),
            ("notify 'a b' \"c 'd\" e\\ f '' g\"h\"i", &["notify", "a b", "c 'd", "e f", "", "ghi"]),
            ("notify $HOME; rm -rf *", &["notify", "$HOME;", "rm", "-rf", "*"]),
            ("sh -c 'a && b'", &["sh", "-c", "a && b"]),
        ] {
            assert_eq!(split(text).as_deref(), Some(&words.iter().map(ToString::to_string).collect::<Vec<_>>()[..]));
        }
        for text in ["", " \t", "notify 'a", "notify \"a", "notify \\", "'' a", "# notify"] {
            assert_eq!(split(text), None, "{text:?}");
        }
    }
}
