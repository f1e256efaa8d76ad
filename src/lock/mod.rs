//! A lock: one KV key that one session at a time holds. Acquires it, rewrites its value, moves it to another session, releases it. Knows no
//! services, no tags and no options; catalog entries that change with the lock only pass through.
//!
//! Two passes of one instance can be here at once and share a session: acquiring twice with the same session is the same as once.

mod hold;
mod sessions;

use log::info;

use crate::consul::{Client, EntryChange, Error, NewSession, Taken};

pub use hold::{Hold, Proof};

/// A lock key, and what its holder's sessions are like.
pub struct SessionLock<'a> {
    client: &'a Client,
    key: &'a str,
    node: &'a str,
    wanted: NewSession,
}

impl SessionLock<'_> {
    /// The lock `key`, held by sessions like `wanted` on `node`, the agent's own. The name of `wanted` identifies the holder.
    pub fn new<'a>(client: &'a Client, key: &'a str, node: &'a str, wanted: NewSession) -> SessionLock<'a> {
        SessionLock { client, key, node, wanted }
    }

    /// Tries to acquire the free lock. `attempt` makes from the session the key's value and the catalog entries that change with the lock.
    /// `spare` is the session that an earlier attempt left; after a failed attempt it holds the one to use for the next, or to be
    /// swept.
    ///
    /// # Errors
    /// When Consul could not be asked. Whether it gave the lock all the same shows in the key.
    pub fn acquire(
        &self,
        spare: &mut Option<String>,
        attempt: impl FnOnce(&str) -> Result<(Vec<u8>, Vec<EntryChange>), Error>,
    ) -> Result<Taken, Error> {
        // In a lock-delay Consul gives the same answer for a session that has ended. A renewal shows it, and costs no raft entry.
        let session = match spare.take() {
            Some(session) if self.renew(&session)? => session,
            _ => self.ready_session()?,
        };
        let outcome = attempt(&session).and_then(|(value, changes)| match &changes[..] {
            [] => self.rewrite(&session, &value).map(|won| if won { Taken::All } else { Taken::LockRefused }),
            changes => self.client.acquire_with(self.key, &session, &value, changes),
        });
        if !matches!(outcome, Ok(Taken::All)) {
            *spare = Some(session);
        }
        outcome
    }

    /// Replaces the value of the lock that `session` holds. `false`: it does not hold it. There is no plain write: acquiring again is
    /// the only write that does not break the lock.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn rewrite(&self, session: &str, value: &[u8]) -> Result<bool, Error> {
        self.client.acquire(self.key, session, value)
    }

    /// Renews a session. `false`: it has ended.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn renew(&self, session: &str) -> Result<bool, Error> {
        self.client.renew_session(self.node, session)
    }

    /// Moves the held lock to a session like the wanted one, in one step. The old session stays, since other things may rest on it.
    ///
    /// # Errors
    /// When Consul could not be asked. One of the two sessions holds the lock then, and the other is a spare at most.
    pub fn move_to_new_session(&self, old: &str, value: impl FnOnce(&str) -> Vec<u8>) -> Result<(), Error> {
        let new = self.ready_session()?;
        let moved = self.client.move_lock(self.key, old, &new, &value(&new));
        if !matches!(moved, Ok(true)) {
            // The lock was lost since it was read, or it is unknown whether it moved. Either shows in the key.
            self.sweep();
        }
        moved.map(drop)
    }

    /// Releases the lock without lock-delay, and destroys the session.
    ///
    /// # Errors
    /// When Consul could not be asked.
    pub fn release(&self, session: &str, value: &[u8]) -> Result<(), Error> {
        self.client.release(self.key, session, value)?;
        self.client.destroy_session(self.node, session)?;
        info!("released {}", self.key);
        Ok(())
    }

    /// The session that holds the lock.
    fn holder(&self) -> Result<Option<String>, Error> {
        Ok(self.client.key(self.key)?.and_then(|key| key.session))
    }
}
