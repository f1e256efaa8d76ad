//! `watch`: prints a line for each change of an election.

use super::info::elections;
use crate::cli::Run;
use crate::cli::info::{Report, Style, failed};
use crate::cli::lines::loggable;
use crate::cli::show::{Format, Until};
use crate::cli::watch::{TIME_IS_OVER, line, object};
use crate::consul::Client;
use crate::deadline::Deadline;
use crate::election::{Config, Names};
use crate::info::{Resolver, resolved};
use crate::interrupt::Interrupt;
use crate::watch::{Event, Follower, Step, What};

/// The command, as its errors name it.
const COMMAND: &str = "consul-master-election-tagger watch";

/// Prints each change with `print`, which returns whether anybody still reads, until what was asked for, the time limit or the interrupt.
#[must_use]
pub fn watch(run: &Run, style: Style, interrupt: &Interrupt, mut print: impl FnMut(&str) -> bool) -> Report {
    let Config { names, policy, access, wait } = &run.config;
    let limit = run.show.timeout.map(Deadline::after);
    let secrets = access.secrets();
    let begin = run.show.timeout.map_or(wait.timeout, |timeout| timeout.min(wait.timeout));
    let client = Client::new(access, &names.scope, Deadline::after(begin));
    if matches!(style.format, Format::Yaml | Format::Prometheus) {
        return failed(COMMAND, &run.places.located("--format is table or json for watch"), &secrets);
    }
    let names = match elections(&client, names).map(|found| one(&found)) {
        Ok(Ok(names)) => names,
        Ok(Err(error)) | Err(error) => return failed(COMMAND, &run.places.located(&error), &secrets),
    };
    let names = if names.service.is_empty() { resolved(&client, &names) } else { names };
    if names.service.is_empty() {
        let error = "nothing says which service the election is about; name it with --consul-service-name";
        return failed(COMMAND, error, &secrets);
    }
    let resolver = Resolver::of(&client, access);
    let mut follower = match Follower::start(&client, &names, policy, resolver, interrupt) {
        Ok(follower) => follower,
        Err(error) => return failed(COMMAND, &format!("no thread to wait in: {error}"), &secrets),
    };
    let code = |code| Report { code, ..Report::default() };
    loop {
        match follower.next(limit) {
            Step::Event(event) => {
                let text = match style.format {
                    Format::Json => crate::text::without(&object(&event, &names.query), &secrets),
                    _ => loggable(&line(&event), &secrets),
                };
                let is_read = print(&format!("{text}\n"));
                if !is_read || is_end(&event, run.show.until) {
                    return code(0);
                }
            }
            Step::TimeIsOver => return code(TIME_IS_OVER),
            Step::Interrupted => return code(0),
        }
    }
}

/// The only election.
fn one(found: &[Names]) -> Result<Names, String> {
    match found {
        [one] => Ok(one.clone()),
        several => {
            let all: Vec<&str> = several.iter().map(|names| names.query.as_str()).collect();
            Err(format!("several elections here; name one with --consul-query-name: {}", all.join(", ")))
        }
    }
}

/// Whether the event is what `--until` waits for.
fn is_end(event: &Event, until: Option<Until>) -> bool {
    match (&event.what, until) {
        (What::Leads { .. }, Some(Until::Leader)) => true,
        (What::Leads { is_first, .. }, Some(Until::Change)) => !is_first,
        _ => false,
    }
}
