//! The command line of an `info` about an election of `run`, completed and checked. Must never know a request.

use super::draft::Draft;
use super::given::Places;
use super::run::check_names;
use super::show::Show;
use super::{Environment, Run, access};
use crate::election::{Config, Names};
use crate::run::Settings;

/// Completes the draft from the environment, and checks it.
///
/// # Errors
/// Names the option or variable, what is wrong with it, and what to do.
pub fn finish(draft: Draft, environment: &Environment) -> Result<Run, String> {
    let given =
        [("--consul-service-name", !draft.names.service.is_empty()), ("--consul-query-name", draft.query.is_some())];
    if let Some((flag, _)) = given.iter().find(|(_, given)| *given) {
        return Err(format!("{flag} does not work with --name, which names an election of run; remove one of the two"));
    }
    check_names(Some(&draft.run.name), draft.lock_key.as_ref())?;
    let task = Settings { key: draft.lock_key, ..draft.run };
    let names = Names {
        lock_key: task.lock_key(),
        query: task.name,
        is_query_named: true,
        scope: access::scope(&draft.access, environment)?,
        ..draft.names
    };
    let access = access::resolve(&draft.access, environment)?;
    Ok(Run {
        config: Config { names, policy: draft.policy, access, wait: draft.wait },
        log_level: draft.log_level,
        log_format: draft.log_format,
        show: Show { is_of_run: true, ..draft.show },
        task: None,
        doctor: draft.doctor,
        places: Places::default(),
    })
}
