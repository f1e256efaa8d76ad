//! The words for what `doctor` finds: what is wrong, and what to type. Judges nothing.

mod agent;
mod candidates;
mod definition;
mod election;
mod instance;
mod refused;
mod token;

use std::time::Duration;

use crate::bounds::NAMES;
use crate::doctor::Finding;
use crate::duration;
use crate::text::list;

/// What a finding says, and what to do about it; the latter is empty if you need not do anything.
pub fn of(finding: &Finding) -> (String, String) {
    definition::of_definition(finding)
        .or_else(|| refused::of_refused(finding))
        .or_else(|| instance::of_instance(finding))
        .or_else(|| agent::of_agent(finding))
        .or_else(|| token::of_token(finding))
        .or_else(|| election::of_election(finding))
        .or_else(|| candidates::of_candidates(finding))
        .unwrap_or_default()
}

type Words = Option<(String, String)>;

#[allow(clippy::unnecessary_wraps, reason = "it is an arm of a match that may have none")]
fn words(what: impl Into<String>, advice: impl Into<String>) -> Words {
    Some((what.into(), advice.into()))
}

fn fine(what: impl Into<String>) -> Words {
    words(what, "")
}

fn time(time: &Duration) -> String {
    duration::format(*time)
}

fn names(names: &[String]) -> String {
    list(names, NAMES.0, NAMES.1)
}

/// The services of an agent, of which a token may see a part only.
fn seen(services: &[String]) -> String {
    match services {
        [] => "it has no service that the token may see".to_owned(),
        services => format!("services: {}", names(services)),
    }
}
