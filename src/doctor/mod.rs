//! Examines a set-up: a definition before it is loaded, or what an agent shows. Finds, and changes nothing. Must never know options, lines
//! or exit codes.

mod agent;
pub mod definition;
mod election;
pub mod facts;
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
    [
        agent::not_asked(facts),
        agent::judge_token(facts, config),
        instance::judge_instance(facts, config, program),
        agent::judge_agent(facts, config),
        election::judge_query(facts, config),
        election::judge_lock(facts, config),
        election::judge_candidates(facts, config, now),
        election::judge_name(facts).into_iter().collect(),
        agent::judge_dns(facts, config),
    ]
    .concat()
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
