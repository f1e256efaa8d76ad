//! How a record of the log is written. Must never know where it goes.

use std::time::SystemTime;

use crate::election::signature;

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines that begin as the verdict does, since Consul stores both as one text.
    #[default]
    Text,
    /// One JSON object a line: `time`, `level`, `election`, `message`.
    Json,
}

/// One record as a line without its end. The message must be loggable already.
#[must_use]
pub fn log_record(format: LogFormat, election: &str, level: log::Level, message: &str) -> String {
    let level = level.as_str().to_ascii_lowercase();
    match format {
        LogFormat::Text => format!("{} {level}: {message}", signature(Some(election))),
        LogFormat::Json => {
            let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
            let text = |text: &str| serde_json::Value::from(text).to_string();
            format!(
                "{{\"time\":{},\"level\":{},\"election\":{},\"message\":{}}}",
                text(&time),
                text(&level),
                text(election),
                text(message)
            )
        }
    }
}
