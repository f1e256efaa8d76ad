//! Whether the election's name finds the master, and what follows if it does not. Pure.

use super::{query, stance};
use crate::consul::{QueryAnswer, Registration, Status};
use crate::duration;
use crate::election::config::{Names, Policy};
use crate::election::eligibility::obstacle;
use crate::election::marks::{self, Marks};
use crate::election::model::{Entry, Instance, Lock, View};
use crate::election::outcome::Caveat;
use crate::election::value::{Holder, Sight};

/// What a master finds out about its name.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// It was not asked for all that there is to know.
    Nothing,
    /// It finds the master and nothing else.
    Right,
    /// The token may not see the master.
    Hidden,
    /// The catalog does not have the instance, or has it otherwise than the agent.
    NotInCatalog,
    /// Everything that this program sets is right, and an operator can see what is not.
    But(Caveat),
    /// Everything is right, and the name does not find the master.
    NotFound,
}

/// Whether a master asks what its name finds, instead of the query's definition. It does unless the answer would say nothing new:
/// because there is something to write first, Consul leaves the instance out, or the token may not see it. When its turn has come, it
/// asks the other of both.
pub fn is_asked(view: &View, holder: Option<&Holder>, session: &str, names: &Names, policy: &Policy) -> bool {
    let marks = &view.instance.marks;
    holder.is_some_and(|holder| {
        holder.query == query::fingerprint(names, policy)
            && match holder.name {
                Sight::Right => !view.is_turn,
                Sight::Hidden => view.is_turn,
                Sight::Wrong => true,
            }
            && marks::of_master(marks, session, names, policy) == *marks
            && mismatch(marks, policy).is_none()
            && !is_left_out(view, names, policy)
    })
}

/// Whether the name finds exactly this instance, as its agent has it.
pub fn is_right(view: &View, names: &Names, policy: &Policy) -> bool {
    let Some(Some(answer)) = view.name.known() else { return false };
    let QueryAnswer { service, found, ttl, failovers } = answer;
    let wanted = policy.query.ttl.map(duration::format);
    *service == names.service
        && *failovers == 0
        && wanted.is_none_or(|wanted| *ttl == wanted)
        && matches!(&found[..], [(node, entry)] if is_own(node, entry, view) && is_same(entry, &view.instance))
}

/// The tag that the policy lets the query ask for, or exclude, against the instance's tags.
pub fn mismatch(marks: &Marks, policy: &Policy) -> Option<String> {
    let has = |tag: &str| marks.tags.iter().any(|own| own.eq_ignore_ascii_case(tag));
    let differs = |tag: &&String| tag.strip_prefix('!').map_or_else(|| !has(tag), has);
    policy.query.tags.iter().find(differs).cloned()
}

/// Whether the catalog is asked for the instance: if its name does not find it by a right definition.
pub fn needs_entry(view: &View, names: &Names, policy: &Policy) -> bool {
    let Lock::Mine { session, .. } = &view.lock else { return false };
    view.name.known().is_some()
        && view.query.known().is_some()
        && !is_right(view, names, policy)
        && query::action(&view.query, Some(session), names, policy) == Ok(None)
}

/// What a master finds out whose marks and query are right.
pub fn finding(view: &View, names: &Names, policy: &Policy) -> Finding {
    if is_right(view, names, policy) {
        return Finding::Right;
    }
    let (Some(name), Some(entry)) = (view.name.known(), view.entry.known()) else { return Finding::Nothing };
    match entry {
        Entry::Hidden => return Finding::Hidden,
        Entry::Missing => return Finding::NotInCatalog,
        Entry::Found(entry) if !is_same(entry, &view.instance) => return Finding::NotInCatalog,
        Entry::Found(_) => {}
    }
    let found = name.as_ref().map(|answer| answer.found.as_slice()).unwrap_or_default();
    if found.iter().any(|(node, entry)| is_own(node, entry, view)) {
        let others = found.iter().filter(|(node, entry)| !is_own(node, entry, view));
        let mut nodes: Vec<String> = others.map(|(node, _)| node.clone()).collect();
        // The order of an answer is random.
        nodes.sort();
        let query = names.query.clone();
        return if nodes.is_empty() { Finding::Right } else { Finding::But(Caveat::Shared { query, nodes }) };
    }
    let definition = view.query.known().and_then(Option::as_ref);
    let filters = definition.map(|query| query.other_filters(&marks::session_key(names))).unwrap_or_default();
    if filters.is_empty() {
        return Finding::NotFound;
    }
    Finding::But(Caveat::Filtered { query: names.query.clone(), filters })
}

/// Whether Consul leaves the instance out of every answer, by the status of its checks. That is no news: the election's own check is
/// critical until its first run, and after an error it is in warning.
fn is_left_out(view: &View, names: &Names, policy: &Policy) -> bool {
    let instance = &view.instance;
    let has = |status| instance.checks.iter().any(|check| check.status == status);
    has(Status::Critical)
        || has(Status::Warning) && query::only_passing(policy)
        || obstacle(instance, stance::known_check(view), names, policy.tolerate_warning).is_some()
}

fn is_own(node: &str, entry: &Registration, view: &View) -> bool {
    let own = &view.instance.identity;
    own.node == node && own.service_id == entry.id()
}

/// Whether an entry of the catalog is what the agent has, as far as it matters to those who look for the master.
fn is_same(entry: &Registration, instance: &Instance) -> bool {
    let own = &instance.registration;
    Marks::from(entry) == instance.marks && entry.address() == own.address() && entry.port() == own.port()
}
