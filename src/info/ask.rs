//! Asks Consul for everything that `info` shows of an election: reads only, all parts at the same time, each with the same deadline.
//!
//! Without a leader of the servers, each of them still answers from what it last knew. Such an answer is used and named as what it is.

use std::thread;
use std::time::SystemTime;

use super::asked::{Asked, Missing, Part};
use super::dns::Resolver;
use crate::consul::{Client, Error, Instances, Key, Session};
use crate::election::{Names, named_by};

/// How often the parts are asked for again because the lock has changed meanwhile.
const MOST_ROUNDS: usize = 3;

/// Asks for everything about an election.
pub fn ask(client: &Client, names: &Names, resolver: &Resolver) -> Asked {
    let mut asked = once(client, names, resolver);
    for _ in 1..MOST_ROUNDS {
        if asked.stale.is_some() || !has_changed(client, &asked) {
            break;
        }
        asked = once(client, names, resolver);
    }
    asked
}

/// Whether the lock has changed hands since it was asked for.
fn has_changed(client: &Client, asked: &Asked) -> bool {
    let Ok(before) = &asked.lock else { return false };
    let state = |key: Option<&Key>| key.map(|key| (key.lock_index, key.session.clone()));
    client.key(&asked.names.lock_key).is_ok_and(|now| state(now.as_ref()) != state(before.as_ref()))
}

fn once(client: &Client, names: &Names, resolver: &Resolver) -> Asked {
    let now = SystemTime::now();
    let (lock, stale) = fresh_or_stale(client, |client| client.key(&names.lock_key));
    let names = match &lock {
        Ok(Some(key)) => named_by(names, key),
        _ => names.clone(),
    };
    let client = if stale.is_some() { &client.stale() } else { client };
    let session_id = lock.as_ref().ok().and_then(Option::as_ref).and_then(|key| key.session.as_deref());
    let is_free = session_id.is_none();
    let names = with_service(client, names);
    thread::scope(|scope| {
        // A definition is read by name only while somebody leads: an agent logs an error for each query that does not exist.
        let query =
            scope.spawn(|| if is_free { client.query_of_name(&names.query) } else { client.query(&names.query) });
        let instances = scope.spawn(|| instances(client, &names));
        let found = scope.spawn(|| client.execute_query(&names.query));
        let session = scope.spawn(|| session_id.and_then(|id| client.session(id).ok().flatten()));
        let dns = resolver.ask(&names, client.deadline().remaining());
        let panicked = || Missing::because("internal error: a request ended early");
        let query = part(query.join(), panicked);
        let instances = instances.join().unwrap_or_else(|_| Err(panicked()));
        let found = part(found.join(), panicked);
        let session: Option<Session> = session.join().ok().flatten();
        let (dns_name, lock) = (resolver.name(&names), lock.clone());
        Asked { names: names.clone(), lock, session, instances, found, query, dns_name, dns, stale, now }
    })
}

fn part<T>(answer: thread::Result<Result<T, Error>>, panicked: impl Fn() -> Missing) -> Part<T> {
    answer.map_err(|_| panicked()).and_then(|answer| answer.map_err(Missing::from))
}

/// Asks for all instances of the service.
fn instances(client: &Client, names: &Names) -> Part<Instances> {
    if names.service.is_empty() {
        let words = "nothing says which service the election is about; name it with --consul-service-name";
        return Err(Missing::because(words));
    }
    client.instances_everywhere(&names.service).map_err(Missing::from)
}

/// The names with what the lock's value or the query's definition says of them.
pub fn resolved(client: &Client, names: &Names) -> Names {
    let lock = client.key(&names.lock_key).ok().flatten();
    with_service(client, lock.map_or_else(|| names.clone(), |key| named_by(names, &key)))
}

/// The names with the service, which the query's definition says where nobody has named it.
fn with_service(client: &Client, names: Names) -> Names {
    if !names.service.is_empty() {
        return names;
    }
    let query = client.query_of_name(&names.query).ok().flatten();
    let service = query.map(|query| query.service().to_owned()).unwrap_or_default();
    Names { service, ..names }
}

/// Asks, and if the servers have no leader or are silent, asks for what any of them last knew. Also returns why it had to.
pub fn fresh_or_stale<T>(client: &Client, ask: impl Fn(&Client) -> Result<T, Error>) -> (Part<T>, Option<String>) {
    match ask(&client.until(client.deadline().half())) {
        Ok(answer) => (Ok(answer), None),
        Err(error) if error.is_refusal() => (Err(error.into()), None),
        Err(error) => match ask(&client.stale()) {
            Ok(answer) => (Ok(answer), Some(format!("{error:#}"))),
            Err(_) => (Err(error.into()), None),
        },
    }
}
