//! Looks at Consul and says what is there: the two reads of a slave, the three of a master, and the few that are needed
//! only where those leave something open. Changes nothing and decides nothing.

use log::debug;

use super::decide::needs_query;
use super::sessions;
use super::view::{Holder, Instance, Leader, Lock, Query, View};
use crate::consul::{self, Client, Health, Key};
use crate::error::Error;
use crate::options::Options;

/// What was seen, and what could not be.
pub struct Observation {
    /// What was seen.
    pub view: View,
    /// Why the lock is [`Lock::Unknown`], or the query [`Query::Unreadable`], where either is.
    pub trouble: Option<consul::Error>,
}

/// Observes. `refused` is handed through to the view.
///
/// # Errors
/// When there is nothing to decide about: the agent cannot be asked, the instance is not there or is not to be told, or
/// what was asked is denied.
pub fn observe(client: &Client, options: &Options, refused: bool) -> Result<Observation, Error> {
    let health = find_instance(client, options)?;
    if let Some(id) = &options.check_id {
        if !health.checks.iter().any(|check| check.id == *id) {
            let present = health.checks.into_iter().map(|check| check.id).collect();
            return Err(Error::NoSuchCheck { id: id.clone(), present });
        }
    }
    let node = match health.checks.first() {
        Some(check) => check.node.clone(),
        None => client.node_name()?,
    };
    let tags = health.registration.tags();
    let instance = Instance { node, registration: health.registration, tags, checks: health.checks };
    let mut view = View { instance, lock: Lock::Unknown, query: Query::NotAsked, refused };
    let trouble = match read_lock(client, options, &mut view) {
        Err(Error::Consul(error)) if !error.is_denied() => Some(error),
        Err(error) => return Err(error),
        Ok(()) => read_query(client, options, &mut view).err(),
    };
    Ok(Observation { view, trouble })
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
fn read_lock(client: &Client, options: &Options, view: &mut View) -> Result<(), Error> {
    let instance = &view.instance;
    let lock = match client.key(&options.lock_key)? {
        Some(Key { session: Some(session), value, lock_index, .. }) => {
            whose_lock(client, options, instance, session, &value, lock_index)?
        }
        _ => Lock::Free,
    };
    if instance.registration.enable_tag_override() {
        // The agent takes the catalog's tags at its next full sync, minutes from now perhaps; until then only these are true.
        let found = client.catalog_node(&instance.node, instance.registration.id())?;
        if let Some(tags) = found.and_then(|node| node.tags) {
            view.instance.tags = tags;
        }
    }
    view.lock = lock;
    Ok(())
}

/// The prepared query, where it matters.
fn read_query(client: &Client, options: &Options, view: &mut View) -> Result<(), consul::Error> {
    if needs_query(view, options) {
        view.query = Query::Unreadable;
        view.query = client.query(&options.query)?.map_or(Query::Missing, Query::Found);
    }
    Ok(())
}

/// Tells whose lock it is: by the key's value, where its holder wrote it, otherwise by the session itself.
fn whose_lock(
    client: &Client,
    options: &Options,
    instance: &Instance,
    session: String,
    value: &[u8],
    term: u64,
) -> Result<Lock, Error> {
    let id = instance.registration.id();
    let holder = serde_json::from_slice::<Holder>(value).ok().filter(|holder| holder.session == session);
    if let Some(holder) = holder {
        let is_mine = holder.node == instance.node && holder.service_id == id;
        if is_mine && !holder.election.is_empty() && holder.election != options.query {
            // Two elections that share a key would take the lock out of each other's hands for ever.
            return Err(Error::LockOfOther { key: options.lock_key.clone(), election: holder.election });
        }
        return Ok(if is_mine {
            Lock::Mine { session, term, holder: Some(holder) }
        } else {
            Lock::Another(Leader::from_holder(&holder))
        });
    }
    debug!("the value of {} is not its holder's; asking for the session", options.lock_key);
    let info = client.session(&session)?;
    Ok(match info {
        Some(info) if info.node == instance.node && info.name == sessions::name(options, instance) => {
            Lock::Mine { session, term, holder: None }
        }
        info => Lock::Another(Leader { node: info.map(|info| info.node), session, ..Leader::default() }),
    })
}
