//! The lock in this instance's hands: trying for it, saying in its value who holds it, moving it to a better session, giving it up.
//! Knows no tags and no query.
//!
//! Two passes of one instance can be here at once, and then share a session: acquiring twice with the same one is the same as once.

use std::time::SystemTime;

use log::info;

use super::eligibility::{bound_checks, own_check};
use super::sessions;
use super::view::{Holder, Instance};
use crate::consul::{Client, Error};
use crate::options::Options;

/// Tries for the free lock and says whether this instance has it now.
///
/// # Errors
/// When Consul could not be asked. Where it may have given the lock all the same, the next look at the key tells.
pub fn campaign(client: &Client, options: &Options, instance: &Instance) -> Result<bool, Error> {
    let session = sessions::ready(client, options, instance, None)?;
    let outcome = describe(client, options, instance, &session, None);
    if !matches!(outcome, Ok(true)) {
        sessions::sweep(client, options, instance);
    }
    outcome
}

/// Acquires the lock with `session`, whether it holds it already or not, and writes into its value what that should say of this
/// instance. `previous` is what it says now. `false`: the lock is not to be had.
///
/// # Errors
/// When Consul could not be asked.
pub fn describe(
    client: &Client,
    options: &Options,
    instance: &Instance,
    session: &str,
    previous: Option<&Holder>,
) -> Result<bool, Error> {
    let value = value(client, options, instance, session, previous)?;
    client.acquire(&options.lock_key, session, &value)
}

/// Moves the held lock to a session that is bound to the checks as they are now, in one step, and ends the old one.
///
/// # Errors
/// When Consul could not be asked. One of the two sessions holds the lock then, and the other is a spare at most.
pub fn rebind(
    client: &Client,
    options: &Options,
    instance: &Instance,
    old: &str,
    previous: Option<&Holder>,
) -> Result<(), Error> {
    let known = previous.and_then(|previous| previous.check_id.as_deref());
    let new = sessions::ready(client, options, instance, known)?;
    let moved = value(client, options, instance, &new, previous)
        .and_then(|value| client.hand_over(&options.lock_key, old, &new, &value));
    if matches!(moved, Ok(true)) {
        return client.destroy_session(&instance.node, old);
    }
    // The lock was lost since it was read, which the next look at it tells, or nobody knows whether it was moved.
    sessions::sweep(client, options, instance);
    moved.map(drop)
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

/// The lock's value, as JSON.
fn value(
    client: &Client,
    options: &Options,
    instance: &Instance,
    session: &str,
    previous: Option<&Holder>,
) -> Result<Vec<u8>, Error> {
    let mut address = instance.registration.address().to_owned();
    if address.is_empty() {
        // The node's is meant. A token that may not read the node leaves it unknown.
        let found = client.catalog_node(&instance.node, instance.registration.id())?;
        address = found.map(|node| node.address).unwrap_or_default();
    }
    let known = previous.and_then(|previous| previous.check_id.clone());
    let since = previous.map(|previous| previous.since.clone()).filter(|since| !since.is_empty());
    let holder = Holder {
        node: instance.node.clone(),
        service_id: instance.registration.id().to_owned(),
        address,
        port: instance.registration.port(),
        session: session.to_owned(),
        election: options.query.clone(),
        since: since.unwrap_or_else(|| humantime::format_rfc3339_seconds(SystemTime::now()).to_string()),
        checks: bound_checks(instance, known.as_deref(), options),
        check_id: own_check(instance, options).map(|check| check.id.clone()).or(known),
    };
    Ok(serde_json::to_vec(&holder).unwrap_or_default())
}
