//! What sets the prepared query right. Pure.

use super::{Action, Query, QueryFault};
use crate::consul::{PreparedQuery, QuerySpec, Status};
use crate::election::marks;
use crate::options::Options;

/// The action that makes the prepared query what it is to be while `session` holds the lock; `None` when it is that already, or
/// nothing is known of it. Without a session, as long as nobody leads, there can be no fenced query.
pub fn action(query: &Query, session: Option<&str>, options: &Options) -> Result<Option<Action>, QueryFault> {
    let found = match query {
        Query::NotAsked | Query::Unreadable => return Ok(None),
        Query::Missing => return Ok(create(None, session, options)),
        Query::Found(found) => found,
    };
    if !found.name().eq_ignore_ascii_case(&options.query) {
        // A template that matches the name; a query that has the very name goes before it.
        return Ok(create(None, session, options));
    }
    if found.is_template() {
        return Err(QueryFault::Template);
    }
    if !found.service().is_empty() && found.service() != options.service {
        return Err(QueryFault::OtherService(found.service().to_owned()));
    }
    let wanted = found.with(&spec(Some(found), session, options));
    if wanted == *found {
        Ok(None)
    } else if found.hides_its_token() {
        // A plain query that is right but for the fence stays as it is: without one it leads to the master all the same.
        let plain = found.with(&spec(Some(found), None, options));
        if plain == *found { Ok(None) } else { Err(QueryFault::HiddenToken) }
    } else {
        Ok(Some(Action::UpdateQuery(wanted)))
    }
}

fn create(found: Option<&PreparedQuery>, session: Option<&str>, options: &Options) -> Option<Action> {
    let possible = session.is_some() || !options.query_settings.fence;
    possible.then(|| Action::CreateQuery(PreparedQuery::new(&spec(found, session, options))))
}

/// What the query is to be like. The fence: it ends with the session that holds the lock, and asks for that session in Meta.
fn spec(found: Option<&PreparedQuery>, session: Option<&str>, options: &Options) -> QuerySpec {
    let settings = &options.query_settings;
    let key = marks::session_key(options);
    let session = session.filter(|_| settings.fence).map(str::to_owned);
    let was_fenced = || found.is_some_and(|found| found.asks_for_meta(&key));
    QuerySpec {
        name: options.query.clone(),
        service: options.service.clone(),
        tags: std::iter::once(&options.master_tag).chain(&options.query_tags).cloned().collect(),
        only_passing: only_passing(options),
        meta: (key.clone(), session.clone()),
        // A session that an operator set on a plain query is the operator's.
        session: session.or_else(|| was_fenced().then(String::new)),
        namespace: options.scope.namespace.clone(),
        partition: options.scope.partition.clone(),
        ttl: settings.ttl.clone(),
        near: settings.near.clone(),
        failover: (!settings.failover.is_empty()).then(|| settings.failover.clone()),
    }
}

/// Whether a master in warning is left out. It must not be where that is tolerated, or is what its check says of a master. Behind the
/// fence it need not be either: a master whose health is in warning gives the lock up and so ends the query, and one whose election
/// check is in warning only could not ask Consul and leads on.
fn only_passing(options: &Options) -> bool {
    !options.tolerate_warning && !options.query_settings.fence && options.statuses.master == Status::Passing
}
