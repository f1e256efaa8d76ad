//! `doctor`: examines a definition in files, or what the agent shows.

use std::time::SystemTime;

use serde_json::json;

use crate::cli::Run;
use crate::cli::commands::PROGRAMS;
use crate::cli::doctor::{Examined, not_asked, report};
use crate::cli::info::Report;
use crate::cli::plans::{Planned, planned, read_definition, said, unknown_variables};
use crate::consul::{Access, AgentSettings, Client, Error};
use crate::deadline::Deadline;
use crate::doctor::definition::{Check, Definition};
use crate::doctor::facts::{Answer, gather};
use crate::doctor::plan::{Plan, judge, of_command};
use crate::doctor::{Agent, Finding, examine, examine_agent, shows_old_definitions};
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
        examined.push(Examined { findings: no_check(&definition, &files), ..Examined::default() });
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
            let findings = judge(&plan, &is_election);
            Examined { election, findings, secrets, places: planned.places.clone() }
        }
        Err(error) => {
            let (check, message) = (one.check.id.clone(), error.message.clone());
            let bad = Finding::BadOptions { check, message, place: error.place.clone(), file: error.file.clone() };
            let findings = [of_command(&one.check), vec![bad]].concat();
            let election = error.query.clone().unwrap_or_default();
            Examined { election, findings, ..Examined::default() }
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
///
/// # Errors
/// When the agent does not answer at all.
fn live(run: &Run) -> Result<Vec<Examined>, String> {
    let typed = &run.config;
    // One for everything that is asked: an agent that hangs costs its time once.
    let deadline = Deadline::after(typed.wait.timeout);
    let client = |config: &Config| Client::new(&config.access, &typed.names.scope, deadline);
    let settings = client(typed).agent_settings();
    let mut definition = Definition::default();
    let mut old_version = None;
    if let Ok(settings) = &settings {
        old_version = Some(settings.version.clone()).filter(|version| shows_old_definitions(version));
        definition.add(&json!({"services": settings.services, "checks": settings.checks}));
    }
    let service = &typed.names.service;
    let plans = planned(&definition).into_iter();
    let plans: Vec<Planned> = plans.filter(|one| service.is_empty() || one.is_of(service)).collect();
    let address = client(typed).agent().to_owned();
    let alone = Agent { address: &address, settings: &settings, has_leader: false, runs_checks: true };
    let examined_alone = || examine_agent(&alone);
    let examined_live = |config: &Config| -> Result<Vec<Finding>, String> {
        match gather(&client(config), config) {
            Ok(Some(facts)) => Ok(examine(&facts, config, PROGRAMS[0], SystemTime::now())),
            Ok(None) => Ok([vec![Finding::NoServersLeader], examined_alone()].concat()),
            Err(error) => Ok([unanswered(&error, &settings)?, examined_alone()].concat()),
        }
    };
    let of_run = |election: String, findings: Vec<Finding>| {
        let (secrets, places) = (typed.access.secrets(), run.places.clone());
        vec![Examined { election, findings, secrets, places }]
    };
    if plans.is_empty() && service.is_empty() {
        return Ok(of_run(String::new(), without_election(&client(typed), &settings)?));
    }
    if plans.is_empty() {
        return Ok(of_run(typed.names.query.clone(), examined_live(typed)?));
    }
    let mut all = Vec::new();
    for one in &plans {
        let mut examined = of_plan(one, &definition);
        let check = || one.check.id.clone();
        examined.findings.extend(old_version.clone().map(|version| Finding::OldDefinition { check: check(), version }));
        match &one.run {
            Ok(planned) => {
                let config = Config { access: access(typed, &planned.config), ..planned.config.clone() };
                let is_all_typed = !run.is_default_of_service();
                examined.findings.extend(examined_live(if is_all_typed { typed } else { &config })?);
                let own = &planned.config.access.token;
                if typed.access.token.is_some() && own.is_some() && *own != typed.access.token {
                    examined.findings.push(Finding::OtherToken);
                }
            }
            // What the election is about is not known, but what its agent is like.
            Err(_) => examined.findings.extend(examined_alone()),
        }
        all.push(examined);
    }
    Ok(all)
}

/// What is found where neither a definition nor the command line names an election.
fn without_election(client: &Client, settings: &Answer<AgentSettings>) -> Result<Vec<Finding>, String> {
    let leader = client.servers_leader();
    let has_leader = leader.as_ref().is_ok_and(|leader| !leader.is_empty());
    let mut found = match leader {
        Ok(_) if has_leader => Vec::new(),
        Ok(_) => vec![Finding::NoServersLeader],
        Err(error) => unanswered(&error, settings)?,
    };
    let services: Vec<String> = client.service_names().map(|names| names.into_iter().collect()).unwrap_or_default();
    // A server's own agent runs no checks of services.
    let is_servers_own = services.is_empty() && settings.as_ref().is_ok_and(|settings| settings.is_server);
    let agent = Agent { address: client.agent(), settings, has_leader, runs_checks: !is_servers_own };
    found.extend(examine_agent(&agent));
    found.push(Finding::NoElectionNamed { services });
    Ok(found)
}

/// What an error is where the agent has answered before, so that everything else that is known still shows.
///
/// # Errors
/// Where the agent has not.
fn unanswered(error: &Error, settings: &Answer<AgentSettings>) -> Result<Vec<Finding>, String> {
    match settings {
        Err(settings) if !settings.is_denied() => Err(said(error)),
        _ => Ok(vec![Finding::not_asked(error)]),
    }
}

/// The agent as it was named to this command, and the check's own token, unless another was given.
fn access(typed: &Config, planned: &Config) -> Access {
    match typed.access.token {
        Some(_) => typed.access.clone(),
        None => Access { token: planned.access.token.clone(), ..typed.access.clone() },
    }
}
