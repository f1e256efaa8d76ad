//! What the lock's value says of the instance that holds the lock. Builds it; does not write the key.

use std::time::{Duration, SystemTime};

use super::clock::timestamp;
use super::config::{Names, Policy};
use super::eligibility::{binds_own_check, bound_checks, own_check};
use super::history::Unread;
use super::identity::Sighting;
use super::model::Instance;
use super::value::{Challenger, Holder, Sight};

/// What the value says that does not follow from the instance alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Whether the promote hook is done.
    pub promoted: bool,
    /// See [`Holder::others_are_hidden`].
    pub others_are_hidden: bool,
    /// See [`Holder::sight`].
    pub sight: Sight,
    /// The candidate of higher priority that the master watches.
    pub challenger: Option<Sighting>,
}

impl Description {
    /// What the value says already.
    pub fn of(holder: Option<&Holder>) -> Description {
        Description {
            promoted: holder.is_some_and(|holder| holder.promoted),
            others_are_hidden: holder.is_some_and(|holder| holder.others_are_hidden),
            sight: holder.map(|holder| holder.sight).unwrap_or_default(),
            challenger: holder.and_then(Holder::sighting).cloned(),
        }
    }
}

/// The holder's entry for `instance`, reached at `address`; the session is filled in once it is known. `previous` is the present entry.
pub fn holder(
    instance: &Instance,
    address: String,
    previous: Option<&Holder>,
    description: &Description,
    (names, policy): (&Names, &Policy),
) -> Holder {
    let now = || timestamp(SystemTime::now());
    let known = previous.and_then(|previous| previous.check_id.clone());
    let since = previous.map(|previous| previous.since.clone()).filter(|since| !since.is_empty());
    let watched = previous.and_then(|previous| previous.challenger.as_ref());
    let challenger = description.challenger.clone().map(|sighting| {
        let same = watched.filter(|watched| watched.sighting == sighting);
        Challenger { since: same.map_or_else(now, |watched| watched.since.clone()), sighting }
    });
    Holder {
        instance: instance.identity.clone(),
        address,
        port: instance.registration.port(),
        session: String::new(),
        election: names.query.clone(),
        service: names.service.clone(),
        tag: names.master_tag.clone(),
        since: since.unwrap_or_else(now),
        checks: bound_ids(instance, previous, names, policy),
        ttl: policy.ttl.unwrap_or(Duration::ZERO).as_secs(),
        check_id: own_check(instance, known.as_deref(), names).map(|check| check.id.clone()).or(known),
        promoted: description.promoted,
        others_are_hidden: description.others_are_hidden,
        sight: description.sight,
        alone: previous.and_then(|previous| previous.alone.clone()),
        challenger,
        history: Unread,
    }
}

/// The IDs of the checks that a session of the instance is bound to, in order. `previous` is the present entry.
pub fn bound_ids(instance: &Instance, previous: Option<&Holder>, names: &Names, policy: &Policy) -> Vec<String> {
    let known = previous.and_then(|previous| previous.check_id.as_deref());
    let bound = previous.map_or(&[][..], |previous| &previous.checks);
    let binds_own = binds_own_check(instance, known, bound, names, policy.statuses.master);
    bound_checks(instance, known, binds_own, names).into_iter().map(|check| check.id.clone()).collect()
}
