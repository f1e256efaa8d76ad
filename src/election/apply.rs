//! Carries out what was decided, one action after the other, up to the first that fails or is overtaken. Knows how an action is
//! done and never why.

use std::thread;
use std::time::{Duration, SystemTime};

use log::{debug, info};

use super::decide::Action;
use super::lock::{Hand, Standing};
use super::marks::{self, Marks};
use super::value::{Failure, HandedTo, Holder, Notes, StandingBack, timestamp};
use super::view::{Done, Instance, Lock, Query, View};
use super::{hooks, sessions};
use crate::consul::{self, Client};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::options::Options;
use crate::report;

/// How long an instance stands back that won the lock and could not become master: time for another to lead, and not so long that
/// who has set right what was wrong waits for it.
const FAILED_FOR: Duration = Duration::from_secs(15);

/// What an instance that goes first needs to take the lock: a session and an attempt.
const STEP: Duration = Duration::from_millis(15);

/// However many there are, nobody waits for more than this many.
const MOST_STEPS: u32 = 4;

/// What actions are carried out with.
pub struct Work<'a> {
    /// The agent.
    pub client: &'a Client,
    /// The election.
    pub options: &'a Options,
    /// What the decision was made from.
    pub view: &'a View,
    /// By when it all has to be done.
    pub deadline: Deadline,
    /// The session that a try for the lock has left.
    pub spare: &'a mut Option<String>,
    /// What the pass has done and is not to do again.
    pub done: &'a mut Done,
    /// What went wrong and kept the work from nothing else; the pass ends with it.
    pub trouble: &'a mut Option<Error>,
}

/// How an action that did not fail went.
#[derive(PartialEq)]
enum Outcome {
    /// It is done, or no longer needed.
    Done,
    /// What it rests on has changed since it was seen: it was not done, and what follows it is not to be done either.
    Overtaken,
}

