//! Observes Consul: the two reads of a slave, the three of a master, and the few more that the decision asks for. Changes nothing and
//! decides nothing.

use std::time::{Duration, SystemTime};

use log::debug;

use super::clock::{has_passed, timestamp};
use super::complaint::Complaint;
use super::config::{Config, Names};
use super::decide::{Question, open_question};
use super::entries::Entries;
use super::fault::{Contradiction, Difference};
use super::first_look::first_look;
use super::identity::Identity;
use super::instance::read_instance;
use super::key_state::{KeyAnswer, KeyState};
use super::leader::Leader;
use super::model::{Answer, Done, Entry, Instance, Lock, View};
use super::service_port::{self, Held, KnownPort};
use super::successors::Successors;
use super::value::{Holder, Notes};
use super::{candidates, credible, selection, session, spot_check, succession};
use crate::consul::{self, Client, Instances, Key};

/// How long an instance leaves the free lock to a better candidate: ample for that one's next run, since both run equally often as a rule.
const YIELDS_FOR: Duration = Duration::from_secs(10);

/// How long after its takeover a master leaves the names as they are: its candidates are busy with the change, and the name must move first.
/// A run that has taken the lock ends, so its next run is at least a second later.
const SETTLED_FOR: Duration = Duration::from_secs(10);
const MOVED_WITHIN: Duration = Duration::from_secs(1);

/// What was observed, and what could not be.
pub struct Observation {
    /// What was seen.
    pub view: View,
    /// The state of the lock key, which shows later whether it has changed, and the index to wait behind.
    pub key: KeyState,
    /// The connection to the service's port, if it was probed and is open.
    pub connection: Option<Held>,
    /// Why the lock is [`Lock::Unknown`] or an answer is [`Answer::Failed`].
    pub failure: Option<consul::Error>,
}

/// What need not be asked for again.
#[derive(Default)]
pub struct Known<'a> {
    /// Identifies the options of the run.
    pub options: &'a str,
    /// The election's own check, if this run has seen it.
    pub own_check: Option<String>,
    /// Whether this run has observed nothing yet.
    pub is_first: bool,
    /// The name of the node, which does not change.
    pub node: Option<String>,
    /// Whether the instance may note that it leaves a free lock to another.
    pub may_note: bool,
    /// What was just learned of the lock key.
    pub key: Option<KeyAnswer>,
    /// What is known of the service's port.
    pub port: KnownPort,
    /// A random number from 0 to 1, for an instance that is one of many. 0 if it has just waited for its turn.
    pub lot: f64,
}

/// Observes. `done` becomes part of the view.
///
/// # Errors
/// When there is nothing to decide about: the agent cannot be asked, the instance is missing or ambiguous, or a request is denied.
pub fn observe(client: &Client, config: &Config, done: Done, mut known: Known<'_>) -> Result<Observation, Complaint> {
    let mut instance = read_instance(client, config, known.node.take())?;
    let lost_check = known.own_check.take().filter(|id| !instance.checks.iter().any(|check| check.id == *id));
    let (seen, failure) = match read_lock(client, config, &mut instance, &mut known) {
        Ok(seen) => (seen, None),
        Err(Complaint::Consul(error)) if !error.is_denied() => (SeenLock::unknown(), Some(error)),
        Err(complaint) => return Err(complaint),
    };
    let SeenLock {
        lock,
        former,
        written,
        term,
        notes,
        term_is_over,
        challenger_is_due,
        is_spot_check,
        contradiction,
        idle,
        now,
        leaves_to_named,
        looks_at_named,
        key,
    } = seen;
    let mut view = View {
        options: known.options.to_owned(),
        instance,
        lock,
        term,
        notes,
        written,
        vacated: None,
        term_is_over,
        challenger_is_due,
        contradiction,
        idle,
        now,
        lost_check,
        leaves_to_named,
        saw_named_only: false,
        looks_at_named,
        split: None,
        entries: Entries::default(),
        others: Answer::NotAsked,
        others_are_hidden: false,
        port: Answer::NotAsked,
        is_spot_check,
        found: Answer::NotAsked,
        query: Answer::NotAsked,
        entry: Answer::NotAsked,
        done,
    };
    if failure.is_some() {
        return Ok(Observation { view, key, connection: None, failure });
    }
    // While it tries for the lock again and again, one connection is enough.
    let held = known.port.held.clone();
    let mut connection = if view.lock == Lock::Free { held } else { None };
    let mut port = Some(known.port);
    while let Some(question) = open_question(&view, &config.names, &config.policy) {
        let answered = match question {
            Question::Candidates => read_candidates(client, config, &mut view, former.as_ref()),
            Question::Port => {
                read_port(client, config, &mut view, port.take().unwrap_or_default()).map(|held| connection = held)
            }
            Question::Found => read_found(client, config, &mut view),
            Question::Query => read_query(client, config, &mut view),
            Question::Entry => read_entry(client, &mut view),
        };
        if let Err(error) = answered {
            return Ok(Observation { view, key, connection, failure: Some(error) });
        }
    }
    Ok(Observation { view, key, connection, failure: None })
}

