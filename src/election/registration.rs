//! Writes tags and Meta into the instance's registration, and reads the catalog back. Knows no locks.

use log::{debug, info};

use super::complaint::Complaint;
use super::config::Config;
use super::marks::{self, Marks};
use super::model::Instance;
use super::progress::Progress;
use crate::consul::{self, Client, EntryChange};

/// Registers the instance with other marks, unless something else registered or deregistered it since it was observed. The agent has no
/// compare-and-set, so it is read once more just before; what remains is the time between two requests to the agent.
pub fn mark(client: &Client, config: &Config, instance: &Instance, marks: &Marks) -> Result<Progress, Complaint> {
    let registration = &instance.registration;
    let id = registration.id();
    let now = client.instance(&config.names.service, id)?;
    if now.is_none_or(|now| now.registration != *registration) {
        debug!("the registration of {id} changed; observing again");
        return Ok(Progress::Overtaken);
    }
    client.register(&registration.with(&marks.tags, &marks.meta)).map_err(|error| {
        if error.says(400, "cannot contain more than") {
            Complaint::MetaFull { id: id.to_owned(), keys: marks.meta.len() }
        } else {
            error.into()
        }
    })?;
    info!("tagged {id}: {}", marks.tags.join(", "));
    Ok(Progress::Done)
}

/// What the local agent was told while it may not reach its servers.
pub struct Written {
    /// The instance with the new marks.
    pub instance: Instance,
    /// Whether the agent answered. Otherwise it has the marks, and does not answer reads until it has tried to reach its servers.
    pub answered: bool,
}

/// As [`mark`], with an agent that may not reach its servers. It takes the marks at once and answers after up to half a minute; meanwhile it
/// answers no reads and takes no other registration. So if this run's own write is the last that is known (not `is_sure`), an agent that does
/// not answer the read still has what was written. `soon` makes a client for one request that must not take all of the time.
pub fn mark_in_outage(
    soon: impl Fn() -> Client,
    config: &Config,
    instance: &Instance,
    marks: &Marks,
    is_sure: bool,
) -> (Progress, Option<Written>) {
    let registration = &instance.registration;
    let changed = match soon().instance(&config.names.service, registration.id()) {
        Ok(now) => now.is_none_or(|now| now.registration != *registration),
        Err(error) => is_sure || !error.may_have_happened(),
    };
    if changed {
        return (Progress::Overtaken, None);
    }
    let registration = registration.with(&marks.tags, &marks.meta);
    let answer = soon().register(&registration);
    if let Err(error) = &answer {
        debug!("in the outage: {error:#}");
        if !error.may_have_happened() {
            return (Progress::Overtaken, None);
        }
    }
    let instance = Instance { registration, ..instance.clone().with_marks(marks.clone(), &config.names) };
    (Progress::Done, Some(Written { instance, answered: answer.is_ok() }))
}

/// Reads the catalog back. If the token may not read the node, there is nothing to see and no reason to doubt. If something else
/// registered the instance since, the catalog is right to differ, and the next observation shows it.
pub fn confirm(client: &Client, config: &Config, instance: &Instance, wanted: &Marks) -> Result<Progress, Complaint> {
    let registration = &instance.registration;
    let id = registration.id();
    let Some(mut found) = differing(client, instance, wanted)? else { return Ok(Progress::Done) };
    let now = client.instance(&config.names.service, id)?;
    if now.is_none_or(|now| !now.registration.matches(registration, &wanted.tags, &wanted.meta)) {
        return Ok(Progress::Overtaken);
    }
    if marks::say_master(&found, &config.names) && !marks::say_master(wanted, &config.names) {
        // The catalog is ahead of the agent, or something else writes it. The agent pushes nothing that it has already (1.21.0).
        if let Err(error) = overwrite(client, instance, wanted) {
            debug!("{error:#}");
        }
        match differing(client, instance, wanted)? {
            Some(still) => found = still,
            None => return Ok(Progress::Done),
        }
    }
    if marks::say_master(wanted, &config.names) {
        // The agent must not believe what the catalog does not have, or the next pass would believe it too and report a master.
        if let Err(error) = client.register(&registration.with(&found.tags, &found.meta)) {
            debug!("the agent keeps its tags: {error:#}");
        }
    }
    let id = id.to_owned();
    Err(Complaint::TagNotInCatalog { id, wanted: words(wanted, &found), found: words(&found, wanted) })
}

/// Writes the marks into the catalog without the agent.
fn overwrite(client: &Client, instance: &Instance, wanted: &Marks) -> Result<(), consul::Error> {
    let node = instance.identity.node.clone();
    let Some(entry) = client.entry(&node, instance.registration.id())? else { return Ok(()) };
    client.write_entry(&EntryChange { node, entry: entry.with(&wanted.tags, &wanted.meta) })
}

/// The marks in the catalog, if it has others than these.
fn differing(client: &Client, instance: &Instance, wanted: &Marks) -> Result<Option<Marks>, consul::Error> {
    let node = client.catalog_node(&instance.identity.node, instance.registration.id())?;
    Ok(node.and_then(|node| node.instance).map(Marks::from).filter(|found| found != wanted))
}

/// The tags, and if these are equal, also the Meta keys that differ, as words for people.
fn words(marks: &Marks, other: &Marks) -> Vec<String> {
    let same_tags = marks.tags == other.tags;
    let differs = |(key, value): &(&String, &String)| same_tags && other.meta.get(*key) != Some(*value);
    let meta = marks.meta.iter().filter(differs).map(|(key, value)| format!("{key}={value}"));
    marks.tags.iter().cloned().chain(meta).collect()
}
