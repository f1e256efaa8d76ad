//! The sessions of one instance in one election: found by their name, made, and swept away. Knows no lock but by who holds it.
//!
//! No session outlives the pass that made it unless it holds the lock. A run that was killed may leave one; it is found by its
//! name on its node and used by the next attempt, so that there is never more than one spare.

use log::debug;

use super::eligibility::health_checks;
use super::view::Instance;
use crate::consul::{Client, Error, NewSession, Session};
use crate::options::Options;

/// The check that Consul itself keeps of every node, critical when the node has failed.
const NODE_ALIVE: &str = "serfHealth";

/// The name of an instance's sessions in an election.
pub fn name(options: &Options, instance: &Instance) -> String {
    format!("election {} of {}", options.query, instance.registration.id())
}

/// A session that ends with the node and with every check of `instance` that tells of its health: the spare one, where a killed
/// run left one that is like it, or a new one. All others but the lock's holder are destroyed first.
///
/// # Errors
/// When Consul could not be asked, or a check is critical by now. No session is left then, as far as Consul could be asked.
pub fn ready(client: &Client, options: &Options, instance: &Instance, known: Option<&str>) -> Result<String, Error> {
    let wanted = wanted(options, instance, known);
    let mut found = of_instance(client, options, instance)?;
    if !found.is_empty() {
        let holder = holder(client, options)?;
        found.retain(|session| Some(session.id.as_str()) != holder.as_deref());
    }
    let spare = found.iter().position(|session| session.is_like(&wanted)).map(|position| found.remove(position));
    for session in found {
        client.destroy_session(&instance.node, &session.id)?;
    }
    if let Some(spare) = spare {
        debug!("using the session that an earlier run left");
        return Ok(spare.id);
    }
    client.create_session(&instance.node, &wanted).inspect_err(|error| {
        if error.may_have_happened() {
            sweep(client, options, instance);
        }
    })
}

/// Destroys every session of the instance in this election that does not hold the lock. What cannot be destroyed now is found by
/// the next attempt.
///
/// Another pass of the same instance may still acquire the lock with one of them in the moment between the look at the key and the
/// end of the session. Then the lock is lost, and who acquired it learns so when it looks again, in this pass or its next.
pub fn sweep(client: &Client, options: &Options, instance: &Instance) {
    // The holder is read last: a session that has become it since the list was read is spared.
    let swept = of_instance(client, options, instance).and_then(|sessions| {
        let holder = holder(client, options)?;
        for session in sessions {
            if Some(session.id.as_str()) != holder.as_deref() {
                client.destroy_session(&instance.node, &session.id)?;
            }
        }
        Ok(())
    });
    if let Err(error) = swept {
        debug!("a session may be left for the next attempt: {error:#}");
    }
}

fn holder(client: &Client, options: &Options) -> Result<Option<String>, Error> {
    Ok(client.key(&options.lock_key)?.and_then(|key| key.session))
}

fn of_instance(client: &Client, options: &Options, instance: &Instance) -> Result<Vec<Session>, Error> {
    let name = name(options, instance);
    let mut sessions = client.sessions_of_node(&instance.node)?;
    sessions.retain(|session| session.name == name);
    sessions.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(sessions)
}

/// What a session of the instance is to be like.
fn wanted(options: &Options, instance: &Instance, known: Option<&str>) -> NewSession {
    let mut node_checks = vec![NODE_ALIVE.to_owned()];
    let mut service_checks = Vec::new();
    for check in health_checks(instance, known, options) {
        if !check.service_id.is_empty() {
            service_checks.push(check.id.clone());
        } else if check.id != NODE_ALIVE {
            node_checks.push(check.id.clone());
        }
    }
    let (lock_delay, ttl) = (options.lock_delay, options.ttl);
    NewSession { name: name(options, instance), lock_delay, ttl, node_checks, service_checks }
}
