//! Observes Consul: the two reads of a slave, the three of a master, and the few more that the decision asks for. Changes nothing and
//! decides nothing.

use super::complaint::Complaint;
use super::config::Config;
use super::decide::{Question, open_question};
use super::entries::Entries;
use super::identity::Identity;
use super::instance::read_instance;
use super::key_state::KeyState;
use super::model::{Answer, Done, Entry, Lock, View};
use super::seen_lock::{KnownLock, SeenLock, read_lock};
use super::service_port::{self, Held, KnownPort};
use super::value::Holder;
use super::{candidates, credible, selection, succession};
use crate::consul::{self, Client, Instances};

/// What was observed, and what could not be.
pub struct Observation {
    /// What was seen.
    pub view: View,
    /// The state of the lock key, which shows later whether it has changed, and the index to wait behind.
    pub key: KeyState,
    /// The connection to the service's port, if it was probed and is open.
    pub connection: Option<Held>,
    /// Why the lock is [`Lock::Unknown`] or an answer is [`Answer::Failed`].
    pub failure: Option<consul::Error>,
}

/// What need not be asked for again.
#[derive(Default)]
pub struct Known<'a> {
    /// Identifies the options of the run.
    pub options: &'a str,
    /// The election's own check, if this run has seen it.
    pub own_check: Option<String>,
    /// The name of the node, which does not change.
    pub node: Option<String>,
    /// What is known of the lock key.
    pub lock: KnownLock,
    /// What is known of the service's port.
    pub port: KnownPort,
}

/// Observes. `done` becomes part of the view.
///
/// # Errors
/// When there is nothing to decide about: the agent cannot be asked, the instance is missing or ambiguous, or a request is denied.
pub fn observe(client: &Client, config: &Config, done: Done, mut known: Known<'_>) -> Result<Observation, Complaint> {
    let mut instance = read_instance(client, config, known.node.take())?;
    let lost_check = known.own_check.take().filter(|id| !instance.checks.iter().any(|check| check.id == *id));
    let (seen, failure) = match read_lock(client, config, &mut instance, known.lock) {
        Ok(seen) => (seen, None),
        Err(Complaint::Consul(error)) if !error.is_denied() => (SeenLock::unknown(), Some(error)),
        Err(complaint) => return Err(complaint),
    };
    let SeenLock {
        lock,
        former,
        written,
        term,
        notes,
        term_is_over,
        challenger_is_due,
        is_spot_check,
        contradiction,
        idle,
        now,
        leaves_to_named,
        looks_at_named,
        key,
    } = seen;
    let mut view = View {
        options: known.options.to_owned(),
        instance,
        lock,
        term,
        notes,
        written,
        vacated: None,
        term_is_over,
        challenger_is_due,
        contradiction,
        idle,
        now,
        lost_check,
        leaves_to_named,
        saw_named_only: false,
        looks_at_named,
        split: None,
        entries: Entries::default(),
        others: Answer::NotAsked,
        others_are_hidden: false,
        port: Answer::NotAsked,
        is_spot_check,
        found: Answer::NotAsked,
        query: Answer::NotAsked,
        entry: Answer::NotAsked,
        done,
    };
    if failure.is_some() {
        return Ok(Observation { view, key, connection: None, failure });
    }
    // While it tries for the lock again and again, one connection is enough.
    let held = known.port.held.clone();
    let mut connection = if view.lock == Lock::Free { held } else { None };
    let mut port = Some(known.port);
    while let Some(question) = open_question(&view, &config.names, &config.policy) {
        let answered = match question {
            Question::Candidates => read_candidates(client, config, &mut view, former.as_ref()),
            Question::Port => {
                read_port(client, config, &mut view, port.take().unwrap_or_default()).map(|held| connection = held)
            }
            Question::Found => read_found(client, config, &mut view),
            Question::Query => read_query(client, config, &mut view),
            Question::Entry => read_entry(client, &mut view),
        };
        if let Err(error) = answered {
            return Ok(Observation { view, key, connection, failure: Some(error) });
        }
    }
    Ok(Observation { view, key, connection, failure: None })
}

fn read_candidates(
    client: &Client,
    config: &Config,
    view: &mut View,
    former: Option<&Holder>,
) -> Result<(), consul::Error> {
    view.others = Answer::Failed;
    let Config { names, policy, .. } = config;
    let selection = selection::of_candidate(view, former, names);
    view.saw_named_only = selection.is_some();
    let answer = match &selection {
        Some(selection) => client.instances_selected(&names.service, selection),
        None => client.instances_everywhere(&names.service),
    };
    let Instances { seen: instances, is_filtered } = match answer {
        // One instance that is too large must not keep all from leading.
        Err(error) if error.is_too_large() => Instances { seen: Vec::new(), is_filtered: true },
        answer => answer?,
    };
    // This instance at least is there. A version that does not say what it left out still left it out.
    view.others_are_hidden = is_filtered || instances.is_empty();
    let own = &mut view.instance;
    view.split = candidates::split(&instances, names);
    view.entries = Entries::among(&instances, &own.identity, former.map(|holder| &holder.instance), names);
    if view.lock == Lock::Free {
        let past = credible::past(&view.written);
        view.vacated = Some(succession::reason(view.term, &past, former, &instances, names));
    }
    let remote = instances.iter().find(|remote| remote.node == own.identity.node);
    own.node_address = remote.map(|remote| remote.node_address.clone());
    view.others = Answer::Known(candidates::among(instances, &own.identity, &view.notes, names, policy));
    Ok(())
}

fn read_port(
    client: &Client,
    config: &Config,
    view: &mut View,
    known: KnownPort,
) -> Result<Option<Held>, consul::Error> {
    let Some(watch) = &config.policy.watch_port else { return Ok(None) };
    view.port = Answer::Failed;
    let (port, held) = service_port::probe(client, watch, view, known)?;
    view.port = Answer::Known(port);
    Ok(held)
}

fn read_found(client: &Client, config: &Config, view: &mut View) -> Result<(), consul::Error> {
    view.found = Answer::Failed;
    view.found = Answer::Known(client.execute_query(&config.names.query)?);
    Ok(())
}

fn read_entry(client: &Client, view: &mut View) -> Result<(), consul::Error> {
    view.entry = Answer::Failed;
    let Identity { node, service_id } = &view.instance.identity;
    view.entry = Answer::Known(match client.catalog_node(node, service_id)? {
        None => Entry::Hidden,
        Some(node) => node.instance.map_or(Entry::Missing, Entry::Known),
    });
    Ok(())
}

fn read_query(client: &Client, config: &Config, view: &mut View) -> Result<(), consul::Error> {
    view.query = Answer::Failed;
    let name = &config.names.query;
    // Before the first term the query does not exist as a rule, and a list does not make the agent log an error.
    let is_first = view.lock == Lock::Free && view.term == 0;
    view.query = Answer::Known(if is_first { client.query_of_name(name)? } else { client.query(name)? });
    Ok(())
}
