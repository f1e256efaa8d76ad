//! The user's commands at a change of role: which one runs, and what its environment says. How a command runs is `process`'s.
//!
//! A run that is asked to end while a hook runs lets it finish, within its limit, and ends after the change of role: half a change is worse than
//! a late end. The hook is in a process group of its own, so the signal does not reach it.

use std::time::Duration;

use super::address::address;
use super::complaint::{Complaint, HookName};
use super::config::Config;
use super::credible;
use super::marks::{self, SlaveHook};
use super::model::{Lock, View};
use crate::consul::Client;
use crate::deadline::Deadline;
use crate::process::{self, End, Program};
use crate::text::{capped, one_line};

/// Runs the promote hook of an instance that holds the lock by `session`.
///
/// # Errors
/// When it fails or does not end in time.
pub fn promote(
    client: &Client,
    config: &Config,
    view: &View,
    session: &str,
    deadline: Deadline,
) -> Result<(), Complaint> {
    let hooks = &config.policy.hooks;
    let Some(words) = &hooks.promote else { return Ok(()) };
    let host = address(client, &view.instance).unwrap_or_default();
    let master = (credible::host(&host).to_owned(), view.instance.registration.port().to_string());
    run(HookName::Promote, words, &environment(config, view, "master", session, master), deadline)
}

/// Runs a slave's hook and returns its note.
///
/// # Errors
/// When it fails or does not end in time.
pub fn slave(config: &Config, view: &View, hook: SlaveHook, deadline: Deadline) -> Result<String, Complaint> {
    let hooks = &config.policy.hooks;
    let (name, words) = match hook {
        SlaveHook::Demote => (HookName::Demote, &hooks.demote),
        SlaveHook::Follow => (HookName::Follow, &hooks.follow),
    };
    let known = match &view.lock {
        Lock::Another(leader) => Some(leader),
        _ => None,
    };
    let note = marks::note_of(hook, known);
    let Some(words) = words else { return Ok(note) };
    let leader = known.cloned().unwrap_or_default();
    let port = if leader.session.is_empty() { String::new() } else { leader.port.to_string() };
    run(
        name,
        words,
        &environment(config, view, "slave", &leader.session, (credible::host(&leader.address).to_owned(), port)),
        deadline,
    )?;
    Ok(note)
}

/// What a hook's environment has besides this program's own. `master` is the master's address and port.
fn environment(
    Config { names, .. }: &Config,
    view: &View,
    role: &str,
    session: &str,
    (address, port): (String, String),
) -> [(&'static str, String); 11] {
    let instance = view.instance.identity.clone();
    [
        ("ELECTION_ROLE", role.to_owned()),
        ("ELECTION_QUERY", names.query.clone()),
        ("ELECTION_SERVICE", names.service.clone()),
        ("ELECTION_SERVICE_ID", instance.service_id),
        ("ELECTION_NODE", instance.node),
        ("ELECTION_TERM", view.term.to_string()),
        ("MASTER_ADDRESS", address.clone()),
        ("MASTER_PORT", port.clone()),
        // The names that ncode/ballot uses.
        ("ADDRESS", address),
        ("PORT", port),
        ("SESSIONID", session.to_owned()),
    ]
}

fn run(
    name: HookName,
    words: &[String],
    environment: &[(&'static str, String)],
    deadline: Deadline,
) -> Result<(), Complaint> {
    // What follows a hook, above all releasing the lock when it failed, needs some of the time, too.
    let limit = whole(deadline.remaining().mul_f64(0.8));
    let text = name.to_string();
    let program = Program { name: &text, words, environment };
    process::run(&program, limit).map_err(|failure| {
        // One that could not be started is named already.
        let failure = match failure.end {
            End::NotStarted { .. } => failure.to_string(),
            _ => format!("{failure} (command {})", shown(words)),
        };
        Complaint::Hook { hook: name, failure }
    })
}

/// The most characters of a hook's program.
const LONGEST_NAME: usize = 150;

/// The program of a hook, with the file that a shell runs. Without the arguments: one may be a secret, and everybody who may read the service
/// reads the line.
fn shown(words: &[String]) -> String {
    let is_file = |word: &&String| word.starts_with('/') && !word.contains(char::is_whitespace);
    let program = words.first().into_iter().chain(words.get(1).filter(is_file)).map(String::as_str);
    one_line(&capped(&program.collect::<Vec<_>>().join(" "), LONGEST_NAME))
}

/// The limit without the part that would change the failure's text each time: whole seconds, or tenths of one below that.
fn whole(limit: Duration) -> Duration {
    match limit.as_secs() {
        0 => Duration::from_millis(u64::from(limit.subsec_millis()) / 100 * 100),
        seconds => Duration::from_secs(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_named_by_its_program_and_script_and_never_by_its_arguments() {
        for (words, expected) in [
            (&["/usr/local/bin/promote", "--password", "s3cr3t"][..], "/usr/local/bin/promote"),
            (&["sh", "/etc/redis/promote.sh", "s3cr3t"], "sh /etc/redis/promote.sh"),
            (&["sh", "-c", "echo s3cr3t"], "sh"),
            (&["curl", "/a b"], "curl"),
            (&[], ""),
        ] {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            assert_eq!(shown(&words), expected);
        }
        assert_eq!(shown(&["x".repeat(999)]).chars().count(), LONGEST_NAME + 1);
    }
}
