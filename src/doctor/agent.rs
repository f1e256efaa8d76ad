//! Judges the agent, its DNS, and the token. Pure.

use std::time::Duration;

use super::facts::{Answer, Facts};
use super::finding::Finding;
use crate::consul::{AgentSettings, Error, Extent, Resource, Right, Rights, Rule};
use crate::election::Config;

/// The oldest version that the tests try.
const OLDEST: (u64, u64) = (1, 8);

/// The oldest version that is known to show the definitions of its last reload.
const SHOWS_THE_LAST: (u64, u64) = (1, 21);

/// What a check's output needs at least: a line of this program has 1000 characters at most.
const OUTPUT: u64 = 1000;

/// The questions without an answer. One that was denied is a finding about the token.
pub fn not_asked(facts: &Facts) -> Vec<Finding> {
    let errors = [
        facts.servers.as_ref().err(),
        facts.settings.as_ref().err(),
        facts.rights.as_ref().err(),
        facts.instances.as_ref().err(),
        facts.services.as_ref().err(),
        facts.everywhere.as_ref().err(),
        facts.key.as_ref().err(),
        facts.query.as_ref().err(),
    ];
    let mut faults: Vec<String> = Vec::new();
    // What keeps several questions from an answer is said once.
    let is_new = |error: &&Error| {
        let fault = error.kind.to_string();
        let is_new = !faults.contains(&fault);
        faults.push(fault);
        is_new
    };
    let unanswered = errors.into_iter().flatten().filter(|error| !error.is_denied());
    unanswered.filter(is_new).map(Finding::not_asked).collect()
}

/// An agent, as far as it is known without an election.
#[derive(Clone, Copy, Debug)]
pub struct Agent<'a> {
    /// Its address.
    pub address: &'a str,
    /// Its configuration.
    pub settings: &'a Answer<AgentSettings>,
    /// Whether its servers are known to have a leader.
    pub has_leader: bool,
    /// Whether it should run script checks.
    pub runs_checks: bool,
}

/// What is wrong with the agent of an election. That one without the instance, such as a server's, runs no script checks is no fault.
pub fn judge_agent(facts: &Facts, config: &Config) -> Vec<Finding> {
    let is_server = facts.settings.as_ref().is_ok_and(|settings| settings.is_server);
    let runs_checks = !(is_server && facts.is_elsewhere());
    // Facts are only gathered where the servers have a leader.
    let agent = Agent { address: &facts.agent, settings: &facts.settings, has_leader: true, runs_checks };
    judge_settings(&agent, config.policy.ttl)
}

/// What is wrong with an agent's settings. `ttl`: that of the sessions.
pub fn judge_settings(agent: &Agent, ttl: Option<Duration>) -> Vec<Finding> {
    let Agent { address, settings, has_leader, runs_checks } = *agent;
    let mut found = Vec::new();
    match settings {
        Ok(settings) => found.extend(settings_of(settings, ttl, runs_checks)),
        Err(error) if error.is_denied() => found.push(Finding::SettingsHidden { rule: error.rule.clone() }),
        Err(_) => {}
    }
    if !super::is_wrong(&found) {
        let version = settings.as_ref().map(|settings| settings.version.clone()).unwrap_or_default();
        found.push(Finding::AgentFine { agent: address.to_owned(), version, has_leader });
    }
    found
}

fn settings_of(settings: &AgentSettings, ttl: Option<Duration>, runs_checks: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    if minor(&settings.version) < OLDEST {
        found.push(Finding::OldVersion { version: settings.version.clone() });
    }
    if runs_checks && !settings.runs_scripts {
        found.push(Finding::ScriptsDisabled);
    }
    if runs_checks && settings.discards_output {
        found.push(Finding::OutputDiscarded);
    } else if runs_checks && settings.output_size < OUTPUT {
        found.push(Finding::OutputCut { bytes: settings.output_size });
    }
    // A client's own setting means nothing.
    let least = settings.session_ttl_min;
    if let Some(ttl) = ttl.filter(|ttl| settings.is_server && *ttl < least) {
        found.push(Finding::TtlBelowMinimum { ttl, least });
    }
    found
}

