//! What makes the prepared query true. Pure.

use super::action::Action;
use crate::consul::{PreparedQuery, QueryDifference, QuerySpec, Status};
use crate::duration;
use crate::election::config::{Names, Policy};
use crate::election::fault::QueryFault;
use crate::election::marks;
use crate::election::model::Answer;

/// The action that makes the prepared query what it should be while `session` holds the lock; `None` if it is that already, or if it
/// is unknown. Without a session, while nobody leads, there can be no fenced query.
pub fn action(
    query: &Answer<Option<PreparedQuery>>,
    session: Option<&str>,
    names: &Names,
    policy: &Policy,
) -> Result<Option<Action>, QueryFault> {
    let found = match query {
        Answer::NotAsked | Answer::Failed => return Ok(None),
        Answer::Known(None) => return Ok(create(None, session, names, policy)),
        Answer::Known(Some(found)) => found,
    };
    if !found.name().eq_ignore_ascii_case(&names.query) {
        // A template matches the name; a query with the very name takes precedence.
        return Ok(create(None, session, names, policy));
    }
    if found.is_template() {
        return Err(QueryFault::Template);
    }
    if !found.service().is_empty() && found.service() != names.service {
        return Err(QueryFault::OtherService(found.service().to_owned()));
    }
    let wanted = found.with(&spec(Some(found), session, names, policy));
    if wanted == *found {
        Ok(None)
    } else if found.hides_its_token() {
        // A plain query that lacks only the fence stays as it is: it finds the master all the same.
        let plain = found.with(&spec(Some(found), None, names, policy));
        if plain == *found { Ok(None) } else { Err(QueryFault::HiddenToken) }
    } else {
        Ok(Some(Action::UpdateQuery(wanted)))
    }
}

/// In what a query of this election differs from what a master with these options makes of it. `session` holds the lock; without one, only
/// what does not depend on it is compared.
#[must_use]
pub fn differences(
    query: &PreparedQuery,
    session: Option<&str>,
    names: &Names,
    policy: &Policy,
) -> Vec<QueryDifference> {
    let of_session = |field: &str| field == "Session" || field.starts_with("Service.ServiceMeta");
    let all = query.differences(&spec(Some(query), session, names, policy));
    all.into_iter().filter(|one| session.is_some() || !of_session(&one.field)).collect()
}

/// Creates the query that `session` needs, unseen.
pub fn unseen(session: &str, names: &Names, policy: &Policy) -> Option<Action> {
    create(None, Some(session), names, policy)
}

fn create(found: Option<&PreparedQuery>, session: Option<&str>, names: &Names, policy: &Policy) -> Option<Action> {
    let possible = session.is_some() || !policy.query.fence;
    possible.then(|| Action::CreateQuery(PreparedQuery::new(&spec(found, session, names, policy))))
}

/// What the query should be. The fence: the query ends with the session that holds the lock, and asks for that session in Meta.
fn spec(found: Option<&PreparedQuery>, session: Option<&str>, names: &Names, policy: &Policy) -> QuerySpec {
    let settings = &policy.query;
    let key = marks::session_key(names);
    let session = session.filter(|_| settings.fence).map(str::to_owned);
    let was_fenced = || found.is_some_and(|found| found.asks_for_meta(&key));
    QuerySpec {
        // Consul ignores the case of a name, so an operator's spelling stays.
        name: found.map_or(names.query.as_str(), PreparedQuery::name).to_owned(),
        service: names.service.clone(),
        tags: std::iter::once(&names.master_tag).chain(&settings.tags).cloned().collect(),
        only_passing: only_passing(policy),
        meta: (key.clone(), session.clone()),
        // A session that an operator set on a plain query stays.
        session: session.or_else(|| was_fenced().then(String::new)),
        namespace: names.scope.namespace.clone(),
        partition: names.scope.partition.clone(),
        ttl: settings.ttl.map(duration::format),
        near: settings.near.clone(),
        failover: (!settings.failover.is_empty()).then(|| settings.failover.clone()),
    }
}

/// Whether the query leaves out a master in warning. It must not where such a master may lead, or where the policy shows every master
/// as one. Behind the fence it need not: with `only_passing`, a master whose health is in warning releases the lock and so ends the
/// query, and one whose election check is in warning only could not ask Consul and still leads.
pub fn only_passing(policy: &Policy) -> bool {
    policy.only_passing && !policy.query.fence && policy.statuses.master == Status::Passing
}
