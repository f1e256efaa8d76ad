//! The command line of `run`, completed and checked. Must never know a request.

use super::draft::Draft;
use super::{Environment, Run, access};
use crate::consul::is_key;
use crate::election::{Config, Names};
use crate::run::Settings;

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
    if task.name.is_empty() {
        return Err("no election is named; give --name or --lock-key".to_owned());
    }
    for (flag, text) in [("--lock-key", task.key.as_ref()), ("--name", Some(&task.name))] {
        if let Some(text) = text.filter(|text| !is_key(text)) {
            let hint = "use letters, digits, and - _ . in parts separated by /";
            return Err(super::wording::invalid_value(flag, text, hint));
        }
    }
    if task.command.is_empty() {
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
    })
}
