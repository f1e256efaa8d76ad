//! The user's commands at a change of role: which one is run and what its environment says. How a command is run is `process`'s.
//!
//! A run that is told to end while a hook runs lets it finish, within its limit, and then ends: half a change of role is worse than a late
//! end. The hook is in a group of its own, so the signal does not reach it.

use std::fmt;
use std::time::Duration;

use crate::consul::Client;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::options::Options;
use crate::process::{self, Program};

use super::lock;
use super::marks::SlaveHook;
use super::view::{Leader, Lock, View};

/// One of the commands that run when the role changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookName {
    /// Runs after the lock is acquired and before the instance is tagged master.
    Promote,
    /// Runs after the master tag is off and before the lock is released.
    Demote,
    /// Runs on a slave for each new master.
    Follow,
}

impl HookName {
    /// The option that names the command, without dashes.
    pub fn as_str(self) -> &'static str {
        match self {
            HookName::Promote => "on-promote",
            HookName::Demote => "on-demote",
            HookName::Follow => "on-follow",
        }
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Runs the hook of a new master that holds the lock by `session`.
///
/// # Errors
/// When it does not end well in time.
pub fn promote(
    client: &Client,
    view: &View,
    session: &str,
    options: &Options,
    deadline: Deadline,
) -> Result<(), Error> {
    let environment = Environment { role: "master", session, leader: None };
    run(HookName::Promote, options.hooks.promote.as_deref(), client, view, &environment, options, deadline)
}

/// Runs a slave's hook.
///
/// # Errors
/// When it does not end well in time.
pub fn slave(
    client: &Client,
    view: &View,
    hook: SlaveHook,
    options: &Options,
    deadline: Deadline,
) -> Result<(), Error> {
    let leader = match &view.lock {
        Lock::Another(leader) => Some(leader),
        _ => None,
    };
    let session = leader.map_or("", |leader| leader.session.as_str());
    let environment = Environment { role: "slave", session, leader };
    let (name, words) = match hook {
        SlaveHook::Demote => (HookName::Demote, options.hooks.demote.as_deref()),
        SlaveHook::Follow => (HookName::Follow, options.hooks.follow.as_deref()),
    };
    run(name, words, client, view, &environment, options, deadline)
}

/// What the environment of a hook says that depends on the hook.
struct Environment<'a> {
    role: &'static str,
    session: &'a str,
    /// The master of a slave; a master's own is the instance itself.
    leader: Option<&'a Leader>,
}

fn run(
    name: HookName,
    words: Option<&[String]>,
    client: &Client,
    view: &View,
    environment: &Environment,
    options: &Options,
    deadline: Deadline,
) -> Result<(), Error> {
    let Some(words) = words else { return Ok(()) };
    let instance = &view.instance;
    let (master_address, master_port) = match environment.leader {
        Some(leader) => (leader.address.clone(), leader.port.to_string()),
        None if environment.role == "master" => {
            (lock::address(client, instance).unwrap_or_default(), instance.registration.port().to_string())
        }
        None => (String::new(), String::new()),
    };
    let environment = [
        ("ELECTION_ROLE", environment.role.to_owned()),
        ("ELECTION_QUERY", options.query.clone()),
        ("ELECTION_SERVICE", options.service.clone()),
        ("ELECTION_SERVICE_ID", instance.registration.id().to_owned()),
        ("ELECTION_NODE", instance.node.clone()),
        ("ELECTION_TERM", view.term.to_string()),
        ("MASTER_ADDRESS", master_address.clone()),
        ("MASTER_PORT", master_port.clone()),
        // As ncode/ballot names them.
        ("ADDRESS", master_address),
        ("PORT", master_port),
        ("SESSIONID", environment.session.to_owned()),
    ];
    // What follows a hook, above all giving the lock up when it failed, needs some of the time, too.
    let limit = whole(deadline.remaining().mul_f64(0.8));
    let program = Program { name: name.as_str(), words, environment: &environment };
    process::run(&program, limit).map_err(|failure| Error::Hook { name, failure: failure.to_string() })
}

/// A time without what would make the same failure read otherwise each time: whole seconds, or tenths of one below that.
fn whole(limit: Duration) -> Duration {
    match limit.as_secs() {
        0 => Duration::from_millis(u64::from(limit.subsec_millis()) / 100 * 100),
        seconds => Duration::from_secs(seconds),
    }
}
