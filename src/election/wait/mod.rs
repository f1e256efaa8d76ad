//! Waits between two settlements of a pass: whether it is worth waiting, for what, and why it woke. Decides nothing.
//!
//! A pass waits only if Consul already shows what it has to say: Consul learns a check's status when its run ends, and an instance whose
//! check still shows critical would be left out of DNS until the wait is over.

mod news;
mod pace;
mod port_watch;
mod watch;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use log::debug;

use super::config::Config;
use super::eligibility::{is_in_warning, own_check};
use super::key_state::{KeyAnswer, KeyState};
use super::model::{Answer, Instance, Port};
use super::outcome::{Outcome, Role, Vacancy};
use super::pass::Pass;
use super::seen::{Cause, Seen};
use super::{credible, lot};
use crate::consul::{Check, Registration, Status};
use crate::deadline::Deadline;
use crate::interrupt::Interrupt;
use crate::port::Target;
use news::News;
use pace::Pace;
use watch::Watch;

/// How often a waiting pass looks at what no blocking query shows: a master's health that does not end its session, such as a warning or
/// maintenance, and everything while nobody leads. More often would cost 10 ms of CPU in less than 50 s.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The shortest time between two attempts on a lock in its lock-delay.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// The random part of that time, so that not all instances try at once.
const RETRY_JITTER: Duration = Duration::from_millis(50);

/// How long it sleeps at a time: an interrupt ends the run.
const SLICE: Duration = Duration::from_millis(50);

/// Waits for changes until the configured time is over.
pub struct Waiter<'a> {
    config: &'a Config,
    interrupt: &'a Interrupt,
    /// The end of the configured time.
    ends: Deadline,
    watch: Option<Watch>,
    /// The last registration that a blocking query returned, and the hash to wait behind.
    registered: Option<(Registration, String)>,
    pace: Pace,
}

