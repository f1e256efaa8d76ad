//! Judges the local instance and its checks. Pure.

use super::definition::has_arguments;
use super::facts::{Facts, Port};
use super::finding::Finding;
use super::own::{own, own_checks};
use super::plan::{local_address, query_tags};
use crate::consul::{Check, Health, RemoteInstance, Resource, Rights, Status};
use crate::election::{Config, Mark, Marks, may_run, prints, reported_error};

/// How Consul begins the IDs of the checks that stand for maintenance.
const MAINTENANCE: [&str; 2] = ["_service_maintenance:", "_node_maintenance"];

/// What is wrong with the instance.
pub fn judge_instance(facts: &Facts, config: &Config, program: &str) -> Vec<Finding> {
    let names = &config.names;
    let Ok(instances) = &facts.instances else { return Vec::new() };
    let ids = || -> Vec<String> { instances.iter().map(|one| one.registration.id().to_owned()).collect() };
    let Some(instance) = own(instances, names) else {
        let (service, present) = (names.service.clone(), facts.services.as_ref().map(Clone::clone).unwrap_or_default());
        let elsewhere = facts.elsewhere();
        return vec![match (instances.is_empty(), &names.service_id) {
            (false, None) => Finding::SeveralInstances { service, ids: ids() },
            (false, id) => {
                Finding::NoInstance { service, id: id.clone(), is_id_wrong: true, present: ids(), elsewhere }
            }
            (true, id) => Finding::NoInstance { service, id: id.clone(), is_id_wrong: false, present, elsewhere },
        }];
    };
    let mut found = Vec::new();
    let registration = &instance.registration;
    if !registration.kind().is_empty() {
        found.push(Finding::NotPlain { kind: registration.kind().to_owned() });
    }
    let left = |one: &&Health| one.registration.id() != registration.id() && own_checks(one).next().is_none();
    found.extend(instances.iter().filter(left).map(|one| Finding::Leftover { id: one.registration.id().to_owned() }));
    found.extend(local_address(registration.address()));
    found.extend(query_tags(&config.policy.query.tags, &registration.tags()));
    let marks = Marks::from(registration);
    let (mark, others) = (Mark::of(&marks, names), Mark::others(&marks, names));
    let takes_part = names.is_query_named || mark.is_some() || instance.checks.iter().any(|check| prints(check, names));
    if !takes_part && !others.is_empty() {
        found.push(Finding::OtherElection { query: names.query.clone(), others });
    }
    found.extend(checks(instance, mark.as_ref(), config, program));
    let is_told = found.iter().any(|one| matches!(one, Finding::NothingRuns { .. } | Finding::NotRunYet));
    if mark.is_some_and(|mark| mark.check.is_none()) && !is_told && is_silent(facts, instance) {
        found.push(Finding::NothingRuns { id: registration.id().to_owned() });
    }
    found.extend(missing(facts, instance));
    match &facts.port {
        Some(Port::Silent(target, why)) => {
            found.push(Finding::PortSilent { target: target.to_string(), why: why.clone() });
        }
        Some(Port::Unknown(id)) => found.push(Finding::PortUnknown { id: id.clone() }),
        Some(Port::Open) | None => {}
    }
    if !super::is_wrong(&found) {
        let checks = instance.checks.iter().map(|check| check.id.clone()).collect();
        found.push(Finding::InstanceFine { id: registration.id().to_owned(), checks });
    }
    found
}

/// Whether no check of an instance runs the election: all of them pass without output, and the agent keeps what checks print.
fn is_silent(facts: &Facts, instance: &Health) -> bool {
    let keeps_output = facts.settings.as_ref().is_ok_and(|settings| !settings.discards_output);
    let passes_silently = |check: &Check| check.status == Status::Passing && check.output.trim().is_empty();
    keeps_output && own_checks(instance).all(passes_silently)
}

