//! One pass: observe, decide, apply, and again until there is nothing left to do; then, where the user wants it, wait for a change
//! and begin anew.
//!
//! Owns the loop and the order of things. What a pass finds half done by a run that was killed it decides on like on
//! everything else; so there is no recovery, only the next pass.

mod apply;
mod candidates;
mod config;
mod decide;
mod eligibility;
mod hooks;
mod listening;
mod lock;
mod marks;
mod observe;
mod rules;
mod sessions;
mod signature;
mod stay;
mod value;
mod view;
mod watch;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

pub use candidates::DEFAULT_PRIORITY;
pub use config::{Config, Hooks, Names, OnOutage, Policy, Resign, Statuses, Wait, WatchPort};
pub use decide::{Fault, QueryFault, Role, Vacancy};
pub use eligibility::Obstacle;
pub use rules::{HIGHEST_PRIORITY, Invalid, LONGEST_QUERY_NAME, LONGEST_QUERY_NAME_IN_META, TTL, is_query_name};
pub use signature::{is_election_line, signature};
pub use value::Failure;
pub use view::Leader;

use crate::consul::{Client, Registration};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::options::Options;
use apply::Work;
use decide::{Action, Decision, decide};
use listening::{Held, KnownPort};
use lock::Hand;
use observe::{KeyAnswer, KeyState, Known, Observation, observe};
use value::Notes;
use view::{Done, Instance, Lock, Port, View};
use watch::Watch;

/// How often a pass looks before it gives up. A promotion takes three looks: the free lock, the lock won, all settled. A step
/// down or a race with another pass may add one or two, every hook one or two more; who needs more has an adversary.
const MOST_ROUNDS: usize = 12;

/// How often, and how quickly, a pass looks again for what it has seen before and that is gone.
const RELOAD_LOOKS: usize = 50;
const RELOAD_PAUSE: Duration = Duration::from_millis(10);

/// A pass, from its first look to its end.
pub struct Pass<'a> {
    options: &'a Options,
    interrupt: &'a Interrupt,
    client: Client,
    /// When it is to end that waits for changes.
    ends: Deadline,
    /// When it last began to settle the role, which is when it renews a session.
    settled: Instant,
    /// What it saw last.
    seen: Option<Seen>,
    /// What it has just learnt of the lock key, and not looked at yet.
    news: Option<KeyAnswer>,
    /// Whether it has just looked, and found the lock in its lock-delay: then the next try needs no other look.
    tries_again: bool,
    /// The connection to the service's port, as long as the instance leads.
    connection: Option<Held>,
    /// Whether the service has been away for the whole of its grace.
    grace_is_over: bool,
    /// The session that its tries for the lock have left.
    spare: Option<String>,
    watch: Option<Watch>,
    /// A registration, and what to wait behind for another.
    registered: Option<(Registration, String)>,
    /// When it was last woken, and the pause that this was worth.
    woken: Option<(Instant, Duration)>,
}

/// What the last look saw, as far as a later one may differ.
struct Seen {
    view: View,
    key: KeyState,
    /// When it began.
    at: Instant,
}

