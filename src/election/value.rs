//! The lock key's value: the holder's entry and the notes that passes leave for each other. Owns its JSON; does not read or write the
//! key.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::identity::{Identity, Sighting};

/// The entry of the instance that holds the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The holder's identity.
    #[serde(flatten)]
    pub instance: Identity,
    /// Its registered address, or its node's. Empty if neither is known.
    #[serde(default)]
    pub address: String,
    /// The registered port; 0 if there is none.
    #[serde(default)]
    pub port: u16,
    /// The session that held the key when this was written. If it still does, the holder itself wrote this.
    pub session: String,
    /// The name of the election.
    #[serde(default)]
    pub election: String,
    /// The time at which it acquired the lock, in RFC 3339, by its own clock.
    #[serde(default)]
    pub since: String,
    /// The IDs of the checks that the session is bound to, besides `serfHealth`.
    #[serde(default)]
    pub checks: Vec<String>,
    /// The session's TTL in seconds; 0 for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ttl: u64,
    /// The ID of the holder's election check, once known: after Consul kills a run, the output no longer identifies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_id: Option<String>,
    /// Whether the promote hook ran in this term.
    #[serde(default, skip_serializing_if = "is_default")]
    pub promoted: bool,
    /// The fingerprint of what the prepared query should be, as of the last look at its definition that found nothing wrong.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Whether the holder's token may not see all other instances.
    #[serde(default, skip_serializing_if = "is_default")]
    pub others_are_hidden: bool,
    /// What the name showed of the holder at the last look at it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: Sight,
    /// The candidate of higher priority that takes over once it has been passing for long enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenger: Option<Challenger>,
}

/// What the name shows of the holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sight {
    /// Nothing is wrong with it.
    #[default]
    Right,
    /// The holder's token may not see the holder there.
    Hidden,
    /// It does not find the holder, or not it alone, and the holder cannot mend that.
    Wrong,
}

/// A candidate of higher priority, while the holder watches whether it stays passing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenger {
    /// The candidate in the state that the holder saw.
    #[serde(flatten)]
    pub sighting: Sighting,
    /// The time at which the holder first saw that state, by the holder's clock.
    pub since: String,
}

/// Notes that passes leave for each other. Each ends by itself at the time that it names, which takes clocks that agree within
/// seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Instances that are not candidates for now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing_back: Vec<StandBack>,
    /// The instance that the last master handed over to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<HandedTo>,
}

/// An instance that is not a candidate for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandBack {
    /// Its identity.
    #[serde(flatten)]
    pub instance: Identity,
    /// The end of the note.
    #[serde(flatten)]
    pub end: End,
    /// Why it could not lead, if it stepped down for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Whether the note has ended. It stays for the others, which do not count on an instance that has just failed.
    #[serde(skip)]
    pub is_over: bool,
}

impl StandBack {
    /// The note that an instance stands back for `length` from now on.
    pub fn new(instance: &Identity, length: Duration, failure: Option<Failure>) -> StandBack {
        StandBack { instance: instance.clone(), end: End::after(length), failure, is_over: false }
    }
}

/// Why an instance could not lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's text.
    pub error: String,
    /// Whether it is permanent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub for_good: bool,
}

/// The instance that a master handed over to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedTo {
    /// Its identity.
    #[serde(flatten)]
    pub instance: Identity,
    /// The time until which the others leave the lock to it.
    #[serde(flatten)]
    pub end: End,
}

/// The end of a note.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The time at which it ends, in RFC 3339.
    pub until: String,
    /// The length of the note in seconds.
    #[serde(default)]
    pub seconds: u64,
}

impl End {
    /// The end of a note that is written now and holds for `length`.
    pub fn after(length: Duration) -> End {
        End { until: timestamp(SystemTime::now() + length), seconds: length.as_secs() }
    }

    /// Whether the note still holds. A time that cannot be read has passed. So has one that is further away than the note is long: it
    /// was written by a clock that has been set back since.
    fn is_ahead(&self, now: SystemTime) -> bool {
        let left = humantime::parse_rfc3339(&self.until).ok().and_then(|until| until.duration_since(now).ok());
        left.is_some_and(|left| !left.is_zero() && left <= Duration::from_secs(self.seconds.saturating_add(1)))
    }
}

/// How long others do not count on an instance that acquired the lock and could not become master: it would be handed the lead, fail
/// again, and make the lead flap. The instance itself may try again sooner, while nobody leads.
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

/// The holder's entry; `None` if there is none or something else wrote the value.
pub fn holder(value: &[u8]) -> Option<Holder> {
    serde_json::from_slice(value).ok()
}

impl Holder {
    /// The candidate of higher priority that the holder watches.
    pub fn sighting(&self) -> Option<&Sighting> {
        self.challenger.as_ref().map(|challenger| &challenger.sighting)
    }
}

impl Notes {
    /// The notes in the value that still hold.
    pub fn read(value: &[u8], now: SystemTime) -> Notes {
        let mut notes: Notes = serde_json::from_slice(value).unwrap_or_default();
        for entry in &mut notes.standing_back {
            entry.is_over = !entry.end.is_ahead(now);
        }
        let is_remembered =
            |entry: &StandBack| entry.failure.is_some() && !has_passed(&entry.end.until, REMEMBERED, now);
        notes.standing_back.retain(|entry| !entry.is_over || is_remembered(entry));
        notes.handed_to = notes.handed_to.filter(|handed| handed.end.is_ahead(now));
        notes
    }

    /// The note that this instance stands back, or failed not long ago.
    pub fn of(&self, instance: &Identity) -> Option<&StandBack> {
        self.standing_back.iter().find(|entry| entry.instance == *instance)
    }

    /// The notes of the other instances, without the last hand-over.
    #[must_use]
    pub fn of_others(&self, instance: &Identity) -> Notes {
        let mut standing_back = self.standing_back.clone();
        standing_back.retain(|entry| entry.instance != *instance);
        Notes { standing_back, handed_to: None }
    }
}

/// A time as the value has it.
pub fn timestamp(moment: SystemTime) -> String {
    humantime::format_rfc3339_millis(moment).to_string()
}

/// Whether `length` has passed since a time in the value. A time that cannot be read has not begun.
pub fn has_passed(since: &str, length: Duration, now: SystemTime) -> bool {
    humantime::parse_rfc3339(since)
        .ok()
        .and_then(|since| now.duration_since(since).ok())
        .is_some_and(|passed| passed >= length)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
