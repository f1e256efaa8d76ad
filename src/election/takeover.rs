//! Takes the free lock, and the former master's tag with it. Knows how this is done, never whether.

use std::thread;

use log::{debug, info};

use super::apply::{Apply, STEP};
use super::complaint::Complaint;
use super::decide::Takeover;
use super::describe::Description;
use super::entries::{Alone, Entry};
use super::marks::{self, Mark, Marks};
use super::progress::Progress;
use super::value::{self, Holder};
use crate::consul::{self, EntryChange, Taken};

/// The largest number of candidates that an attempt waits for.
const MOST_STEPS: u32 = 4;

/// How much of Consul's words the lock's value keeps.
const MOST_WORDS: usize = 300;

impl Apply<'_> {
    /// Tries to acquire the free lock, and what changes hands with it.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn acquire(&mut self, behind: usize, takeover: &Takeover) -> Result<Progress, Complaint> {
        if self.spare.is_none() && self.gives_way_to(behind)? {
            return Ok(Progress::Overtaken);
        }
        let taken = match self.attempt(takeover) {
            Err(error) if error.is_refusal() && changes_entries(takeover) => {
                debug!("{error:#}");
                let alone = Some(Alone::Refused(format!("{error}").chars().take(MOST_WORDS).collect()));
                self.done.alone.clone_from(&alone);
                self.attempt(&Takeover { alone, ..Takeover::default() })?
            }
            outcome => outcome?,
        };
        match taken {
            Taken::All => {
                self.done.acquired = true;
                self.done.marked |= takeover.mark.is_some() && self.done.alone.is_none();
                self.strip(takeover);
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
    fn attempt(&mut self, takeover: &Takeover) -> Result<Taken, consul::Error> {
        let mut spare = self.spare.take();
        let notes = self.notes_of_others();
        let taken = self.entry(None, &Description::default()).and_then(|entry| {
            self.lock(None).acquire(&mut spare, |session| {
                let holder = Holder {
                    session: session.to_owned(),
                    alone: takeover.alone.as_ref().map(ToString::to_string),
                    ..entry
                };
                let mut changes = self.former(takeover)?;
                changes.extend(takeover.mark.as_ref().and_then(|mark| self.own(&holder, mark)));
                Ok((value::write(Some(&holder), &notes), changes))
            })
        });
        *self.spare = spare;
        taken
    }

    /// The entries of the former masters without their tags. One that its own run may write at any moment is read again: a transaction that
    /// fails for it would cost a raft entry, and more time.
    fn former(&self, takeover: &Takeover) -> Result<Vec<EntryChange>, consul::Error> {
        let mut changes = Vec::new();
        let is_named = |entry: &&Entry| takeover.from.contains(&entry.instance);
        for entry in self.view.entries.masters.iter().filter(is_named) {
            let now = if entry.may_change { self.read_again(entry)? } else { Some(entry.registration.clone()) };
            let Some(now) = now else { continue };
            changes.extend(self.without_tag(entry, &now));
        }
        Ok(changes)
    }

    fn read_again(&self, entry: &Entry) -> Result<Option<consul::Registration>, consul::Error> {
        self.client.entry(&entry.instance.node, &entry.instance.service_id)
    }

    /// The entry as a slave has it; `None` if it is that already, or has got fields that a transaction would lose.
    fn without_tag(&self, before: &Entry, now: &consul::Registration) -> Option<EntryChange> {
        let marks = Marks::from(now);
        let wanted = marks::of_former(&marks, &self.config.names);
        let same_fields = now.is_like(&before.registration.with(&marks.tags, &marks.meta));
        (wanted != marks && same_fields)
            .then(|| EntryChange { node: before.instance.node.clone(), entry: now.with(&wanted.tags, &wanted.meta) })
    }

    /// The own entry with the marks of a master.
    fn own(&self, holder: &Holder, mark: &Mark) -> Option<EntryChange> {
        let own = self.view.entries.own.as_ref()?;
        let term = (holder.session.as_str(), holder.since.as_str());
        let wanted = marks::of_master(&self.view.instance.marks, term, mark, &self.config.names, &self.config.policy);
        Some(EntryChange { node: own.instance.node.clone(), entry: own.registration.with(&wanted.tags, &wanted.meta) })
    }

    /// Takes the tags of former masters whose entries a transaction does not keep whole. There is no compare-and-set here; each entry is
    /// read just before. What fails is left to the former master's own run.
    fn strip(&self, takeover: &Takeover) {
        let is_named = |entry: &&Entry| takeover.then_from.contains(&entry.instance);
        for entry in self.view.entries.masters.iter().filter(is_named) {
            let stripped = self.read_again(entry).and_then(|now| {
                let change = now.and_then(|now| self.without_tag(entry, &now));
                change.map_or(Ok(()), |change| self.client.write_entry(&change))
            });
            match stripped {
                Ok(()) => info!("{} on {} is no longer tagged master", entry.instance.service_id, entry.instance.node),
                Err(error) => debug!("{error:#}"),
            }
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

fn changes_entries(takeover: &Takeover) -> bool {
    !takeover.from.is_empty() || takeover.mark.is_some()
}
