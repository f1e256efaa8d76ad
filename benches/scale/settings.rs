//! What the caller asks for in the environment. Measures nothing.

use std::env;
use std::time::Duration;

use crate::mode::{MODES, Mode};

pub struct Settings {
    /// The numbers of instances.
    pub sizes: Vec<usize>,
    pub modes: Vec<&'static Mode>,
    /// Failovers per size and mode.
    pub rounds: usize,
    pub servers: u8,
    /// Whether the candidates that the leader names fail before it.
    pub named_fail: bool,
    /// Whether all instances begin before one leads, as after a power cut.
    pub at_once: bool,
    /// How long the election is watched at rest.
    pub rest: Duration,
    /// How long a failover may take until everything is quiet again.
    pub limit: Duration,
    /// The CSV to write.
    pub out: Option<String>,
}

impl Settings {
    pub fn read() -> Result<Settings, String> {
        let number = |name: &str, default: u64| match set(name).map_or(Ok(default), |text| text.parse()) {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("{name} must be a number, at least 1")),
        };
        let sizes = set("SIZES").unwrap_or_else(|| "10 100 300 1000".to_owned());
        let sizes: Vec<usize> = words(&sizes)
            .map(|word| word.parse().ok().filter(|size| (2..=10_000).contains(size)))
            .collect::<Option<_>>()
            .ok_or("SIZES must be numbers from 2 to 10000")?;
        let names = set("MODES").unwrap_or_else(|| "none wait plain".to_owned());
        let known = MODES.map(|mode| mode.name).join(", ");
        let find = |name: &str| MODES.iter().find(|mode| mode.name == name);
        let modes = words(&names)
            .map(|name| find(name).ok_or_else(|| format!("unknown mode {name}; the modes are {known}")))
            .collect::<Result<_, _>>()?;
        Ok(Settings {
            sizes,
            modes,
            rounds: usize::try_from(number("ROUNDS", 5)?).map_err(|error| error.to_string())?,
            named_fail: set("NAMED_FAIL").is_some(),
            at_once: set("AT_ONCE").is_some(),
            servers: u8::try_from(number("SERVERS", 1)?).map_err(|error| error.to_string())?,
            // A whole turn of the waiting runs: the wait and one interval.
            rest: Duration::from_secs(number("REST", 51)?),
            limit: Duration::from_secs(number("LIMIT", 300)?),
            out: set("OUT"),
        })
    }
}

/// Returns a variable unless it is unset or empty.
pub fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',']).filter(|word| !word.is_empty())
}
