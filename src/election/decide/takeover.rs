//! What changes hands with the lock: the former master's tag, and the own one. Pure.

use super::action::Takeover;
use super::own_mark::own_mark;
use crate::election::config::{Names, Policy};
use crate::election::entries::{Alone, Entry};
use crate::election::identity::Identity;
use crate::election::marks::Marks;
use crate::election::model::View;

/// How often a takeover tries again after an entry has changed under it.
const MOST_CONTESTS: u32 = 3;

/// The most former masters of one takeover. There is one as a rule; Consul 1.8.7 takes 64 steps in a transaction.
const MOST_FORMER: usize = 16;

/// What changes hands with the lock that this instance tries to acquire. `is_ready`: it is marked as a slave already. With a promote hook,
/// its own tag comes later.
pub fn takeover(view: &View, is_ready: bool, names: &Names, policy: &Policy) -> Takeover {
    let alone = view.done.alone.clone().or_else(|| (view.done.contests >= MOST_CONTESTS).then_some(Alone::Contested));
    if alone.is_some() {
        return Takeover { alone, ..Takeover::default() };
    }
    let entries = &view.entries;
    let Some(own) = &entries.own else {
        // Unknown candidates are another matter: then it does not try. Without a former master there is no tag to take.
        let is_blind = view.others.known().is_some() && entries.hidden.is_some();
        return Takeover { alone: is_blind.then_some(Alone::Blind), ..Takeover::default() };
    };
    let instances = |is_whole: bool| -> Vec<Identity> {
        let masters = entries.masters.iter().filter(|entry| entry.is_whole == is_whole);
        masters.map(|entry| entry.instance.clone()).take(MOST_FORMER).collect()
    };
    let leads = is_ready && policy.hooks.promote.is_none() && is_as_seen(own, view);
    Takeover {
        from: instances(true),
        then_from: instances(false),
        mark: leads.then(|| own_mark(view, names, policy)),
        alone: entries.hidden.clone().map(Alone::Hidden),
    }
}

/// Whether the own catalog entry can be written in a transaction, and has the marks that the agent has.
fn is_as_seen(own: &Entry, view: &View) -> bool {
    own.is_whole && Marks::from(&own.registration) == view.instance.marks
}
