//! Examines a set-up: a definition before it is loaded, or what an agent shows. Finds, and changes nothing. Must never know options, lines
//! or exit codes.

mod agent;
mod candidates;
pub mod definition;
mod election;
pub mod facts;
pub mod field_fault;
pub mod fields;
pub mod finding;
mod instance;
mod own;
pub mod plan;
pub mod refused;

use std::time::SystemTime;

use crate::election::Config;
pub use agent::{Agent, shows_old_definitions};
use facts::Facts;
pub use finding::{FINDINGS, Finding, Severity};

/// Everything that is found in a live set-up. `program` is the name of the program that its check runs.
#[must_use]
pub fn examine(facts: &Facts, config: &Config, program: &str, now: SystemTime) -> Vec<Finding> {
    // A cause comes before what may follow from it.
    let found = [
        agent::not_asked(facts),
        agent::judge_token(facts, config),
        instance::judge_instance(facts, config, program),
        agent::judge_agent(facts, config),
        election::judge_query(facts, config),
        election::judge_lock(facts, config),
        candidates::judge_candidates(facts, config, program, now),
        election::judge_name(facts).into_iter().collect(),
        agent::judge_dns(facts, config),
    ]
    .concat();
    without_repetition(found)
}

/// The findings without an error of the election's check that only says what another finding shows of all instances.
fn without_repetition(found: Vec<Finding>) -> Vec<Finding> {
    let keys = found.iter().flat_map(|one| match one {
        Finding::OtherLockKey { others, .. } => others.iter().map(|(key, _)| key.clone()).collect(),
        _ => Vec::new(),
    });
    let keys: Vec<String> = keys.collect();
    let is_told = |one: &Finding| matches!(one, Finding::ElectionFails { output, .. } if keys.iter().any(|key| output.contains(key)));
    found.into_iter().filter(|one| !is_told(one)).collect()
}

/// What is found about an agent where nothing else is known.
#[must_use]
pub fn examine_agent(agent: &Agent) -> Vec<Finding> {
    agent::judge_settings(agent, None)
}

/// Whether any of the findings asks for a change.
fn is_wrong(found: &[Finding]) -> bool {
    found.iter().any(|finding| finding.severity() < Severity::Note)
}

#[cfg(test)]
mod tests;
