//! What an operator should know although the role is settled. Pure.

use super::name::{self, Finding};
use super::stance;
use crate::election::config::{Names, Policy};
use crate::election::eligibility::has_health_check;
use crate::election::model::{Port, View};
use crate::election::outcome::{Caveat, Role};

/// Addresses that mean the machine itself on every machine. Other loopback addresses serve several agents on one machine.
const OWN_MACHINE: [&str; 3] = ["127.0.0.1", "::1", "localhost"];

/// The most important thing that an operator should know although the role is settled.
pub fn caveat(view: &View, role: &Role, names: &Names, policy: &Policy) -> Option<Caveat> {
    let leads = matches!(role, Role::Master { .. });
    let of_master = || {
        of_name(view, names, policy)
            .or_else(|| of_candidates(view, policy))
            .or_else(|| of_port(view))
            .or_else(|| of_address(view))
    };
    let leftover = || view.instance.leftover.clone().map(Caveat::Leftover);
    let of_health = || {
        let is_seen = policy.watch_port.is_some() || has_health_check(&view.instance, stance::known_check(view), names);
        (leads && !is_seen).then_some(Caveat::NoHealthCheck)
    };
    leads.then(of_master).flatten().or_else(leftover).or_else(of_health)
}

/// The prepared query does not find the master alone.
fn of_name(view: &View, names: &Names, policy: &Policy) -> Option<Caveat> {
    match name::finding(view, names, policy) {
        Finding::But(caveat) => Some(caveat),
        // An error, unless it would put the check in warning and so keep the query from finding the master.
        Finding::NotFound | Finding::NotInCatalog => Some(Caveat::NotFound { query: names.query.clone() }),
        Finding::Unknown | Finding::Right | Finding::Hidden => None,
    }
}

/// A rule about the other instances cannot work, because the token does not show them.
fn of_candidates(view: &View, policy: &Policy) -> Option<Caveat> {
    (stance::is_about_others(policy) && stance::others_are_hidden(view)).then_some(Caveat::OthersHidden)
}

/// The port should be watched and cannot be.
fn of_port(view: &View) -> Option<Caveat> {
    match view.port.known() {
        Some(Port::Unclear(target, why)) => Some(Caveat::NotWatched { target: target.clone(), why: *why }),
        _ => None,
    }
}

/// Clients on other nodes look for the master on their own machine.
fn of_address(view: &View) -> Option<Caveat> {
    let address = view.instance.registration.address();
    OWN_MACHINE.contains(&address).then(|| Caveat::OwnMachine(address.to_owned()))
}
