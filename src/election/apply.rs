//! Applies a decision's actions, one after the other, up to the first that fails or is overtaken. Knows how an action is done, and never
//! why.

use std::thread;
use std::time::Duration;

use log::debug;

use super::address::address;
use super::clock::End;
use super::complaint::Complaint;
use super::config::Config;
use super::decide::{Action, HandOver};
use super::describe::{self, Description};
use super::history::Past;
use super::marks::{self, Marks, SlaveHook};
use super::model::{Done, View};
use super::outcome::Vacancy;
use super::progress::Progress;
use super::registration::Written;
use super::turn::Turn;
use super::value::{self, Failure, HandedTo, Holder, Notes, StandBack};
use super::{credible, hooks, registration, session, stand_back, succession};
use crate::consul::{self, Client};
use crate::deadline::Deadline;
use crate::lock::SessionLock;

/// What a candidate that goes first needs to acquire the lock: a session and an attempt.
pub const STEP: Duration = Duration::from_millis(25);

/// Ample for a change of a check to get from an agent to the catalog.
const MOMENT: Duration = Duration::from_millis(200);

/// What actions are applied with.
pub struct Apply<'a> {
    /// The agent.
    pub client: &'a Client,
    /// The election.
    pub config: &'a Config,
    /// What the decision was made from.
    pub view: &'a View,
    /// The time by which it must all be done.
    pub deadline: Deadline,
    /// The session that an attempt to acquire the lock left.
    pub spare: &'a mut Option<String>,
    /// What the pass has done and does not repeat.
    pub done: &'a mut Done,
    /// The right to run hooks, once it has it.
    pub turn: &'a mut Option<Turn>,
    /// An error that did not stop the remaining work; the pass ends with it.
    pub complaint: &'a mut Option<Complaint>,
}

