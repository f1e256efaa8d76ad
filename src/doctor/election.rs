//! Judges what the election shares: query, lock, and the name that finds the master. Pure; must never know the instances.

use super::facts::Facts;
use super::finding::Finding;
use crate::consul::{Resource, Rights};
use crate::election::{Config, Holder, credible_holder, is_own_query, query_differences, session_key, signature};

/// What is wrong with the prepared query.
pub fn judge_query(facts: &Facts, config: &Config) -> Vec<Finding> {
    let (names, Ok(found)) = (&config.names, &facts.query) else { return Vec::new() };
    let query = names.query.clone();
    let Some(present) = found else {
        if !sees_queries(facts) {
            return Vec::new();
        }
        return vec![match leader(facts) {
            Some(leader) => Finding::QueryMissing { query, leader: leader.instance.node },
            None => Finding::QueryFine { query, exists: false },
        }];
    };
    if !is_own_query(present, names) {
        let service = (!present.is_template()).then(|| present.service().to_owned());
        return vec![Finding::QueryTaken { query, service }];
    }
    let mut wrong = Vec::new();
    let holder = leader(facts);
    let session = holder.as_ref().map(|holder| holder.session.as_str());
    let differences = query_differences(present, session, names, &config.policy);
    if !differences.is_empty() {
        wrong.push(Finding::QueryDiffers { query: query.clone(), differences });
    }
    let filters = present.other_filters(&session_key(names));
    if !filters.is_empty() {
        wrong.push(Finding::QueryFilters { query: query.clone(), filters });
    }
    if wrong.is_empty() { vec![Finding::QueryFine { query, exists: true }] } else { wrong }
}

/// Whether a query that is not seen is not there: to a token without rights, Consul shows none.
fn sees_queries(facts: &Facts) -> bool {
    match &facts.rights {
        Ok(Rights::Known(known)) => {
            known.iter().any(|(rule, allows)| rule.resource == Resource::Query && *allows == Some(true))
        }
        rights => matches!(rights, Ok(Rights::Unlimited)),
    }
}

/// The leader, by the lock's value.
pub fn leader(facts: &Facts) -> Option<Holder> {
    let key = facts.key.as_ref().ok()?.as_ref()?;
    let holder = credible_holder(&key.value)?;
    (key.session.as_ref() == Some(&holder.session)).then_some(holder)
}

/// What is wrong with the lock.
pub fn judge_lock(facts: &Facts, config: &Config) -> Vec<Finding> {
    let key = config.names.lock_key.clone();
    if facts.key.is_err() {
        // The token's finding says so.
        return Vec::new();
    }
    let start = signature(Some(&config.names.query)).trim_end_matches(':').to_owned() + " of ";
    match &facts.holder {
        Some(session) if !session.name.starts_with(&start) => {
            vec![Finding::ForeignLock { key, session: session.id.clone(), name: session.name.clone() }]
        }
        _ => vec![Finding::LockFine { key, holder: leader(facts).map(|holder| holder.instance.node) }],
    }
}

/// Whether the name leads to the master.
pub fn judge_name(facts: &Facts) -> Option<Finding> {
    if facts.settings.as_ref().is_ok_and(|settings| settings.dns.addresses.is_empty()) {
        return Some(Finding::DnsOff);
    }
    let (name, answer) = facts.name.as_ref()?;
    let name = name.clone();
    let places = match answer {
        Ok(places) => places,
        Err(why) => return Some(Finding::DnsSilent { name, why: why.clone() }),
    };
    let answers: Vec<String> = places.iter().map(ToString::to_string).collect();
    let Some(holder) = leader(facts) else {
        let is_free = matches!(&facts.key, Ok(key) if key.as_ref().is_none_or(|key| key.session.is_none()));
        return (answers.is_empty() && is_free).then_some(Finding::NameFine { name, answers });
    };
    // A host name in the registration is an alias in the answer.
    let is_address = holder.address.parse::<std::net::IpAddr>().is_ok();
    let is_it = |place: &crate::dns::Target| place.port == holder.port && (!is_address || place.host == holder.address);
    match places.as_slice() {
        [place] if is_it(place) => Some(Finding::NameFine { name, answers }),
        _ => Some(Finding::NameDisagrees { name, leader: holder.instance.node, answers }),
    }
}
