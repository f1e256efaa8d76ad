//! `info`: asks for each election and shows it.

use std::thread;
use std::time::SystemTime;

use crate::cli::Run;
use crate::cli::info::{Report, Style, failed, report};
use crate::consul::Client;
use crate::deadline::Deadline;
use crate::election::{Config, Names};
use crate::info::{Discovered, Info, Resolver, ask, ask_run, discover, view, view_run};

/// The command, as its errors name it.
const COMMAND: &str = "consul-master-election-tagger info";

/// Shows the election that the configuration names, or those that the agent's instances take part in.
#[must_use]
pub fn info(run: &Run, style: Style) -> Report {
    let Config { names, policy, access, wait } = &run.config;
    let client = Client::new(access, &names.scope, Deadline::after(wait.timeout));
    let is_of_run = run.show.is_of_run;
    if is_of_run || is_key_all(names) {
        let asked = ask_run(&client, names);
        if is_of_run || asked.is_of_run() {
            return report(&[view_run(&asked)], style, &access.secrets(), SystemTime::now());
        }
    }
    let elections = match elections(&client, names) {
        Ok(elections) => elections,
        Err(error) => return failed(COMMAND, &run.places.located(&error), &access.secrets()),
    };
    let resolver = Resolver::of(&client, access);
    let infos: Vec<Info> = thread::scope(|scope| {
        let one = |names| {
            let (client, resolver) = (client.clone(), &resolver);
            scope.spawn(move || view(&ask(&client, names, resolver), policy))
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

/// The elections to show.
///
/// # Errors
/// When none is named and none is found.
pub fn elections(client: &Client, names: &Names) -> Result<Vec<Names>, String> {
    let is_named = names.is_query_named || names.lock_key != Names::of_service(&names.service).lock_key;
    if is_named {
        return Ok(vec![names.clone()]);
    }
    let service = Some(names.service.as_str()).filter(|service| !service.is_empty());
    match (discover(client, service), service) {
        (Ok(Discovered { elections, .. }), _) if !elections.is_empty() => {
            Ok(elections.into_iter().map(|found| Names { scope: names.scope.clone(), ..found }).collect())
        }
        (_, Some(_)) => Ok(vec![names.clone()]),
        (Ok(Discovered { services, .. }), None) => Err(nothing_found(&services)),
        (Err(missing), None) => Err(missing.words),
    }
}

fn nothing_found(services: &[String]) -> String {
    let (most, length) = crate::bounds::NAMES;
    let services = crate::text::list(services, most, length);
    format!(
        "no instance of this agent takes part in an election; name one with --consul-query-name or --consul-service-name \
         (services here: {services})"
    )
}
