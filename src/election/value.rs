//! The lock key's value: the holder's entry and the notes that passes leave for each other. Owns its JSON; does not read or write the
//! key.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::clock::{Age, Clock, End};
use super::history::{Past, Unread};
use super::identity::{Identity, Sighting};
use super::successors::Successors;

/// The entry of the instance that holds the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The holder's identity.
    #[serde(flatten)]
    pub instance: Identity,
    /// Its registered address, or its node's. Empty if neither is known.
    #[serde(default)]
    pub address: String,
    /// The registered port; 0 if unknown.
    #[serde(default)]
    pub port: u16,
    /// The session that held the key when this was written. If it still does, the holder itself wrote this.
    pub session: String,
    /// The name of the election.
    #[serde(default)]
    pub election: String,
    /// The service whose instances take part.
    #[serde(default)]
    pub service: String,
    /// The master tag.
    #[serde(default)]
    pub tag: String,
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
    /// Whether the holder's token may not see all other instances.
    #[serde(default, skip_serializing_if = "is_default")]
    pub others_are_hidden: bool,
    /// Whether the prepared query found the holder, as far as a later run must know.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sight: Sight,
    /// Why the former master's tag did not go with the lock, if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone: Option<String>,
    /// The candidate of higher priority that takes over once it has been passing for long enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenger: Option<Challenger>,
    /// See [`Past::history`]; named here so that it is not read.
    #[serde(default, skip_serializing)]
    pub history: Unread,
}

/// Whether the prepared query found the holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sight {
    /// It did.
    #[default]
    Found,
    /// The holder's token may not see what it finds.
    Hidden,
    /// It did not, or its definition could not be made right: every run looks at everything until that has passed.
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

/// Notes that passes leave for each other. Each ends by itself at the time that it names, by the clock of the node that wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Instances that are not candidates for now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing_back: Vec<StandBack>,
    /// The instance that the last master handed over to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<HandedTo>,
    /// The candidates that the master of a large election names.
    #[serde(default, skip_serializing_if = "Successors::is_empty")]
    pub successors: Successors,
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
    /// Whether the note has ended. It stays for the instance that takes the lock in its place.
    #[serde(skip)]
    pub is_over: bool,
}

#[derive(Serialize)]
struct Value<'a> {
    #[serde(flatten)]
    holder: Option<&'a Holder>,
    #[serde(flatten)]
    notes: &'a Notes,
    #[serde(flatten)]
    past: &'a Past,
}

/// The value as it stands in the key.
pub fn write(holder: Option<&Holder>, notes: &Notes, past: &Past) -> Vec<u8> {
    serde_json::to_vec(&Value { holder, notes, past }).unwrap_or_default()
}

impl Holder {
    /// The candidate of higher priority that the holder watches.
    pub fn sighting(&self) -> Option<&Sighting> {
        self.challenger.as_ref().map(|challenger| &challenger.sighting)
    }
}

impl Notes {
    /// The notes that still hold, as the instance `own` reads them. It writes that it stands back by its own clock; all
    /// other notes count as written by another one.
    #[must_use]
    pub fn that_hold(mut self, own: &Identity, now: SystemTime) -> Notes {
        self.standing_back.retain_mut(|entry| {
            let clock = if entry.instance == *own { Clock::Own } else { Clock::Another };
            let age = entry.end.age(now, clock);
            entry.is_over = age != Age::Holds;
            age == Age::Holds || (age == Age::Over && entry.failure.is_some())
        });
        if let Some(handed) = &mut self.handed_to {
            let age = handed.end.age(now, Clock::Another);
            handed.is_over = age != Age::Holds;
            if age == Age::Forgotten {
                self.handed_to = None;
            }
        }
        self
    }

    /// Whether these notes, which hold, leave a free lock to other candidates than this instance.
    pub fn name_others(&self, own: &Identity) -> bool {
        let handed = self.handed_to.as_ref().filter(|handed| !handed.is_over);
        let is_named = handed.map_or_else(|| self.successors.names(own), |handed| handed.instance == *own);
        !self.successors.is_empty() && !is_named
    }

    /// The note that this instance stands back, or failed not long ago.
    pub fn of(&self, instance: &Identity) -> Option<&StandBack> {
        self.standing_back.iter().find(|entry| entry.instance == *instance)
    }

    /// The notes that a new master keeps. An instance that was handed the lead and left the lock free is not counted on for a while.
    #[must_use]
    pub fn of_new_master(&self, instance: &Identity, successors: &Successors) -> Notes {
        let mut notes = self.of_others(instance);
        notes.successors.clone_from(successors);
        let idle = self.handed_to.as_ref().map(|handed| &handed.instance).filter(|idle| *idle != instance);
        if let Some(idle) = idle {
            let failure = Failure { error: "it left the lock free that was handed to it".to_owned(), for_good: false };
            notes.standing_back.retain(|entry| entry.instance != *idle);
            notes.standing_back.push(StandBack::new(idle, Duration::ZERO, Some(failure)));
        }
        notes
    }

    /// The notes of the other instances, without the last hand-over.
    #[must_use]
    pub fn of_others(&self, instance: &Identity) -> Notes {
        let mut standing_back = self.standing_back.clone();
        standing_back.retain(|entry| entry.instance != *instance);
        Notes { standing_back, handed_to: None, successors: self.successors.clone() }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(node: &str) -> Identity {
        Identity { node: node.to_owned(), service_id: "redis".to_owned() }
    }

    #[test]
    fn an_instance_reads_its_own_notes_exactly_and_those_of_others_with_tolerance() {
        let failure = Some(Failure { error: "why".to_owned(), for_good: false });
        // A note of 30 s that its writer wrote at 70 s, by its own clock.
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
        let end = End::at(at(100), Duration::from_secs(30));
        let back =
            |node: &str, failure| StandBack { instance: instance(node), end: end.clone(), failure, is_over: false };
        let standing_back = vec![back("n1", None), back("n2", None), back("n3", failure)];
        let written = Notes {
            successors: Successors::default(),
            standing_back,
            handed_to: Some(HandedTo { instance: instance("n4"), end: end.clone(), is_over: false }),
        };
        let value = write(None, &written, &Past::default());
        for (now, held, remembered, handed) in [
            (58, &[][..], &[][..], false),
            (60, &["n2", "n3"], &[], true),
            (70, &["n1", "n2", "n3"], &[], true),
            (105, &["n2", "n3"], &[], true),
            (120, &[], &["n3"], false),
            (770, &[], &[], false),
        ] {
            let notes = serde_json::from_slice::<Notes>(&value).unwrap().that_hold(&instance("n1"), at(now));
            let named = |is_over| {
                let entries = notes.standing_back.iter().filter(|entry| entry.is_over == is_over);
                entries.map(|entry| entry.instance.node.clone()).collect::<Vec<_>>()
            };
            assert_eq!((named(false), named(true)), (owned(held), owned(remembered)), "at {now} s");
            assert_eq!(notes.handed_to.is_some_and(|note| !note.is_over), handed, "at {now} s");
        }
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }
}
