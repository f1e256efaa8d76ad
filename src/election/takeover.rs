//! Takes the free lock, and the former master's tag with it. Knows how this is done, never whether.

use std::thread;
use std::time::Duration;

use log::{debug, info};

use super::apply::{Apply, STEP};
use super::complaint::Complaint;
use super::decide::Takeover;
use super::describe::Description;
use super::entries::{Alone, Entry};
use super::history::Change;
use super::identity::Identity;
use super::marks::{self, Mark, Marks};
use super::progress::Progress;
use super::successors::Successors;
use super::value::{self, Holder};
use crate::consul::{self, EntryChange, Registration, Taken};
use crate::deadline::Deadline;

/// The largest number of candidates that an attempt waits for.
const MOST_STEPS: u32 = 4;

/// How much of Consul's words the lock's value keeps.
const MOST_WORDS: usize = 300;

/// How long a new master leaves the run of a former one to tell its agent: somewhat longer than the usual second between two runs that wait.
const MOST_PATIENCE: Duration = Duration::from_millis(1_500);

/// How often it looks meanwhile: at first a waiting run is likely to need some milliseconds.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LONGEST_LOOK: Duration = Duration::from_millis(25);

/// What an attempt to acquire the lock came to.
struct Attempt {
    taken: Taken,
    session: String,
    /// The entries that went with the lock and that the former master's agent, which is alive, may write back.
    contested: Vec<EntryChange>,
    /// Whether the own tag went with the lock.
    is_marked: bool,
}

