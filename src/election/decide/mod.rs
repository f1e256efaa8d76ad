//! The decision: from what a pass saw to the instance's role and what is to be done about it.
//!
//! A pure function of its arguments. It knows no HTTP, no clock and no log, and does not remember: a pass applies the
//! actions, looks again and decides again until nothing is left to do. So whatever state a run that was killed left
//! behind is just another state to decide from.

use super::eligibility::{Obstacle, bound_checks, obstacle, own_check};
use super::tags;
use super::view::{Holder, Instance, Leader, Lock, Query, View};
use crate::consul::PreparedQuery;
use crate::options::{OnOutage, Options};

/// What the instance is, and what has to be done so that Consul says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The role, once the actions are done; `None` where it depends on how they end, or on what could not be seen.
    pub role: Option<Role>,
    /// To be applied in this order, up to the first that fails. None: the election is settled.
    pub actions: Vec<Action>,
    /// What keeps this from ever working as configured, to be reported once the actions are done.
    pub fault: Option<QueryFault>,
}

/// What the instance is in the election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It holds the lock.
    Master {
        /// Itself, as the lock's value describes it.
        leader: Leader,
        /// The number of this leadership.
        term: u64,
    },
    /// Another instance holds the lock.
    SlaveOf(Leader),
    /// No instance holds the lock.
    SlaveOfNone(Vacancy),
}

/// Why an instance does not take the free lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vacancy {
    /// It may not lead.
    NotEligible(Obstacle),
    /// It tried, and Consul does not give the lock yet.
    LockDelay,
}

/// A step towards what was decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Register the instance with these tags.
    Tag(Vec<String>),
    /// Read the catalog back and go no further when it does not have the tags that were just set.
    ConfirmTags(Vec<String>),
    /// Try for the free lock.
    Campaign,
    /// Write into the lock's value what it should say of its holder.
    Describe {
        /// The session that holds the lock.
        session: String,
        /// What the value says now; `None` when someone else wrote it.
        holder: Option<Holder>,
    },
    /// Move the lock to a session that is bound to the checks as they are now, and describe its holder anew.
    Rebind {
        /// The session that holds the lock.
        session: String,
        /// What the value says now; `None` when someone else wrote it.
        holder: Option<Holder>,
    },
    /// Give up the lock without lock-delay, and the session with it.
    Release {
        /// The session that holds the lock.
        session: String,
    },
    /// Create the prepared query.
    CreateQuery(PreparedQuery),
    /// Replace the prepared query's definition.
    UpdateQuery(PreparedQuery),
}

/// What keeps the prepared query from being what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryFault {
    /// The query's name belongs to a template.
    Template,
    /// The query's name belongs to a query for this other service.
    OtherService(String),
    /// The query must be changed but has a token that this one may not see, and that it would lose.
    HiddenToken,
}

/// Decides. See the module's header.
pub fn decide(view: &View, options: &Options) -> Decision {
    match (&view.lock, obstacle(&view.instance, known_check(view), options)) {
        (Lock::Mine { session, term, holder }, None) => lead(view, session, *term, holder.as_ref(), options),
        (Lock::Mine { session, .. }, Some(obstacle)) => {
            let mut actions = become_slave(&view.instance, options);
            actions.push(Action::Release { session: session.clone() });
            let role = Role::SlaveOfNone(Vacancy::NotEligible(obstacle));
            Decision { role: Some(role), actions, fault: None }
        }
        (Lock::Another(leader), _) => {
            let role = Role::SlaveOf(leader.clone());
            Decision { role: Some(role), actions: become_slave(&view.instance, options), fault: None }
        }
        (Lock::Free, Some(obstacle)) => vacant(view, Vacancy::NotEligible(obstacle), options),
        (Lock::Free, None) if view.refused => vacant(view, Vacancy::LockDelay, options),
        (Lock::Free, None) => stand(view, options),
        (Lock::Unknown, _) => outage(view, options),
    }
}

/// Whether the decision rests on the prepared query: a master keeps it, and who stands for election must be able to.
pub fn needs_query(view: &View, options: &Options) -> bool {
    let may_lead = match &view.lock {
        Lock::Mine { .. } => true,
        Lock::Free => !view.refused,
        Lock::Another(_) | Lock::Unknown => false,
    };
    may_lead && obstacle(&view.instance, known_check(view), options).is_none()
}

/// The election's own check, where the lock's value tells it.
fn known_check(view: &View) -> Option<&str> {
    match &view.lock {
        Lock::Mine { holder: Some(holder), .. } => holder.check_id.as_deref(),
        _ => None,
    }
}

