//! An election as somebody sees it who takes no part: who leads, who may lead next, and why the others may not. Pure; goes by the same rules
//! as the election itself, and decides nothing.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::candidates::{DEFAULT_PRIORITY, assess, split};
use super::config::{Names, Policy};
use super::eligibility::{obstacle, own_check};
use super::history::Past;
use super::identity::Identity;
use super::leader::Leader;
use super::marks::{self, Mark};
use super::meta::key;
use super::model::Instance;
use super::obstacle::Obstacle;
use super::outcome::Split;
use super::running::may_run;
use super::signature::prints;
use super::unfit::Unfit;
use super::value::{Holder, Notes, StandBack};
use super::{candidates, credible, session, succession};
use crate::consul::{Check, Key, PreparedQuery, Registration, RemoteInstance, Session};

/// What an election looks like.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Who holds the lock.
    pub lead: Lead,
    /// The number of the present term, or of the last one.
    pub term: u64,
    /// The last changes of leader.
    pub past: Past,
    /// The instance that the last master handed over to, while the others leave the lock to it.
    pub handed_to: Option<Identity>,
    /// All instances that the token may see, ordered by name.
    pub instances: Vec<Surveyed>,
    /// Those that may take over, the first one first.
    pub next: Vec<Identity>,
    /// The instance that leads with another lock key.
    pub split: Option<Split>,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Lead {
    /// Nobody does. Holds why the lock is free.
    Nobody(String),
    /// A session does.
    Held {
        /// Whose session it is.
        leader: Leader,
        /// What its holder wrote into the lock's value; `None` if something else did.
        holder: Option<Holder>,
    },
    /// A session does that nothing shows to be an instance's of this election.
    Foreign {
        /// The session.
        session: String,
        /// Its node and its name; `None`: the token may not read it.
        of: Option<(String, String)>,
    },
}

/// An instance of the service.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// Its identity.
    pub instance: Identity,
    /// Whether it is tagged master.
    pub is_master: bool,
    /// Whether it is tagged slave.
    pub is_slave: bool,
    /// The first check that is not passing, in the order in which an election counts them.
    pub health: Option<Obstacle>,
    /// Its rank.
    pub priority: u32,
    /// Why it is no candidate; `None`: it is one.
    pub unfit: Option<Unfit>,
    /// What it shows of itself in its Meta.
    pub mark: Option<Mark>,
    /// The election's own check.
    pub own_check: Option<Check>,
}

impl Lead {
    /// The instance that leads.
    pub fn instance(&self) -> Option<&Identity> {
        match self {
            Lead::Held { leader, .. } => leader.instance.as_ref(),
            Lead::Nobody(_) | Lead::Foreign { .. } => None,
        }
    }
}

/// Surveys an election, by its lock, the lock's session where that can be read, and all instances of its service.
pub fn survey(
    lock: Option<&Key>,
    held_by: Option<&Session>,
    instances: &[RemoteInstance],
    (names, policy): (&Names, &Policy),
    now: SystemTime,
) -> Survey {
    let term = lock.map_or(0, |key| key.lock_index);
    // A value that was written without acquiring the lock is not this program's.
    let value = lock.filter(|key| key.lock_index > 0).map(|key| key.value.as_slice()).unwrap_or_default();
    let (written, past) = (credible::holder(value), credible::past(value));
    let lead = match lock.and_then(|key| key.session.as_ref()) {
        None => Lead::Nobody(succession::reason(term, &past, written.as_ref(), instances, names)),
        Some(session) => held(session, written.clone(), held_by, instances, names),
    };
    let notes = credible::notes(value).that_hold(&Identity::default(), now);
    let leader = lead.instance().cloned().unwrap_or_default();
    let mut surveyed: Vec<Surveyed> =
        instances.iter().map(|remote| surveyed(remote.clone(), &notes, names, policy)).collect();
    surveyed.sort_by(|a, b| a.instance.cmp(&b.instance));
    // Without a holder's word, a long name of the election may not be the one that the lines have.
    let is_name_sure =
        written.is_some() || instances.iter().any(|one| one.health.checks.iter().any(|it| prints(it, names)));
    if !is_name_sure {
        surveyed.iter_mut().filter(|one| one.unfit == Some(Unfit::NothingRuns)).for_each(|one| one.unfit = None);
    }
    let next = candidates::among(instances.to_vec(), &leader, &notes, names, policy);
    let mut next: Vec<Identity> = next.into_iter().map(|candidate| candidate.instance).collect();
    let idle = |instance: &Identity| {
        surveyed.iter().any(|one| one.instance == *instance && one.unfit == Some(Unfit::NothingRuns))
    };
    next.retain(|instance| !idle(instance));
    // A stable sort: named candidates first, in their order.
    let place = |instance: &Identity| notes.successors.next.iter().position(|named| named == instance);
    next.sort_by_key(|instance| place(instance).unwrap_or(usize::MAX));
    let handed_to = notes.handed_to.filter(|note| !note.is_over).map(|note| note.instance);
    if let Some(at) = handed_to.as_ref().and_then(|chosen| next.iter().position(|instance| instance == chosen)) {
        next[..=at].rotate_right(1);
    }
    Survey { lead, term, past, handed_to, instances: surveyed, next, split: split(instances, names) }
}

