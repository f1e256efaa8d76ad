//! Which instance of the local agent takes part, and whether it can. Changes nothing.

use super::complaint::Complaint;
use super::config::{Config, Names};
use super::identity::Identity;
use super::marks::{Mark, Marks};
use super::model::Instance;
use super::signature::prints;
use crate::consul::{Check, Client, Health};

/// Reads the instance from the local agent.
///
/// # Errors
/// When the agent cannot be asked, or the instance is missing or ambiguous.
pub fn read_instance(client: &Client, config: &Config, known_node: Option<String>) -> Result<Instance, Complaint> {
    let names = &config.names;
    let (Health { registration, checks }, leftover) = find_instance(client, names)?;
    if !registration.kind().is_empty() {
        return Err(Complaint::NotPlain { id: registration.id().to_owned(), kind: registration.kind().to_owned() });
    }
    // An instance whose check is gone can still hand over, and then leaves the election.
    if let Some(id) = names.check_id.as_ref().filter(|_| config.policy.resign.is_none()) {
        confirm_own_check(id, &checks, names)?;
    }
    let marks = Marks::from(&registration);
    let mark = Mark::of(&marks, names);
    let others = Mark::others(&marks, names);
    // A check of the instance that prints lines of this election shows that it is meant, too.
    let takes_part = names.is_query_named || mark.is_some() || checks.iter().any(|c| prints(c, names));
    if !takes_part && !others.is_empty() {
        return Err(Complaint::OtherElections { query: names.query.clone(), others });
    }
    let node = match (known_node, checks.first()) {
        (Some(node), _) => node,
        (None, Some(check)) => check.node.clone(),
        (None, None) => client.node_name()?,
    };
    let identity = Identity { node, service_id: registration.id().to_owned() };
    Ok(Instance { identity, node_address: None, registration, marks, mark, checks, leftover })
}

/// Whether the named check exists and no other check of the instance runs this program in its place.
fn confirm_own_check(id: &str, checks: &[Check], names: &Names) -> Result<(), Complaint> {
    let Some(own) = checks.iter().find(|check| check.id == id) else {
        let present = checks.iter().map(|check| check.id.clone()).collect();
        return Err(Complaint::NoSuchCheck { id: id.to_owned(), present });
    };
    match checks.iter().find(|check| prints(check, names)).filter(|_| !prints(own, names)) {
        Some(other) => Err(Complaint::WrongCheck { id: id.to_owned(), runs: other.id.clone() }),
        None => Ok(()),
    }
}

/// The instance, and another one of the service that does not take part.
fn find_instance(client: &Client, names: &Names) -> Result<(Health, Option<String>), Complaint> {
    let service = &names.service;
    let agent = client.agent().to_owned();
    if let Some(id) = &names.service_id {
        let found = client.instance(service, id)?.filter(|health| health.registration.service() == service);
        if let Some(health) = found {
            return Ok((health, None));
        }
        let present = ids(&client.instances(service)?);
        return Err(Complaint::NoSuchService { agent, service: service.clone(), id: Some(id.clone()), present });
    }
    let mut instances = client.instances(service)?;
    let all = ids(&instances);
    let leftover = if instances.len() > 1 { keep_the_running(&mut instances, names) } else { None };
    match (instances.pop(), instances.is_empty()) {
        (Some(health), true) => return Ok((health, leftover)),
        (Some(_), false) => return Err(Complaint::SeveralInstances { service: service.clone(), ids: all }),
        (None, _) => {}
    }
    let present = client.service_names()?.into_iter().collect();
    Err(Complaint::NoSuchService { agent, service: service.clone(), id: None, present })
}

/// Keeps the instance whose check runs this program, or while no check shows that, the only one that has a check of its own; returns the
/// first of the rest that has no check. Consul keeps an instance that was renamed in its file, without checks and passing, until it is
/// deregistered.
fn keep_the_running(instances: &mut Vec<Health>, names: &Names) -> Option<String> {
    let own = |health: &Health| -> Vec<Check> {
        let id = health.registration.id();
        health.checks.iter().filter(|check| check.service_id == id).cloned().collect()
    };
    let runs = |health: &Health| own(health).iter().any(|check| prints(check, names));
    let bare = |instances: &[Health]| {
        let bare = instances.iter().filter(|health| own(health).is_empty());
        bare.map(|health| health.registration.id().to_owned()).min()
    };
    let leftover = bare(instances);
    if instances.iter().filter(|health| runs(health)).count() == 1 {
        instances.retain(runs);
    } else if instances.iter().filter(|health| !own(health).is_empty()).count() == 1 {
        instances.retain(|health| !own(health).is_empty());
    }
    leftover
}

fn ids(instances: &[Health]) -> Vec<String> {
    let mut ids: Vec<String> = instances.iter().map(|health| health.registration.id().to_owned()).collect();
    ids.sort();
    ids
}
