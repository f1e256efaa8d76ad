//! Whether the prepared query finds the master, as a client would, and what follows if it does not. Pure.

use super::{query, stance};
use crate::consul::{CatalogInstance, Found, Status};
use crate::duration;
use crate::election::config::{Names, Policy};
use crate::election::eligibility::obstacle;
use crate::election::marks::{self, Marks};
use crate::election::model::{Entry, Instance, Lock, View};
use crate::election::outcome::Caveat;
use crate::election::value::{Holder, Sight};

/// What a master learns of its name.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Not all questions about it were asked.
    Unknown,
    /// The query finds the master and nothing else.
    Right,
    /// The token may not see the master.
    Hidden,
    /// The catalog does not have the instance as its agent does.
    NotInCatalog,
    /// Everything that this program sets is right, and an operator can see what is not.
    But(Caveat),
    /// Everything is right, and the query does not find the master.
    NotFound,
}

/// Whether a master asks what its query finds, instead of the query's definition. It does not where the answer would show nothing new:
/// there is something to write first, Consul leaves the instance out, or the token may not see it. A spot check asks the other question of
/// the two; a master whose name was wrong asks both.
pub fn is_asked(view: &View, holder: &Holder, session: &str, names: &Names, policy: &Policy) -> bool {
    let asks = match holder.sight {
        Sight::Found => !view.is_spot_check,
        Sight::Hidden => view.is_spot_check,
        Sight::Wrong => true,
    };
    // A query that was there already answers too, and has not been looked at yet.
    let has_other = view.done.query_tried && !view.done.query_written;
    asks && !has_other
        && is_marked(view, session, names, policy)
        && mismatch(&view.instance.marks, policy).is_none()
        && !is_left_out(view, names, policy)
}

/// Whether the instance is marked as master by this session and with the options of this run.
fn is_marked(view: &View, session: &str, names: &Names, policy: &Policy) -> bool {
    let Instance { marks, mark, .. } = &view.instance;
    let is_open = || marks.meta.get(&marks::session_key(names)).is_some_and(|marked| marked == session);
    mark.as_ref().is_some_and(|mark| mark.options == view.options)
        && marks::say_master(marks, names)
        && (!policy.query.fence || is_open())
}

/// Whether the query finds exactly this instance, as its agent has it.
pub fn is_right(view: &View, names: &Names, policy: &Policy) -> bool {
    let Some(Some(Found { service, instances, ttl, failovers })) = view.found.known() else { return false };
    let wanted = policy.query.ttl.map(duration::format);
    *service == names.service
        && *failovers == 0
        && wanted.is_none_or(|wanted| *ttl == wanted)
        && matches!(&instances[..], [(node, entry)] if is_own(node, entry, view) && is_same(entry, &view.instance))
}

/// A tag that the policy lets the query ask for, or exclude, and that the instance contradicts.
pub fn mismatch(marks: &Marks, policy: &Policy) -> Option<String> {
    let has = |tag: &str| marks.tags.iter().any(|own| own.eq_ignore_ascii_case(tag));
    let differs = |tag: &&String| tag.strip_prefix('!').map_or_else(|| !has(tag), has);
    policy.query.tags.iter().find(differs).cloned()
}

/// Whether the catalog is asked for the instance: if the query does not find it by a right definition.
pub fn needs_entry(view: &View, names: &Names, policy: &Policy) -> bool {
    let Lock::Mine { session, .. } = &view.lock else { return false };
    view.found.known().is_some()
        && view.query.known().is_some()
        && !is_right(view, names, policy)
        && query::action(&view.query, Some(session), names, policy) == Ok(None)
}

/// What a master learns of its name, once its marks and the definition are right.
pub fn finding(view: &View, names: &Names, policy: &Policy) -> Finding {
    if is_right(view, names, policy) {
        return Finding::Right;
    }
    let (Some(found), Some(entry)) = (view.found.known(), view.entry.known()) else { return Finding::Unknown };
    match entry {
        Entry::Hidden => return Finding::Hidden,
        Entry::Missing => return Finding::NotInCatalog,
        Entry::Known(entry) if !is_same(entry, &view.instance) => return Finding::NotInCatalog,
        Entry::Known(_) => {}
    }
    let found = found.as_ref().map(|found| found.instances.as_slice()).unwrap_or_default();
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
        || obstacle(instance, stance::known_check(view), names, policy.only_passing).is_some()
}

fn is_own(node: &str, entry: &CatalogInstance, view: &View) -> bool {
    let own = &view.instance.identity;
    own.node == node && own.service_id == entry.id
}

/// Whether the catalog has what the agent has, as far as it matters to a client that looks for the master.
fn is_same(entry: &CatalogInstance, instance: &Instance) -> bool {
    let Instance { registration, marks, .. } = instance;
    entry.tags == marks.tags
        && entry.meta == marks.meta
        && entry.address == registration.address()
        && entry.port == registration.port()
}
