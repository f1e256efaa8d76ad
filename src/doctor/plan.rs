//! Judges a definition: what can be found before anything is loaded into an agent. Pure.

use std::net::IpAddr;
use std::time::Duration;

use super::definition::{Check, Definition, Service, TIMEOUT};
use super::finding::Finding;
use crate::election::Config;

/// With a wait, the pauses between two runs should be short.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Programs that exit with 1 when what they look for is not there.
const EXIT_WITH_ONE: &[&str] =
    &["grep", "egrep", "redis-cli", "nc", "ncat", "test", "[", "pgrep", "pidof", "mysqladmin", "false", "ss"];

/// An election check in a definition: its options have been read.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// Its options.
    pub config: &'a Config,
    /// Whether a token stands among them.
    pub has_token: bool,
    /// The check itself.
    pub check: &'a Check,
    /// The service that it belongs to.
    pub service: Option<&'a Service>,
    /// Everything else that is defined.
    pub definition: &'a Definition,
}

/// What is wrong with a check of a definition.
#[must_use]
pub fn judge(plan: &Plan, is_election: &dyn Fn(&Check) -> bool) -> Vec<Finding> {
    let Plan { config, check, definition, .. } = plan;
    // What a time means is not known where it cannot be read.
    let mut found = if check.has_bad_time { Vec::new() } else { times(check, config) };
    found.extend(of_command(check));
    let named = &config.names.service;
    let is_named = |service: &&Service| service.name == *named;
    let service = plan.service.filter(is_named).or_else(|| definition.services.iter().find(is_named));
    if let Some(of) = plan.service.filter(|of| of.name != *named) {
        let (check, of, named) = (check.id.clone(), of.name.clone(), named.clone());
        found.push(Finding::OtherService { check, of, named });
    }
    if plan.service.is_none() && check.of.is_empty() {
        let of = service.map_or_else(|| named.clone(), |service| service.id.clone());
        found.push(Finding::NodeCheck { check: check.id.clone(), of });
    }
    if plan.has_token {
        found.push(Finding::TokenInDefinition { check: check.id.clone() });
    }
    if config.policy.statuses.error == crate::consul::Status::Critical {
        found.push(Finding::CriticalErrors);
    }
    if let Some(service) = service {
        found.extend(of_service(service, definition, config, check, is_election));
    }
    if !super::is_wrong(&found) {
        found.push(Finding::DefinitionFine { check: check.id.clone(), of: named.clone() });
    }
    found
}

/// What keeps Consul from running a check's command, whatever its options are.
pub fn of_command(check: &Check) -> Vec<Finding> {
    let one_string = check.is_one_string().then(|| Finding::ArgsInOneString { check: check.id.clone() });
    let ignored = check.instead_of_args.map(|by| Finding::ArgsIgnored { check: check.id.clone(), by });
    one_string.into_iter().chain(ignored).collect()
}

/// What the times of a check mean for its runs.
fn times(check: &Check, config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    let (timeout, wait) = (check.timeout.unwrap_or(TIMEOUT), config.wait.length);
    let (needed, id) = (wait + config.wait.timeout, check.id.clone());
    if !wait.is_zero() && timeout <= wait {
        found.push(Finding::KilledWhileWaiting { check: id, timeout, wait, needed });
    } else if timeout <= needed {
        found.push(Finding::MayBeKilled { check: id, timeout, needed });
    }
    let Some(interval) = check.interval else { return found };
    if !wait.is_zero() && interval > LONGEST_PAUSE {
        found.push(Finding::LongInterval { check: check.id.clone(), interval });
    }
    let lock_delay = config.policy.lock_delay;
    if wait.is_zero() && lock_delay < interval {
        found.push(Finding::ShortLockDelay { interval, lock_delay });
    }
    if let Some(ttl) = config.policy.ttl.filter(|ttl| *ttl <= interval) {
        found.push(Finding::ShortTtl { interval, ttl });
    }
    found
}

fn of_service(
    service: &Service,
    definition: &Definition,
    config: &Config,
    own: &Check,
    is_election: &dyn Fn(&Check) -> bool,
) -> Vec<Finding> {
    let (names, policy) = (&config.names, &config.policy);
    let mut found = Vec::new();
    if !service.kind.is_empty() {
        found.push(Finding::NotPlain { kind: service.kind.clone() });
    }
    found.extend(local_address(&service.address));
    let roles = [&names.master_tag, &names.slave_tag];
    let is_role = |tag: &&String| roles.iter().any(|role| role.eq_ignore_ascii_case(tag));
    found.extend(service.tags.iter().filter(is_role).map(|tag| Finding::RoleTag { tag: tag.clone() }));
    found.extend(query_tags(&policy.query.tags, &service.tags));
    let all: Vec<&Check> = service.checks.iter().chain(&definition.node_checks).collect();
    if let Some(id) = &names.check_id {
        if !all.iter().any(|check| check.id == *id) {
            let present = all.iter().map(|check| check.id.clone()).collect();
            found.push(Finding::NoSuchCheck { id: id.clone(), present });
        } else if *id != own.id {
            found.push(Finding::WrongCheck { id: id.clone(), runs: own.id.clone() });
        }
    }
    let health: Vec<&&Check> = all.iter().filter(|check| !is_election(check)).collect();
    if health.is_empty() && policy.watch_port.is_none() {
        found.push(Finding::NoHealthCheck { service: service.name.clone() });
    }
    found.extend(
        health.iter().flat_map(|check| of_command(check)).filter(|one| !matches!(one, Finding::ArgsIgnored { .. })),
    );
    found.extend(
        health
            .iter()
            .filter(|check| exits_with_one(&check.args))
            .map(|check| Finding::ExitsWithOne { check: check.id.clone() }),
    );
    found
}

/// Whether other nodes can reach a registered address.
pub fn local_address(address: &str) -> Option<Finding> {
    let is_local = address.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_unspecified() || ip == IpAddr::from([127, 0, 0, 1]) || is_v6_local(ip));
    is_local.then(|| Finding::LocalAddress { address: address.to_owned() })
}

fn is_v6_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_loopback())
}

/// The tags that the query asks for and the service contradicts.
pub fn query_tags<'a>(asked: &'a [String], tags: &'a [String]) -> impl Iterator<Item = Finding> + 'a {
    let has = |wanted: &str| tags.iter().any(|tag| tag.eq_ignore_ascii_case(wanted));
    let contradicts = move |tag: &&String| tag.strip_prefix('!').map_or_else(|| !has(tag), has);
    asked.iter().filter(contradicts).map(|tag| Finding::LacksQueryTag { tag: tag.clone() })
}

/// Whether the command of a health check likely ends with 1 when its service is dead.
fn exits_with_one(args: &[String]) -> bool {
    let words: Vec<&str> =
        args.iter().flat_map(|arg| arg.split(|c: char| c.is_whitespace() || ";|&()".contains(c))).collect();
    let exits = words.windows(2).any(|pair| pair[0] == "exit" && !matches!(pair[1], "0" | "1"));
    let is_known = |word: &&str| word.rsplit('/').next().is_some_and(|name| EXIT_WITH_ONE.contains(&name));
    !exits && words.iter().any(is_known)
}

#[cfg(test)]
mod tests;
