//! Whether the local agent's instances of the named services are healthy, and the checks that the session is then bound to. Must never
//! know who leads.

use std::time::Duration;

use crate::consul::{Client, Error, Health, Status};
use crate::deadline::Deadline;

/// The check of Consul's own failure detection, which every session is bound to.
const SERF: &str = "serfHealth";

/// The checks that a session is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checks {
    /// The node's.
    pub of_node: Vec<String>,
    /// The instances'.
    pub of_services: Vec<String>,
}

/// Asks the agent. `Err` in the answer: why this process must not lead now.
///
/// # Errors
/// When the agent could not be asked.
pub(super) fn healthy(client: &Client, services: &[String], limit: Duration) -> Result<Result<Checks, String>, Error> {
    let client = client.until(Deadline::after(limit));
    let mut checks = Checks { of_node: vec![SERF.to_owned()], of_services: Vec::new() };
    for service in services {
        let instances = client.instances(service)?;
        if let Err(why) = checks.add(service, &instances) {
            return Ok(Err(why));
        }
    }
    Ok(Ok(checks))
}

impl Checks {
    /// Adds the checks of the first healthy instance.
    fn add(&mut self, service: &str, instances: &[Health]) -> Result<(), String> {
        let is_critical = |instance: &&Health| instance.checks.iter().any(|check| check.status == Status::Critical);
        let Some(healthy) = instances.iter().find(|instance| !is_critical(instance)) else {
            let critical = instances.iter().flat_map(|instance| &instance.checks);
            let critical = critical.filter(|check| check.status == Status::Critical).map(|check| check.id.clone());
            return Err(match critical.collect::<Vec<_>>().first() {
                Some(check) => format!("check {check} of service {service} is critical"),
                None => format!("the agent has no instance of service {service}"),
            });
        };
        for check in &healthy.checks {
            let list = if check.service_id.is_empty() { &mut self.of_node } else { &mut self.of_services };
            if !list.contains(&check.id) {
                list.push(check.id.clone());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consul::{Check, Registration};

    fn instance(checks: &[(&str, &str, Status)]) -> Health {
        let check = |(id, service_id, status): &(&str, &str, Status)| Check {
            node: "n1".to_owned(),
            id: (*id).to_owned(),
            status: *status,
            output: String::new(),
            service_id: (*service_id).to_owned(),
        };
        Health { registration: Registration::default(), checks: checks.iter().map(check).collect() }
    }

    #[test]
    fn a_healthy_instance_gives_its_checks_and_an_unhealthy_one_its_reason() {
        let add = |instances: &[Health]| {
            let mut checks = Checks { of_node: vec![SERF.to_owned()], of_services: Vec::new() };
            checks.add("web", instances).map(|()| (checks.of_node.join(" "), checks.of_services.join(" ")))
        };
        let disk = ("disk", "", Status::Warning);
        let good = instance(&[disk, ("ping", "web1", Status::Passing)]);
        let bad = instance(&[disk, ("ping2", "web2", Status::Critical)]);
        let found = ("serfHealth disk".to_owned(), "ping".to_owned());
        assert_eq!(add(&[bad.clone(), good]), Ok(found));
        assert_eq!(add(&[bad]), Err("check ping2 of service web is critical".to_owned()));
        assert_eq!(add(&[]), Err("the agent has no instance of service web".to_owned()));
    }
}
