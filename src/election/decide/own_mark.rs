//! What this instance shows of itself in its mark. Pure.

use super::stance::{known_check, yields_to};
use crate::election::config::{Names, Policy};
use crate::election::eligibility::own_check;
use crate::election::marks::{Mark, Yield};
use crate::election::model::{Answer, Port, View};

/// The mark that this instance should have. A request to resign is typed by hand and changes nothing in it that its check wrote.
pub fn own_mark(view: &View, names: &Names, policy: &Policy) -> Mark {
    let is_dead = matches!(view.port, Answer::Known(Port::Refused(_)));
    let options = match &view.instance.mark {
        Some(found) if policy.resign.is_some() => found.options.clone(),
        _ => view.options.clone(),
    };
    Mark {
        key: names.lock_key.clone(),
        priority: if is_dead { Some(0) } else { policy.priority },
        port_is_closed: is_dead,
        only_passing: policy.only_passing,
        yields: yields(view, names, policy),
        check: own_check(&view.instance, known_check(view), names).map(|check| check.id.clone()),
        tags: (names.master_tag.clone(), names.slave_tag.clone()),
        options,
    }
}

/// The note that it leaves the free lock to a better candidate: written once for each term and candidate, and left alone otherwise.
fn yields(view: &View, names: &Names, policy: &Policy) -> Option<Yield> {
    let noted = view.instance.mark.as_ref().and_then(|mark| mark.yields.clone());
    let begun = view.now.as_ref().and_then(|now| {
        let to = yields_to(view, names, policy)?.instance.clone();
        let is_noted = noted.as_ref().is_some_and(|noted| noted.to == to && noted.term == view.term);
        (!is_noted).then(|| Yield { to, term: view.term, since: now.clone() })
    });
    begun.or(noted)
}
