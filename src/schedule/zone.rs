//! Time zones, read from this machine's data. Must never know an expression.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::fault::Fault;

/// What says which time zone this machine is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    /// The environment variable `TZ`.
    pub variable: Option<String>,
    /// Where `/etc/localtime` leads to; `None`: it does not exist.
    pub link: Option<PathBuf>,
}

/// The file that says so.
const LOCALTIME: &str = "/etc/localtime";

/// Reads what says which time zone this machine is in. `variable` is the value of `TZ`.
#[must_use]
pub fn local(variable: Option<String>) -> Local {
    let path = Path::new(LOCALTIME);
    let link = std::fs::read_link(path).ok().or_else(|| path.exists().then(|| path.to_path_buf()));
    Local { variable, link }
}

/// The zone of this machine: what `TZ` says, or `/etc/localtime`, or UTC, as in the C library.
pub fn of_machine(local: &Local) -> Result<(String, TimeZone), Fault> {
    let variable = local.variable.as_deref().map(|text| text.strip_prefix(':').unwrap_or(text));
    match (variable, &local.link) {
        (Some(""), _) | (None, None) => named("UTC"),
        (Some(name), _) if !name.starts_with('/') => named(name),
        (Some(LOCALTIME) | None, Some(link)) => named(in_database(link).ok_or(Fault::Nameless)?),
        (Some(path), _) => named(in_database(Path::new(path)).ok_or(Fault::Nameless)?),
    }
}

/// The zone's name within the database's folder.
fn in_database(path: &Path) -> Option<&str> {
    path.to_str()?.split_once("zoneinfo/").map(|(_, name)| name)
}

/// The zone of this name, and the name as the data spells it.
pub fn named(name: &str) -> Result<(String, TimeZone), Fault> {
    // They need no data, and are what a bare container is in.
    if ["UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z"].iter().any(|utc| name.eq_ignore_ascii_case(utc)) {
        return Ok(("UTC".to_owned(), TimeZone::UTC));
    }
    let lacks = || if jiff::tz::db().is_definitively_empty() { Fault::NoZoneData } else { Fault::Zone };
    let zone = TimeZone::get(name).map_err(|_| lacks()(name.to_owned()))?;
    match zone.iana_name() {
        Some(spelt) if !zone.is_unknown() => Ok((spelt.to_owned(), zone.clone())),
        _ => Err(Fault::Zone(name.to_owned())),
    }
}