impl<'a> Waiter<'a> {
    /// Makes a waiter, whose time begins now.
    pub fn new(config: &'a Config, interrupt: &'a Interrupt) -> Waiter<'a> {
        let ends = Deadline::after(config.wait.length);
        Waiter { config, interrupt, ends, watch: None, registered: None, pace: Pace::default() }
    }

    /// Waits until something has changed, and returns why it woke; `None` is the end of the run. `status` and `line` are what the run
    /// would end with now. In a lock-delay the pass still has work to do, and it is enough that Consul shows the status.
    pub fn wait(&mut self, pass: &mut Pass, outcome: &Outcome, status: Status, line: &str) -> Option<Cause> {
        let role = &outcome.as_ref().ok()?.role;
        if self.config.wait.length.is_zero() || self.is_over() {
            return None;
        }
        let own = own_check(&pass.seen()?.view.instance, None, &self.config.names)?;
        if own.status != status {
            return None;
        }
        if *role == Role::SlaveOfNone(Vacancy::LockDelay) && !is_one_of_many(pass) {
            thread::sleep((RETRY_AFTER + RETRY_JITTER.mul_f64(lot::draw())).min(self.ends.remaining()));
            return (!self.is_over()).then_some(Cause::LockDelay);
        }
        if own.output.trim_end() != line {
            return None;
        }
        pass.drop_spare();
        let cause = self.wait_for_change(pass, role)?;
        // After a pause, what was learned before it is stale.
        let cause = if self.pace.keep(self.ends) && matches!(cause, Cause::Key(_)) { Cause::Change } else { cause };
        (!self.interrupt.has_happened()).then_some(cause)
    }

    fn is_over(&self) -> bool {
        self.ends.remaining().is_zero() || self.interrupt.has_happened()
    }

    fn wait_for_change(&mut self, pass: &mut Pass, role: &Role) -> Option<Cause> {
        let mut watch = self.watch.take().or_else(|| self.start_watch(pass))?;
        let cause = self.next_change(pass, role, &mut watch);
        self.watch = Some(watch);
        cause
    }

    /// Waits for a change of what was seen last; `None` if the time is over before.
    fn next_change(&mut self, pass: &mut Pass, role: &Role, watch: &mut Watch) -> Option<Cause> {
        let follows = matches!(role, Role::SlaveOf(_));
        let leads = matches!(role, Role::Master { .. });
        let patience = if leads { self.config.wait.timeout / 4 } else { Duration::ZERO };
        let registration_wait = if follows { Duration::MAX } else { LOOK_EVERY };
        let Seen { view, key, at } = pass.seen()?;
        let (instance, mut key, at) = (view.instance.clone(), key.clone(), *at);
        loop {
            self.watch_port(pass, role, watch);
            let by_leader = !(follows && is_one_of_many(pass));
            match watch.next(&key.index, by_leader, self.hash(&instance), registration_wait, self.ends, patience) {
                News::Key(answer, asked) => {
                    let state = KeyState::of(answer.0.as_ref(), answer.1.clone());
                    // A question from before the last observation may have an answer from before it, too.
                    let is_old = asked < at;
                    if is_old || !state.is_same(&key) {
                        let cause = if !is_old && (by_leader || is_held_by_another(pass, &answer)) {
                            Cause::Key(answer.clone())
                        } else {
                            Cause::Change
                        };
                        return if leads { Some(cause) } else { self.in_its_turn(pass, &answer, cause) };
                    }
                    watch.key_was_unchanged();
                    key = state;
                }
                News::Registration(Some((registration, hash))) => {
                    // The first answer comes at once and only brings the hash.
                    // An answer without a hash is never waited for; so each one is an occasion.
                    let looks = (self.hash(&instance).is_some() || hash.is_empty()) && !follows;
                    let is_other = !registration.is_like(&instance.registration);
                    self.registered = Some((registration, hash));
                    if is_other || looks && (self.must_renew(pass) || !self.is_unchanged(pass, role, &instance)) {
                        return Some(Cause::Change);
                    }
                }
                News::PortReopened(before, now) => {
                    if pass.reconnected(&before, &now) {
                        watch.port().follows_now(&now);
                    } else {
                        now.give_up();
                    }
                }
                News::PortClosed(closed, grace_is_over) => {
                    if pass.connection().is_some_and(|(held, _)| Arc::ptr_eq(held, &closed)) {
                        return Some(Cause::PortClosed { grace_is_over });
                    }
                }
                News::PortFound(found) => {
                    if let (None, Some(target)) = (pass.connection(), unclear_port(pass, role)) {
                        pass.hold(found.map(|connection| (Arc::new(connection), target)));
                        return Some(Cause::Change);
                    }
                }
                News::Interrupted | News::Nothing => return None,
                News::Registration(None) | News::Failed => return Some(Cause::Change),
            }
        }
    }

    /// What to settle the role for, now that the key has changed, if `cause` is that. An instance that leaves a free lock to the candidates
    /// that the last master named looks at the key again later, when one of them should have acquired the lock.
    fn in_its_turn(&self, pass: &Pass, answer: &KeyAnswer, cause: Cause) -> Option<Cause> {
        let is_free = answer.0.as_ref().is_none_or(|key| key.session.is_none());
        let view = &pass.seen()?.view;
        let own = &view.instance.identity;
        let written = answer.0.as_ref().filter(|key| key.lock_index > 0);
        // Of a key that was deleted, the last value is known.
        let notes = written.map_or_else(|| view.notes.clone(), |key| credible::notes(&key.value));
        let notes = notes.that_hold(own, SystemTime::now());
        if !is_free || !notes.name_others(own) {
            return Some(cause);
        }
        let until = Deadline::after(notes.successors.patience(lot::draw()).min(self.ends.remaining()));
        while !until.remaining().is_zero() {
            if self.interrupt.has_happened() {
                return None;
            }
            thread::sleep(until.remaining().min(SLICE));
        }
        let (names, limit) = (&self.config.names, self.config.wait.timeout);
        let client = pass.client().until(Deadline::after(limit));
        // Any server can say that another instance leads by now, and as a rule one does.
        let by_any = client.key_after_by_any(&names.lock_key, Some(&answer.1), Duration::from_millis(1));
        if let Some(answer) = by_any.ok().filter(|answer| is_held_by_another(pass, answer)) {
            return Some(Cause::Key(answer));
        }
        Some(client.key_after(&names.lock_key, None, limit).map_or(Cause::Change, Cause::Key))
    }

    /// Keeps a thread at the service's port for as long as the instance leads: at the connection, or in search of one.
    fn watch_port(&self, pass: &Pass, role: &Role, watch: &mut Watch) {
        let Some(policy) = &self.config.policy.watch_port else { return };
        match (pass.connection(), unclear_port(pass, role)) {
            (Some((connection, target)), _) => watch.port().follow(connection, target, policy.grace),
            (None, Some(target)) => watch.port().search(&target),
            (None, None) => watch.port().rest(),
        }
    }

    fn start_watch(&self, pass: &Pass) -> Option<Watch> {
        let id = &pass.seen()?.view.instance.identity.service_id;
        let started = Watch::start(pass.client(), &self.config.names, id, self.interrupt);
        started.inspect_err(|error| debug!("no thread to wait in: {error}")).ok()
    }

    /// The hash to wait behind for another registration than the instance's.
    fn hash(&self, instance: &Instance) -> Option<&str> {
        let known = self.registered.as_ref().filter(|(registration, _)| registration.is_like(&instance.registration));
        known.map(|(_, hash)| hash.as_str())
    }

    /// Whether the part of the role's reason is unchanged that no blocking query shows: the health of a master, or of an instance that
    /// may not lead. Reasons that depend on other instances or the clock are always observed again: those to leave a free lock, and a
    /// warning, in which a master hands over to an instance that passes.
    fn is_unchanged(&self, pass: &Pass, role: &Role, instance: &Instance) -> bool {
        match role {
            Role::Master { .. } if is_in_warning(instance, None, &self.config.names) => false,
            Role::Master { .. } | Role::SlaveOfNone(Vacancy::NotEligible(_) | Vacancy::NeverLeads) => {
                self.has_same_health(pass, instance)
            }
            Role::SlaveOf(_) => true,
            Role::SlaveOfNone(_) => false,
        }
    }

    /// Whether every check of the instance and its node has the status that it had.
    fn has_same_health(&self, pass: &Pass, before: &Instance) -> bool {
        let client = pass.client().until(Deadline::after(self.config.wait.timeout));
        let states = |checks: &[Check]| -> Vec<(String, Status)> {
            checks.iter().map(|check| (check.id.clone(), check.status)).collect()
        };
        let now = client.instance(&self.config.names.service, &before.identity.service_id);
        now.is_ok_and(|now| now.is_some_and(|now| states(&now.checks) == states(&before.checks)))
    }

    /// Whether a master's session has lived half its TTL since it was renewed.
    fn must_renew(&self, pass: &Pass) -> bool {
        self.config.policy.ttl.is_some_and(|ttl| pass.began().elapsed() > ttl / 2)
    }
}

/// Whether another instance holds the lock, by what it wrote itself. Only then does an answer of any server stand: nothing but a slave's
/// role follows from it.
fn is_held_by_another(pass: &Pass, (key, _): &KeyAnswer) -> bool {
    let own = pass.seen().map(|seen| &seen.view.instance.identity);
    let session = key.as_ref().and_then(|key| key.session.as_ref());
    let holder = key.as_ref().filter(|key| key.lock_index > 0).and_then(|key| credible::holder(&key.value));
    holder.is_some_and(|holder| Some(&holder.session) == session && Some(&holder.instance) != own)
}

/// Whether it leaves a free lock to other candidates, by the last observation.
fn is_one_of_many(pass: &Pass) -> bool {
    pass.seen().is_some_and(|Seen { view, .. }| view.notes.name_others(&view.instance.identity))
}

/// Where a master's service should listen, if the last try to connect did not show whether it does.
fn unclear_port(pass: &Pass, role: &Role) -> Option<Target> {
    match (role, &pass.seen()?.view.port) {
        (Role::Master { .. }, Answer::Known(Port::Unclear(target, _))) => Some(target.clone()),
        _ => None,
    }
}
