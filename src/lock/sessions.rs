//! The sessions of one holder: found by their name, made, and swept. Knows the lock only by the session that holds it.
//!
//! No session outlives the run that made it unless it holds the lock. A killed run may leave one; the next attempt finds it by its name
//! and uses it, so that there is never more than one spare.

use log::debug;

use super::SessionLock;
use crate::consul::{Error, Session};

impl SessionLock<'_> {
    /// A session like the wanted one: the spare that a killed run left, or a new one. All others except the lock's holder are destroyed
    /// first.
    ///
    /// # Errors
    /// When Consul could not be asked, or one of the session's checks is critical. No session is left then, as far as Consul answers.
    pub(super) fn ready_session(&self) -> Result<String, Error> {
        let mut found = self.sessions()?;
        if !found.is_empty() {
            let holder = self.holder()?;
            found.retain(|session| Some(session.id.as_str()) != holder.as_deref());
        }
        let spare = found.iter().position(|session| session.is_like(&self.wanted)).map(|at| found.remove(at));
        for session in found {
            self.client.destroy_session(self.node, &session.id)?;
        }
        if let Some(spare) = spare {
            debug!("using the session that an earlier run left");
            return Ok(spare.id);
        }
        self.client.create_session(self.node, &self.wanted).inspect_err(|error| {
            if error.may_have_happened() {
                self.sweep();
            }
        })
    }

    /// Destroys every session of this name that does not hold the lock. The next attempt finds any that cannot be destroyed now.
    ///
    /// Another pass may acquire the lock with one of them between the read of the key and the end of the session. Then the lock is lost,
    /// and that pass finds out when it observes the key again.
    pub fn sweep(&self) {
        // The holder is read last: a session that has acquired the lock since the list was read is spared.
        let swept = self.sessions().and_then(|sessions| {
            let holder = self.holder()?;
            for session in sessions {
                if Some(session.id.as_str()) != holder.as_deref() {
                    self.client.destroy_session(self.node, &session.id)?;
                }
            }
            Ok(())
        });
        if let Err(error) = swept {
            debug!("a session may be left for the next attempt: {error:#}");
        }
    }

    fn sessions(&self) -> Result<Vec<Session>, Error> {
        let mut sessions = self.client.sessions_of_node(self.node)?;
        sessions.retain(|session| session.name == self.wanted.name);
        sessions.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(sessions)
    }
}
