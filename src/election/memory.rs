//! What a run remembers of the hooks that are done. Plain data; runs nothing, and asks nothing.
//!
//! The notes in Consul can be lost in the middle of a run: a reload of the agent wipes the Meta of an instance that a file defines, and a hook
//! may be what reloads it. The memory ends with the run; the notes are what the next run knows.

/// The hooks that a run knows to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The term that the instance was promoted for, named by its beginning.
    promoted: Option<String>,
    /// The note of the last slave's hook.
    slave: Option<String>,
}

impl Memory {
    /// Whether the instance was promoted for the term that began at this time.
    pub fn is_promoted(&self, since: &str) -> bool {
        self.promoted.as_deref() == Some(since)
    }

    /// The note of the last slave's hook.
    pub fn slave_hook(&self) -> Option<&str> {
        self.slave.as_deref()
    }

    /// Remembers that the instance was promoted for a term.
    pub fn promoted(&mut self, since: &str) {
        self.promoted = Some(since.to_owned());
    }

    /// Remembers a slave's hook by its note.
    pub fn ran_slave_hook(&mut self, note: String) {
        self.slave = Some(note);
    }

    /// Remembers the note of a slave's hook that Consul shows, unless this run knows of a later one.
    pub fn saw_slave_hook(&mut self, note: &str) {
        self.slave.get_or_insert_with(|| note.to_owned());
    }

    /// Forgets the slave's hooks, since the instance becomes master.
    pub fn becomes_master(&mut self) {
        self.slave = None;
    }

    /// Forgets the promotion, since the instance becomes a slave.
    pub fn becomes_slave(&mut self) {
        self.promoted = None;
    }
}
