//! The command line of `run`, completed and checked. Must never know a request.

use super::draft::Draft;
use super::given::Places;
use super::{Environment, Run, access};
use crate::consul::is_key;
use crate::election::{Config, Names};
use crate::run::{OnFailure, Settings};

/// Completes the draft of a run from the environment, and checks it.
///
/// # Errors
/// Names the option or variable, what is wrong with it, and what to do.
pub fn finish(draft: Draft, environment: &Environment) -> Result<Run, String> {
    let name = match (&draft.run.name, &draft.run.key) {
        (name, Some(key)) if name.is_empty() => key.clone(),
        (name, _) => name.clone(),
    };
    let task = Settings { name, ..draft.run };
    check_schedule(&task)?;
    // Due times follow from the schedule alone.
    let only_prints = task.next.is_some();
    if task.name.is_empty() && !only_prints {
        return Err("no election is named; give --name or --lock-key".to_owned());
    }
    let name = Some(&task.name).filter(|name| !(only_prints && name.is_empty()));
    check_names(name, task.key.as_ref())?;
    if task.command.is_empty() && !only_prints {
        return Err("no command is given; write it behind --, as in: run --name NAME -- COMMAND".to_owned());
    }
    task.check().map_err(|wrong| format!("{wrong} (--lock-delay, --grace, --ttl)"))?;
    let names = Names {
        query: task.name.clone(),
        is_query_named: true,
        lock_key: task.lock_key(),
        scope: access::scope(&draft.access, environment)?,
        ..draft.names
    };
    let access = access::resolve(&draft.access, environment)?;
    let config = Config { names, policy: draft.policy, access, wait: draft.wait };
    Ok(Run {
        config,
        log_level: draft.log_level,
        log_format: draft.log_format,
        show: draft.show,
        task: Some(task),
        doctor: draft.doctor,
        places: Places::default(),
    })
}

/// Checks that a run on a schedule has no options that only make sense for one command.
fn check_schedule(task: &Settings) -> Result<(), String> {
    let other = Settings::default();
    let given = [
        ("--on-success", task.on_success != other.on_success),
        ("--on-error", task.on_error != other.on_error),
        ("--wait-lock", task.wait_lock != other.wait_lock),
        ("--stdin", task.passes_stdin),
        ("--on-election-failure run-anyway", task.on_failure == OnFailure::RunAnyway),
    ];
    match given.iter().find(|(_, given)| *given && task.schedule.is_some()) {
        Some((flag, _)) => Err(format!("{flag} does not work with --schedule; remove one of the two")),
        None => Ok(()),
    }
}

/// Checks that an election's name and its lock key can be a key.
///
/// # Errors
/// Names the option, its value, and what to write instead.
pub fn check_names(name: Option<&String>, key: Option<&String>) -> Result<(), String> {
    let given = [("--lock-key", key), ("--name", name)];
    match given.into_iter().find_map(|(flag, text)| Some((flag, text.filter(|text| !is_key(text))?))) {
        Some((flag, text)) => {
            let hint = "use letters, digits, and - _ . in parts separated by /";
            Err(super::wording::invalid_value(flag, text, hint))
        }
        None => Ok(()),
    }
}
