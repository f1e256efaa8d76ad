//! Which of the local instances takes part in an election. Pure.

use crate::consul::{Check, Health};
use crate::election::{Names, prints};

/// The local instance that takes part, if it can be told.
pub fn own<'a>(instances: &'a [Health], names: &Names) -> Option<&'a Health> {
    let with = |keep: &dyn Fn(&Health) -> bool| -> Vec<&Health> { instances.iter().filter(|one| keep(one)).collect() };
    let candidates = match &names.service_id {
        Some(id) => with(&|one| one.registration.id() == id),
        None if instances.len() == 1 => with(&|_| true),
        None => {
            let running = with(&|one| own_checks(one).any(|check| prints(check, names)));
            if running.len() == 1 { running } else { with(&|one| own_checks(one).next().is_some()) }
        }
    };
    Some(candidates).filter(|found| found.len() == 1).and_then(|found| found.first().copied())
}

/// The checks of an instance, without those of its node.
pub fn own_checks(instance: &Health) -> impl Iterator<Item = &Check> {
    instance.checks.iter().filter(|check| check.service_id == instance.registration.id())
}
