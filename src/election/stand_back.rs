//! When a holder that cannot become master stands back, for how long, and with which note. Writes nothing.

use std::time::Duration;

use log::info;

use super::complaint::Complaint;
use super::config::Names;
use super::decide::Action;
use super::identity::Identity;
use super::marks;
use super::model::{Lock, View};
use super::value::{Failure, Holder, StandBack};
use crate::duration;

/// How long such an instance stands back: time for another to lead, and short enough to try again once the cause is removed.
const FAILED_FOR: Duration = Duration::from_secs(15);

/// The session and the entry of a holder that cannot become master, because this action failed; `None` if it still can, or does not
/// hold the lock.
pub fn is_due<'a>(
    action: &Action,
    complaint: &Complaint,
    view: &'a View,
    names: &Names,
) -> Option<(&'a str, Option<&'a Holder>)> {
    let denied = matches!(complaint, Complaint::Consul(error) if error.is_denied());
    let cannot_lead = match action {
        Action::Promote { .. } => true,
        Action::Mark(marks) => {
            (denied || matches!(complaint, Complaint::MetaFull { .. })) && marks::say_master(marks, names)
        }
        Action::CreateQuery(_) => denied,
        // A query that is fenced for another session finds nobody.
        Action::UpdateQuery(_) => {
            let key = marks::session_key(names);
            denied && view.query.known().and_then(Option::as_ref).is_some_and(|found| found.asks_for_meta(&key))
        }
        _ => false,
    };
    match &view.lock {
        Lock::Mine { session, holder } if cannot_lead => Some((session, holder.as_ref())),
        _ => None,
    }
}

/// The note of an instance that failed to become master.
pub fn note(instance: &Identity, failure: &Failure) -> StandBack {
    info!("{}; leaving the lock to others for {}", failure.error, duration::format(FAILED_FOR));
    StandBack::new(instance, FAILED_FOR, Some(failure.clone()))
}