fn held(
    session: &str,
    written: Option<Holder>,
    held_by: Option<&Session>,
    instances: &[RemoteInstance],
    names: &Names,
) -> Lead {
    let holder = written.filter(|holder| holder.session == *session);
    if let Some(holder) = holder {
        return Lead::Held { leader: Leader::from_holder(&holder), holder: Some(holder) };
    }
    let instance = held_by.and_then(|of| {
        let service_id = session::instance_of(&of.name, names)?.to_owned();
        Some(Identity { node: of.node.clone(), service_id })
    });
    let Some(instance) = instance.or_else(|| marked_with(session, instances, names)) else {
        let of = held_by.map(|of| (of.node.clone(), of.name.clone()));
        return Lead::Foreign { session: session.to_owned(), of };
    };
    let leader = Leader { instance: Some(instance), session: session.to_owned(), ..Leader::default() };
    Lead::Held { leader, holder: None }
}

/// The instance whose Meta names the session, where the lock's value does not say whose it is.
fn marked_with(session: &str, instances: &[RemoteInstance], names: &Names) -> Option<Identity> {
    let key = marks::session_key(names);
    let is_it =
        |remote: &&RemoteInstance| remote.health.registration.meta().get(&key).is_some_and(|marked| marked == session);
    let remote = instances.iter().find(is_it)?;
    Some(Identity { node: remote.node.clone(), service_id: remote.health.registration.id().to_owned() })
}

fn surveyed(remote: RemoteInstance, notes: &Notes, names: &Names, policy: &Policy) -> Surveyed {
    let instance = Instance::of_remote(remote, names);
    let anyone = Names { check_id: None, ..names.clone() };
    let tags = |mark: &Mark| mark.tags.clone();
    let (master, slave) = instance.mark.as_ref().map_or((names.master_tag.clone(), names.slave_tag.clone()), tags);
    let has = |tag: &str| !tag.is_empty() && instance.marks.tags.iter().any(|own| own.eq_ignore_ascii_case(tag));
    let elsewhere = |unfit| if unfit == Unfit::NotMarked { other_elections(&instance, names) } else { unfit };
    let note: Option<StandBack> = notes.of(&instance.identity).cloned();
    let unfit = match assess(&instance, names, policy) {
        Err(unfit) => Some(elsewhere(unfit)),
        Ok(_) if !may_run(&instance.checks, instance.marked_check(), names) => Some(Unfit::NothingRuns),
        Ok(_) => note.map(Unfit::StandsBack),
    };
    Surveyed {
        is_master: has(&master) || marks::say_master(&instance.marks, names),
        is_slave: has(&slave),
        health: obstacle(&instance, None, &anyone, true),
        priority: instance.mark.as_ref().and_then(|mark| mark.priority).unwrap_or(DEFAULT_PRIORITY),
        unfit,
        own_check: own_check(&instance, None, &anyone).cloned(),
        mark: instance.mark,
        instance: instance.identity,
    }
}

/// The other elections of an instance without a mark of this one: those with the same master tag, or else all.
fn other_elections(instance: &Instance, names: &Names) -> Unfit {
    let all: Vec<Names> = elections_of(&instance.registration);
    let has_tag = |other: &&Names| other.master_tag.eq_ignore_ascii_case(&names.master_tag);
    let share_tag = all.iter().any(|other| has_tag(&other));
    let of_names = all.iter().filter(|other| !share_tag || has_tag(other)).map(|other| other.query.clone());
    let names: Vec<String> = of_names.collect();
    if names.is_empty() { Unfit::NotMarked } else { Unfit::OtherElections { names, share_tag } }
}

/// What an election's own check says, in its last line.
pub fn last_line<'a>(check: &'a Check, names: &'a Names) -> Option<&'a str> {
    names.lines_in(&check.output).next_back().map(str::trim)
}

/// Whether a query is the election's own: no template, and about its service.
pub fn is_own_query(query: &PreparedQuery, names: &Names) -> bool {
    let is_named = query.name().eq_ignore_ascii_case(&names.query);
    is_named && !query.is_template() && (query.service().is_empty() || query.service() == names.service)
}

/// Whether a query finds only the instance that holds the lock by this session.
pub fn is_fenced(query: &PreparedQuery, session: &str, names: &Names) -> bool {
    let key = marks::session_key(names);
    query.asks_for_meta(&key) && !query.asks_for_another(&key, session)
}

/// The filters of a query that an election does not set.
pub fn foreign_filters(query: &PreparedQuery, names: &Names) -> Vec<String> {
    query.other_filters(&marks::session_key(names))
}

/// The elections that an instance takes part in, by its marks. The names of a query that a Meta key cannot hold come from the lock's value
/// later, see [`named_by`].
pub fn elections_of(registration: &Registration) -> Vec<Names> {
    let meta = registration.meta();
    let marked = meta.iter().filter_map(|(name, text)| {
        let query = name.strip_prefix("election-")?.strip_suffix("-mark")?;
        let mark: Mark = serde_json::from_str(text).ok()?;
        let names = Names::of_service(registration.service()).with_query(query);
        // Another name would have given another key.
        let is_its = key(&names, "mark") == *name;
        let (master_tag, slave_tag) = mark.tags;
        is_its.then_some(Names { lock_key: mark.key, master_tag, slave_tag, ..names })
    });
    let mut seen = BTreeSet::new();
    marked.filter(|names| seen.insert(names.lock_key.clone())).collect()
}

/// The names with what the holder of the lock says of its election, as far as it can be the same one.
pub fn named_by(names: &Names, lock: &Key) -> Names {
    let Some(holder) = credible::holder(&lock.value) else { return names.clone() };
    let mut found = names.clone();
    if names.service.is_empty() && !holder.service.is_empty() {
        found.service = holder.service;
    }
    if !holder.election.is_empty()
        && key(names, "") == key(&Names { query: holder.election.clone(), ..names.clone() }, "")
    {
        found.query = holder.election;
    }
    if !holder.tag.is_empty() {
        found.master_tag = holder.tag;
    }
    found
}
