//! Trying for the free lock: one session, one acquire, and nothing left over when it is lost.
//!
//! No session outlives the pass that made it unless it holds the lock. A run that was killed may leave one; it is found by its
//! name on its node and used here, so that there is never more than one spare. Two passes of one instance can be here at
//! once and then share a session: what one of them destroys is never a session that the key names as its holder.

use std::time::SystemTime;

use log::{debug, info};

use super::eligibility::{foreign_checks, own_check};
use super::observe::session_name;
use super::view::{Holder, Instance};
use crate::consul::{Client, Error, NewSession, Session};
use crate::options::Options;

/// The check that Consul itself keeps of every node, critical when the node has failed.
const NODE_ALIVE: &str = "serfHealth";

/// Tries for the lock and says whether this instance has it now.
///
/// # Errors
/// When Consul could not be asked. Where it may have given the lock all the same, the next look at the key tells.
pub fn campaign(client: &Client, options: &Options, instance: &Instance) -> Result<bool, Error> {
    let name = session_name(options, instance.registration.id());
    let spares = spare_sessions(client, instance, &name)?;
    let wanted = new_session(options, instance, &name);
    let session = match spares.iter().find(|spare| spare.is_like(&wanted)) {
        Some(spare) => spare.id.clone(),
        None => match client.create_session(&instance.node, &wanted) {
            Ok(id) => id,
            Err(error) => {
                if error.may_have_happened() {
                    sweep(client, options, instance, spare_sessions(client, instance, &name).map(ids));
                }
                return Err(error);
            }
        },
    };
    let outcome = acquire(client, options, instance, &session);
    let mut ours = ids(spares);
    if !ours.contains(&session) {
        ours.push(session);
    }
    if ours.len() > 1 || !matches!(outcome, Ok(true)) {
        sweep(client, options, instance, Ok(ours));
    }
    outcome
}

/// Writes into the lock's value what it should say of this instance, which holds it.
///
/// # Errors
/// When Consul could not be asked.
pub fn describe(
    client: &Client,
    options: &Options,
    instance: &Instance,
    session: &str,
    previous: Option<&Holder>,
) -> Result<(), Error> {
    let value = holder(client, options, instance, session, previous)?;
    // `false`: the lock was lost since it was read, which the next look at it tells.
    client.acquire(&options.lock_key, session, &to_json(&value)).map(drop)
}

/// Gives the lock up without lock-delay, and the session with it. The value is emptied: nobody leads.
///
/// # Errors
/// When Consul could not be asked.
pub fn release(client: &Client, options: &Options, instance: &Instance, session: &str) -> Result<(), Error> {
    client.release(&options.lock_key, session, b"{}")?;
    client.destroy_session(&instance.node, session)?;
    info!("released {}", options.lock_key);
    Ok(())
}

fn acquire(client: &Client, options: &Options, instance: &Instance, session: &str) -> Result<bool, Error> {
    let value = holder(client, options, instance, session, None)?;
    match client.acquire(&options.lock_key, session, &to_json(&value)) {
        // A check turned critical just now, or the other of two passes at once has given up: the session is gone.
        Err(error) if error.says(500, "invalid session") => Ok(false),
        outcome => outcome,
    }
}

fn spare_sessions(client: &Client, instance: &Instance, name: &str) -> Result<Vec<Session>, Error> {
    let mut sessions = client.sessions_of_node(&instance.node)?;
    sessions.retain(|session| session.name == name);
    sessions.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(sessions)
}

fn ids(sessions: Vec<Session>) -> Vec<String> {
    sessions.into_iter().map(|session| session.id).collect()
}

/// Destroys those of our sessions that do not hold the lock. What cannot be destroyed now is found by the next attempt.
fn sweep(client: &Client, options: &Options, instance: &Instance, ours: Result<Vec<String>, Error>) {
    let result = ours.and_then(|ours| {
        let holder = client.key(&options.lock_key)?.and_then(|key| key.session);
        for session in ours.iter().filter(|session| Some(session.as_str()) != holder.as_deref()) {
            client.destroy_session(&instance.node, session)?;
        }
        Ok(())
    });
    if let Err(error) = result {
        debug!("a session may be left for the next attempt: {error}");
    }
}

/// A session that ends with the node and with every check that makes the instance eligible.
fn new_session(options: &Options, instance: &Instance, name: &str) -> NewSession {
    let mut node_checks = vec![NODE_ALIVE.to_owned()];
    let mut service_checks = Vec::new();
    for check in foreign_checks(instance, None, options) {
        if !check.service_id.is_empty() {
            service_checks.push(check.id.clone());
        } else if check.id != NODE_ALIVE {
            node_checks.push(check.id.clone());
        }
    }
    NewSession { name: name.to_owned(), lock_delay: options.lock_delay, node_checks, service_checks }
}

fn holder(
    client: &Client,
    options: &Options,
    instance: &Instance,
    session: &str,
    previous: Option<&Holder>,
) -> Result<Holder, Error> {
    let registered = instance.registration.address();
    let address = if !registered.is_empty() {
        registered.to_owned()
    } else if let Some(previous) = previous.filter(|previous| !previous.address.is_empty()) {
        previous.address.clone()
    } else {
        // Registered without an address: the node's is meant. A token that may not read the node leaves it unknown.
        client.catalog_node(&instance.node, instance.registration.id())?.map(|node| node.address).unwrap_or_default()
    };
    let since = previous.map(|previous| previous.since.clone()).filter(|since| !since.is_empty());
    let known = previous.and_then(|previous| previous.check_id.clone());
    Ok(Holder {
        node: instance.node.clone(),
        service_id: instance.registration.id().to_owned(),
        address,
        port: instance.registration.port(),
        session: session.to_owned(),
        since: since.unwrap_or_else(|| humantime::format_rfc3339_seconds(SystemTime::now()).to_string()),
        check_id: own_check(instance, options).map(|check| check.id.clone()).or(known),
    })
}

fn to_json(holder: &Holder) -> Vec<u8> {
    serde_json::to_vec(holder).unwrap_or_default()
}