impl Apply<'_> {
    /// Applies the actions.
    ///
    /// # Errors
    /// When Consul could not be asked, or did not do what it was asked.
    pub fn all(&mut self, actions: &[Action]) -> Result<(), Complaint> {
        for action in actions {
            let progress = match self.one(action) {
                Err(complaint) => self.stand_back(action, complaint)?,
                Ok(progress) => progress,
            };
            if progress == Progress::Overtaken {
                break;
            }
        }
        Ok(())
    }

    /// Applies what an outage asks for, as far as the agent alone can do it, and returns what it registered last. `is_sure`: the view's
    /// instance was read, and does not only follow from what this run registered.
    pub fn in_outage(&mut self, actions: &[Action], is_sure: bool) -> Option<Written> {
        let mut written = None;
        for action in actions {
            let progress = match action {
                Action::Mark(marks) => {
                    // The hook and its note need some of the time, too.
                    let soon = || self.client.until(self.deadline.half().half());
                    let (progress, sent) =
                        registration::mark_in_outage(soon, self.config, &self.view.instance, marks, is_sure);
                    written = sent;
                    if progress == Progress::Done {
                        self.changes_role(marks);
                    }
                    progress
                }
                Action::Hook(hook) => self.slave_hook(*hook),
                _ => Progress::Overtaken,
            };
            if progress == Progress::Overtaken {
                break;
            }
        }
        written
    }

    fn one(&mut self, action: &Action) -> Result<Progress, Complaint> {
        let Apply { client, config, view, deadline, .. } = *self;
        match action {
            Action::Leave(marks) => {
                if *marks != view.instance.marks {
                    let progress = registration::mark(client, config, &view.instance, marks)?;
                    if progress == Progress::Overtaken {
                        return Ok(progress);
                    }
                }
                self.done.left_as_master |= marks::say_master(&view.instance.marks, &config.names);
                self.done.left = true;
            }
            Action::Mark(marks) => {
                let progress = registration::mark(client, config, &view.instance, marks)?;
                if progress == Progress::Done {
                    self.changes_role(marks);
                }
                return Ok(progress);
            }
            Action::Resend(marks) => {
                self.done.resent = true;
                return registration::mark(client, config, &view.instance, marks);
            }
            Action::LookAgain => {
                thread::sleep(MOMENT);
                self.done.looked_again = true;
            }
            Action::ConfirmMarks(wanted) => return registration::confirm(client, config, &view.instance, wanted),
            Action::Acquire { behind, successors, takeover } => return self.acquire(*behind, successors, takeover),
            Action::Promote { session, since } => {
                if self.take_turn() == Progress::Overtaken {
                    return Ok(Progress::Overtaken);
                }
                self.done.memory.becomes_master();
                hooks::promote(client, config, view, session, deadline)?;
                self.done.memory.promoted(since);
            }
            Action::Hook(hook) => return Ok(self.slave_hook(*hook)),
            Action::Describe { session, holder, description } => {
                // A lock that was lost since it was read shows in the next observation.
                self.describe(session, holder.as_ref(), description, (&view.notes, &self.past()))?;
            }
            Action::NameSuccessors { session, holder, successors } => {
                let notes = Notes { successors: successors.clone(), ..view.notes.clone() };
                self.describe(session, Some(holder), &Description::of(Some(holder)), (&notes, &self.past()))?;
            }
            Action::HandOver { session, holder, how } => {
                self.hand_over(session, holder.as_ref(), how)?;
                self.done.handed_over = true;
            }
            Action::Renew { session } => {
                // A session that has ended shows in the next observation.
                self.done.renewed = self.lock(None).renew(session)?;
            }
            Action::Rebind { session, holder } => self.rebind(session, holder.as_ref())?,
            Action::Sweep => {
                self.lock(None).sweep();
                self.done.rebound = false;
            }
            Action::Release { session, why } => {
                // Nobody leads then, so the value keeps its notes alone, and why it is free.
                self.lock(None).release(session, &value::write(None, &view.notes, &self.left(why)))?;
            }
            Action::CreateQuery(query) => {
                self.done.query_tried = true;
                return self.query_is_written(client.create_query(query));
            }
            Action::UpdateQuery(query) => return self.query_is_written(client.update_query(query)),
        }
        Ok(Progress::Done)
    }

    fn query_is_written(&mut self, answer: Result<(), consul::Error>) -> Result<Progress, Complaint> {
        let progress = overtakable(answer)?;
        self.done.query_written |= progress == Progress::Done;
        Ok(progress)
    }

    /// Runs a slave's hook. If it fails, the lock is released all the same: an instance that cannot even be demoted must not keep others
    /// from leading.
    fn slave_hook(&mut self, hook: SlaveHook) -> Progress {
        if self.take_turn() == Progress::Overtaken {
            return Progress::Overtaken;
        }
        self.done.memory.becomes_slave();
        match hooks::slave(self.config, self.view, hook, self.deadline) {
            Ok(note) => {
                self.done.memory.ran_slave_hook(note);
                Progress::Done
            }
            Err(complaint) => {
                self.done.hook_failed = true;
                *self.complaint = Some(complaint);
                Progress::Overtaken
            }
        }
    }

    /// Waits until no other run of the instance runs hooks. After a wait, the hook may be done; so it must be observed again. A turn that is
    /// never given back must not keep the instance from its role.
    fn take_turn(&mut self) -> Progress {
        let mut progress = Progress::Done;
        while self.turn.is_none() && self.deadline.remaining() > self.deadline.limit() / 3 {
            *self.turn = Turn::take(self.config, &self.view.instance.identity);
            if self.turn.is_none() {
                progress = Progress::Overtaken;
                thread::sleep(STEP);
            }
        }
        progress
    }

    /// The hooks of one role no longer count once the instance is tagged with the other.
    fn changes_role(&mut self, marks: &Marks) {
        if marks::say_master(marks, &self.config.names) {
            self.done.memory.becomes_master();
        } else {
            self.done.memory.becomes_slave();
        }
    }

    /// The election's lock. `previous` is the holder's entry in its value.
    pub fn lock(&self, previous: Option<&Holder>) -> SessionLock<'_> {
        let Config { names, policy, .. } = self.config;
        let instance = &self.view.instance;
        let wanted = session::new(instance, previous, names, policy);
        SessionLock::new(self.client, &names.lock_key, &instance.identity.node, wanted)
    }

    fn rebind(&mut self, session: &str, holder: Option<&Holder>) -> Result<(), Complaint> {
        let entry = self.entry(holder, &Description::of(holder))?;
        let value = |session: &str| value::write(Some(&held_by(entry, session)), &self.view.notes, &self.past());
        self.lock(holder).move_to_new_session(session, value)?;
        self.done.rebound = true;
        Ok(())
    }

    fn hand_over(&self, session: &str, holder: Option<&Holder>, how: &HandOver) -> Result<(), Complaint> {
        let mut notes = self.notes_of_others();
        match how.to.clone() {
            Some(instance) => {
                notes.handed_to = Some(HandedTo { instance, end: End::after(how.length), is_over: false });
            }
            None => notes.standing_back.push(StandBack::new(&self.view.instance.identity, how.length, None)),
        }
        let reason = succession::of_hand_over(&self.view.instance.identity.node, how.reason);
        self.note(session, holder, &notes, reason)
    }

    /// A holder that cannot become master keeps others from leading. It notes that it stands back, and why; the next observation then
    /// makes it step down. Any other error is returned.
    fn stand_back(&mut self, action: &Action, complaint: Complaint) -> Result<Progress, Complaint> {
        let Some((session, holder)) = stand_back::is_due(action, &complaint, self.view, &self.config.names) else {
            return Err(complaint);
        };
        let mut notes = self.notes_of_others();
        let failure = Failure { for_good: complaint.is_permanent(), error: format!("{complaint:#}") };
        notes.standing_back.push(stand_back::note(&self.view.instance.identity, &failure));
        let reason = succession::of_failure(&self.view.instance.identity.node, &failure);
        self.note(session, holder, &notes, reason)?;
        *self.complaint = Some(Complaint::StandsBack(failure));
        Ok(Progress::Overtaken)
    }

    /// Writes notes into the value of the held lock, and that this instance gives the lead up, with everything else as it is.
    fn note(&self, session: &str, holder: Option<&Holder>, notes: &Notes, reason: String) -> Result<(), Complaint> {
        let description = Description { challenger: None, ..Description::of(holder) };
        let past = self.past().leaving(&self.view.instance.identity, reason);
        self.describe(session, holder, &description, (notes, &past))
    }

    /// What the lock's value says of the past.
    pub fn past(&self) -> Past {
        credible::past(&self.view.written)
    }

    /// The past, with a note of why this instance releases the lock. What it noted when it began to hand over says more.
    fn left(&self, why: &Vacancy) -> Past {
        let (past, own) = (self.past(), &self.view.instance.identity);
        let is_noted = past.left.as_ref().is_some_and(|left| left.instance == *own);
        if is_noted { past } else { past.leaving(own, succession::of_vacancy(&own.node, why)) }
    }

    fn describe(
        &self,
        session: &str,
        holder: Option<&Holder>,
        description: &Description,
        (notes, past): (&Notes, &Past),
    ) -> Result<(), Complaint> {
        let entry = held_by(self.entry(holder, description)?, session);
        self.lock(None).rewrite(session, &value::write(Some(&entry), notes, past))?;
        Ok(())
    }

    /// The holder's entry, without the session.
    pub fn entry(&self, previous: Option<&Holder>, description: &Description) -> Result<Holder, consul::Error> {
        let Config { names, policy, .. } = self.config;
        let instance = &self.view.instance;
        let address = address(self.client, instance)?;
        Ok(describe::holder(instance, address, previous, description, (names, policy)))
    }

    /// The notes of the other instances.
    pub fn notes_of_others(&self) -> Notes {
        self.view.notes.of_others(&self.view.instance.identity)
    }
}

fn held_by(entry: Holder, session: &str) -> Holder {
    Holder { session: session.to_owned(), ..entry }
}

/// Whether another writer was faster, by the answer to a query's write: another pass made or deleted the query, or the session that it
/// should rest on has ended. The next observation shows what to do.
fn overtakable(written: Result<(), consul::Error>) -> Result<Progress, Complaint> {
    let Err(error) = written else { return Ok(Progress::Done) };
    let overtaken = ["aliases an existing query name", "non-existent prepared query", "invalid session"];
    if overtaken.iter().any(|words| error.says(500, words)) {
        debug!("{error:#}");
        return Ok(Progress::Overtaken);
    }
    Err(error.into())
}