/// What is wrong with the checks of the instance and its node.
fn checks(instance: &Health, mark: Option<&Mark>, config: &Config, program: &str) -> Vec<Finding> {
    let (names, checks) = (&config.names, &instance.checks);
    let mut found = Vec::new();
    let printing: Vec<&Check> = checks.iter().filter(|check| prints(check, names)).collect();
    let own_id = names.check_id.as_ref();
    if let Some(id) = own_id {
        let present = || checks.iter().map(|check| check.id.clone()).collect();
        match printing.iter().find(|check| check.id != *id) {
            _ if !checks.iter().any(|check| check.id == *id) => {
                found.push(Finding::NoSuchCheck { id: id.clone(), present: present() });
            }
            Some(other) if !printing.iter().any(|check| check.id == *id) => {
                found.push(Finding::WrongCheck { id: id.clone(), runs: other.id.clone() });
            }
            _ => {}
        }
    }
    let broken: Vec<&Check> = checks.iter().filter(|check| cannot_start(check, program)).collect();
    let is_own = |check: &&Check| {
        let by_mark = mark.and_then(|mark| mark.check.as_ref());
        own_id.or(by_mark).is_some_and(|id| *id == check.id)
            || printing.iter().chain(&broken).any(|own| own.id == check.id)
    };
    if printing.is_empty() && mark.is_none() && broken.is_empty() {
        found.push(Finding::NotRunYet);
    }
    found.extend(broken.iter().map(|one| {
        let (check, output) = (one.id.clone(), one.output.clone());
        let is_one_string = started(&output).is_some_and(has_arguments);
        if is_one_string { Finding::ArgsInOneString { check } } else { Finding::CannotStart { check, output } }
    }));
    let of_node = printing.iter().chain(&broken).filter(|check| check.service_id.is_empty());
    found.extend(
        of_node.map(|check| Finding::NodeCheck { check: check.id.clone(), of: instance.registration.id().to_owned() }),
    );
    let fails = |check: &&Check| {
        let is_said = !check.output.is_empty() && check.status != Status::Passing;
        !broken.iter().any(|other| other.id == check.id) && (is_said || reported_error(check, names).is_some())
    };
    // A check that `--check-id` names wrongly is a finding already.
    let runs_here = |check: &&Check| printing.is_empty() || printing.iter().any(|other| other.id == check.id);
    let failing: Vec<&Check> = checks.iter().filter(is_own).filter(runs_here).filter(fails).collect();
    found.extend(failing.iter().map(|check| Finding::ElectionFails {
        check: check.id.clone(),
        status: check.status,
        output: check.output.clone(),
        hook: hook(check, config),
    }));
    let is_known = mark.is_some() && broken.is_empty() && failing.is_empty();
    if is_known && !may_run(checks, own_id.or(mark.and_then(|mark| mark.check.as_ref())).map(String::as_str), names) {
        found.push(Finding::NothingRuns { id: instance.registration.id().to_owned() });
    }
    let mut health = 0;
    for check in checks.iter().filter(|check| !is_own(check)) {
        if let Some(at) = MAINTENANCE.iter().position(|start| check.id.starts_with(start)) {
            found.push(Finding::Maintenance { of_node: at == 1 });
            continue;
        }
        health += 1;
        // Before its first run, the election's own check is critical without output, like any other.
        let may_be_own = printing.is_empty() && own_id.is_none() && check.output.is_empty();
        if check.status != Status::Passing && !may_be_own {
            found.push(Finding::CheckFails {
                id: check.id.clone(),
                status: check.status,
                output: check.output.clone(),
            });
        }
    }
    if health == 0 && config.policy.watch_port.is_none() {
        found.push(Finding::NoHealthCheck { service: names.service.clone() });
    }
    found
}

/// The hook that a check's last line reports an error of, and its command, if the options name it.
fn hook(check: &Check, config: &Config) -> Option<(&'static str, Option<String>)> {
    let (hooks, error) = (&config.policy.hooks, reported_error(check, &config.names)?);
    let known = [("on-promote", &hooks.promote), ("on-demote", &hooks.demote), ("on-follow", &hooks.follow)];
    let (name, command) = known.into_iter().find(|(name, _)| error.starts_with(&format!("error: {name}:")))?;
    Some((name, command.as_ref().map(|words| words.join(" "))))
}

/// Whether the agent cannot start the command of a check. What Consul says of a program that it cannot start names it; its name may be
/// misspelt.
pub fn cannot_start(check: &Check, program: &str) -> bool {
    let output = &check.output;
    let why = ["executable file not found", "no such file", "permission denied"];
    check.status == Status::Critical
        && (output.contains(program) || started(output).is_some())
        && why.iter().any(|why| output.contains(why))
}

/// The name of the program that the agent could not start, as Consul quotes it.
fn started(output: &str) -> Option<&str> {
    let of_path = || output.split_once("fork/exec ")?.1.rsplit_once(": ");
    let of_name = output.split_once("exec: \"").and_then(|(_, rest)| rest.split_once("\": "));
    of_name.or_else(of_path).map(|(name, _)| name)
}

/// What the agent has and the catalog has not: no session can be made on a check that is not there.
fn missing(facts: &Facts, instance: &Health) -> Vec<Finding> {
    let Ok(everywhere) = &facts.everywhere else { return Vec::new() };
    let node = instance.checks.first().map(|check| check.node.as_str()).unwrap_or_default();
    let is_own = |one: &&RemoteInstance| one.node == node && one.health.registration.id() == instance.registration.id();
    let in_catalog = everywhere.seen.iter().find(is_own);
    // A token that may not read the node sees nothing either.
    let sees_nodes = match &facts.rights {
        Ok(Rights::Known(known)) => {
            known.iter().any(|(rule, allows)| rule.resource == Resource::Node && *allows == Some(true))
        }
        rights => matches!(rights, Ok(Rights::Unlimited)),
    };
    match in_catalog {
        Some(entry) => {
            let is_there = |check: &&Check| entry.health.checks.iter().any(|known| known.id == check.id);
            let gone = instance.checks.iter().filter(|check| !is_there(check));
            gone.map(|check| Finding::NotInCatalog { id: format!("check {}", check.id) }).collect()
        }
        None if sees_nodes && !node.is_empty() => {
            vec![Finding::NotInCatalog { id: format!("instance {}", instance.registration.id()) }]
        }
        None => Vec::new(),
    }
}
