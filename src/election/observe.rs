//! Looks at Consul and says what is there: the two reads of a slave, the three of a master, and the few that are needed
//! only where those leave something open. Changes nothing and decides nothing.

use std::time::SystemTime;

use log::debug;

use super::candidates;
use super::decide::{needs_others, needs_query};
use super::listening::{Held, KnownPort, read_port};
use super::marks::Marks;
use super::sessions;
use super::value::{self, Notes};
use super::view::{Done, Instance, Leader, Lock, Port, Query, View};
use crate::consul::{self, Client, Health, Key};
use crate::error::Error;
use crate::options::Options;

/// What was seen, and what could not be.
pub struct Observation {
    /// What was seen.
    pub view: View,
    /// The state of the lock key, to tell later whether it has changed, and the index to wait behind.
    pub key: KeyState,
    /// The connection to the service's port, where it was asked for and is open.
    pub connection: Option<Held>,
    /// Why the lock is [`Lock::Unknown`], or the query [`Query::Unreadable`], where either is.
    pub trouble: Option<consul::Error>,
}

/// A key, if there is one, and the index of the answer.
pub type KeyAnswer = (Option<Key>, String);

/// The state of a key, as far as it tells a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyState {
    /// The raft index of its last change; 0 where there is no such key.
    pub modify_index: u64,
    /// The session that holds it: it goes without a change of the key when the session ends.
    pub session: Option<String>,
    /// The index of the answer.
    pub index: String,
}

impl KeyState {
    /// The state that an answer tells.
    pub fn of(found: Option<&Key>, index: String) -> KeyState {
        let session = found.and_then(|key| key.session.clone());
        KeyState { modify_index: found.map_or(0, |key| key.modify_index), session, index }
    }

    /// Whether the key is as it was, however far the index has gone.
    pub fn is_same(&self, other: &KeyState) -> bool {
        (self.modify_index, &self.session) == (other.modify_index, &other.session)
    }
}

/// What need not be asked for again.
#[derive(Default)]
pub struct Known {
    /// The name of the node, which does not change.
    pub node: Option<String>,
    /// What was just learnt of the lock key.
    pub key: Option<KeyAnswer>,
    /// What is known of the service's port.
    pub port: KnownPort,
}

/// Observes. `done` is handed through to the view.
///
/// # Errors
/// When there is nothing to decide about: the agent cannot be asked, the instance is not there or is not to be told, or
/// what was asked is denied.
pub fn observe(client: &Client, options: &Options, done: Done, known: Known) -> Result<Observation, Error> {
    let health = find_instance(client, options)?;
    if let Some(id) = &options.check_id {
        if !health.checks.iter().any(|check| check.id == *id) {
            let present = health.checks.into_iter().map(|check| check.id).collect();
            return Err(Error::NoSuchCheck { id: id.clone(), present });
        }
    }
    let node = match (known.node, health.checks.first()) {
        (Some(node), _) => node,
        (None, Some(check)) => check.node.clone(),
        (None, None) => client.node_name()?,
    };
    let marks = Marks::from(&health.registration);
    let instance =
        Instance { node, node_address: None, registration: health.registration, marks, checks: health.checks };
    let mut view = View {
        instance,
        lock: Lock::Unknown,
        term: 0,
        notes: Notes::default(),
        others: None,
        term_is_over: false,
        challenger_is_due: false,
        query: Query::NotAsked,
        port: Port::NotAsked,
        done,
    };
    let mut key = KeyState::default();
    let mut connection = None;
    let trouble = match read_lock(client, options, &mut view, &mut key, known.key) {
        Err(Error::Consul(error)) if !error.is_denied() => Some(error),
        Err(error) => return Err(error),
        Ok(()) => match read_rest(client, options, &mut view, known.port) {
            Ok(held) => {
                connection = held;
                None
            }
            Err(error) => Some(error),
        },
    };
    Ok(Observation { view, key, connection, trouble })
}

/// The instance on the local agent.
fn find_instance(client: &Client, options: &Options) -> Result<Health, Error> {
    let service = &options.service;
    let health = if let Some(id) = &options.service_id {
        let found = client.instance(service, id)?.filter(|health| health.registration.service() == service);
        let Some(health) = found else {
            let present = ids(&client.instances(service)?);
            return Err(Error::NoSuchService { service: service.clone(), id: Some(id.clone()), present });
        };
        health
    } else {
        let mut instances = client.instances(service)?;
        match (instances.pop(), instances.is_empty()) {
            (Some(health), true) => health,
            (Some(health), false) => {
                instances.push(health);
                return Err(Error::SeveralInstances { service: service.clone(), ids: ids(&instances) });
            }
            (None, _) => {
                let present = client.service_names()?.into_iter().collect();
                return Err(Error::NoSuchService { service: service.clone(), id: None, present });
            }
        }
    };
    let registration = &health.registration;
    if !registration.kind().is_empty() {
        return Err(Error::NotPlain { id: registration.id().to_owned(), kind: registration.kind().to_owned() });
    }
    Ok(health)
}

