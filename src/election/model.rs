//! What a pass saw: the plain values that the decision is made from. Does no I/O and decides nothing.

use super::config::Names;
use super::entries::{Alone, Entries};
use super::fault::Contradiction;
use super::identity::{Identity, Sighting};
use super::leader::Leader;
use super::marks::{self, Mark, Marks};
use super::memory::Memory;
use super::outcome::Split;
use super::value::{Holder, Notes};
use crate::consul::{CatalogInstance, Check, Found, Health, PreparedQuery, Registration, RemoteInstance};
use crate::port::{Target, Unclear};

/// Everything that one observation of Consul showed.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is an independent fact")]
pub struct View {
    /// Identifies the options of this run, see [`Mark::options`].
    pub options: String,
    /// The instance that this pass is about.
    pub instance: Instance,
    /// Who holds the lock key.
    pub lock: Lock,
    /// The number of the present term, or of the last one while the lock is free.
    pub term: u64,
    /// The notes in the lock's value.
    pub notes: Notes,
    /// The lock's value as it stands: what it says of the past is read only when the value is written.
    pub written: Vec<u8>,
    /// Why the lock is free; known where the candidates are.
    pub vacated: Option<String>,
    /// Whether `Policy::max_term` has passed since this instance acquired the lock.
    pub term_is_over: bool,
    /// Whether the challenger that the lock's value names has been passing for `Policy::preempt_after`.
    pub challenger_is_due: bool,
    /// The other candidates, best first.
    pub others: Answer<Vec<Candidate>>,
    /// Whether that answer lacks instances because the token may not see them.
    pub others_are_hidden: bool,
    /// The catalog entries that taking the lock changes; known where the candidates are.
    pub entries: Entries,
    /// The instance that leads this election with another lock key; known where the candidates are.
    pub split: Option<Split>,
    /// The better candidate that has left the free lock to others for too long.
    pub idle: Option<Identity>,
    /// The time, while the lock is free and the instance may note that it yields.
    pub now: Option<String>,
    /// The election's own check, if this run has seen it and it is gone.
    pub lost_check: Option<String>,
    /// Whether the free lock is left to the candidates that the last master named, and this instance is none of them.
    pub leaves_to_named: bool,
    /// Whether only the named candidates were read of the others, and not all instances.
    pub saw_named_only: bool,
    /// Whether this master looks at the candidates that it names.
    pub looks_at_named: bool,
    /// What the holder of the lock says that contradicts this instance's options.
    pub contradiction: Option<Contradiction>,
    /// Whether the service listens.
    pub port: Answer<Port>,
    /// Whether a steady master asks for the definition of its query instead of what it finds.
    pub is_spot_check: bool,
    /// What the prepared query finds; `None`: no query answers for the name.
    pub found: Answer<Option<Found>>,
    /// The definition of the prepared query that answers for the election's name, if any does.
    pub query: Answer<Option<PreparedQuery>>,
    /// The instance in the servers' catalog.
    pub entry: Answer<Entry>,
    /// What this pass has done already.
    pub done: Done,
}

impl View {
    /// Whether a question was asked and could not be answered.
    pub fn has_failed_answer(&self) -> bool {
        self.others.has_failed()
            || self.port.has_failed()
            || self.found.has_failed()
            || self.query.has_failed()
            || self.entry.has_failed()
    }

    /// Takes over from an earlier view what was read of all instances. After a refused attempt nobody asks again, but in a lock-delay the
    /// next attempt still needs it. What has changed since shows when the transaction compares.
    pub fn keep_instances_of(&mut self, earlier: &View) {
        self.saw_named_only = earlier.saw_named_only;
        self.split.clone_from(&earlier.split);
        self.entries = earlier.entries.clone();
        self.others = earlier.others.clone();
        self.others_are_hidden = earlier.others_are_hidden;
        self.instance.node_address.clone_from(&earlier.instance.node_address);
    }
}

/// The answer to a question that is asked only where the decision depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// Nobody asked: the decision does not depend on it.
    NotAsked,
    /// It was asked, and there was no answer.
    Failed,
    /// The answer.
    Known(T),
}

impl<T> Answer<T> {
    /// The answer, where there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Answer::Known(value) => Some(value),
            Answer::NotAsked | Answer::Failed => None,
        }
    }

    /// Whether it was asked in vain.
    pub fn has_failed(&self) -> bool {
        matches!(self, Answer::Failed)
    }

    /// Whether it was not asked yet.
    pub fn is_open(&self) -> bool {
        matches!(self, Answer::NotAsked)
    }
}

