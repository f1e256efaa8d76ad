//! One pass: observe, decide, apply, until nothing is left to do. Does not wait for changes, and knows no lines.
//!
//! What a killed run left half done is a state like any other to decide from; so there is no recovery, only the next pass.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::apply::Apply;
use super::complaint::Complaint;
use super::config::{Config, OnOutage};
use super::decide::{Action, Decision, decide};
use super::ending::{lacks_what_was, outage, settled};
use super::instance::read_instance;
use super::marks::SlaveHook;
use super::model::{Answer, Done, Lock, Port, View};
use super::observe::{Known, Observation, observe};
use super::outcome::{Outcome, Role, Vacancy};
use super::registration::Written;
use super::seen::{Cause, Seen};
use super::seen_lock::KnownLock;
use super::service_port::{Held, KnownPort};
use super::turn::Turn;
use super::{eligibility, hook_notes, lot, session};
use crate::consul::Client;
use crate::deadline::Deadline;
use crate::lock::SessionLock;
use crate::port::Connection;

/// The number of rounds before a pass gives up. A promotion takes three: the free lock, the lock acquired, all settled. A step down or a
/// race with another pass adds one or two, and every hook one or two more; a pass that needs more has an adversary.
const MOST_ROUNDS: usize = 12;

/// The number of rounds in an outage: the tag, the hook, its note if the hook made the agent reload, and one more.
const MOST_ROUNDS_IN_OUTAGE: usize = 4;

/// How long after its last hook a pass still observes, and how often. A hook may have let the agent reload in the background, which wipes the
/// marks of an instance that a file defines; without its note the hook would run again.
const AFTER_HOOK: Duration = Duration::from_secs(1);
const AFTER_HOOK_PAUSE: Duration = Duration::from_millis(200);

/// How often, and how quickly, a pass observes again when something that it saw before is gone.
const RELOAD_LOOKS: usize = 50;
const RELOAD_PAUSE: Duration = Duration::from_millis(10);

/// A pass, which can be settled again after each change.
pub struct Pass<'a> {
    config: &'a Config,
    /// Identifies the options of the run.
    options: String,
    client: Client,
    /// When it last began to settle the role, which is when it renews a session.
    began: Instant,
    /// The last observation.
    seen: Option<Seen>,
    /// The connection to the service's port while the instance leads.
    connection: Option<Held>,
    /// The session that its attempts to acquire the lock left.
    spare: Option<String>,
    /// Whether it left the free lock to a better candidate when it last settled the role. A run that waits often sees the other take it.
    has_yielded: bool,
    /// The ID of the election's own check, once it was seen.
    own_check: Option<String>,
    /// Whether the instance's mark has shown the options of this run.
    is_marked: bool,
    /// A random number from 0 to 1, drawn when it last began to settle the role; 0 if it has just waited for its turn.
    lot: f64,
    /// What it has done and does not repeat. The memory of its hooks lasts from one settlement to the next.
    done: Done,
    /// The right to run hooks, while it settles the role and has run one.
    turn: Option<Turn>,
}

