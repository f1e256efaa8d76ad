//! The lock key's value: who leads, for all who read it, and what the passes tell each other through it. Owns its JSON; does not
//! read or write the key.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// Who holds the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The name of the holder's node.
    pub node: String,
    /// The holder's service ID.
    pub service_id: String,
    /// Where it is to be reached: the registered address, or its node's. Empty when neither could be learnt.
    #[serde(default)]
    pub address: String,
    /// The registered port; 0 when there is none.
    #[serde(default)]
    pub port: u16,
    /// The session that holds the key, which proves that the holder itself wrote this.
    pub session: String,
    /// The name of the election that it leads.
    #[serde(default)]
    pub election: String,
    /// When it took the lock, in RFC 3339, by its own clock.
    #[serde(default)]
    pub since: String,
    /// The IDs of the checks that the session is bound to, beside the node's own life.
    #[serde(default)]
    pub checks: Vec<String>,
    /// The session's TTL in seconds; 0 for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ttl: u64,
    /// The holder's election check, once it is known: a run that Consul had to kill leaves an output that no longer tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_id: Option<String>,
    /// Whether the promote hook was done under this leadership.
    #[serde(default, skip_serializing_if = "is_default")]
    pub promoted: bool,
    /// The instance of higher priority that is to get the lead once it has been passing for long enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenger: Option<Challenger>,
}

/// An instance of higher priority, while the holder watches whether it stays passing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenger {
    /// The name of its node.
    pub node: String,
    /// Its service ID.
    pub service_id: String,
    /// The raft index of the last change of its checks: while it is the same, none of them has changed.
    pub checks_index: u64,
    /// When the holder first saw it so, by the holder's clock.
    pub since: String,
}

/// What the passes tell each other, whoever leads. Each note ends by itself, at the time that it names; that takes clocks that agree
/// within seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Instances that do not stand for now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing_back: Vec<StandingBack>,
    /// Whom the last master left the lead to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<HandedTo>,
}

/// An instance that does not stand for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingBack {
    /// The name of its node.
    pub node: String,
    /// Its service ID.
    pub service_id: String,
    /// Until when.
    pub until: String,
    /// How many seconds before that it was said.
    #[serde(default)]
    pub seconds: u64,
    /// What kept it from leading, where it gave the lock up for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Whether that time has passed. The note stays for the others, who are not to count on an instance that has just failed.
    #[serde(skip)]
    pub is_over: bool,
}

/// What kept an instance from leading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's text.
    pub error: String,
    /// Whether it can never work as configured.
    #[serde(default, skip_serializing_if = "is_default")]
    pub for_good: bool,
}

/// Whom a master left the lead to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedTo {
    /// The name of its node.
    pub node: String,
    /// Its service ID.
    #[serde(default)]
    pub service_id: String,
    /// Until when the others leave the lock to it.
    pub until: String,
    /// How many seconds before that it was said.
    #[serde(default)]
    pub seconds: u64,
}

/// How long others do not count on an instance that won the lock and could not become master: it would be handed the lead, fail
/// again, and so flap the lead. The instance itself may try again sooner, when nobody leads.
const REMEMBERED: Duration = Duration::from_secs(600);

#[derive(Serialize)]
struct Value<'a> {
    #[serde(flatten)]
    holder: Option<&'a Holder>,
    #[serde(flatten)]
    notes: &'a Notes,
}

/// The value as it stands in the key.
pub fn write(holder: Option<&Holder>, notes: &Notes) -> Vec<u8> {
    serde_json::to_vec(&Value { holder, notes }).unwrap_or_default()
}

/// What the value says of the holder; `None` when someone else wrote it, or nobody.
pub fn holder(value: &[u8]) -> Option<Holder> {
    serde_json::from_slice(value).ok()
}

impl Notes {
    /// The notes in the value that still count. A time that cannot be read has passed.
    pub fn read(value: &[u8], now: SystemTime) -> Notes {
        let mut notes: Notes = serde_json::from_slice(value).unwrap_or_default();
        // A note that was to end later than it can have been written is from a clock that was set back since; it counts no more.
        let counts = |until: &str, seconds: u64| {
            let left = humantime::parse_rfc3339(until).ok().and_then(|until| until.duration_since(now).ok());
            left.is_some_and(|left| !left.is_zero() && left <= Duration::from_secs(seconds.saturating_add(1)))
        };
        for entry in &mut notes.standing_back {
            entry.is_over = !counts(&entry.until, entry.seconds);
        }
        let is_remembered =
            |entry: &StandingBack| entry.failure.is_some() && !has_passed(&entry.until, REMEMBERED, now);
        notes.standing_back.retain(|entry| !entry.is_over || is_remembered(entry));
        notes.handed_to = notes.handed_to.filter(|handed| counts(&handed.until, handed.seconds));
        notes
    }

    /// The note that this instance stands back, or has failed not long ago.
    pub fn of(&self, node: &str, service_id: &str) -> Option<&StandingBack> {
        self.standing_back.iter().find(|entry| entry.node == node && entry.service_id == service_id)
    }

    /// The notes without what was said of this instance, and without whom the last master left the lead to.
    #[must_use]
    pub fn of_others(&self, node: &str, service_id: &str) -> Notes {
        let mut standing_back = self.standing_back.clone();
        standing_back.retain(|entry| entry.node != node || entry.service_id != service_id);
        Notes { standing_back, handed_to: None }
    }
}

/// A moment as the value has it.
pub fn timestamp(moment: SystemTime) -> String {
    humantime::format_rfc3339_millis(moment).to_string()
}

/// Whether `length` has passed since a moment that the value tells. What cannot be read has not begun.
pub fn has_passed(since: &str, length: Duration, now: SystemTime) -> bool {
    humantime::parse_rfc3339(since)
        .ok()
        .and_then(|since| now.duration_since(since).ok())
        .is_some_and(|passed| passed >= length)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