impl Work<'_> {
    /// Applies the actions.
    ///
    /// # Errors
    /// When Consul could not be asked, or did not do what it was asked.
    pub fn carry_out(&mut self, actions: &[Action]) -> Result<(), Error> {
        for action in actions {
            let outcome = match self.apply(action) {
                Err(error) => self.stand_back(action, error)?,
                Ok(outcome) => outcome,
            };
            if outcome == Outcome::Overtaken {
                break;
            }
        }
        Ok(())
    }

    /// Does what an outage asks for, as far as the agent can by itself.
    pub fn sit_out(&mut self, actions: &[Action]) {
        for action in actions {
            if let Err(error) = self.apply(action) {
                // An agent that cannot reach its servers takes the tags before it has tried, and then has nothing good to say.
                debug!("in the outage: {error}");
            }
        }
    }

    fn hand(&self) -> Hand<'_> {
        let View { instance, notes, .. } = self.view;
        Hand { client: self.client, options: self.options, instance, notes }
    }

    fn apply(&mut self, action: &Action) -> Result<Outcome, Error> {
        match action {
            Action::Mark(marks) => return self.mark(marks),
            Action::ConfirmMarks(wanted) => return self.confirm(wanted),
            Action::Campaign { behind } => {
                if self.spare.is_none() && self.gives_way_to(*behind)? {
                    return Ok(Outcome::Overtaken);
                }
                let mut spare = self.spare.take();
                let won = self.hand().campaign(&mut spare);
                *self.spare = spare;
                self.done.refused |= !won?;
            }
            Action::Promote { session } => {
                hooks::promote(self.client, self.view, session, self.options, self.deadline)?;
            }
            Action::Hook(hook) => {
                if let Err(error) = hooks::slave(self.client, self.view, *hook, self.options, self.deadline) {
                    // The lock is given up all the same: an instance that cannot even be demoted must not keep others from leading.
                    self.done.hook_failed = true;
                    *self.trouble = Some(error);
                    return Ok(Outcome::Overtaken);
                }
            }
            Action::Describe { session, holder, standing } => {
                // A lock that was lost since it was read is seen by the next look at it.
                self.hand().describe(session, holder.as_ref(), standing)?;
            }
            Action::HandOver { session, holder, how } => {
                let mut notes = self.notes_of_others();
                match how.to.clone() {
                    Some((node, service_id)) => {
                        let (until, seconds) = (timestamp(SystemTime::now() + how.length), how.length.as_secs());
                        notes.handed_to = Some(HandedTo { node, service_id, until, seconds });
                    }
                    None => notes.standing_back.push(self.standing_back(how.length, None)),
                }
                self.note(session, holder.as_ref(), &notes)?;
            }
            Action::Renew { session } => {
                // A session that has ended is seen by the next look at the lock.
                self.done.renewed = self.client.renew_session(&self.view.instance.node, session)?;
            }
            Action::Rebind { session, holder } => {
                self.hand().rebind(session, holder.as_ref())?;
                self.done.rebound = true;
            }
            Action::Sweep => {
                sessions::sweep(self.client, self.options, &self.view.instance);
                self.done.rebound = false;
            }
            Action::Release { session } => self.hand().release(session)?,
            Action::CreateQuery(query) => return Self::overtakable(self.client.create_query(query)),
            Action::UpdateQuery(query) => return Self::overtakable(self.client.update_query(query)),
        }
        Ok(Outcome::Done)
    }

    /// Leaves those who go first the time to take the lock, and says whether one has.
    fn gives_way_to(&self, others: usize) -> Result<bool, Error> {
        if others == 0 {
            return Ok(false);
        }
        let steps = u32::try_from(others).unwrap_or(MOST_STEPS).min(MOST_STEPS);
        thread::sleep(STEP * steps);
        Ok(self.client.key(&self.options.lock_key)?.is_some_and(|key| key.session.is_some()))
    }

    /// Tells from the answer to a query's write whether someone else was faster: another pass made or ended the query, or the
    /// session that it was to rest on has ended. The next look tells what to do.
    fn overtakable(written: Result<(), consul::Error>) -> Result<Outcome, Error> {
        match written {
            Ok(()) => Ok(Outcome::Done),
            Err(error) => {
                let overtaken = ["aliases an existing query name", "non-existent prepared query", "invalid session"];
                if overtaken.iter().any(|words| error.says(500, words)) {
                    debug!("{error}");
                    return Ok(Outcome::Overtaken);
                }
                Err(error.into())
            }
        }
    }

    /// Registers the instance with other marks, unless someone else has registered or deregistered it since it was observed. The
    /// agent knows no compare-and-set, so the last look is taken just before: what remains is the time between two requests to it.
    fn mark(&self, marks: &Marks) -> Result<Outcome, Error> {
        let registration = &self.view.instance.registration;
        let id = registration.id();
        let now = self.client.instance(&self.options.service, id)?;
        if now.is_none_or(|now| now.registration != *registration) {
            debug!("the registration of {id} changed; looking again");
            return Ok(Outcome::Overtaken);
        }
        self.client.register(&registration.with(&marks.tags, &marks.meta)).map_err(|error| {
            if error.says(400, "cannot contain more than") {
                Error::MetaFull { id: id.to_owned(), keys: marks.meta.len() }
            } else {
                error.into()
            }
        })?;
        info!("tagged {id}: {}", marks.tags.join(", "));
        Ok(Outcome::Done)
    }

    /// Reads the catalog back. Where the token may not read the node there is nothing to be seen, and no reason to doubt.
    /// Where someone has registered the instance anew since, the catalog is right to differ, and the next look tells.
    fn confirm(&self, wanted: &Marks) -> Result<Outcome, Error> {
        let Instance { node, registration, .. } = &self.view.instance;
        let id = registration.id();
        let found = match self.client.catalog_node(node, id)?.and_then(|node| node.instance).map(Marks::from) {
            Some(found) if found != *wanted => found,
            _ => return Ok(Outcome::Done),
        };
        let now = self.client.instance(&self.options.service, id)?;
        if now.is_none_or(|now| !now.registration.matches(registration, &wanted.tags, &wanted.meta)) {
            return Ok(Outcome::Overtaken);
        }
        if marks::say_master(wanted, self.options) {
            // The agent is not to believe what the catalog does not have, or the next pass would believe it too and report a master.
            if let Err(error) = self.client.register(&registration.with(&found.tags, &found.meta)) {
                debug!("the agent keeps its tags: {error:#}");
            }
        }
        Err(Error::TagNotInCatalog { id: id.to_owned(), wanted: words(wanted, &found), found: words(&found, wanted) })
    }

    /// A holder of the lock that cannot become master keeps others from leading. It notes that it stands back, and why, and the next
    /// looks take it down. Any other error is given back.
    fn stand_back(&mut self, action: &Action, error: Error) -> Result<Outcome, Error> {
        let denied = matches!(&error, Error::Consul(error) if error.is_denied());
        let cannot_lead = match action {
            Action::Promote { .. } => true,
            // Refused for good: denied, or with no room left in Meta.
            Action::Mark(marks) => {
                (denied || matches!(error, Error::MetaFull { .. })) && marks::say_master(marks, self.options)
            }
            Action::CreateQuery(_) => denied,
            // A query that is fenced for another session leads to nobody.
            Action::UpdateQuery(_) => {
                let key = marks::session_key(self.options);
                denied && matches!(&self.view.query, Query::Found(found) if found.asks_for_meta(&key))
            }
            _ => false,
        };
        let Lock::Mine { session, holder } = &self.view.lock else { return Err(error) };
        if !cannot_lead {
            return Err(error);
        }
        info!("{error}; leaving the lock to others for {}", crate::duration::format(FAILED_FOR));
        let failure = Failure { for_good: report::is_for_good(&error), error: error.to_string() };
        let mut notes = self.notes_of_others();
        notes.standing_back.push(self.standing_back(FAILED_FOR, Some(failure)));
        self.note(session, holder.as_ref(), &notes)?;
        *self.trouble = Some(error);
        Ok(Outcome::Overtaken)
    }

    /// Writes notes into the value of the held lock, all else in it as it is.
    fn note(&self, session: &str, holder: Option<&Holder>, notes: &Notes) -> Result<(), Error> {
        let standing = Standing { promoted: holder.is_some_and(|holder| holder.promoted), challenger: None };
        Hand { notes, ..self.hand() }.describe(session, holder, &standing)?;
        Ok(())
    }

    fn notes_of_others(&self) -> Notes {
        let instance = &self.view.instance;
        self.view.notes.of_others(&instance.node, instance.registration.id())
    }

    fn standing_back(&self, length: Duration, failure: Option<Failure>) -> StandingBack {
        let Instance { node, registration, .. } = &self.view.instance;
        let (until, seconds) = (timestamp(SystemTime::now() + length), length.as_secs());
        let (node, service_id) = (node.clone(), registration.id().to_owned());
        StandingBack { node, service_id, until, seconds, failure, is_over: false }
    }
}

/// Tags, and where these are the same, what of Meta is not, as words for people.
fn words(marks: &Marks, other: &Marks) -> Vec<String> {
    let same_tags = marks.tags == other.tags;
    let differs = |(key, value): &(&String, &String)| same_tags && other.meta.get(*key) != Some(*value);
    let meta = marks.meta.iter().filter(differs).map(|(key, value)| format!("{key}={value}"));
    marks.tags.iter().cloned().chain(meta).collect()
}