impl Apply<'_> {
    /// Tries to acquire the free lock, and what changes hands with it.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn acquire(
        &mut self,
        behind: usize,
        successors: &Successors,
        takeover: &Takeover,
    ) -> Result<Progress, Complaint> {
        if self.spare.is_none() && self.gives_way_to(behind)? {
            return Ok(Progress::Overtaken);
        }
        let alone = |alone| Takeover { alone: Some(alone), ..Takeover::default() };
        let attempt = match self.attempt(successors, takeover) {
            Err(error) if error.is_refusal() && *takeover != Takeover::default() => {
                debug!("{error:#}");
                let reason = Alone::Refused(error.to_string().chars().take(MOST_WORDS).collect());
                self.done.alone = Some(reason.clone());
                self.attempt(successors, &alone(reason))?
            }
            outcome => outcome?,
        };
        match attempt.taken {
            Taken::All => {
                self.done.acquired = true;
                self.done.marked = attempt.is_marked;
                if self.done.alone.is_none() {
                    self.outlast(takeover, &attempt.contested, &attempt.session);
                }
            }
            Taken::LockRefused => self.done.refused = true,
            Taken::EntriesChanged(_) => {
                debug!("a catalog entry changed; observing again");
                self.done.contests += 1;
                return Ok(Progress::Overtaken);
            }
        }
        Ok(Progress::Done)
    }

    /// One attempt to acquire the lock.
    fn attempt(&mut self, successors: &Successors, takeover: &Takeover) -> Result<Attempt, consul::Error> {
        let mut spare = self.spare.take();
        let notes = self.view.notes.of_new_master(&self.view.instance.identity, successors);
        let (mut used, mut contested, mut is_marked) = (String::new(), Vec::new(), false);
        let others_are_hidden = self.view.others_are_hidden;
        let description = Description { others_are_hidden, ..Description::default() };
        let taken = self.entry(None, &description).and_then(|entry| {
            self.lock(None).acquire(&mut spare, |session| {
                session.clone_into(&mut used);
                let alone = takeover.alone.as_ref().map(ToString::to_string);
                let holder = Holder { session: session.to_owned(), alone, ..entry };
                let mut changes;
                (changes, contested) = self.former(takeover, session)?;
                if let Some(mark) = takeover.mark.as_ref().filter(|_| contested.is_empty() && !self.must_wait(takeover))
                {
                    changes.extend(self.own(&holder, mark));
                    is_marked = true;
                }
                let change = Change {
                    term: self.view.term + 1,
                    node: holder.instance.node.clone(),
                    since: holder.since.clone(),
                    reason: self.view.vacated.clone().unwrap_or_default(),
                };
                Ok((value::write(Some(&holder), &notes, &self.past().with(change)), changes))
            })
        });
        *self.spare = spare;
        Ok(Attempt { taken: taken?, session: used, contested, is_marked })
    }

    /// Whether the own tag waits for the agent of a former master that is alive. Only a run that waits tells its agent at once, so only
    /// among such runs is that worth it; without, the lock-delay is there for it.
    fn is_patient(&self) -> bool {
        !self.config.wait.length.is_zero()
    }

    /// Whether a former master is alive whose tag does not go with the lock.
    fn must_wait(&self, takeover: &Takeover) -> bool {
        self.is_patient() && self.named(&takeover.then_from).any(|entry| entry.may_change)
    }

    /// The entries of the former masters without their tags, and those of them whose agents must be outlasted. An entry of a node that is
    /// alive is read again: its own run may just have written it, and a transaction that fails for it would cost a raft entry, and more
    /// time.
    fn former(
        &self,
        takeover: &Takeover,
        session: &str,
    ) -> Result<(Vec<EntryChange>, Vec<EntryChange>), consul::Error> {
        let (mut changes, mut contested) = (Vec::new(), Vec::new());
        for entry in self.named(&takeover.from) {
            let now = if entry.may_change { self.read(entry)? } else { Some(entry.registration.clone()) };
            let change = now.and_then(|now| self.without_tag(&entry.instance.node, &now));
            let is_contested = entry.may_change && self.is_patient();
            let change = change.map(|change| if is_contested { self.noted(change, session) } else { change });
            // It may have got fields that a transaction would lose.
            let change =
                change.filter(|change| change.survives_transaction(self.view.entries.agent_version.as_deref()));
            contested.extend(change.clone().filter(|_| is_contested));
            changes.extend(change);
        }
        Ok((changes, contested))
    }

    fn named<'b>(&'b self, instances: &'b [Identity]) -> impl Iterator<Item = &'b Entry> {
        self.view.entries.masters.iter().filter(|entry| instances.contains(&entry.instance))
    }

    fn read(&self, entry: &Entry) -> Result<Option<Registration>, consul::Error> {
        self.client.entry(&entry.instance.node, &entry.instance.service_id)
    }

    /// The entry as a slave has it; `None` if it is that already.
    fn without_tag(&self, node: &str, now: &Registration) -> Option<EntryChange> {
        let marks = Marks::from(now);
        let wanted = marks::of_former(&marks, &self.config.names);
        let entry = now.with(&wanted.tags, &wanted.meta);
        (wanted != marks).then(|| EntryChange { node: node.to_owned(), entry })
    }

    /// The change with the note that the entry's agent does not know of it.
    fn noted(&self, change: EntryChange, session: &str) -> EntryChange {
        let marks = marks::with_taken(Marks::from(&change.entry), session, &self.config.names);
        EntryChange { entry: change.entry.with(&marks.tags, &marks.meta), ..change }
    }

    /// The own entry with the marks of a master.
    fn own(&self, holder: &Holder, mark: &Mark) -> Option<EntryChange> {
        let own = self.view.entries.own.as_ref()?;
        let term = (holder.session.as_str(), holder.since.as_str());
        let wanted = marks::of_master(&self.view.instance.marks, term, mark, &self.config.names, &self.config.policy);
        let entry = own.registration.with(&wanted.tags, &wanted.meta);
        Some(EntryChange { node: own.instance.node.clone(), entry })
    }

    /// Waits until the former masters that are alive have told their agents, which would otherwise write the old tags back with the next
    /// change of a check, and takes the tags that did not go with the lock. What fails is left to the former master's own run.
    fn outlast(&self, takeover: &Takeover, contested: &[EntryChange], session: &str) {
        let patience = Deadline::after(MOST_PATIENCE.min(self.deadline.remaining() / 2));
        let untouched = contested.iter().try_for_each(|change| self.outlast_agent(change, session, patience));
        let taken = untouched.and_then(|()| {
            self.named(&takeover.then_from).try_for_each(|entry| self.take_whole(entry, session, patience))
        });
        if let Err(error) = taken {
            debug!("{error:#}");
        }
    }

    /// Waits until the agent writes an entry that went with the lock, without the tag. An old tag that it writes back is taken again.
    fn outlast_agent(&self, change: &EntryChange, session: &str, patience: Deadline) -> Result<(), consul::Error> {
        let mut pause = FIRST_LOOK;
        loop {
            let EntryChange { node, entry } = change;
            let Some(now) = self.client.entry(node, entry.id())? else { return Ok(()) };
            if let Some(again) = self.without_tag(node, &now) {
                // If it has changed once more, the next look shows it. If the lock is lost, the tag may be right.
                self.client.change_entry_under(&self.config.names.lock_key, session, &self.noted(again, session))?;
            } else if !marks::is_taken(&Marks::from(&now), &self.config.names) {
                return Ok(());
            }
            if !waits(&mut pause, patience) {
                return Ok(());
            }
        }
    }

    /// Takes the tag from an entry that a transaction does not keep whole. The write has no compare-and-set, so a former master that is alive
    /// comes first.
    fn take_whole(&self, entry: &Entry, session: &str, patience: Deadline) -> Result<(), consul::Error> {
        let mut pause = FIRST_LOOK;
        loop {
            let change = self.read(entry)?.and_then(|now| self.without_tag(&entry.instance.node, &now));
            let Some(change) = change else { return Ok(()) };
            if entry.may_change && self.is_patient() && waits(&mut pause, patience) {
                continue;
            }
            let key = self.client.key(&self.config.names.lock_key)?;
            if key.is_some_and(|key| key.session.as_deref() == Some(session)) {
                self.client.write_entry(&change)?;
                info!("took the tag from {} on {}", entry.instance.service_id, entry.instance.node);
            }
            return Ok(());
        }
    }

    /// Leaves the candidates that go first the time to acquire the lock, and returns whether one has.
    fn gives_way_to(&self, others: usize) -> Result<bool, consul::Error> {
        if others == 0 {
            return Ok(false);
        }
        let steps = u32::try_from(others).unwrap_or(MOST_STEPS).min(MOST_STEPS);
        thread::sleep(STEP * steps);
        Ok(self.client.key(&self.config.names.lock_key)?.is_some_and(|key| key.session.is_some()))
    }
}

/// Waits a little, longer each time; `false`: there is no time left.
fn waits(pause: &mut Duration, until: Deadline) -> bool {
    if until.remaining().is_zero() {
        return false;
    }
    thread::sleep((*pause).min(until.remaining()));
    *pause = (*pause * 2).min(LONGEST_LOOK);
    true
}
