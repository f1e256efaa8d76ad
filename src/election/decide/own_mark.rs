//! What this instance shows of itself in its mark. Pure.

use super::stance::known_check;
use crate::election::config::{Names, Policy};
use crate::election::eligibility::own_check;
use crate::election::marks::Mark;
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
        only_passing: policy.only_passing,
        check: own_check(&view.instance, known_check(view), names).map(|check| check.id.clone()),
        tags: (names.master_tag.clone(), names.slave_tag.clone()),
        options,
    }
}