/// What a pass has done already and does not repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is an independent fact about the pass")]
pub struct Done {
    /// It tried to acquire the free lock, and Consul refused.
    pub refused: bool,
    /// It renewed its session.
    pub renewed: bool,
    /// It moved the lock to another session, and the old session still exists.
    pub rebound: bool,
    /// It found that nothing listens on the service's port, and the grace is over.
    pub port_refused: bool,
    /// It tried to connect to the service's port, and why that did not show whether it is open.
    pub port_unclear: Option<Unclear>,
    /// It ran a slave's hook, and the hook failed.
    pub hook_failed: bool,
    /// It acquired the lock: the query of the last term, which was fenced, has gone with that term's session.
    pub acquired: bool,
    /// The transaction that acquired the lock marked the instance as master in the catalog.
    pub marked: bool,
    /// How often it could not take the lock because a catalog entry had changed.
    pub contests: u32,
    /// Why it takes the lock without the former master's tag.
    pub alone: Option<Alone>,
    /// It tried to create the query.
    pub query_tried: bool,
    /// It wrote the query's definition.
    pub query_written: bool,
    /// It registered the instance once more, to bring it to the catalog.
    pub resent: bool,
    /// It left catalog and query a moment to agree.
    pub looked_again: bool,
    /// It noted that it hands over.
    pub handed_over: bool,
    /// It took the election's marks off the instance, which no longer takes part.
    pub left: bool,
    /// These marks called the instance master.
    pub left_as_master: bool,
    /// The hooks that the run knows to be done.
    pub memory: Memory,
}

/// The instance that this pass is about.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its identity.
    pub identity: Identity,
    /// The address of its node, where an answer happened to hold it.
    pub node_address: Option<String>,
    /// Its registration with the local agent.
    pub registration: Registration,
    /// The tags and Meta that count: the agent's, or with `EnableTagOverride` the catalog's tags.
    pub marks: Marks,
    /// What its Meta shows of it to others, read once: a pass asks for it often.
    pub mark: Option<Mark>,
    /// Its own checks and those of its node.
    pub checks: Vec<Check>,
    /// An instance of the same service on this agent that has no checks and does not take part: perhaps a former name of this one.
    pub leftover: Option<String>,
}

impl Instance {
    /// An instance as the catalog has it.
    pub fn of_remote(remote: RemoteInstance, names: &Names) -> Instance {
        let RemoteInstance { node, node_address, health: Health { registration, checks }, .. } = remote;
        let identity = Identity { node, service_id: registration.id().to_owned() };
        let marks = Marks::from(&registration);
        let mark = Mark::of(&marks, names);
        Instance { identity, node_address: Some(node_address), registration, marks, mark, checks, leftover: None }
    }

    /// The ID of the election's own check, where the instance's mark names it.
    pub fn marked_check(&self) -> Option<&str> {
        self.mark.as_ref()?.check.as_deref()
    }

    /// Whether the agent still has the other role's tag than `wanted`. With `EnableTagOverride` the catalog may be ahead of it, and the
    /// agent writes its own tags there with the next change of a check.
    pub fn is_behind(&self, wanted: &Marks, names: &Names) -> bool {
        let own = Marks::from(&self.registration);
        self.registration.enable_tag_override() && marks::say_master(&own, names) != marks::say_master(wanted, names)
    }

    /// The instance with other marks.
    #[must_use]
    pub fn with_marks(self, marks: Marks, names: &Names) -> Instance {
        Instance { mark: Mark::of(&marks, names), marks, ..self }
    }
}

/// Who holds the lock key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Lock {
    /// No session holds it.
    Free,
    /// A session of this instance holds it.
    Mine {
        /// The session.
        session: String,
        /// What the key's value says of this instance; `None` if something else wrote the value.
        holder: Option<Holder>,
    },
    /// A session of another instance holds it.
    Another(Leader),
    /// Consul could not say.
    Unknown,
}

/// The instance in the servers' catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The token may not read the node.
    Hidden,
    /// The catalog does not have the instance.
    Missing,
    /// As the catalog has it.
    Known(CatalogInstance),
}

/// Another instance that may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its identity.
    pub instance: Identity,
    /// Its rank; the highest leads.
    pub priority: u32,
    /// Whether all its checks are passing; otherwise one is in warning, which makes it second choice.
    pub is_passing: bool,
    /// The raft index of the last change of any of its checks.
    pub checks_index: u64,
}

impl Candidate {
    /// The candidate in its present state.
    pub fn sighting(&self) -> Sighting {
        Sighting { instance: self.instance.clone(), checks_index: self.checks_index }
    }
}

/// Whether the service listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// It does.
    Open,
    /// A try to connect does not show it. Counts as open.
    Unclear(Target, Unclear),
    /// Nothing listens there.
    Refused(Target),
    /// The address is unknown.
    Nowhere,
}
