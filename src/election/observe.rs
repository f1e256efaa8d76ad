//! Observes Consul: the two reads of a slave, the three of a master, and the few more that the decision asks for. Changes nothing and
//! decides nothing.

use std::time::SystemTime;

use log::debug;

use super::config::{Config, Names};
use super::decide::{Question, open_question};
use super::identity::Identity;
use super::key_state::{KeyAnswer, KeyState};
use super::leader::Leader;
use super::marks::Marks;
use super::model::{Answer, Done, Entry, Instance, Lock, View};
use super::outcome::Complaint;
use super::service_port::{self, Held, KnownPort};
use super::value::{self, Notes};
use super::{candidates, session, turn};
use crate::consul::{self, Client, Health, Instances, Key};

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
pub struct Known {
    /// The name of the node, which does not change.
    pub node: Option<String>,
    /// What was just learned of the lock key.
    pub key: Option<KeyAnswer>,
    /// What is known of the service's port.
    pub port: KnownPort,
}

/// Observes. `done` becomes part of the view.
///
/// # Errors
/// When there is nothing to decide about: the agent cannot be asked, the instance is missing or ambiguous, or a request is denied.
pub fn observe(client: &Client, config: &Config, done: Done, known: Known) -> Result<Observation, Complaint> {
    let mut instance = read_instance(client, &config.names, known.node)?;
    let (seen, failure) = match read_lock(client, config, &mut instance, known.key) {
        Ok(seen) => (seen, None),
        Err(Complaint::Consul(error)) if !error.is_denied() => (SeenLock::unknown(), Some(error)),
        Err(complaint) => return Err(complaint),
    };
    let SeenLock { lock, term, notes, term_is_over, challenger_is_due, is_turn, key } = seen;
    let mut view = View {
        instance,
        lock,
        term,
        notes,
        term_is_over,
        challenger_is_due,
        others: Answer::NotAsked,
        others_are_hidden: false,
        port: Answer::NotAsked,
        is_turn,
        name: Answer::NotAsked,
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
            Question::Candidates => read_candidates(client, config, &mut view),
            Question::Port => {
                read_port(client, config, &mut view, port.take().unwrap_or_default()).map(|held| connection = held)
            }
            Question::Name => read_name(client, config, &mut view),
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
struct SeenLock {
    lock: Lock,
    term: u64,
    notes: Notes,
    term_is_over: bool,
    challenger_is_due: bool,
    is_turn: bool,
    key: KeyState,
}

impl SeenLock {
    fn unknown() -> SeenLock {
        SeenLock {
            lock: Lock::Unknown,
            term: 0,
            notes: Notes::default(),
            term_is_over: false,
            challenger_is_due: false,
            is_turn: false,
            key: KeyState::default(),
        }
    }
}

/// Reads the instance from the local agent.
fn read_instance(client: &Client, names: &Names, known_node: Option<String>) -> Result<Instance, Complaint> {
    let Health { registration, checks } = find_instance(client, names)?;
    if !registration.kind().is_empty() {
        return Err(Complaint::NotPlain { id: registration.id().to_owned(), kind: registration.kind().to_owned() });
    }
    if let Some(id) = &names.check_id {
        if !checks.iter().any(|check| check.id == *id) {
            let present = checks.into_iter().map(|check| check.id).collect();
            return Err(Complaint::NoSuchCheck { id: id.clone(), present });
        }
    }
    let node = match (known_node, checks.first()) {
        (Some(node), _) => node,
        (None, Some(check)) => check.node.clone(),
        (None, None) => client.node_name()?,
    };
    let identity = Identity { node, service_id: registration.id().to_owned() };
    let marks = Marks::from(&registration);
    Ok(Instance { identity, node_address: None, registration, marks, checks })
}

fn find_instance(client: &Client, names: &Names) -> Result<Health, Complaint> {
    let service = &names.service;
    if let Some(id) = &names.service_id {
        let found = client.instance(service, id)?.filter(|health| health.registration.service() == service);
        if let Some(health) = found {
            return Ok(health);
        }
        let present = ids(&client.instances(service)?);
        return Err(Complaint::NoSuchService { service: service.clone(), id: Some(id.clone()), present });
    }
    let mut instances = client.instances(service)?;
    if instances.len() > 1 {
        return Err(Complaint::SeveralInstances { service: service.clone(), ids: ids(&instances) });
    }
    if let Some(health) = instances.pop() {
        return Ok(health);
    }
    let present = client.service_names()?.into_iter().collect();
    Err(Complaint::NoSuchService { service: service.clone(), id: None, present })
}

fn ids(instances: &[Health]) -> Vec<String> {
    let mut ids: Vec<String> = instances.iter().map(|health| health.registration.id().to_owned()).collect();
    ids.sort();
    ids
}

/// Reads who holds the lock, and with `EnableTagOverride` the tags that count. Nothing can be done without either.
fn read_lock(
    client: &Client,
    config: &Config,
    instance: &mut Instance,
    known: Option<KeyAnswer>,
) -> Result<SeenLock, Complaint> {
    let Config { names, policy, .. } = config;
    let (found, index) = match known {
        Some(known) => known,
        None => client.key_after(&names.lock_key, None, config.wait.timeout)?,
    };
    let key = KeyState::of(found.as_ref(), index);
    let now = SystemTime::now();
    let mut seen = SeenLock { lock: Lock::Free, key, ..SeenLock::unknown() };
    if let Some(Key { session, value, lock_index, .. }) = found {
        seen.term = lock_index;
        seen.notes = Notes::read(&value, now);
        if let Some(session) = session {
            seen.lock = read_holder(client, names, &instance.identity, session, &value)?;
        }
    }
    if let Lock::Mine { holder: Some(holder), .. } = &seen.lock {
        seen.is_turn = turn::has_come(&holder.since, now);
        seen.term_is_over = policy.max_term.is_some_and(|term| value::has_passed(&holder.since, term, now));
        seen.challenger_is_due = match (policy.preempt_after, &holder.challenger) {
            (Some(after), Some(challenger)) => value::has_passed(&challenger.since, after, now),
            _ => false,
        };
    }
    if instance.registration.enable_tag_override() {
        // The agent takes the catalog's tags at its next full sync, perhaps minutes from now; until then only these are true.
        let found = client.catalog_node(&instance.identity.node, &instance.identity.service_id)?;
        if let Some(found) = found.and_then(|node| node.instance) {
            instance.marks.tags = found.tags();
        }
    }
    Ok(seen)
}

/// Whose session holds the lock: by the key's value if its holder wrote it, otherwise by the session itself.
fn read_holder(
    client: &Client,
    names: &Names,
    own: &Identity,
    session: String,
    value: &[u8],
) -> Result<Lock, Complaint> {
    if let Some(holder) = value::holder(value).filter(|holder| holder.session == session) {
        if holder.instance != *own {
            return Ok(Lock::Another(Leader::from_holder(&holder)));
        }
        if !holder.election.is_empty() && holder.election != names.query {
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

fn read_candidates(client: &Client, config: &Config, view: &mut View) -> Result<(), consul::Error> {
    view.others = Answer::Failed;
    let Config { names, policy, .. } = config;
    let Instances { seen: instances, is_filtered } = client.instances_everywhere(&names.service)?;
    // This instance at least is there. A version that does not say what it left out still left it out.
    view.others_are_hidden = is_filtered || instances.is_empty();
    let own = &mut view.instance;
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

fn read_name(client: &Client, config: &Config, view: &mut View) -> Result<(), consul::Error> {
    view.name = Answer::Failed;
    view.name = Answer::Known(client.execute_query(&config.names.query)?);
    Ok(())
}

fn read_query(client: &Client, config: &Config, view: &mut View) -> Result<(), consul::Error> {
    view.query = Answer::Failed;
    view.query = Answer::Known(client.query(&config.names.query)?);
    Ok(())
}

fn read_entry(client: &Client, view: &mut View) -> Result<(), consul::Error> {
    view.entry = Answer::Failed;
    let Identity { node, service_id } = &view.instance.identity;
    view.entry = Answer::Known(match client.catalog_node(node, service_id)? {
        None => Entry::Hidden,
        Some(node) => node.instance.map_or(Entry::Missing, Entry::Found),
    });
    Ok(())
}
