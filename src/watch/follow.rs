//! Follows an election: puts the answers together, and asks DNS when the leader changes.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use super::event::{Event, What, is_named, of_candidates, of_lead};
use super::name::{Change, Name};
use super::questions::{News, start};
use crate::consul::{Client, Instances, Key, Session};
use crate::deadline::Deadline;
use crate::dns::Target;
use crate::duration;
use crate::election::{Names, Policy, credible_holder, named_by};
use crate::info::{Asked, CandidateInfo, Info, LeaderInfo, Missing, Resolver, view};
use crate::interrupt::Interrupt;
use crate::text::one_line;

/// How long a line about a new leader waits for DNS, and how often it asks meanwhile. Its query is some milliseconds younger than its lock.
const DNS_PATIENCE: Duration = Duration::from_millis(25);
const DNS_PAUSE: Duration = Duration::from_millis(4);

/// The longest wait for news.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long a line about a lost lead waits for the check that ended it, which the other query may show a moment later.
const REASON_PATIENCE: Duration = Duration::from_millis(20);

/// The most time of the question whose a session is.
const SESSION_PATIENCE: Duration = Duration::from_secs(2);

/// What following came to.
pub enum Step {
    /// Something has changed.
    Event(Box<Event>),
    /// The time is over.
    TimeIsOver,
    /// The interrupt has happened.
    Interrupted,
}

/// What is known of the lock key.
enum Lock {
    Unknown,
    Known(Option<Key>),
}

/// A leader whose line waits for DNS.
struct New {
    leader: LeaderInfo,
    gap: Option<Duration>,
    is_first: bool,
    /// When its lock was seen.
    at: Instant,
}

/// An election that is followed.
pub struct Follower<'a> {
    client: Client,
    names: Names,
    policy: &'a Policy,
    resolver: Resolver,
    news: Receiver<(Instant, News)>,
    interrupt: Interrupt,
    lock: Lock,
    instances: Option<Instances>,
    /// The last look.
    last: Option<Info>,
    /// When the lead was lost.
    lost: Option<Instant>,
    /// The leader whose line is still to come.
    new: Option<New>,
    /// Whether DNS names the leader.
    name: Name,
    is_silent: bool,
    events: VecDeque<Event>,
}