impl<'a> Pass<'a> {
    /// Makes a pass. Asks nothing yet.
    pub fn new(config: &'a Config) -> Pass<'a> {
        let client = Client::new(&config.access, &config.names.scope, Deadline::after(config.wait.timeout));
        let options = config.names.fingerprint(&config.policy);
        let (began, done) = (Instant::now(), Done::default());
        let (seen, connection, spare, turn) = (None, None, None, None);
        let (has_yielded, own_check, is_marked, lot) = (false, None, false, 0.0);
        Pass {
            config,
            options,
            client,
            began,
            seen,
            connection,
            spare,
            has_yielded,
            own_check,
            is_marked,
            lot,
            done,
            turn,
        }
    }

    /// Settles the instance's role.
    ///
    /// # Errors
    /// When the role could not be settled.
    pub fn settle(&mut self, cause: Cause) -> Outcome {
        let outcome = self.settle_in_rounds(cause);
        let vacancy = outcome.as_ref().ok().map(|settled| &settled.role);
        self.has_yielded = matches!(vacancy, Some(Role::SlaveOfNone(Vacancy::Yields(_) | Vacancy::YieldsInWarning(_))));
        self.turn = None;
        outcome
    }

    fn settle_in_rounds(&mut self, cause: Cause) -> Outcome {
        let config = self.config;
        let deadline = Deadline::after(config.wait.timeout);
        self.client = self.client.until(deadline);
        self.began = Instant::now();
        self.lot = if matches!(cause, Cause::Key(_) | Cause::LockDelay) { 0.0 } else { lot::draw() };
        self.done = Done { memory: std::mem::take(&mut self.done.memory), ..Done::default() };
        let (mut complaint, mut hook_ended) = (None, None);
        let (mut cause, mut rounds) = (Some(cause), 0);
        while rounds < MOST_ROUNDS {
            let at = Instant::now();
            let observed = self.observe(cause.take(), deadline, self.done.clone())?;
            let Observation { mut view, key, connection, failure } = observed;
            if let Some(earlier) = self.seen.as_ref().filter(|_| self.done.refused && view.others.is_open()) {
                view.keep_instances_of(&earlier.view);
            }
            self.hold(connection);
            self.check_mark(&view)?;
            let own = eligibility::own_check(&view.instance, None, &config.names);
            self.own_check = own.map(|own| own.id.clone()).or(self.own_check.take());
            match view.port {
                Answer::Known(Port::Refused(_)) => self.done.port_refused = true,
                Answer::Known(Port::Unclear(_, why)) => self.done.port_unclear = Some(why),
                _ => {}
            }
            let view = Arc::new(view);
            self.seen = Some(Seen { view: Arc::clone(&view), key, at });
            hook_notes::keep_in_mind(&mut self.done.memory, &view, &config.names);
            let Decision { role, actions, fault } = decide(&view, &config.names, &config.policy);
            match failure {
                Some(error) if view.lock == Lock::Unknown => {
                    self.in_outage(Arc::unwrap_or_clone(view), deadline, &mut complaint);
                    return Err(complaint.unwrap_or_else(|| outage(error, config.policy.on_outage)));
                }
                Some(error) => {
                    self.apply(&view, deadline, &mut complaint).all(&actions)?;
                    return Err(error.into());
                }
                None if actions.is_empty() => {
                    if hook_ended.is_none_or(|ended: Instant| ended.elapsed() > AFTER_HOOK.min(deadline.remaining())) {
                        return settled(&view, role, fault, complaint, config);
                    }
                    thread::sleep(AFTER_HOOK_PAUSE);
                    continue;
                }
                None => self.apply(&view, deadline, &mut complaint).all(&actions)?,
            }
            rounds += 1;
            if actions.iter().any(|action| matches!(action, Action::Promote { .. } | Action::Hook(_))) {
                hook_ended = Some(Instant::now());
            }
            if actions.contains(&Action::Hook(SlaveHook::Follow)) {
                // The note of it can wait. Written while the agent reloads, it would bring back what the reload has just changed.
                self.rest_while_led(&view, Deadline::after(AFTER_HOOK.min(deadline.remaining() / 4)));
            }
            if self.done.renewed && matches!(actions[..], [Action::Renew { .. }]) {
                // It changes nothing that an observation could see.
                return settled(&view, role, fault, complaint, config);
            }
        }
        Err(complaint.unwrap_or(Complaint::Unsettled))
    }

    /// Rests as long as the lock has the holder that the view shows.
    fn rest_while_led(&self, view: &View, until: Deadline) {
        let Lock::Another(leader) = &view.lock else { return };
        let is_held = || {
            self.client
                .key(&self.config.names.lock_key)
                .is_ok_and(|key| key.is_some_and(|key| key.session.as_deref() == Some(leader.session.as_str())))
        };
        while !until.remaining().is_zero() && is_held() {
            thread::sleep(AFTER_HOOK_PAUSE.min(until.remaining()));
        }
    }

    /// What actions on this view are applied with.
    fn apply<'b>(&'b mut self, view: &'b View, deadline: Deadline, complaint: &'b mut Option<Complaint>) -> Apply<'b> {
        let Pass { config, client, spare, done, turn, .. } = self;
        Apply { client, config, view, deadline, spare, done, turn, complaint }
    }

    /// Does what an outage asks for, as far as the local agent alone can: the tag goes, then the demote hook runs, and the agent takes the
    /// note of it.
    fn in_outage(&mut self, mut view: View, deadline: Deadline, complaint: &mut Option<Complaint>) {
        let Config { names, policy, .. } = self.config;
        let mut written = None;
        for _ in 0..MOST_ROUNDS_IN_OUTAGE {
            let is_sure = if let Some(Written { instance, answered: false }) = written.take() {
                view.instance = instance;
                false
            } else {
                // The servers took their time: what an earlier run wrote may have reached the agent meanwhile.
                let node = Some(view.instance.identity.node.clone());
                let client = self.client.until(deadline.half().half());
                let Ok(instance) = read_instance(&client, self.config, node) else { return };
                view.instance = instance;
                true
            };
            view.done = self.done.clone();
            let actions = decide(&view, names, policy).actions;
            if actions.is_empty() {
                return;
            }
            written = self.apply(&view, deadline, complaint).in_outage(&actions, is_sure);
        }
    }

    /// Observes. While the agent reloads its definitions, it takes away for a moment what it had. A waiting pass is woken in just that
    /// moment, and must not take it for the end of the instance or for other checks to bind a session to.
    fn observe(&mut self, cause: Option<Cause>, deadline: Deadline, done: Done) -> Result<Observation, Complaint> {
        // If an outage takes the tag off, observing must leave time for that: servers that hang would use up all of it.
        let client = match self.config.policy.on_outage {
            OnOutage::Keep => self.client.clone(),
            OnOutage::Demote => self.client.until(deadline.half()),
        };
        let (mut key, mut grace_is_over) = (None, false);
        match (cause, &self.seen) {
            (Some(Cause::LockDelay), Some(seen)) if !self.has_lost_connection() => {
                let (view, key) = (View { done, ..View::clone(&seen.view) }, seen.key.clone());
                return Ok(Observation { view, key, connection: self.connection.clone(), failure: None });
            }
            (Some(Cause::Key(answer)), _) => key = Some(answer),
            (Some(Cause::PortClosed { grace_is_over: is_over }), _) => grace_is_over = is_over,
            _ => {}
        }
        let mut reloading = RELOAD_LOOKS;
        loop {
            let held = self.connection.clone();
            let port = KnownPort { held, grace_is_over: std::mem::take(&mut grace_is_over) };
            let node = self.seen.as_ref().map(|seen| seen.view.instance.identity.node.clone());
            let may_note = self.has_yielded || self.config.wait.length.is_zero();
            let lock = KnownLock { is_first: self.seen.is_none(), may_note, key: key.take(), lot: self.lot };
            let known = Known { options: &self.options, own_check: self.own_check.clone(), node, lock, port };
            let observed = observe(&client, self.config, done.clone(), known);
            let before = self.seen.as_ref().map(|seen| &seen.view.instance);
            if reloading == 0 || !before.is_some_and(|before| lacks_what_was(before, &observed)) {
                return observed;
            }
            reloading -= 1;
            thread::sleep(RELOAD_PAUSE);
        }
    }

    /// Notes that the instance's mark shows this run's options.
    ///
    /// # Errors
    /// When it did before and does not any more: a newer run with other options is at work, and this one must not undo its work. A reload
    /// of the agent, which ends no run, is how an instance gets both.
    fn check_mark(&mut self, view: &View) -> Result<(), Complaint> {
        let Some(mark) = &view.instance.mark else { return Ok(()) };
        let is_own = mark.options == self.options;
        if self.is_marked && !is_own {
            return Err(Complaint::Superseded);
        }
        self.is_marked |= is_own;
        Ok(())
    }

    /// Whether the service has ended the connection, so that the last observation of its port does not stand.
    fn has_lost_connection(&self) -> bool {
        self.connection.as_ref().is_some_and(|(connection, _)| connection.closes_within(Duration::ZERO))
    }

    /// Whether it has noted that it hands over.
    pub fn has_handed_over(&self) -> bool {
        self.done.handed_over
    }

    /// The last observation.
    pub fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }

    /// The client of the local agent.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// When it last began to settle the role.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// The connection to the service's port.
    pub fn connection(&self) -> Option<&Held> {
        self.connection.as_ref()
    }

    /// Puts a new connection to the service's port in place of `before`. `false`: `before` is not the present one.
    pub fn reconnected(&mut self, before: &Arc<Connection>, now: &Arc<Connection>) -> bool {
        match &mut self.connection {
            Some((held, _)) if Arc::ptr_eq(held, before) => {
                *held = Arc::clone(now);
                true
            }
            _ => false,
        }
    }

    /// Holds a connection in place of the one before, which ends unless it is the same.
    pub fn hold(&mut self, connection: Option<Held>) {
        let before = std::mem::replace(&mut self.connection, connection);
        if let Some((before, _)) = before {
            if !self.connection.as_ref().is_some_and(|(now, _)| Arc::ptr_eq(now, &before)) {
                before.give_up();
            }
        }
    }

    /// Destroys the session that the attempts to acquire the lock left, unless it holds the lock after all. The last step of a pass, and
    /// of every settled role that is waited in.
    pub fn drop_spare(&mut self) {
        if let (Some(_), Some(seen)) = (self.spare.take(), &self.seen) {
            let Config { names, policy, .. } = self.config;
            let instance = &seen.view.instance;
            let wanted = session::new(instance, None, names, policy);
            SessionLock::new(&self.client, &names.lock_key, &instance.identity.node, wanted).sweep();
        }
    }
}

/// Settles an instance's role in one pass, without waiting for changes. Blocks for no longer than the configured timeout.
///
/// # Errors
/// When the role could not be settled.
pub fn pass(config: &Config) -> Outcome {
    let mut pass = Pass::new(config);
    let outcome = pass.settle(Cause::Change);
    pass.drop_spare();
    outcome
}
