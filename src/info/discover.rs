//! Finds the elections that instances take part in, by the marks in their Meta, and what checks say where there is no mark. Must never know
//! who leads them.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::{Missing, Part};
use super::words::clean;
use crate::consul::{Client, Registration};
use crate::election::{Names, election_in, elections_of, is_election_line, session_key};

/// The elections that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// The elections, ordered by name.
    pub elections: Vec<Names>,
    /// The services that the agent has, for an error that names them.
    pub services: Vec<String>,
}

/// Finds the elections of the agent's instances; with a service, only those of its instances.
///
/// # Errors
/// When the agent cannot be asked.
pub fn discover(client: &Client, service: Option<&str>) -> Part<Discovered> {
    let registrations = client.registrations().map_err(Missing::from)?;
    let of_service = registrations.iter().filter(|found| service.is_none_or(|service| found.service() == service));
    let mut elections: Vec<Names> = of_service.flat_map(elections_of).collect();
    elections.sort_by(|a, b| (&a.query, &a.service).cmp(&(&b.query, &b.service)));
    let mut seen = BTreeSet::new();
    elections.retain(|names| seen.insert((names.query.clone(), names.service.clone(), names.lock_key.clone())));
    let services: BTreeSet<String> = registrations.iter().map(|found| found.service().to_owned()).collect();
    Ok(Discovered { elections, services: services.into_iter().collect() })
}

/// A check of the agent that prints lines of an election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The ID of the check.
    pub check: String,
    /// The service of its instance; `None`: it belongs to none.
    pub service: Option<String>,
    /// The name of the election; `None`: the line has none.
    pub election: Option<String>,
    /// Its last line.
    pub line: String,
}

/// Finds the checks of an agent that print lines of an election, marked or not. A check that has not run prints none.
pub fn heard(client: &Client) -> Vec<Heard> {
    let registrations = client.registrations().unwrap_or_default();
    let service_of = |id: &str| registrations.iter().find(|found| found.id() == id).map(|found| clean(found.service()));
    let checks = client.checks().unwrap_or_default();
    let of_check = |check: &crate::consul::Check| {
        let line = check.output.lines().rfind(|line| is_election_line(line))?;
        let election = election_in(line).map(clean);
        Some(Heard { check: clean(&check.id), service: service_of(&check.service_id), election, line: clean(line) })
    };
    checks.iter().filter_map(of_check).collect()
}

/// Finds the elections that checks of an agent run and that are not among the known ones, because their instances have no mark of them: the check is
/// wrong, or has not succeeded yet. What other instances of the service show of such an election counts.
pub fn unmarked(client: &Client, known: &[Names]) -> Vec<Names> {
    let mut found: Vec<Names> = Vec::new();
    for Heard { service, election, .. } in heard(client) {
        let Some(service) = service else { continue };
        let is_it = |names: &&Names| {
            names.service == service && election.as_ref().is_none_or(|election| names.query == *election)
        };
        if !known.iter().chain(&found).any(|names| is_it(&names)) {
            let shown = of_service(client, &service).into_iter().find(|names| is_it(&names));
            found.push(shown.unwrap_or_else(|| by_name(&service, election.as_deref())));
        }
    }
    found
}

fn by_name(service: &str, election: Option<&str>) -> Names {
    let names = Names::of_service(service);
    match election {
        Some(election) => names.with_query(election),
        None => names,
    }
}

/// Finds the elections of a service by the marks of all its instances: of several lock keys for one name, the one that somebody leads with,
/// or that most have.
pub fn of_service(client: &Client, service: &str) -> Vec<Names> {
    let instances = client.instances_everywhere(service).map(|instances| instances.seen).unwrap_or_default();
    chosen(instances.iter().map(|remote| &remote.health.registration))
}

fn chosen<'a>(registrations: impl Iterator<Item = &'a Registration>) -> Vec<Names> {
    let mut votes: BTreeMap<(String, String), (bool, usize, Names)> = BTreeMap::new();
    for registration in registrations {
        for names in elections_of(registration) {
            let leads = registration.meta().contains_key(&session_key(&names));
            let vote = votes.entry((names.query.clone(), names.lock_key.clone())).or_insert((false, 0, names));
            (vote.0, vote.1) = (vote.0 || leads, vote.1 + 1);
        }
    }
    let mut best: BTreeMap<String, (bool, usize, Names)> = BTreeMap::new();
    for ((query, _), vote) in votes {
        match best.get(&query) {
            Some(found) if (found.0, found.1) >= (vote.0, vote.1) => {}
            _ => {
                best.insert(query, vote);
            }
        }
    }
    best.into_values().map(|(_, _, names)| names).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_several_lock_keys_the_one_that_is_led_counts_and_then_the_one_that_most_have() {
        let instance = |key: &str, leads: bool| -> Registration {
            let mark = json!({"key": key, "tags": ["master", "slave"]}).to_string();
            let mut meta = json!({"election-redis-master-mark": mark});
            if leads {
                meta["election-redis-master-session"] = json!("s");
            }
            serde_json::from_value(json!({"ID": "redis", "Service": "redis", "Meta": meta})).unwrap()
        };
        for (all, key) in [
            (vec![("a", false), ("b", false), ("b", false)], "b"),
            (vec![("a", true), ("b", false), ("b", false)], "a"),
            (vec![("a", false), ("b", false)], "a"),
        ] {
            let all: Vec<Registration> = all.into_iter().map(|(key, leads)| instance(key, leads)).collect();
            let found: Vec<String> = chosen(all.iter()).into_iter().map(|names| names.lock_key).collect();
            assert_eq!(found, [key]);
        }
    }
}
