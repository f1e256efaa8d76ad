//! Reads the lock key: who holds the lock, what the holder's value and its notes say, and what of that is due by the clock. Decides nothing.

use std::time::{Duration, SystemTime};

use log::debug;

use super::clock::{has_passed, timestamp};
use super::complaint::Complaint;
use super::config::{Config, Names};
use super::fault::{Contradiction, Difference};
use super::first_look::first_look;
use super::identity::Identity;
use super::key_state::{KeyAnswer, KeyState};
use super::leader::Leader;
use super::model::{Instance, Lock};
use super::successors::Successors;
use super::value::{Holder, Notes};
use super::{credible, session, spot_check};
use crate::consul::{Client, Key};

/// How long an instance leaves the free lock to a better candidate: ample for that one's next run, since both run equally often as a rule.
const YIELDS_FOR: Duration = Duration::from_secs(10);

/// How long after its takeover a master leaves the names as they are: its candidates are busy with the change, and the name must move first.
/// A run that has taken the lock ends, so its next run is at least a second later.
const SETTLED_FOR: Duration = Duration::from_secs(10);
const MOVED_WITHIN: Duration = Duration::from_secs(1);

/// What a pass knows before it reads the key.
#[derive(Default)]
pub struct KnownLock {
    /// Whether this run has observed nothing yet.
    pub is_first: bool,
    /// Whether the instance may note that it leaves a free lock to another.
    pub may_note: bool,
    /// What was just learned of the key.
    pub key: Option<KeyAnswer>,
    /// A random number from 0 to 1, for an instance that is one of many. 0 if it has just waited for its turn.
    pub lot: f64,
}

/// What the lock key and its value show.
#[allow(clippy::struct_excessive_bools, reason = "each is an independent fact")]
pub struct SeenLock {
    /// Who holds it.
    pub lock: Lock,
    /// The last master that the value of a free lock describes.
    pub former: Option<Holder>,
    /// The value as it stands.
    pub written: Vec<u8>,
    /// The number of the present term, or of the last one.
    pub term: u64,
    /// The notes in the value that hold.
    pub notes: Notes,
    /// Whether the term has lasted for `Policy::max_term`.
    pub term_is_over: bool,
    /// Whether the challenger has been passing for `Policy::preempt_after`.
    pub challenger_is_due: bool,
    /// Whether a steady master makes a spot check.
    pub is_spot_check: bool,
    /// What the holder says that contradicts this instance's options.
    pub contradiction: Option<Contradiction>,
    /// The better candidate that has left the free lock to others for too long.
    pub idle: Option<Identity>,
    /// The time, while the lock is free and the instance may note that it yields.
    pub now: Option<String>,
    /// See `View::leaves_to_named`.
    pub leaves_to_named: bool,
    /// See `View::looks_at_named`.
    pub looks_at_named: bool,
    /// The state of the key.
    pub key: KeyState,
}

impl SeenLock {
    /// What is seen where Consul could not say.
    pub fn unknown() -> SeenLock {
        SeenLock {
            lock: Lock::Unknown,
            former: None,
            written: Vec::new(),
            term: 0,
            notes: Notes::default(),
            term_is_over: false,
            challenger_is_due: false,
            is_spot_check: false,
            contradiction: None,
            idle: None,
            now: None,
            leaves_to_named: false,
            looks_at_named: false,
            key: KeyState::default(),
        }
    }
}

