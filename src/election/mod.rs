//! One pass: observe, decide, apply, and again until there is nothing left to do.
//!
//! Owns the loop and the order of things. What a pass finds half done by a run that was killed it decides on like on
//! everything else; so there is no recovery, only the next pass.

mod decide;
mod eligibility;
mod lock;
mod observe;
mod sessions;
mod tags;
mod view;

pub use decide::{QueryFault, Role, Vacancy};
pub use eligibility::Obstacle;
pub use view::Leader;

use log::{debug, info};

use crate::consul::{self, Client};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::options::{OnOutage, Options, Token};
use decide::{Action, Decision, decide};
use observe::{Observation, observe};
use view::{Instance, Lock, View};

/// How often a pass looks before it gives up. A promotion takes three looks: the free lock, the lock won, all settled. A step
/// down or a race with another pass may add one or two; who needs more has an adversary.
const MOST_ROUNDS: usize = 6;

/// Makes one pass and says what role the instance has.
///
/// # Errors
/// When the role could not be settled.
pub fn pass(options: &Options) -> Result<Role, Error> {
    let token = options.token.as_ref().map(Token::secret);
    let deadline = Deadline::after(options.timeout);
    let client = Client::new(&options.agent, token, deadline);
    let mut refused = false;
    for _ in 0..MOST_ROUNDS {
        // Where an outage is to take the tag off, looking must leave time for that: servers that hang would use up all of it.
        let onlooker = match options.on_outage {
            OnOutage::Keep => client.clone(),
            OnOutage::Demote => client.until(deadline.half()),
        };
        let Observation { view, trouble } = observe(&onlooker, options, refused)?;
        let decision = decide(&view, options);
        match trouble {
            Some(outage) if view.lock == Lock::Unknown => {
                return Err(sit_out(&client, &view.instance, &decision.actions, outage, options));
            }
            Some(trouble) => {
                carry_out(&client, &view, &decision.actions, options)?;
                return Err(trouble.into());
            }
            None if decision.actions.is_empty() => return settled(decision, options),
            None => refused |= carry_out(&client, &view, &decision.actions, options)?,
        }
    }
    Err(Error::Unsettled)
}

/// Applies actions up to the first that fails or is overtaken, and says whether Consul refused the lock.
fn carry_out(client: &Client, view: &View, actions: &[Action], options: &Options) -> Result<bool, Error> {
    for action in actions {
        let outcome = apply(client, &view.instance, action, options)
            .inspect_err(|error| give_up_if_denied(client, view, action, error, options))?;
        match outcome {
            Outcome::Done => {}
            Outcome::Refused => return Ok(true),
            Outcome::Overtaken => break,
        }
    }
    Ok(false)
}

/// What a pass ends with that has nothing left to do.
fn settled(decision: Decision, options: &Options) -> Result<Role, Error> {
    match (decision.fault, decision.role) {
        (Some(fault), _) => Err(Error::Query { name: options.query.clone(), fault }),
        (None, Some(role)) => Ok(role),
        (None, None) => Err(Error::Unsettled),
    }
}

/// Does what an outage asks for, as far as the agent can by itself, and gives back the error that the outage is.
fn sit_out(
    client: &Client,
    instance: &Instance,
    actions: &[Action],
    outage: consul::Error,
    options: &Options,
) -> Error {
    for action in actions {
        if let Err(error) = apply(client, instance, action, options) {
            // An agent that cannot reach its servers takes the tags before it has tried, and then has nothing good to say.
            debug!("in the outage: {error}");
        }
    }
    match options.on_outage {
        OnOutage::Keep => Error::Consul(outage),
        OnOutage::Demote => Error::Demoted(outage),
    }
}

/// Leaves the lock to others when the instance holds it and may not be tagged: it would keep them from leading for good.
fn give_up_if_denied(client: &Client, view: &View, action: &Action, error: &Error, options: &Options) {
    let denied = matches!(error, Error::Consul(error) if error.is_denied());
    let promoting = matches!(action, Action::Tag(tags) if tags::say_master(tags, options));
    if let (Lock::Mine { session, .. }, true) = (&view.lock, denied && promoting) {
        if let Err(error) = lock::release(client, options, &view.instance, session) {
            debug!("the lock could not be given up: {error}");
        }
    }
}

/// How an action that did not fail went.
enum Outcome {
    /// It is done, or no longer needed.
    Done,
    /// Consul did not give the lock.
    Refused,
    /// What it rests on has changed since it was seen: it was not done, and what follows it is not to be done either.
    Overtaken,
}

/// Applies one action.
fn apply(client: &Client, instance: &Instance, action: &Action, options: &Options) -> Result<Outcome, Error> {
    match action {
        Action::Tag(tags) => return tag(client, instance, tags, options),
        Action::ConfirmTags(wanted) => return confirm_tags(client, instance, wanted, options),
        Action::Campaign if !lock::campaign(client, options, instance)? => return Ok(Outcome::Refused),
        Action::Campaign => {}
        Action::Describe { session, holder } => {
            // A lock that was lost since it was read is seen by the next look at it.
            lock::describe(client, options, instance, session, holder.as_ref())?;
        }
        Action::Rebind { session, holder } => lock::rebind(client, options, instance, session, holder.as_ref())?,
        Action::Release { session } => lock::release(client, options, instance, session)?,
        Action::CreateQuery(query) => match client.create_query(query) {
            // Another pass was faster; the next look finds its query.
            Err(error) if error.says(500, "aliases an existing query name") => {}
            outcome => outcome?,
        },
        Action::UpdateQuery(query) => client.update_query(query)?,
    }
    Ok(Outcome::Done)
}

/// Registers the instance with other tags, unless someone else has registered or deregistered it since it was observed. The
/// agent knows no compare-and-set, so the last look is taken just before: what remains is the time between two requests to it.
fn tag(client: &Client, instance: &Instance, tags: &[String], options: &Options) -> Result<Outcome, Error> {
    let (registration, id) = (&instance.registration, instance.registration.id());
    let now = client.instance(&options.service, id)?;
    if now.is_none_or(|now| now.registration != *registration) {
        debug!("the registration of {id} changed; looking again");
        return Ok(Outcome::Overtaken);
    }
    client.register(registration, tags)?;
    info!("tagged {id}: {}", tags.join(", "));
    Ok(Outcome::Done)
}

/// Reads the catalog back. Where the token may not read the node there is nothing to be seen, and no reason to doubt.
/// Where someone has registered the instance anew since, the catalog is right to differ, and the next look tells.
fn confirm_tags(client: &Client, instance: &Instance, wanted: &[String], options: &Options) -> Result<Outcome, Error> {
    let id = instance.registration.id();
    let found = match client.catalog_node(&instance.node, id)?.and_then(|node| node.tags) {
        Some(found) if found != wanted => found,
        _ => return Ok(Outcome::Done),
    };
    let now = client.instance(&options.service, id)?;
    if now.is_none_or(|now| !now.registration.is_retagged(&instance.registration, wanted)) {
        return Ok(Outcome::Overtaken);
    }
    if tags::say_master(wanted, options) {
        // The agent is not to believe what the catalog does not have, or the next pass would believe it too and report a master.
        if let Err(error) = client.register(&instance.registration, &found) {
            debug!("the agent keeps its tags: {error}");
        }
    }
    Err(Error::TagNotInCatalog { id: id.to_owned(), wanted: wanted.to_vec(), found })
}
