//! How a pass stays once its role is settled: whether it is worth to wait, what it waits for, and how it is woken.
//!
//! A pass waits only when Consul already shows what it has to say: Consul learns a check's status only when its run ends, and an
//! instance whose check still stands at critical would be left out of DNS until its wait is over.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use log::debug;

use super::eligibility::own_check;
use super::observe::KeyState;
use super::view::Instance;
use super::watch::{News, Watch};
use super::{Pass, Role, Seen, Vacancy};
use crate::consul::{Check, Status};
use crate::deadline::Deadline;

/// How often a waiting pass looks at what Consul tells to no one who waits: the health of a master that is no reason for Consul to
/// end its session, such as a warning or maintenance; and, while nobody leads, everything. More often would be 10 ms of CPU in less
/// than 50 s.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The least time between two tries for a lock that is in its lock-delay.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// How much longer it may be, at random, so that not all instances try at once.
const RETRY_JITTER: Duration = Duration::from_millis(50);

/// Looks that follow each other within this time are paced, so that passes that undo each other's work do not do so all the time.
const CALM: Duration = Duration::from_secs(1);

impl Pass<'_> {
    /// Waits until something has changed, where it is worth to wait: `false` is the end of the pass. `status` and `line` are what it
    /// would end with now. While the lock is in its lock-delay the pass has something to do, and it is enough that the status is shown.
    pub fn stays(&mut self, role: &Role, status: Status, line: &str) -> bool {
        let options = self.options;
        if options.wait.is_zero() || options.resign.is_some() || self.is_over() {
            return false;
        }
        let Some(own) = self.own_check() else { return false };
        if own.status != status {
            return false;
        }
        if *role == Role::SlaveOfNone(Vacancy::LockDelay) {
            thread::sleep((RETRY_AFTER + random_part(RETRY_JITTER)).min(self.ends.remaining()));
            self.tries_again = true;
            return !self.is_over();
        }
        if own.output.trim_end() != line {
            return false;
        }
        self.let_go();
        self.wait_for_change(role)
    }

    fn is_over(&self) -> bool {
        self.ends.remaining().is_zero() || self.interrupt.has_happened()
    }

    fn own_check(&self) -> Option<&Check> {
        self.seen.as_ref().and_then(|seen| own_check(&seen.view.instance, self.options))
    }

    /// Waits for a change of what was seen last; `false` when the time is over before.
    fn wait_for_change(&mut self, role: &Role) -> bool {
        let Some(mut seen) = self.seen.take() else { return false };
        let Some(mut watch) = self.watch.take().or_else(|| self.start_watch(&seen)) else { return false };
        let follows = matches!(role, Role::SlaveOf(_));
        if let (Some((connection, target)), Some(port)) = (&self.connection, &self.options.watch_port) {
            watch.watch_port(connection, target, port.grace);
        }
        let registration_wait = if follows { Duration::MAX } else { LOOK_EVERY };
        let changed = loop {
            match watch.next(&seen.key.index, self.hash(&seen.view.instance), registration_wait, self.ends) {
                // What was asked for before the last look may tell of what was before it, too.
                News::Key(_, asked) if asked < seen.at => break true,
                News::Key(answer, _) => {
                    let state = KeyState::of(answer.0.as_ref(), answer.1.clone());
                    if !state.is_same(&seen.key) {
                        self.news = Some(answer);
                        break true;
                    }
                    watch.key_told_nothing();
                    seen.key = state;
                }
                News::Registration(Some((registration, hash))) => {
                    // The first answer comes at once and only tells the hash.
                    let looks = self.hash(&seen.view.instance).is_some() && !follows;
                    let is_other = !registration.is_like(&seen.view.instance.registration);
                    self.registered = Some((registration, hash));
                    if is_other || looks && (self.must_renew() || !self.is_as_it_was(role, &seen.view.instance)) {
                        break true;
                    }
                }
                News::PortReopened(before, now) => match &mut self.connection {
                    Some((held, _)) if Arc::ptr_eq(held, &before) => {
                        watch.port_is_now(&now);
                        *held = now;
                    }
                    // A look was faster.
                    _ => now.give_up(),
                },
                News::PortClosed(closed, grace_is_over) => {
                    if self.connection.as_ref().is_some_and(|(held, _)| Arc::ptr_eq(held, &closed)) {
                        self.grace_is_over = grace_is_over;
                        break true;
                    }
                }
                News::Interrupted | News::Nothing => break false,
                News::Registration(None) | News::Trouble => break true,
            }
        };
        (self.seen, self.watch) = (Some(seen), Some(watch));
        if changed && self.pace() {
            // After a pause it is news no more.
            self.news = None;
        }
        // What has changed in the last moment is still acted on.
        changed && !self.interrupt.has_happened()
    }

    fn start_watch(&self, seen: &Seen) -> Option<Watch> {
        let started = Watch::start(&self.client, self.options, seen.view.instance.registration.id(), self.interrupt);
        started.inspect_err(|error| debug!("no thread to wait in: {error}")).ok()
    }

    /// What to wait behind for another registration than that of `instance`.
    fn hash(&self, instance: &Instance) -> Option<&str> {
        let known = self.registered.as_ref().filter(|(registration, _)| registration.is_like(&instance.registration));
        known.map(|(_, hash)| hash.as_str())
    }

    /// Whether what makes the role, and wakes nobody when it changes, is as it was: the health of a master, or of an instance that may
    /// not lead. The other reasons to leave a free lock alone are others' or the clock's, and are looked at anew.
    fn is_as_it_was(&self, role: &Role, instance: &Instance) -> bool {
        match role {
            Role::Master { .. } | Role::SlaveOfNone(Vacancy::NotEligible(_) | Vacancy::NeverLeads) => {
                self.is_as_healthy_as(instance)
            }
            Role::SlaveOf(_) => true,
            Role::SlaveOfNone(_) => false,
        }
    }

    /// Whether every check of the instance and its node is as it was.
    fn is_as_healthy_as(&self, before: &Instance) -> bool {
        let client = self.client.until(Deadline::after(self.options.timeout));
        let states = |checks: &[Check]| -> Vec<(String, Status)> {
            checks.iter().map(|check| (check.id.clone(), check.status)).collect()
        };
        let now = client.instance(&self.options.service, before.registration.id());
        now.is_ok_and(|now| now.is_some_and(|now| states(&now.checks) == states(&before.checks)))
    }

    /// Whether the session of a master has lived half its TTL since it was renewed.
    fn must_renew(&self) -> bool {
        self.options.ttl.is_some_and(|ttl| self.settled.elapsed() > ttl / 2)
    }

    /// Acts at once on what comes after a time of calm, and ever more slowly on what comes all the time. Says whether it paused.
    fn pace(&mut self) -> bool {
        let pause = match self.woken {
            Some((before, pause)) if before.elapsed() < CALM + pause => {
                (pause * 2).clamp(Duration::from_millis(10), Duration::from_secs(1))
            }
            _ => Duration::ZERO,
        };
        thread::sleep(pause.min(self.ends.remaining()));
        self.woken = Some((Instant::now(), pause));
        !pause.is_zero()
    }
}

/// A part of a time, at random.
fn random_part(whole: Duration) -> Duration {
    // The standard library's hashers have random keys, which is random enough to spread tries.
    let random = RandomState::new().hash_one(Instant::now()) % 1000;
    whole * u32::try_from(random).unwrap_or_default() / 1000
}
