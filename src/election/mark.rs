//! What an instance shows of itself in its Meta: the JSON of one key. Knows no roles.

use serde::{Deserialize, Serialize};

use super::config::Names;
use super::identity::Identity;
use super::meta::{Marks, key};

/// What an instance shows of itself to the other instances, and to its own later runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The lock key of its election: candidates with different keys do not form one election.
    pub key: String,
    /// Its priority, if it is given one; 0 while nothing listens on the watched port, or the others would yield to an instance that does
    /// not take the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// Whether that is so: nothing listens on the watched port.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub port_is_closed: bool,
    /// Whether a check in warning keeps it from leading.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_passing: bool,
    /// The ID of the election's own check, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// The better candidate that it leaves the free lock to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yields: Option<Yield>,
    /// The tags of master and slave, so that a run with other tags removes these.
    pub tags: (String, String),
    /// Identifies the options that the instance's runs have: a waiting run that finds another value here has been superseded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub options: String,
}

/// A free lock that an instance leaves to a better candidate. The note lets it end: a candidate that does not take the lock must not keep
/// others from leading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Yield {
    /// The candidate.
    #[serde(flatten)]
    pub to: Identity,
    /// The number of the last term.
    pub term: u64,
    /// When it began, by this instance's own clock.
    pub since: String,
}

impl Mark {
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The instance's mark of this election; `None` if it lacks one or it cannot be read.
    pub fn of(marks: &Marks, names: &Names) -> Option<Mark> {
        serde_json::from_str(marks.meta.get(&key(names, "mark"))?).ok()
    }

    /// The names of the other elections that have marked the instance, as far as a Meta key can hold them.
    pub fn others(marks: &Marks, names: &Names) -> Vec<String> {
        let own = key(names, "mark");
        let name = |key: &String| Some(key.strip_prefix("election-")?.strip_suffix("-mark")?.to_owned());
        marks.meta.keys().filter(|key| **key != own).filter_map(name).collect()
    }
}

/// The priority that an older version of this program wrote under a key of its own.
pub fn older_priority(marks: &Marks, names: &Names) -> Option<u32> {
    marks.meta.get(&key(names, "priority"))?.parse().ok()
}

/// Whether exactly this mark is written.
pub fn is_marked(marks: &Marks, mark: &Mark, names: &Names) -> bool {
    marks.meta.get(&key(names, "mark")).is_some_and(|text| *text == mark.text())
}

/// Writes the mark in place of the present one, and of what an older version wrote.
pub fn set_mark(marks: &mut Marks, mark: &Mark, names: &Names) {
    marks.meta.remove(&key(names, "priority"));
    marks.meta.insert(key(names, "mark"), mark.text());
}
