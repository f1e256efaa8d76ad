//! Finds the elections that the instances of an agent take part in, by the marks in their Meta.

use std::collections::BTreeSet;

use super::asked::{Missing, Part};
use crate::consul::Client;
use crate::election::{Names, elections_of};

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
    elections.sort_by(|a, b| a.query.cmp(&b.query));
    let mut seen = BTreeSet::new();
    elections.retain(|names| seen.insert((names.query.clone(), names.lock_key.clone())));
    let services: BTreeSet<String> = registrations.iter().map(|found| found.service().to_owned()).collect();
    Ok(Discovered { elections, services: services.into_iter().collect() })
}
