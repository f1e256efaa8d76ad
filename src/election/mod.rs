//! One pass: observe, decide, apply, and again until there is nothing left to do.
//!
//! Owns the loop and the order of things. What a pass finds half done by a run that was killed it decides on like on
//! everything else; so there is no recovery, only the next pass.

mod campaign;
mod decide;
mod eligibility;
mod observe;
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
use decide::{Action, decide};
use observe::observe;
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
    let client = Client::new(&options.agent, token, Deadline::after(options.timeout));
    let mut refused = false;
    for _ in 0..MOST_ROUNDS {
        let observation = observe(&client, options, refused)?;
        let view = observation.view;
        let decision = decide(&view, options);
        if let Some(outage) = observation.outage {
            return Err(sit_out(&client, &view.instance, &decision.actions, outage, options));
        }
        if decision.actions.is_empty() {
            return match decision.fault {
                None => Ok(decision.role),
                Some(fault) => Err(Error::Query { name: options.query.clone(), fault }),
            };
        }
        for action in &decision.actions {
            apply(&client, &view.instance, action, options, &mut refused)
                .inspect_err(|error| give_up_if_denied(&client, &view, action, error, options))?;
        }
    }
    Err(Error::Unsettled)
}

/// Applies what an outage asks for and gives back the error that the outage is.
fn sit_out(
    client: &Client,
    instance: &Instance,
    actions: &[Action],
    outage: consul::Error,
    options: &Options,
) -> Error {
    for action in actions {
        if let Err(error) = apply(client, instance, action, options, &mut false) {
            return error;
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
        if let Err(error) = campaign::release(client, options, &view.instance, session) {
            debug!("the lock could not be given up: {error}");
        }
    }
}

/// Applies one action. `refused` is set when Consul did not give the lock.
fn apply(
    client: &Client,
    instance: &Instance,
    action: &Action,
    options: &Options,
    refused: &mut bool,
) -> Result<(), Error> {
    match action {
        Action::Tag(tags) => {
            client.register(&instance.registration, tags)?;
            info!("tagged {}: {}", instance.registration.id(), tags.join(", "));
        }
        Action::ConfirmTags(wanted) => confirm_tags(client, instance, wanted)?,
        Action::Campaign => *refused = !campaign::campaign(client, options, instance)?,
        Action::Describe { session, holder } => {
            campaign::describe(client, options, instance, session, holder.as_ref())?;
        }
        Action::Release { session } => campaign::release(client, options, instance, session)?,
        Action::CreateQuery(query) => match client.create_query(query) {
            // Another pass was faster; the next look finds its query.
            Err(error) if error.says(500, "aliases an existing query name") => {}
            outcome => outcome?,
        },
        Action::UpdateQuery(query) => client.update_query(query)?,
    }
    Ok(())
}

/// Reads the catalog back. Where the token may not read the node there is nothing to be seen, and no reason to doubt.
fn confirm_tags(client: &Client, instance: &Instance, wanted: &[String]) -> Result<(), Error> {
    let id = instance.registration.id();
    match client.catalog_node(&instance.node, id)?.and_then(|node| node.tags) {
        Some(found) if found != wanted => {
            Err(Error::TagNotInCatalog { id: id.to_owned(), wanted: wanted.to_vec(), found })
        }
        _ => Ok(()),
    }
}
