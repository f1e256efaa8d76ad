//! One pass: observe, decide, apply, and again until there is nothing left to do; then, where the user wants it, wait for a change
//! and begin anew.
//!
//! Owns the loop and the order of things. What a pass finds half done by a run that was killed it decides on like on
//! everything else; so there is no recovery, only the next pass.

mod apply;
mod candidates;
mod decide;
mod eligibility;
mod hooks;
mod lock;
mod marks;
mod observe;
mod sessions;
mod value;
mod view;
mod watch;

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant};

pub use decide::{Fault, QueryFault, Role, Vacancy};
pub use eligibility::Obstacle;
pub use value::Failure;
pub use view::Leader;

use log::debug;

use crate::consul::{Check, Client, Status};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::options::{OnOutage, Options, Token};
use apply::Work;
use decide::{Decision, decide};
use lock::Hand;
use observe::{KeyAnswer, KeyState, Observation, observe};
use value::Notes;
use view::{Done, Instance, Lock};
use watch::{News, Watch};

/// How often a pass looks before it gives up. A promotion takes three looks: the free lock, the lock won, all settled. A step
/// down or a race with another pass may add one or two, every hook one or two more; who needs more has an adversary.
const MOST_ROUNDS: usize = 12;

/// How often a waiting pass looks at what Consul tells to no one who waits: the health of a master that is no reason for Consul to
/// end its session, such as a warning or maintenance; and, while nobody leads, everything.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The least time between two tries for a lock that is in its lock-delay.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// How much longer it may be, at random, so that not all instances try at once.
const RETRY_JITTER: Duration = Duration::from_millis(50);

/// Looks that follow each other within this time are paced, so that passes that undo each other's work do not do so all the time.
const CALM: Duration = Duration::from_secs(1);

/// A pass, from its first look to its end.
pub struct Pass<'a> {
    options: &'a Options,
    interrupt: &'a Interrupt,
    client: Client,
    /// When it is to end that waits for changes.
    ends: Deadline,
    /// What it saw last.
    seen: Option<Seen>,
    /// What it has just learnt of the lock key, and not looked at yet.
    news: Option<KeyAnswer>,
    /// The session that its tries for the lock have left.
    spare: Option<String>,
    watch: Option<Watch>,
    /// When it was last woken, and the pause that this was worth.
    woken: Option<(Instant, Duration)>,
}

/// What the last look saw, as far as a later one may differ.
struct Seen {
    instance: Instance,
    key: KeyState,
    /// What to wait behind for another registration.
    hash: Option<String>,
}

