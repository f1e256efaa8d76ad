//! The hold of one process on a lock, by a session of its own: acquire, prove, renew, release. Must never know what the holder does with
//! the lock.

use std::time::Duration;

use crate::consul::{Client, Error, Key, NewSession};
use crate::deadline::Deadline;

/// The name that an error gives the agent's node while nobody has asked for it.
pub const THIS_NODE: &str = "NAME OF THE AGENT'S NODE";

/// A session of this process, and the key that it holds or wants to hold.
#[derive(Clone, Debug)]
pub struct Hold {
    client: Client,
    key: String,
    session: String,
}

/// What a consistent read of the key says of a hold. It was true at some moment after the read was sent.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The session holds the key, which was created at the first index, and has been acquired so many times since.
    Held(u64, u64),
    /// It does not. Holds the key as it is.
    NotHeld(Option<Key>),
}

impl Hold {
    /// Creates a session for a hold on `key`, with this limit.
    ///
    /// # Errors
    /// When Consul could not be asked, denied it, or one of the session's checks is critical.
    pub fn prepare(client: &Client, key: &str, new: &NewSession, limit: Duration) -> Result<Hold, Error> {
        let session = client.until(Deadline::after(limit)).create_session(THIS_NODE, new)?;
        Ok(Hold::of(client, key, &session))
    }

    /// Returns the hold of a session that exists.
    pub fn of(client: &Client, key: &str, session: &str) -> Hold {
        Hold { client: client.clone(), key: key.to_owned(), session: session.to_owned() }
    }

    /// Returns the session's ID.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Tries to acquire the key. `false`: another session holds it, it is in its lock-delay, or this session has ended.
    ///
    /// # Errors
    /// When Consul could not be asked. Whether it gave the lock all the same shows in a proof.
    pub fn acquire(&self, value: &[u8], limit: Duration) -> Result<bool, Error> {
        self.within(limit).acquire(&self.key, &self.session, value)
    }

    /// Tries to acquire the key if it still is as it was seen; `None`: it did not exist. `false`: as for [`Hold::acquire`], or it has changed.
    ///
    /// # Errors
    /// As for [`Hold::acquire`].
    pub fn acquire_unchanged(&self, value: &[u8], seen: Option<&Key>, limit: Duration) -> Result<bool, Error> {
        self.within(limit).acquire_unchanged(&self.key, &self.session, value, seen)
    }

    /// Replaces the value of the held key, which was changed at the index `known` last; `None`: unknown. Returns the new index; `None`: this
    /// session does not hold the key.
    ///
    /// # Errors
    /// When Consul could not be asked. The value may be written all the same, but never after a later one.
    pub fn rewrite(&self, value: &[u8], known: Option<u64>, limit: Duration) -> Result<Option<u64>, Error> {
        let client = self.within(limit);
        let rewrite = |index| client.rewrite_held(&self.key, &self.session, value, index);
        if let Some(written) = known.map(rewrite).transpose()?.flatten() {
            return Ok(Some(written));
        }
        // An earlier write may have come without an answer.
        match client.key_consistently(&self.key)?.filter(|key| key.session.as_ref() == Some(&self.session)) {
            Some(key) if known.is_some() && key.value == value => Ok(Some(key.modify_index)),
            Some(key) => rewrite(key.modify_index),
            None => Ok(None),
        }
    }

    /// Asks the servers' leader, which asks a majority, who holds the key.
    ///
    /// # Errors
    /// When there is no answer within the limit. That says nothing about the hold.
    pub fn prove(&self, limit: Duration) -> Result<Proof, Error> {
        let key = self.within(limit).key_consistently(&self.key)?;
        Ok(match key {
            Some(key) if key.session.as_ref() == Some(&self.session) => Proof::Held(key.create_index, key.lock_index),
            key => Proof::NotHeld(key),
        })
    }

    /// Renews the session, without a raft entry. `false`: it has ended.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn renew(&self, limit: Duration) -> Result<bool, Error> {
        self.within(limit).renew_session(THIS_NODE, &self.session)
    }

    /// Returns the name of the session's node; `None`: the session has ended, or the token may not read it.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn node(&self, limit: Duration) -> Result<Option<String>, Error> {
        Ok(self.within(limit).session(&self.session)?.map(|session| session.node))
    }

    /// Releases the key without lock-delay if the session still holds it, and ends the session.
    ///
    /// # Errors
    /// When Consul could not be asked. The session then ends with its TTL, and the key enters its lock-delay.
    pub fn release(&self, value: &[u8], limit: Duration) -> Result<(), Error> {
        let client = self.within(limit);
        client.release(&self.key, &self.session, value)?;
        client.destroy_session(THIS_NODE, &self.session)
    }

    /// Ends a session that does not hold the key.
    ///
    /// # Errors
    /// When Consul could not be asked. The session then ends with its TTL.
    pub fn abandon(&self, limit: Duration) -> Result<(), Error> {
        self.within(limit).destroy_session(THIS_NODE, &self.session)
    }

    fn within(&self, limit: Duration) -> Client {
        self.client.until(Deadline::after(limit))
    }
}
