//! The lock in this instance's hands: trying for it, saying in its value who holds it, moving it to a better session, giving it up.
//! Knows no tags and no query.
//!
//! Two passes of one instance can be here at once, and then share a session: acquiring twice with the same one is the same as once.

use std::time::{Duration, SystemTime};

use log::info;

use super::eligibility::{bound_checks, own_check};
use super::sessions;
use super::value::{self, Challenger, Holder, Notes};
use super::view::Instance;
use crate::consul::{Client, Error};
use crate::options::Options;

/// The lock of an election and the instance whose hands it is in.
#[derive(Clone, Copy)]
pub struct Hand<'a> {
    /// The agent to ask.
    pub client: &'a Client,
    /// The election.
    pub options: &'a Options,
    /// The instance.
    pub instance: &'a Instance,
    /// What the lock's value notes beside its holder.
    pub notes: &'a Notes,
}

/// What the lock's value is to say that follows from the decision alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether the promote hook is done.
    pub promoted: bool,
    /// Node, service ID and index of the checks of the instance that may get the lead.
    pub challenger: Option<(String, String, u64)>,
}

impl Hand<'_> {
    /// Tries for the free lock and says whether this instance has it now. `spare` is the session that an earlier try of this pass
    /// left; the one that this try leaves is put there, for the next try or for [`Hand::let_go`].
    ///
    /// # Errors
    /// When Consul could not be asked. Where it may have given the lock all the same, the next look at the key tells.
    pub fn campaign(&self, spare: &mut Option<String>) -> Result<bool, Error> {
        // During a lock-delay Consul says the same of a session that has ended; renewing one tells, and costs no raft entry.
        let session = match spare.take() {
            Some(session) if self.client.renew_session(&self.instance.node, &session)? => session,
            _ => sessions::ready(self.client, self.options, self.instance, None)?,
        };
        let notes = self.notes.of_others(&self.instance.node, self.instance.registration.id());
        let outcome = Hand { notes: &notes, ..*self }.describe(&session, None, &Standing::default());
        if !matches!(outcome, Ok(true)) {
            *spare = Some(session);
        }
        outcome
    }

    /// Ends the session that the tries for the lock have left, if it does not hold the lock after all.
    pub fn let_go(&self, spare: &mut Option<String>) {
        if spare.take().is_some() {
            sessions::sweep(self.client, self.options, self.instance);
        }
    }

    /// Acquires the lock with `session`, whether it holds it already or not, and writes into its value what that should say of this
    /// instance. `previous` is what it says now. `false`: the lock is not to be had.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn describe(&self, session: &str, previous: Option<&Holder>, standing: &Standing) -> Result<bool, Error> {
        let holder = self.holder(session, previous, standing)?;
        self.client.acquire(&self.options.lock_key, session, &value::write(Some(&holder), self.notes))
    }

    /// Moves the held lock to a session that is bound to the checks as they are now, in one step. The old one is left, for the
    /// prepared query may rest on it.
    ///
    /// # Errors
    /// When Consul could not be asked. One of the two sessions holds the lock then, and the other is a spare at most.
    pub fn rebind(&self, old: &str, previous: Option<&Holder>) -> Result<(), Error> {
        let known = previous.and_then(|previous| previous.check_id.as_deref());
        let new = sessions::ready(self.client, self.options, self.instance, known)?;
        let challenger = previous.and_then(|previous| previous.challenger.as_ref());
        let standing = Standing {
            promoted: previous.is_some_and(|previous| previous.promoted),
            challenger: challenger.map(|seen| (seen.node.clone(), seen.service_id.clone(), seen.checks_index)),
        };
        let moved = self.holder(&new, previous, &standing).and_then(|holder| {
            let value = value::write(Some(&holder), self.notes);
            self.client.move_lock(&self.options.lock_key, old, &new, &value)
        });
        if !matches!(moved, Ok(true)) {
            // The lock was lost since it was read, which the next look at it tells, or nobody knows whether it was moved.
            sessions::sweep(self.client, self.options, self.instance);
        }
        moved.map(drop)
    }

    /// Gives the lock up without lock-delay, and the session with it. The value keeps its notes alone: nobody leads.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn release(&self, session: &str) -> Result<(), Error> {
        let key = &self.options.lock_key;
        self.client.release(key, session, &value::write(None, self.notes))?;
        self.client.destroy_session(&self.instance.node, session)?;
        info!("released {key}");
        Ok(())
    }

    /// What the lock's value is to say of this instance.
    fn holder(&self, session: &str, previous: Option<&Holder>, standing: &Standing) -> Result<Holder, Error> {
        let (instance, now) = (self.instance, SystemTime::now());
        let address = address(self.client, instance)?;
        let known = previous.and_then(|previous| previous.check_id.clone());
        let since = previous.map(|previous| previous.since.clone()).filter(|since| !since.is_empty());
        let seen = previous.and_then(|previous| previous.challenger.as_ref());
        let challenger = standing.challenger.clone().map(|(node, service_id, checks_index)| {
            let same = seen
                .filter(|seen| (&seen.node, &seen.service_id, seen.checks_index) == (&node, &service_id, checks_index));
            let since = same.map_or_else(|| value::timestamp(now), |seen| seen.since.clone());
            Challenger { node, service_id, checks_index, since }
        });
        Ok(Holder {
            node: instance.node.clone(),
            service_id: instance.registration.id().to_owned(),
            address,
            port: instance.registration.port(),
            session: session.to_owned(),
            election: self.options.query.clone(),
            since: since.unwrap_or_else(|| value::timestamp(now)),
            checks: bound_checks(instance, known.as_deref(), self.options),
            ttl: self.options.ttl.unwrap_or(Duration::ZERO).as_secs(),
            check_id: own_check(instance, self.options).map(|check| check.id.clone()).or(known),
            promoted: standing.promoted,
            challenger,
        })
    }
}

/// Where the instance is to be reached: the registered address, or its node's, which is asked for where no answer has told it by the way.
/// Empty where the token may not read the node.
///
/// # Errors
/// When Consul could not be asked.
pub fn address(client: &Client, instance: &Instance) -> Result<String, Error> {
    let registered = instance.registration.address();
    if !registered.is_empty() {
        return Ok(registered.to_owned());
    }
    if let Some(address) = &instance.node_address {
        return Ok(address.clone());
    }
    let found = client.catalog_node(&instance.node, instance.registration.id())?;
    Ok(found.map(|node| node.address).unwrap_or_default())
}
