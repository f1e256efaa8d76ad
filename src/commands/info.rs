//! `info`: asks for each election and shows it.

use std::thread;
use std::time::SystemTime;

use crate::cli::Run;
use crate::cli::info::{Report, Style, failed, nothing_found, report};
use crate::cli::remedies::{Again, of_remedy};
use crate::consul::{Client, Remedy};
use crate::deadline::Deadline;
use crate::election::{Config, Names};
use crate::info::{Discovered, Info, Resolver, ask, ask_run, discover, heard, of_service, unmarked, view, view_run};

/// The command, as its errors name it.
const COMMAND: &str = "consul-master-election-tagger info";

/// What helps against an error.
fn words_for(remedy: &Remedy) -> Option<String> {
    of_remedy(remedy, Again::Run("info"))
}

/// Shows the election that the configuration names, or those that the agent's instances take part in.
#[must_use]
pub fn info(run: &Run, style: Style) -> Report {
    let Config { names, policy, access, wait } = &run.config;
    let client = Client::new(access, &names.scope, Deadline::after(wait.timeout));
    let is_of_run = run.show.is_of_run;
    if is_of_run || is_key_all(names) {
        let asked = ask_run(&client, names).explained(&words_for);
        if is_of_run || asked.is_of_run() {
            return report(&[view_run(&asked)], style, &access.secrets(), SystemTime::now());
        }
    }
    let mut elections = match elections(&client, names) {
        Ok(elections) => elections,
        Err(error) => return failed(COMMAND, &run.places.located(&error), &access.secrets()),
    };
    if !is_named(names) && names.service.is_empty() {
        elections.extend(scoped(unmarked(&client, &elections), names));
    }
    let resolver = Resolver::of(&client, access);
    let infos: Vec<Info> = thread::scope(|scope| {
        let one = |names| {
            let (client, resolver) = (client.clone(), &resolver);
            scope.spawn(move || view(&ask(&client, names, resolver).explained(&words_for), policy))
        };
        let running: Vec<_> = elections.iter().map(one).collect();
        running.into_iter().filter_map(|one| one.join().ok()).collect()
    });
    report(&infos, style, &access.secrets(), SystemTime::now())
}

/// Whether the lock key is all that is known of the election. What the key holds says which kind of election it is.
fn is_key_all(names: &Names) -> bool {
    let is_key_named = names.lock_key != Names::of_service(&names.service).lock_key;
    is_key_named && names.service.is_empty() && !names.is_query_named
}

/// Whether an election is named by more than its service.
fn is_named(names: &Names) -> bool {
    names.is_query_named || names.lock_key != Names::of_service(&names.service).lock_key
}

/// What was found, in the scope that was asked for.
fn scoped(found: Vec<Names>, names: &Names) -> Vec<Names> {
    found.into_iter().map(|found| Names { scope: names.scope.clone(), ..found }).collect()
}

/// The elections to show.
///
/// # Errors
/// When none is named and none is found.
pub fn elections(client: &Client, names: &Names) -> Result<Vec<Names>, String> {
    if is_named(names) {
        return Ok(vec![names.clone()]);
    }
    let service = Some(names.service.as_str()).filter(|service| !service.is_empty());
    match (discover(client, service), service) {
        (Ok(Discovered { elections, .. }), _) if !elections.is_empty() => Ok(scoped(elections, names)),
        // Nothing that does not answer here answers there.
        (Ok(_), Some(service)) => {
            let elections = scoped(of_service(client, service), names);
            Ok(if elections.is_empty() { vec![names.clone()] } else { elections })
        }
        (Err(_), Some(_)) => Ok(vec![names.clone()]),
        (Ok(Discovered { services, .. }), None) => Err(nothing_found(&services, &heard(client))),
        (Err(missing), None) => Err(missing.explained(&words_for).words),
    }
}