/// What the lock key and its value show.
#[allow(clippy::struct_excessive_bools, reason = "each is an independent fact")]
struct SeenLock {
    lock: Lock,
    /// The last master that the value of a free lock describes.
    former: Option<Holder>,
    written: Vec<u8>,
    term: u64,
    notes: Notes,
    term_is_over: bool,
    challenger_is_due: bool,
    is_spot_check: bool,
    contradiction: Option<Contradiction>,
    idle: Option<Identity>,
    now: Option<String>,
    leaves_to_named: bool,
    looks_at_named: bool,
    key: KeyState,
}

impl SeenLock {
    fn unknown() -> SeenLock {
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
fn read_lock(
    client: &Client,
    config: &Config,
    instance: &mut Instance,
    known: &mut Known<'_>,
) -> Result<SeenLock, Complaint> {
    let Config { names, policy, .. } = config;
    let (found, index) = match known.key.take() {
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

fn read_candidates(
    client: &Client,
    config: &Config,
    view: &mut View,
    former: Option<&Holder>,
) -> Result<(), consul::Error> {
    view.others = Answer::Failed;
    let Config { names, policy, .. } = config;
    let selection = selection::of_candidate(view, former, names);
    view.saw_named_only = selection.is_some();
    let answer = match &selection {
        Some(selection) => client.instances_selected(&names.service, selection),
        None => client.instances_everywhere(&names.service),
    };
    let Instances { seen: instances, is_filtered } = match answer {
        // One instance that is too large must not keep all from leading.
        Err(error) if error.is_too_large() => Instances { seen: Vec::new(), is_filtered: true },
        answer => answer?,
    };
    // This instance at least is there. A version that does not say what it left out still left it out.
    view.others_are_hidden = is_filtered || instances.is_empty();
    let own = &mut view.instance;
    view.split = candidates::split(&instances, names);
    view.entries = Entries::among(&instances, &own.identity, former.map(|holder| &holder.instance), names);
    if view.lock == Lock::Free {
        let past = credible::past(&view.written);
        view.vacated = Some(succession::reason(view.term, &past, former, &instances, names));
    }
    let remote = instances.iter().find(|remote| remote.node == own.identity.node);
    own.node_address = remote.map(|remote| remote.node_address.clone());
    view.others = Answer::Known(candidates::among(instances, &own.identity, &view.notes, names, policy));
    Ok(())
}

fn read_port(
    client: &Client,
    config: &Config,
    view: &mut View,
    known: KnownPort,
) -> Result<Option<Held>, consul::Error> {
    let Some(watch) = &config.policy.watch_port else { return Ok(None) };
    view.port = Answer::Failed;
    let (port, held) = service_port::probe(client, watch, view, known)?;
    view.port = Answer::Known(port);
    Ok(held)
}

fn read_found(client: &Client, config: &Config, view: &mut View) -> Result<(), consul::Error> {
    view.found = Answer::Failed;
    view.found = Answer::Known(client.execute_query(&config.names.query)?);
    Ok(())
}

fn read_entry(client: &Client, view: &mut View) -> Result<(), consul::Error> {
    view.entry = Answer::Failed;
    let Identity { node, service_id } = &view.instance.identity;
    view.entry = Answer::Known(match client.catalog_node(node, service_id)? {
        None => Entry::Hidden,
        Some(node) => node.instance.map_or(Entry::Missing, Entry::Known),
    });
    Ok(())
}

fn read_query(client: &Client, config: &Config, view: &mut View) -> Result<(), consul::Error> {
    view.query = Answer::Failed;
    let name = &config.names.query;
    // Before the first term the query does not exist as a rule, and a list does not make the agent log an error.
    let is_first = view.lock == Lock::Free && view.term == 0;
    view.query = Answer::Known(if is_first { client.query_of_name(name)? } else { client.query(name)? });
    Ok(())
}