fn ids(instances: &[Health]) -> Vec<String> {
    let mut ids: Vec<String> = instances.iter().map(|health| health.registration.id().to_owned()).collect();
    ids.sort();
    ids
}

/// Who holds the lock, and the tags that overrule the agent's. Without the latter nothing is to be done either, so that the lock
/// stays unknown.
fn read_lock(
    client: &Client,
    options: &Options,
    view: &mut View,
    state: &mut KeyState,
    known: Option<KeyAnswer>,
) -> Result<(), Error> {
    let (found, index) = match known {
        Some(known) => known,
        None => client.key_after(&options.lock_key, None, options.timeout)?,
    };
    *state = KeyState::of(found.as_ref(), index);
    let now = SystemTime::now();
    let mut lock = Lock::Free;
    if let Some(Key { session, value, lock_index, .. }) = found {
        view.term = lock_index;
        view.notes = Notes::read(&value, now);
        if let Some(session) = session {
            lock = whose_lock(client, options, &view.instance, session, &value)?;
        }
    }
    if let Lock::Mine { holder: Some(holder), .. } = &lock {
        view.term_is_over = options.max_term.is_some_and(|term| value::has_passed(&holder.since, term, now));
        view.challenger_is_due = match (options.preempt_after, &holder.challenger) {
            (Some(after), Some(challenger)) => value::has_passed(&challenger.since, after, now),
            _ => false,
        };
    }
    let instance = &mut view.instance;
    if instance.registration.enable_tag_override() {
        // The agent takes the catalog's tags at its next full sync, minutes from now perhaps; until then only these are true.
        let found = client.catalog_node(&instance.node, instance.registration.id())?;
        if let Some(found) = found.and_then(|node| node.instance) {
            instance.marks.tags = found.tags;
        }
    }
    view.lock = lock;
    Ok(())
}

/// The other instances, the service's port and the prepared query, where they matter.
fn read_rest(
    client: &Client,
    options: &Options,
    view: &mut View,
    known: KnownPort,
) -> Result<Option<Held>, consul::Error> {
    if needs_others(view, options) {
        view.query = Query::Unreadable;
        let instances = client.instances_everywhere(&options.service)?;
        let own = instances.iter().find(|remote| remote.node == view.instance.node);
        view.instance.node_address = own.map(|remote| remote.node_address.clone());
        view.others = Some(candidates::among(instances, &view.instance, &view.notes, options));
        view.query = Query::NotAsked;
    }
    // Where it cannot be told, nothing is to be decided from what is not known yet.
    view.query = Query::Unreadable;
    let held = read_port(client, options, view, known)?;
    view.query = Query::NotAsked;
    if needs_query(view, options) {
        view.query = Query::Unreadable;
        view.query = client.query(&options.query)?.map_or(Query::Missing, Query::Found);
    }
    Ok(held)
}

/// Tells whose lock it is: by the key's value, where its holder wrote it, otherwise by the session itself.
fn whose_lock(
    client: &Client,
    options: &Options,
    instance: &Instance,
    session: String,
    value: &[u8],
) -> Result<Lock, Error> {
    let id = instance.registration.id();
    let holder = value::holder(value).filter(|holder| holder.session == session);
    if let Some(holder) = holder {
        let is_mine = holder.node == instance.node && holder.service_id == id;
        if is_mine && !holder.election.is_empty() && holder.election != options.query {
            // Two elections that share a key would take the lock out of each other's hands for ever.
            return Err(Error::LockOfOther { key: options.lock_key.clone(), election: holder.election });
        }
        return Ok(if is_mine {
            Lock::Mine { session, holder: Some(holder) }
        } else {
            Lock::Another(Leader::from_holder(&holder))
        });
    }
    debug!("the value of {} is not its holder's; asking for the session", options.lock_key);
    let info = client.session(&session)?;
    Ok(match info {
        Some(info) if info.node == instance.node && info.name == sessions::name(options, instance) => {
            Lock::Mine { session, holder: None }
        }
        info => Lock::Another(Leader { node: info.map(|info| info.node), session, ..Leader::default() }),
    })
}