/// Holds the lock and may: everything that a master keeps true.
fn lead(view: &View, session: &str, term: u64, holder: Option<&Holder>, options: &Options) -> Decision {
    let mut actions = Vec::new();
    let wanted = tags::of_master(&view.instance.tags, options);
    if wanted != view.instance.tags {
        actions.extend([Action::Tag(wanted.clone()), Action::ConfirmTags(wanted)]);
    }
    let bound = bound_checks(&view.instance, known_check(view), options);
    if holder.is_none_or(|holder| holder.checks != bound) {
        actions.push(Action::Rebind { session: session.to_owned(), holder: holder.cloned() });
    } else if !holder.is_some_and(|holder| describes(holder, &view.instance, options)) {
        actions.push(Action::Describe { session: session.to_owned(), holder: holder.cloned() });
    }
    let fault = match query_action(&view.query, options) {
        Ok(action) => {
            actions.extend(action);
            None
        }
        Err(fault) => Some(fault),
    };
    let leader = holder.map_or_else(
        || Leader { node: Some(view.instance.node.clone()), session: session.to_owned(), ..Leader::default() },
        Leader::from_holder,
    );
    Decision { role: Some(Role::Master { leader, term }), actions, fault }
}

/// The lock is free and the instance may lead. First it becomes a slave in every respect: an old master tag would be a lie,
/// and an instance that cannot be tagged, or whose query cannot be made, must learn so before it takes the lock from others.
fn stand(view: &View, options: &Options) -> Decision {
    let mut actions = become_slave(&view.instance, options);
    let query = match query_action(&view.query, options) {
        Ok(_) if view.query == Query::Unreadable => return Decision { role: None, actions, fault: None },
        Ok(action) => action,
        Err(fault) => return Decision { role: None, actions, fault: Some(fault) },
    };
    // An existing query is the master's to change, but one that is missing harms nobody.
    actions.extend(query.filter(|action| matches!(action, Action::CreateQuery(_))));
    actions.push(Action::Campaign);
    Decision { role: None, actions, fault: None }
}

/// Nobody leads and this instance does not try.
fn vacant(view: &View, vacancy: Vacancy, options: &Options) -> Decision {
    let role = Role::SlaveOfNone(vacancy);
    Decision { role: Some(role), actions: become_slave(&view.instance, options), fault: None }
}

/// Consul could not say who leads. By default nothing changes. Where a master shall rather be none than be wrong, its tag
/// goes; that the catalog has it so is not asked, since there is nobody to answer.
fn outage(view: &View, options: &Options) -> Decision {
    let demote = options.on_outage == OnOutage::Demote && tags::say_master(&view.instance.tags, options);
    let wanted = tags::of_slave(&view.instance.tags, options);
    let actions = if demote { vec![Action::Tag(wanted)] } else { Vec::new() };
    Decision { role: None, actions, fault: None }
}

/// What gives the instance a slave's tags; nothing when it has them.
fn become_slave(instance: &Instance, options: &Options) -> Vec<Action> {
    let wanted = tags::of_slave(&instance.tags, options);
    if wanted == instance.tags {
        return Vec::new();
    }
    vec![Action::Tag(wanted.clone()), Action::ConfirmTags(wanted)]
}

/// Whether the lock's value is still true of the instance that holds it.
fn describes(holder: &Holder, instance: &Instance, options: &Options) -> bool {
    let address = instance.registration.address();
    let check = own_check(instance, options);
    holder.port == instance.registration.port()
        && (address.is_empty() || holder.address == address)
        && check.is_none_or(|check| holder.check_id.as_deref() == Some(&check.id))
}

/// What sets the prepared query right; nothing when it is.
fn query_action(query: &Query, options: &Options) -> Result<Option<Action>, QueryFault> {
    let tags: Vec<String> = std::iter::once(&options.master_tag).chain(&options.query_tags).cloned().collect();
    // A master in warning, where that is tolerated, must be found as well.
    let only_passing = !options.tolerate_warning;
    let create = || Action::CreateQuery(PreparedQuery::new(&options.query, &options.service, &tags, only_passing));
    let found = match query {
        Query::NotAsked | Query::Unreadable => return Ok(None),
        Query::Missing => return Ok(Some(create())),
        Query::Found(found) => found,
    };
    if !found.name().eq_ignore_ascii_case(&options.query) {
        // A template that matches the name; a query that has the very name goes before it.
        return Ok(Some(create()));
    }
    if found.is_template() {
        return Err(QueryFault::Template);
    }
    if !found.service().is_empty() && found.service() != options.service {
        return Err(QueryFault::OtherService(found.service().to_owned()));
    }
    let right = found.name() == options.query
        && found.service() == options.service
        && found.tags() == tags
        && found.only_passing() == only_passing;
    if right {
        Ok(None)
    } else if found.hides_its_token() {
        Err(QueryFault::HiddenToken)
    } else {
        Ok(Some(Action::UpdateQuery(found.with(&options.query, &options.service, &tags, only_passing))))
    }
}

#[cfg(test)]
mod tests;