/// The first two numbers of a version.
fn minor(version: &str) -> (u64, u64) {
    let mut numbers = version.split(['.', '-', '+']).map_while(|part| part.parse().ok());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
}

/// Whether an agent may show a definition as it was when it started: 1.8.7 does, 1.21.0 shows what it has read last.
#[must_use]
pub fn shows_old_definitions(version: &str) -> bool {
    minor(version) < SHOWS_THE_LAST
}

/// What is wrong with how the agent answers DNS.
pub fn judge_dns(facts: &Facts, config: &Config) -> Vec<Finding> {
    let Ok(AgentSettings { dns, .. }) = &facts.settings else { return Vec::new() };
    let mut found = Vec::new();
    if dns.only_passing {
        found.push(Finding::DnsOnlyPassing);
    }
    if dns.negative_ttl > 0 {
        found.push(Finding::NegativeTtl { seconds: dns.negative_ttl });
    }
    let service = &config.names.service;
    let covers = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => service.starts_with(start),
        None => pattern == service,
    };
    // The query's own TTL goes before the service's.
    let ttl = dns.service_ttl.iter().filter(|_| config.policy.query.ttl.is_none());
    if let Some((pattern, ttl)) = ttl.into_iter().find(|(pattern, ttl)| covers(pattern) && *ttl != "0s") {
        found.push(Finding::ServiceTtl { service: pattern.clone(), ttl: ttl.clone() });
    }
    if dns.uses_cache {
        found.push(Finding::DnsCache);
    }
    let servers = facts.servers.as_ref().map_or(0, Vec::len);
    if dns.allows_stale && servers > 1 {
        found.push(Finding::StaleDns { servers });
    }
    found
}

/// What the token lacks.
pub fn judge_token(facts: &Facts, config: &Config) -> Vec<Finding> {
    let known = match &facts.rights {
        Ok(Rights::Unlimited) => return vec![Finding::RightsFine { has_acls: false }],
        // Consul may say the same of the anonymous token.
        Ok(Rights::NoSuchToken) if config.access.token.is_none() => {
            return vec![Finding::NoToken { rules: Vec::new() }];
        }
        Ok(Rights::NoSuchToken) => return vec![Finding::NoSuchToken],
        Ok(Rights::Known(known)) => known,
        Err(_) => return Vec::new(),
    };
    let lacks = |rule: &Rule| match (rule.resource, rule.right) {
        (Resource::Node, Right::Read) => Finding::LacksOptionalRule { rule: rule.clone() },
        _ => Finding::LacksRule { rule: rule.clone() },
    };
    let mut found: Vec<Finding> =
        known.iter().filter(|(_, allows)| *allows == Some(false)).map(|(rule, _)| lacks(rule)).collect();
    if config.access.token.is_none() && found.iter().any(|one| matches!(one, Finding::LacksRule { .. })) {
        // It sees no instance, and so not which node's sessions the election needs.
        if !known.iter().any(|(rule, _)| rule.resource == Resource::Session) {
            let rule = Rule { resource: Resource::Session, extent: Extent::All, right: Right::Write };
            found.push(Finding::LacksRule { rule });
        }
        // Nobody should give these rules to the anonymous token.
        let rules = found.into_iter().filter_map(|one| match one {
            Finding::LacksRule { rule } | Finding::LacksOptionalRule { rule } => Some(rule),
            _ => None,
        });
        found = vec![Finding::NoToken { rules: rules.collect() }];
    }
    let unknown: Vec<Rule> =
        known.iter().filter(|(_, allows)| allows.is_none()).map(|(rule, _)| rule.clone()).collect();
    if found.is_empty() && unknown.is_empty() {
        found.push(Finding::RightsFine { has_acls: true });
    }
    if !unknown.is_empty() {
        found.push(Finding::RightsUnknown { rules: unknown });
    }
    found
}