impl<'a> Follower<'a> {
    /// Begins to follow an election.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        client: &Client,
        names: &Names,
        policy: &'a Policy,
        resolver: Resolver,
        interrupt: &Interrupt,
    ) -> std::io::Result<Follower<'a>> {
        let news = start(client, &names.lock_key, &names.service, interrupt)?;
        Ok(Follower {
            client: client.clone(),
            names: names.clone(),
            policy,
            resolver,
            news,
            interrupt: interrupt.clone(),
            lock: Lock::Unknown,
            instances: None,
            last: None,
            lost: None,
            new: None,
            name: Name::Unasked,
            is_silent: false,
            events: VecDeque::new(),
        })
    }

    /// Waits for the next change; `limit`: `None` for ever.
    pub fn next(&mut self, limit: Option<Deadline>) -> Step {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Step::Event(Box::new(event));
            }
            if self.interrupt.has_happened() {
                return Step::Interrupted;
            }
            self.name_new_leader();
            if !self.events.is_empty() {
                continue;
            }
            let left = limit.map(|limit| limit.remaining());
            if left.is_some_and(|left| left.is_zero()) {
                // A watch that has learned nothing says so.
                let knows = self.last.is_some() || std::mem::replace(&mut self.is_silent, true);
                if let Some(limit) = limit.filter(|_| !knows) {
                    let words = format!("no answer about the election within {}", duration::rounded(limit.limit()));
                    self.tell(What::Silent { error: Missing::because(words) });
                    continue;
                }
                return Step::TimeIsOver;
            }
            let until_dns = self.name.next().map(|next| next.saturating_duration_since(Instant::now()));
            let pause = self.new.as_ref().map(|_| DNS_PAUSE);
            let wait = [left, until_dns, pause].into_iter().flatten().min().unwrap_or(LONGEST_WAIT);
            match self.news.recv_timeout(wait) {
                // Without the threads, the process has panicked.
                Ok((_, News::Interrupted)) | Err(RecvTimeoutError::Disconnected) => return Step::Interrupted,
                Ok((at, news)) => self.learn(at, news),
                Err(RecvTimeoutError::Timeout) => self.ask_dns_again(),
            }
        }
    }

    fn learn(&mut self, at: Instant, news: News) {
        let of_lock = matches!(news, News::Lock(_));
        match news {
            News::Lock(key) => {
                if let Some(key) = &key {
                    self.names = named_by(&self.names, key);
                }
                self.lock = Lock::Known(key);
            }
            News::Instances(instances) => self.instances = Some(instances),
            News::Failed(error) => {
                if !std::mem::replace(&mut self.is_silent, true) {
                    self.tell(What::Silent { error: Missing::from(error) });
                }
                return;
            }
            News::Interrupted => return,
        }
        if std::mem::take(&mut self.is_silent) {
            self.tell(What::Answers);
        }
        let is_free = matches!(&self.lock, Lock::Known(key) if key.as_ref().is_none_or(|key| key.session.is_none()));
        if of_lock && is_free && self.seems_able_to_lead() {
            let client = self.client.until(Deadline::after(REASON_PATIENCE));
            if let Ok(instances) = client.instances_everywhere(&self.names.service) {
                self.instances = Some(instances);
            }
        }
        self.look(at);
    }

    /// Whether nothing that is known yet shows why the last leader has lost the lock.
    fn seems_able_to_lead(&self) -> bool {
        let Some(Info { leader: Some(leader), candidates, .. }) = &self.last else { return false };
        let is_it = |one: &&CandidateInfo| {
            Some(&one.node) == leader.node.as_ref() && Some(&one.service_id) == leader.service_id.as_ref()
        };
        candidates.iter().find(is_it).is_none_or(|one| one.can_lead)
    }

    fn look(&mut self, at: Instant) {
        let (Lock::Known(lock), Some(instances)) = (&self.lock, &self.instances) else { return };
        let unknown = || Missing::default();
        let session = self.session(lock.as_ref());
        let asked = Asked {
            names: self.names.clone(),
            lock: Ok(lock.clone()),
            session,
            instances: Ok(instances.clone()),
            found: Err(unknown()),
            query: Err(unknown()),
            dns_name: self.resolver.name(&self.names),
            dns: Err(unknown()),
            stale: None,
            now: SystemTime::now(),
        };
        let now = view(&asked, self.policy);
        let mut changes = of_lead(self.last.as_ref(), &now);
        if let Some(before) = &self.last {
            // What the instances show is the cause as a rule, and so comes first.
            changes.splice(0..0, of_candidates(before, &now));
        }
        self.last = Some(now);
        for what in changes {
            match what {
                What::Leads { leader, is_first, .. } => {
                    let gap = self.lost.take().filter(|lost| *lost < at).map(|lost| at - lost);
                    self.new = Some(New { leader, gap, is_first, at });
                }
                What::Lost { .. } => {
                    self.tell_new_leader(Some(false));
                    (self.lost, self.name) = (Some(at), Name::Unasked);
                    self.tell(what);
                }
                _ => self.tell(what),
            }
        }
    }

    /// Asks whose the lock's session is, where its value does not say it.
    fn session(&self, lock: Option<&Key>) -> Option<Session> {
        let key = lock?;
        let session = key.session.as_ref()?;
        let is_described = credible_holder(&key.value).is_some_and(|holder| holder.session == *session);
        if is_described {
            return None;
        }
        self.client.until(Deadline::after(SESSION_PATIENCE)).session(session).ok().flatten()
    }

    /// Asks whether DNS names the new leader, and tells of it once it does, or once that has taken too long.
    fn name_new_leader(&mut self) {
        let Some(until) = self.new.as_ref().map(|new| new.at + DNS_PATIENCE) else { return };
        let agrees = self.ask_dns(until.saturating_duration_since(Instant::now())).map(|(agrees, _)| agrees);
        if agrees != Some(false) || Instant::now() + DNS_PAUSE > until {
            self.tell_new_leader(agrees);
        }
    }

    fn tell_new_leader(&mut self, dns_agrees: Option<bool>) {
        let Some(New { leader, gap, is_first, at }) = self.new.take() else { return };
        let can_ask = self.resolver.can_ask();
        self.name = if can_ask { Name::of_new(dns_agrees, at, Instant::now()) } else { Name::Unasked };
        self.tell(What::Leads { leader, gap, dns_agrees, is_first });
    }

    /// Asks DNS for the leader's name. Returns whether that is the leader, and the answers; `None`: it cannot be asked.
    fn ask_dns(&self, limit: Duration) -> Option<(bool, Vec<Target>)> {
        let leader = self.last.as_ref().and_then(|last| last.leader.as_ref())?;
        let answers = self.resolver.ask(&self.names, limit.max(DNS_PAUSE)).ok()?;
        Some((is_named(&answers, leader), answers))
    }

    fn ask_dns_again(&mut self) {
        if self.name.next().is_none_or(|next| Instant::now() < next) {
            return;
        }
        let Some(leader) = self.last.as_ref().and_then(|last| last.leader.clone()) else { return };
        let answer = self.ask_dns(DNS_PATIENCE);
        match self.name.learn(answer.as_ref().map(|(agrees, _)| *agrees), Instant::now()) {
            Change::None => {}
            Change::Lost => {
                let answers = answer.map(|(_, answers)| answers).unwrap_or_default();
                let answers = answers.iter().map(|answer| one_line(&answer.to_string())).collect();
                self.tell(What::DnsLost { leader, answers });
            }
            Change::Found { after, is_again } => self.tell(What::DnsAgrees { leader, after, is_again }),
        }
    }

    fn tell(&mut self, what: What) {
        self.events.push_back(Event { time: SystemTime::now(), what });
    }
}