impl<'a> Pass<'a> {
    /// Asks nothing yet.
    pub fn begin(options: &'a Options, interrupt: &'a Interrupt) -> Pass<'a> {
        let client = Client::new(&options.access, &options.scope, Deadline::after(options.timeout));
        let ends = Deadline::after(options.wait);
        Pass {
            options,
            interrupt,
            client,
            ends,
            settled: Instant::now(),
            seen: None,
            news: None,
            tries_again: false,
            connection: None,
            grace_is_over: false,
            spare: None,
            watch: None,
            registered: None,
            woken: None,
        }
    }

    /// Settles what role the instance has, and says so.
    ///
    /// # Errors
    /// When the role could not be settled.
    pub fn settle(&mut self) -> Result<Role, Error> {
        let options = self.options;
        let deadline = Deadline::after(options.timeout);
        self.client = self.client.until(deadline);
        self.settled = Instant::now();
        let (mut done, mut kept) = (Done::default(), None);
        for _ in 0..MOST_ROUNDS {
            // Where an outage is to take the tag off, looking must leave time for that: servers that hang would use up all of it.
            let onlooker = match options.on_outage {
                OnOutage::Keep => self.client.clone(),
                OnOutage::Demote => self.client.until(deadline.half()),
            };
            let at = Instant::now();
            let Observation { view, key, connection, trouble } = self.look(&onlooker, done)?;
            self.hold(connection);
            done.port_refused |= matches!(view.port, Port::Refused(_));
            self.seen = Some(Seen { view: view.clone(), key, at });
            let Decision { role, actions, fault } = decide(&view, options);
            let (client, spare) = (&self.client, &mut self.spare);
            let mut work = Work { client, options, view: &view, deadline, spare, done: &mut done, trouble: &mut kept };
            match trouble {
                Some(outage) if view.lock == Lock::Unknown => {
                    work.sit_out(&actions);
                    return Err(match options.on_outage {
                        OnOutage::Keep => Error::Consul(outage),
                        OnOutage::Demote => Error::Demoted(outage),
                    });
                }
                Some(trouble) => {
                    work.carry_out(&actions)?;
                    return Err(trouble.into());
                }
                None if actions.is_empty() => return settled(role, fault, kept, options),
                None => {
                    work.carry_out(&actions)?;
                    if done.renewed && matches!(actions[..], [Action::Renew { .. }]) {
                        // It changes nothing that a look could see.
                        return settled(role, fault, kept, options);
                    }
                }
            }
        }
        Err(kept.unwrap_or(Error::Unsettled))
    }

    /// Observes. While the agent reloads its definitions, it takes away for a moment what it had; a pass that waits is woken in just
    /// that moment, and must not take it for the end of the instance or for other checks to be bound to.
    fn look(&mut self, client: &Client, done: Done) -> Result<Observation, Error> {
        if let (true, Some(seen)) = (std::mem::take(&mut self.tries_again), &self.seen) {
            let (view, key) = (View { done, ..seen.view.clone() }, seen.key.clone());
            return Ok(Observation { view, key, connection: self.connection.clone(), trouble: None });
        }
        let mut reloading = RELOAD_LOOKS;
        loop {
            let known = Known {
                node: self.seen.as_ref().map(|seen| seen.view.instance.node.clone()),
                key: self.news.take(),
                port: KnownPort {
                    held: self.connection.clone(),
                    grace_is_over: std::mem::take(&mut self.grace_is_over),
                },
            };
            let seen = observe(client, self.options, done, known);
            let before = self.seen.as_ref().map(|seen| &seen.view.instance);
            if reloading == 0 || !before.is_some_and(|before| lacks_what_was(before, &seen)) {
                return seen;
            }
            reloading -= 1;
            thread::sleep(RELOAD_PAUSE);
        }
    }

    /// Leaves nothing behind.
    pub fn end(mut self) {
        self.let_go();
    }

    /// Holds a connection in place of the one before, which ends unless it is the same.
    fn hold(&mut self, connection: Option<Held>) {
        let before = std::mem::replace(&mut self.connection, connection);
        if let Some((before, _)) = before {
            if !self.connection.as_ref().is_some_and(|(now, _)| Arc::ptr_eq(now, &before)) {
                before.give_up();
            }
        }
    }

    /// Ends the session that the tries for the lock have left.
    fn let_go(&mut self) {
        if let Some(seen) = self.seen.as_ref().filter(|_| self.spare.is_some()) {
            let (client, notes) = (&self.client, &Notes::default());
            Hand { client, options: self.options, instance: &seen.view.instance, notes }.let_go(&mut self.spare);
        }
    }
}

/// Whether the instance is gone, or a check of it that was there before.
fn lacks_what_was(before: &Instance, seen: &Result<Observation, Error>) -> bool {
    match seen {
        Ok(Observation { view, .. }) => before.checks.iter().any(|check| {
            // What maintenance mode registers comes and goes by itself.
            let found = view.instance.checks.iter().any(|now| now.id == check.id);
            !found && !check.id.starts_with('_')
        }),
        Err(error) => matches!(error, Error::NoSuchService { .. } | Error::NoSuchCheck { .. }),
    }
}

/// What a pass ends with that has nothing left to do.
fn settled(role: Option<Role>, fault: Option<Fault>, kept: Option<Error>, options: &Options) -> Result<Role, Error> {
    match (fault, kept, role) {
        (Some(fault), ..) => Err(Error::Fault { query: options.query.clone(), fault }),
        (None, Some(error), _) => Err(error),
        (None, None, Some(role)) => Ok(role),
        (None, None, None) => Err(Error::Unsettled),
    }
}
