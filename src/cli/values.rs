//! Values of options, read from their text. An error says what to write instead; it names no option.

use std::time::Duration;

use super::log_record::LogFormat;
use super::shell;
use crate::bounds;
use crate::consul::Status;
use crate::duration;
use crate::election::{HIGHEST_PRIORITY, OnOutage};
use crate::port::Target;

/// The words for what happens to a master tag in an outage.
pub const ON_OUTAGE: &[(&str, OnOutage)] = &[("keep", OnOutage::Keep), ("demote", OnOutage::Demote)];

/// The words for a check's status.
pub const STATUSES: &[(&str, Status)] =
    &[("passing", Status::Passing), ("warning", Status::Warning), ("critical", Status::Critical)];

/// The words for how the log is written.
pub const LOG_FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

/// Writes a value into its place.
pub fn put<T, V: Into<T>>(place: &mut T, value: Result<V, String>) -> Result<(), String> {
    *place = value?.into();
    Ok(())
}

/// Writes a text into its place, as it is.
#[allow(clippy::unnecessary_wraps, reason = "every setter can fail")]
pub fn keep<T: From<String>>(place: &mut T, text: &str) -> Result<(), String> {
    *place = text.to_owned().into();
    Ok(())
}

/// Adds a text to a list, as it is.
#[allow(clippy::unnecessary_wraps, reason = "every setter can fail")]
pub fn add(list: &mut Vec<String>, text: &str) -> Result<(), String> {
    list.push(text.to_owned());
    Ok(())
}

/// Reads a duration.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration = duration::parse(text).ok_or_else(|| "write a duration as Consul does: 15s, 1m30s, 0s".to_owned())?;
    let longest = bounds::DURATION;
    if duration > longest { Err(format!("use at most {}", duration::format(longest))) } else { Ok(duration) }
}

/// Reads a duration that is not zero.
pub fn some_time(text: &str) -> Result<Option<Duration>, String> {
    let length = duration(text)?;
    if length < Duration::from_secs(1) { Err("use 1s or more".to_owned()) } else { Ok(Some(length)) }
}

/// Reads a number of lines.
pub fn count(text: &str) -> Result<Option<usize>, String> {
    let count = text.parse().ok().filter(|count| (1..=MOST_LINES).contains(count));
    count.map(Some).ok_or_else(|| format!("use a whole number from 1 to {MOST_LINES}"))
}

/// The most lines that are printed on request.
const MOST_LINES: usize = 1000;

/// Reads one of a few words.
pub fn choice<T: Copy>(choices: &[(&str, T)], text: &str) -> Result<T, String> {
    let found = choices.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let (last, first) = words.split_last().unwrap_or((&"", &[]));
        format!("use {} or {last}", first.join(", "))
    })
}

/// The word for a value.
pub fn word<T: PartialEq>(choices: &[(&'static str, T)], value: &T) -> String {
    choices.iter().find(|(_, known)| known == value).map(|(word, _)| *word).unwrap_or_default().to_owned()
}

/// Reads a switch that a variable or a file sets; `None` for any other word.
pub fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" => Some(true),
        "0" | "f" | "false" => Some(false),
        _ => None,
    }
}

/// Reads the status of a check.
pub fn status(text: &str) -> Result<Status, String> {
    choice(STATUSES, text)
}

/// Reads a log level.
pub fn log_level(text: &str) -> Result<log::LevelFilter, String> {
    text.parse().map_err(|_| "use off, error, warn, info, debug or trace".to_owned())
}

/// Reads a priority.
pub fn priority(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| priority_hint())
}

/// What a priority looks like.
pub fn priority_hint() -> String {
    format!("use a whole number from 0 (never leads) to {HIGHEST_PRIORITY}")
}

/// Splits a command into words. Shell syntax would become words of its first program, and the rest of it would never run.
pub fn command(text: &str) -> Result<Vec<String>, String> {
    let words = split(text)
        .ok_or_else(|| "name a command and close every quote; for shell syntax, use sh -c '...'".to_owned())?;
    match shell::syntax(text) {
        None => Ok(words),
        Some(syntax) => Err(format!(
            "use sh -c '...' around it, since a hook runs without a shell, which alone understands {syntax}; if that is \
             text, quote it"
        )),
    }
}

/// Splits a command line into words by the quoting rules of a POSIX shell; `None` if a quote is not closed or no program is named.
/// Expands nothing; anything else that a shell would act on, such as `;`, is text.
fn split(text: &str) -> Option<Vec<String>> {
    shlex::split(text).filter(|words| words.first().is_some_and(|program| !program.is_empty()))
}

/// Reads where a service listens.
pub fn target(text: &str) -> Result<Target, String> {
    Target::parse(text).ok_or_else(|| "use HOST:PORT, [ADDRESS]:PORT or /PATH/TO/SOCKET".to_owned())
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
