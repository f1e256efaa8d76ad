//! The catalog entries that taking the lock changes: the own one, and those that still call another instance master. Pure; finds them in
//! what was read of all instances, and changes nothing.

use std::fmt;

use super::config::Names;
use super::identity::Identity;
use super::marks::{self, Mark, Marks};
use super::signature::prints;
use crate::consul::{EntryChange, Registration, RemoteInstance, Status};

/// The check that Consul itself keeps of every node.
const NODE_ALIVE: &str = "serfHealth";

/// The catalog entries that taking the lock changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries {
    /// The own entry; `None`: the token may not read it.
    pub own: Option<Entry>,
    /// The entries of other instances that are marked as this election's master.
    pub masters: Vec<Entry>,
    /// The instance that the lock's value names as the last master, if its entry is not among those that were read.
    pub hidden: Option<Identity>,
    /// The version of the own agent, where its node shows it.
    pub agent_version: Option<String>,
}

/// An instance's catalog entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The instance.
    pub instance: Identity,
    /// The entry as it was read.
    pub registration: Registration,
    /// Whether a transaction writes every field of it.
    pub is_whole: bool,
    /// Whether its node is alive, so that its own run may write the entry at any moment.
    pub may_change: bool,
}

/// Why a takeover leaves the former master's tag to that instance's own run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alone {
    /// The token may not read the instances of the service.
    Blind,
    /// The token may not read the former master's node, or the instance is gone.
    Hidden(Identity),
    /// An entry changed each time before it could be written.
    Contested,
    /// Consul refused to change an entry, in these words.
    Refused(String),
}

impl Entries {
    /// The entries among `instances`, as `own` sees them. `former` is the instance that the lock's value names.
    pub fn among(instances: &[RemoteInstance], own: &Identity, former: Option<&Identity>, names: &Names) -> Entries {
        let identity = |remote: &RemoteInstance| Identity {
            node: remote.node.clone(),
            service_id: remote.health.registration.id().to_owned(),
        };
        let version = instances.iter().find(|remote| remote.node == own.node);
        let version = version.and_then(|remote| remote.agent_version.as_deref());
        let agent_version = version.map(str::to_owned);
        let entry = |remote: &RemoteInstance| Entry::of(remote, identity(remote), version);
        let is_former = |remote: &&RemoteInstance| Some(&identity(remote)) == former;
        let masters = instances.iter().filter(|remote| identity(remote) != *own);
        let masters = masters.filter(|remote| is_master(remote, is_former(remote), names));
        Entries {
            own: instances.iter().find(|remote| identity(remote) == *own).map(entry),
            masters: masters.map(entry).collect(),
            hidden: former.filter(|former| *former != own && !instances.iter().any(|r| is_former(&r))).cloned(),
            agent_version,
        }
    }
}

impl Entry {
    fn of(remote: &RemoteInstance, instance: Identity, agent_version: Option<&str>) -> Entry {
        let registration = remote.health.registration.clone();
        let change = EntryChange { node: instance.node.clone(), entry: registration.clone() };
        let is_down = |id: &str, status| id == NODE_ALIVE && status == Status::Critical;
        Entry {
            instance,
            registration,
            is_whole: change.survives_transaction(agent_version),
            may_change: !remote.health.checks.iter().any(|check| is_down(&check.id, check.status)),
        }
    }
}

/// Whether an instance is marked as master of this election. The tag alone does not say of which: two elections may share it.
fn is_master(remote: &RemoteInstance, is_former: bool, names: &Names) -> bool {
    let marks = Marks::from(&remote.health.registration);
    if marks.meta.contains_key(&marks::session_key(names)) {
        // With another lock key it leads an election that is split from this one, or led it.
        return Mark::of(&marks, names).is_none_or(|mark| mark.key == names.lock_key);
    }
    let belongs = match Mark::of(&marks, names) {
        Some(mark) => mark.key == names.lock_key,
        // An instance that an older version marked shows only in what its check prints.
        None => remote.health.checks.iter().any(|check| prints(check, names)),
    };
    (belongs || is_former) && marks::say_master(&marks, names)
}

/// The reason, for people.
impl fmt::Display for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Alone::Blind => {
                f.write_str("the token cannot read the instances: needs node_prefix \"\" { policy = \"read\" }")
            }
            Alone::Hidden(instance) => {
                let Identity { node, service_id } = instance;
                write!(f, "{service_id} on {node} is gone, or the token needs node \"{node}\" {{ policy = \"read\" }}")
            }
            Alone::Contested => f.write_str("a catalog entry changed again and again"),
            Alone::Refused(words) => f.write_str(words),
        }
    }
}
