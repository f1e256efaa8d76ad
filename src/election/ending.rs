//! How a pass ends, by what it saw and did. Pure; asks nothing.

use super::complaint::Complaint;
use super::config::{Config, OnOutage};
use super::decide::caveat;
use super::fault::Fault;
use super::model::{Instance, View};
use super::observe::Observation;
use super::outcome::{Outcome, Role, Settled};
use crate::consul;

/// Whether the instance is gone, or one of its checks that was there before.
pub fn lacks_what_was(before: &Instance, observed: &Result<Observation, Complaint>) -> bool {
    match observed {
        Ok(Observation { view, .. }) => before.checks.iter().any(|check| {
            // Maintenance mode registers and removes its own checks.
            let found = view.instance.checks.iter().any(|now| now.id == check.id);
            !found && !check.id.starts_with('_')
        }),
        Err(complaint) => matches!(complaint, Complaint::NoSuchService { .. } | Complaint::NoSuchCheck { .. }),
    }
}

/// How a pass ends that could not learn who holds the lock.
pub fn outage(error: consul::Error, on_outage: OnOutage) -> Complaint {
    match on_outage {
        OnOutage::Keep => Complaint::Consul(error),
        OnOutage::Demote => Complaint::Demoted(error),
    }
}

/// How a pass ends that has nothing left to do.
pub fn settled(
    view: &View,
    role: Option<Role>,
    fault: Option<Fault>,
    complaint: Option<Complaint>,
    config: &Config,
) -> Outcome {
    match (fault, complaint, role) {
        (Some(fault), ..) => Err(Complaint::Fault { query: config.names.query.clone(), fault }),
        (None, Some(complaint), _) => Err(complaint),
        (None, None, Some(role)) => {
            let caveat = caveat(view, &role, &config.names, &config.policy);
            Ok(Settled { role, caveat })
        }
        (None, None, None) => Err(Complaint::Unsettled),
    }
}