/// Reads who holds the lock, and with `EnableTagOverride` the tags that count. Nothing can be done without either.
///
/// # Errors
/// When a request failed or was denied, or the key is another election's.
pub fn read_lock(
    client: &Client,
    config: &Config,
    instance: &mut Instance,
    known: KnownLock,
) -> Result<SeenLock, Complaint> {
    let Config { names, policy, .. } = config;
    let (found, index) = match known.key {
        Some(known) => known,
        None if known.is_first => first_look(client, &names.lock_key, config.wait.timeout)?,
        None => client.key_after(&names.lock_key, None, config.wait.timeout)?,
    };
    let key = KeyState::of(found.as_ref(), index);
    let (now, own) = (SystemTime::now(), &instance.identity);
    let mut seen = SeenLock { lock: Lock::Free, key, ..SeenLock::unknown() };
    if let Some(Key { session, value, lock_index, .. }) = found {
        seen.term = lock_index;
        // A value that was written without acquiring the lock resets the index (1.8.7 and 1.21.0), and is not this program's.
        let value = if lock_index == 0 { Vec::new() } else { value };
        let (written, notes) = credible::parts(&value);
        seen.notes = notes.that_hold(own, now);
        if let Some(session) = session {
            let holder = written.filter(|holder| holder.session == session);
            let another = holder.as_ref().filter(|holder| holder.instance != *own);
            seen.contradiction = another.and_then(|holder| contradiction(holder, names));
            seen.lock = read_holder(client, names, own, session, holder)?;
        } else {
            seen.former = written;
        }
        seen.written = value;
    }
    if let Lock::Mine { holder: Some(holder), .. } = &seen.lock {
        seen.is_spot_check = spot_check::is_due(&holder.since, now);
        seen.looks_at_named = looks_at_named(&seen.notes.successors, &holder.since, seen.is_spot_check, config, now);
        seen.term_is_over = policy.max_term.is_some_and(|term| has_passed(&holder.since, term, now));
        seen.challenger_is_due = match (policy.preempt_after, &holder.challenger) {
            (Some(after), Some(challenger)) => has_passed(&challenger.since, after, now),
            _ => false,
        };
    }
    if seen.lock == Lock::Free {
        seen.idle = idle(instance, &seen.notes, seen.term, now);
        seen.now = known.may_note.then(|| timestamp(now));
        let successors = &seen.notes.successors;
        let is_early = seen.idle.is_none() && !successors.draws(known.lot);
        seen.leaves_to_named = is_early && seen.notes.name_others(own);
    }
    if instance.registration.enable_tag_override() {
        // The agent takes the catalog's tags at its next full sync, perhaps minutes from now; until then only these are true.
        let found = client.catalog_node(&instance.identity.node, &instance.identity.service_id)?;
        if let Some(found) = found.and_then(|node| node.instance) {
            instance.marks.tags = found.tags;
        }
    }
    Ok(seen)
}

/// Whether a master looks at the candidates that it names: in every run that waits, and in some of those that do not, which are fewer while
/// nobody is named. A small election may have grown, and a large one that names nobody is slow to elect another master.
fn looks_at_named(successors: &Successors, since: &str, is_spot_check: bool, config: &Config, now: SystemTime) -> bool {
    let is_thorough = || is_spot_check && (!successors.is_empty() || spot_check::is_thorough(since, now));
    let is_due = !config.wait.length.is_zero() || is_thorough();
    let rests_for = if successors.are_few() { MOVED_WITHIN } else { SETTLED_FOR };
    (is_due || successors.are_few()) && has_passed(since, rests_for, now)
}

/// The candidate that this instance has left the free lock to for long enough, by its own note or by the last master's.
fn idle(instance: &Instance, notes: &Notes, term: u64, now: SystemTime) -> Option<Identity> {
    if let Some(handed) = notes.handed_to.as_ref().filter(|handed| handed.is_over) {
        return Some(handed.instance.clone());
    }
    let yielded = instance.mark.as_ref()?.yields.as_ref().filter(|note| note.term == term)?;
    has_passed(&yielded.since, YIELDS_FOR, now).then(|| yielded.to.clone())
}

/// What another holder of the lock says of its election that contradicts this instance's options.
fn contradiction(holder: &Holder, names: &Names) -> Option<Contradiction> {
    let pairs = [
        (Difference::Query, &holder.election, &names.query),
        (Difference::Service, &holder.service, &names.service),
        (Difference::MasterTag, &holder.tag, &names.master_tag),
    ];
    let (what, theirs, ours) = pairs.into_iter().find(|(what, theirs, ours)| {
        let same = if *what == Difference::Service { theirs == ours } else { theirs.eq_ignore_ascii_case(ours) };
        !theirs.is_empty() && !same
    })?;
    let (key, node) = (names.lock_key.clone(), holder.instance.node.clone());
    Some(Contradiction { key, node, what, theirs: theirs.clone(), ours: ours.clone() })
}

/// Whose session holds the lock: by the key's value if its holder wrote it, otherwise by the session itself.
fn read_holder(
    client: &Client,
    names: &Names,
    own: &Identity,
    session: String,
    holder: Option<Holder>,
) -> Result<Lock, Complaint> {
    if let Some(holder) = holder {
        if holder.instance != *own {
            return Ok(Lock::Another(Leader::from_holder(&holder)));
        }
        if !holder.election.is_empty() && !holder.election.eq_ignore_ascii_case(&names.query) {
            // Two elections that share a key would take the lock from each other for ever.
            return Err(Complaint::LockOfOther { key: names.lock_key.clone(), election: holder.election });
        }
        return Ok(Lock::Mine { session, holder: Some(holder) });
    }
    debug!("the holder of {} did not write its value; reading the session", names.lock_key);
    Ok(match client.session(&session)? {
        Some(info) if info.node == own.node && info.name == session::name(names, own) => {
            Lock::Mine { session, holder: None }
        }
        info => {
            let instance = info.map(|info| Identity { node: info.node, service_id: String::new() });
            Lock::Another(Leader { instance, session, ..Leader::default() })
        }
    })
}
