//! `doctor`: examines a definition in files, or what the agent shows.

use std::time::SystemTime;

use serde_json::json;

use crate::cli::Run;
use crate::cli::commands::PROGRAMS;
use crate::cli::doctor::{Examined, not_asked, report};
use crate::cli::info::Report;
use crate::cli::plans::{Planned, planned, read_definition, said, unknown_variables};
use crate::consul::{Access, Client};
use crate::deadline::Deadline;
use crate::doctor::definition::{Check, Definition};
use crate::doctor::facts::{Facts, gather};
use crate::doctor::plan::{Plan, judge};
use crate::doctor::{Finding, examine, shows_old_definitions};
use crate::election::Config;

/// Examines the set-up that the options name. `variables` are the names of all environment variables.
#[must_use]
pub fn doctor(run: &Run, variables: &[String]) -> Report {
    let examined = if run.doctor.files.is_empty() { live(run) } else { Ok(of_files(run)) };
    match examined {
        Ok(mut examined) => {
            for one in &mut examined {
                one.findings.extend(unknown_variables(variables.iter().map(String::as_str)));
            }
            report(&examined, run.show.format)
        }
        Err(message) => not_asked(&message, &run.config.access.secrets()),
    }
}

/// What is found in the files: what concerns a whole file belongs to each election.
fn of_files(run: &Run) -> Vec<Examined> {
    let mut definition = Definition::default();
    let files: Vec<Finding> = run.doctor.files.iter().flat_map(|file| read_definition(file, &mut definition)).collect();
    let of_service = |one: &Planned| run.config.names.service.is_empty() || one.is_of(&run.config.names.service);
    let plans: Vec<Planned> = planned(&definition).into_iter().filter(of_service).collect();
    let mut examined: Vec<Examined> = plans.iter().map(|one| of_plan(one, &definition)).collect();
    if examined.is_empty() {
        examined.push(Examined {
            election: String::new(),
            findings: no_check(&definition, &files),
            secrets: Vec::new(),
        });
    }
    for one in &mut examined {
        one.findings = [files.as_slice(), &one.findings].concat();
    }
    examined
}

/// What is found of a check in a definition.
fn of_plan(one: &Planned, definition: &Definition) -> Examined {
    match &one.run {
        Ok(planned) => {
            let plan = Plan {
                config: &planned.config,
                has_token: one.has_token,
                check: &one.check,
                service: one.service.as_ref(),
                definition,
            };
            let is_election = |check: &Check| check.runs(PROGRAMS[0]);
            let (election, secrets) = (planned.config.names.query.clone(), planned.config.access.secrets());
            Examined { election, findings: judge(&plan, &is_election), secrets }
        }
        Err(error) => {
            let (check, message) = (one.check.id.clone(), error.message.clone());
            let findings = vec![Finding::BadOptions { check, message }];
            Examined { election: error.query.clone().unwrap_or_default(), findings, secrets: Vec::new() }
        }
    }
}

/// What is found where no check runs this program. A file that cannot be read may have it.
fn no_check(definition: &Definition, files: &[Finding]) -> Vec<Finding> {
    let is_unread = |finding: &Finding| matches!(finding, Finding::Unreadable { .. } | Finding::BadSyntax { .. });
    let services = definition.services.iter().map(|service| service.name.clone()).collect();
    if files.iter().any(is_unread) { Vec::new() } else { vec![Finding::NoElectionCheck { services }] }
}

/// What the agent shows.
fn live(run: &Run) -> Result<Vec<Examined>, String> {
    let typed = &run.config;
    let client = |config: &Config| Client::new(&config.access, &typed.names.scope, Deadline::after(typed.wait.timeout));
    let mut definition = Definition::default();
    let mut old_version = None;
    if let Ok(settings) = client(typed).agent_settings() {
        old_version = Some(settings.version.clone()).filter(|version| shows_old_definitions(version));
        definition.add(&json!({"services": settings.services, "checks": settings.checks}));
    }
    let service = &typed.names.service;
    let plans = planned(&definition).into_iter();
    let plans: Vec<Planned> = plans.filter(|one| service.is_empty() || one.is_of(service)).collect();
    let examined_live = |config: &Config| -> Result<Vec<Finding>, String> {
        let facts: Option<Facts> = gather(&client(config), config).map_err(|error| said(&error))?;
        Ok(match facts {
            Some(facts) => examine(&facts, config, PROGRAMS[0], SystemTime::now()),
            None => vec![Finding::NoServersLeader],
        })
    };
    if plans.is_empty() && service.is_empty() {
        client(typed).servers_leader().map_err(|error| said(&error))?;
        return Err(
            "no definition of the agent runs this program, or the token may not read them (agent:read); name the \
                    service with --consul-service-name"
                .to_owned(),
        );
    }
    let mut all = Vec::new();
    for one in &plans {
        let mut examined = of_plan(one, &definition);
        let check = || one.check.id.clone();
        examined.findings.extend(old_version.clone().map(|version| Finding::OldDefinition { check: check(), version }));
        if let Ok(planned) = &one.run {
            let config = Config { access: access(typed, &planned.config), ..planned.config.clone() };
            let config = if run.is_default_of_service() { config } else { typed.clone() };
            examined.findings.extend(examined_live(&config)?);
            let own = &planned.config.access.token;
            if typed.access.token.is_some() && own.is_some() && *own != typed.access.token {
                examined.findings.push(Finding::OtherToken);
            }
        }
        all.push(examined);
    }
    if plans.is_empty() {
        let findings = examined_live(typed)?;
        all.push(Examined { election: typed.names.query.clone(), findings, secrets: typed.access.secrets() });
    }
    Ok(all)
}

/// The agent as it was named to this command, and the check's own token, unless another was given.
fn access(typed: &Config, planned: &Config) -> Access {
    match typed.access.token {
        Some(_) => typed.access.clone(),
        None => Access { token: planned.access.token.clone(), ..typed.access.clone() },
    }
}