impl<'a> Pass<'a> {
    /// Asks nothing yet.
    pub fn begin(options: &'a Options, interrupt: &'a Interrupt) -> Pass<'a> {
        let token = options.token.as_ref().map(Token::secret);
        let client = Client::new(&options.agent, token, Deadline::after(options.timeout));
        let ends = Deadline::after(options.wait);
        Pass { options, interrupt, client, ends, seen: None, news: None, spare: None, watch: None, woken: None }
    }

    /// Settles what role the instance has, and says so.
    ///
    /// # Errors
    /// When the role could not be settled.
    pub fn settle(&mut self) -> Result<Role, Error> {
        let options = self.options;
        let deadline = Deadline::after(options.timeout);
        self.client = self.client.until(deadline);
        let (mut done, mut hook_error) = (Done::default(), None);
        for _ in 0..MOST_ROUNDS {
            // Where an outage is to take the tag off, looking must leave time for that: servers that hang would use up all of it.
            let onlooker = match options.on_outage {
                OnOutage::Keep => self.client.clone(),
                OnOutage::Demote => self.client.until(deadline.half()),
            };
            let Observation { view, key, trouble } = observe(&onlooker, options, done, self.news.take())?;
            self.seen = Some(Seen { instance: view.instance.clone(), key, hash: None });
            let Decision { role, actions, fault } = decide(&view, options);
            let (client, spare) = (&self.client, &mut self.spare);
            let mut work =
                Work { client, options, view: &view, deadline, spare, done: &mut done, hook_error: &mut hook_error };
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
                None if actions.is_empty() => return settled(role, fault, hook_error, options),
                None => work.carry_out(&actions)?,
            }
        }
        Err(hook_error.unwrap_or(Error::Unsettled))
    }

    /// Waits until something has changed, where it is worth to wait: `false` is the end of the pass. `status` and `line` are what it
    /// would end with now.
    ///
    /// A pass waits only when Consul already shows what it has to say, since Consul learns it only when the run ends. While the lock
    /// is in its lock-delay the pass has something to do instead, and the status is enough.
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
            return !self.is_over();
        }
        if own.output.trim_end() != line {
            return false;
        }
        self.let_go();
        self.wait_for_change(role)
    }

    /// Leaves nothing behind.
    pub fn end(mut self) {
        self.let_go();
    }

    fn is_over(&self) -> bool {
        self.ends.remaining().is_zero() || self.interrupt.has_happened()
    }

    fn own_check(&self) -> Option<&Check> {
        self.seen.as_ref().and_then(|seen| eligibility::own_check(&seen.instance, self.options))
    }

    /// Ends the session that the tries for the lock have left.
    fn let_go(&mut self) {
        if let Some(seen) = self.seen.as_ref().filter(|_| self.spare.is_some()) {
            let (client, notes) = (&self.client, &Notes::default());
            Hand { client, options: self.options, instance: &seen.instance, notes }.let_go(&mut self.spare);
        }
    }

    /// Waits for a change of what was seen last; `false` when the time is over before.
    fn wait_for_change(&mut self, role: &Role) -> bool {
        let Some(mut seen) = self.seen.take() else { return false };
        let Some(mut watch) = self.watch.take().or_else(|| self.start_watch(&seen)) else { return false };
        let follows = matches!(role, Role::SlaveOf(_));
        let registration_wait = if follows { Duration::MAX } else { LOOK_EVERY };
        let changed = loop {
            match watch.next(&seen.key.index, seen.hash.as_deref(), registration_wait, self.ends) {
                News::Key(answer) => {
                    let state = KeyState::of(answer.0.as_ref(), answer.1.clone());
                    if !state.is_same(&seen.key) {
                        self.news = Some(answer);
                        break true;
                    }
                    watch.key_told_nothing();
                    seen.key = state;
                }
                News::Registration(Some((registration, hash))) if registration.is_like(&seen.instance.registration) => {
                    // The first answer comes at once and only tells the hash.
                    let looks = seen.hash.replace(hash).is_some() && !follows;
                    if looks && !(matches!(role, Role::Master { .. }) && self.is_as_healthy_as(&seen.instance)) {
                        break true;
                    }
                }
                News::Interrupted | News::Nothing => break false,
                News::Registration(_) | News::Trouble => break true,
            }
        };
        (self.seen, self.watch) = (Some(seen), Some(watch));
        if changed && self.pace() {
            // After a pause it is news no more.
            self.news = None;
        }
        changed && !self.is_over()
    }

    fn start_watch(&self, seen: &Seen) -> Option<Watch> {
        let started = Watch::start(&self.client, self.options, seen.instance.registration.id(), self.interrupt);
        started.inspect_err(|error| debug!("no thread to wait in: {error}")).ok()
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

/// What a pass ends with that has nothing left to do.
fn settled(
    role: Option<Role>,
    fault: Option<Fault>,
    hook_error: Option<Error>,
    options: &Options,
) -> Result<Role, Error> {
    match (fault, hook_error, role) {
        (Some(fault), ..) => Err(Error::Fault { query: options.query.clone(), fault }),
        (None, Some(error), _) => Err(error),
        (None, None, Some(role)) => Ok(role),
        (None, None, None) => Err(Error::Unsettled),
    }
}

/// A part of a time, at random.
fn random_part(whole: Duration) -> Duration {
    // The standard library's hashers have random keys, which is random enough to spread tries.
    let random = RandomState::new().hash_one(Instant::now()) % 1000;
    whole * u32::try_from(random).unwrap_or_default() / 1000
}
