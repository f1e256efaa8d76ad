//! What an election writes into an instance's registration: the tags of its role, and its keys in Meta. Pure; compares tags without
//! regard to case, as prepared queries do.
//!
//! The keys, each `election-QUERY-…` so that every election of an instance has its own:
//! - `session`: the session that holds the lock, on the master alone. The prepared query asks for it, which is the fence: an
//!   instance that comes back with an old `master` tag has an old session and is not found.
//! - `priority`: the instance's priority, for the other candidates; 0 while nothing listens on the watched port, or the others would
//!   yield to an instance that does not take the lead.
//! - `resend`: for a moment, while the agent brings the instance to the catalog again.
//! - `hook`: on a slave, the last hook that is done; if it is missing, none is known to be done.

use std::collections::BTreeMap;

use super::config::{Names, Policy};
use super::leader::Leader;
use crate::consul::Registration;

/// What an election writes into a registration: all tags, in their order, and all of Meta.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The tags.
    pub tags: Vec<String>,
    /// Keys and values.
    pub meta: BTreeMap<String, String>,
}

impl From<&Registration> for Marks {
    fn from(registration: &Registration) -> Marks {
        Marks { tags: registration.tags(), meta: registration.meta() }
    }
}

/// The value of the `hook` key of a slave that has been demoted and follows nobody yet.
const DEMOTED: &str = "demoted";

/// This election's key in Meta. A character that Consul does not take in a key becomes `_`.
fn key(names: &Names, name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    format!("election-{}-{name}", names.query.chars().map(plain).collect::<String>())
}

/// The key of the master's session.
pub fn session_key(names: &Names) -> String {
    key(names, "session")
}

/// The key of the instance's priority.
pub fn priority_key(names: &Names) -> String {
    key(names, "priority")
}

/// A hook that a slave runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlaveHook {
    /// The instance may have been master.
    Demote,
    /// The instance has a master that it may not know yet.
    Follow,
}

/// The hook that a slave of `leader` runs next; `None` if all are done.
pub fn next_hook(marks: &Marks, leader: Option<&Leader>, names: &Names, policy: &Policy) -> Option<SlaveHook> {
    let done = marks.meta.get(&key(names, "hook"));
    if policy.hooks.demote.is_some() && done.is_none() {
        return Some(SlaveHook::Demote);
    }
    // The address of a master that the lock's value does not describe is unknown.
    let leader = leader.filter(|leader| !leader.since.is_empty())?;
    (policy.hooks.follow.is_some() && done != Some(&following(leader))).then_some(SlaveHook::Follow)
}

/// `marks` once the hook is done.
pub fn with_hook_done(marks: &Marks, hook: SlaveHook, leader: Option<&Leader>, names: &Names) -> Marks {
    let done = match (hook, leader) {
        (SlaveHook::Follow, Some(leader)) => following(leader),
        _ => DEMOTED.to_owned(),
    };
    let mut marks = marks.clone();
    marks.meta.insert(key(names, "hook"), done);
    marks
}

/// `marks` of an instance that a promote hook may be about to make master: no slave's hook counts as done any more.
pub fn without_hook_done(marks: &Marks, names: &Names) -> Marks {
    let mut marks = marks.clone();
    marks.meta.remove(&key(names, "hook"));
    marks
}

/// Names a term for as long as it lasts, whichever session holds the lock.
fn following(leader: &Leader) -> String {
    let instance = leader.instance.clone().unwrap_or_default();
    format!("follows {} {} {}", instance.node, instance.service_id, leader.since)
}

/// The marks of a master that holds the lock by `session`.
pub fn of_master(marks: &Marks, session: &str, names: &Names, policy: &Policy) -> Marks {
    let mut result = without_hook_done(marks, names);
    result.tags = with_role(&marks.tags, &names.master_tag, &names.slave_tag);
    if policy.query.fence {
        result.meta.insert(session_key(names), session.to_owned());
    } else {
        result.meta.remove(&session_key(names));
    }
    set_priority(&mut result, policy.priority, names);
    result.meta.remove(&key(names, "resend"));
    result
}

/// `marks` with a difference that means nothing: an agent brings a registration to the catalog only if it differs from its last.
pub fn to_resend(marks: &Marks, names: &Names) -> Marks {
    let mut marks = marks.clone();
    marks.meta.insert(key(names, "resend"), "1".to_owned());
    marks
}

/// The marks of a slave; `is_dead`: nothing listens on its port.
pub fn of_slave(marks: &Marks, is_dead: bool, names: &Names, policy: &Policy) -> Marks {
    let mut result = marks.clone();
    result.tags = with_role(&marks.tags, &names.slave_tag, &names.master_tag);
    result.meta.remove(&session_key(names));
    result.meta.remove(&key(names, "resend"));
    if policy.hooks.demote.is_none() && policy.hooks.follow.is_none() {
        result.meta.remove(&key(names, "hook"));
    }
    set_priority(&mut result, if is_dead { Some(0) } else { policy.priority }, names);
    result
}

fn set_priority(marks: &mut Marks, priority: Option<u32>, names: &Names) {
    match priority {
        Some(priority) => marks.meta.insert(priority_key(names), priority.to_string()),
        None => marks.meta.remove(&priority_key(names)),
    };
}

/// Whether the tags call an instance master.
pub fn say_master(marks: &Marks, names: &Names) -> bool {
    marks.tags.iter().any(|tag| tag.eq_ignore_ascii_case(&names.master_tag))
}

/// `tags` with the role's tag, all others unchanged and in their order: `wanted` in place of `unwanted`, or at the end.
fn with_role(tags: &[String], wanted: &str, unwanted: &str) -> Vec<String> {
    let is = |tag: &str, role: &str| tag.eq_ignore_ascii_case(role);
    let mut result: Vec<String> = Vec::with_capacity(tags.len() + 1);
    let mut placed = false;
    for tag in tags {
        if !is(tag, wanted) && !is(tag, unwanted) {
            result.push(tag.clone());
        } else if !placed {
            result.push(wanted.to_owned());
            placed = true;
        }
    }
    if !placed {
        result.push(wanted.to_owned());
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::election::Config;

    #[test]
    fn a_role_replaces_the_other_and_leaves_the_rest_in_order() {
        let Config { names, policy, .. } = Config::for_tests();
        for (before, master, slave) in [
            ("", "master", "slave"),
            ("a b", "a b master", "a b slave"),
            ("a slave b", "a master b", "a slave b"),
            ("a master b", "a master b", "a slave b"),
            ("slave a master", "master a", "slave a"),
            ("MASTER a", "master a", "slave a"),
            ("master master", "master", "slave"),
            ("mastery slaves", "mastery slaves master", "mastery slaves slave"),
        ] {
            let tags = before.split_whitespace().map(str::to_owned).collect();
            let marks = Marks { tags, ..Marks::default() };
            assert_eq!(of_master(&marks, "s", &names, &policy).tags.join(" "), master, "{before}");
            assert_eq!(of_slave(&marks, false, &names, &policy).tags.join(" "), slave, "{before}");
        }
    }

    #[test]
    fn the_session_is_in_a_masters_meta_alone_under_a_key_that_consul_takes() {
        let Config { names, policy, .. } = Config::for_tests();
        let names = Names { query: "redis.v7-master".to_owned(), ..names };
        let before = Marks { tags: Vec::new(), meta: [("version".to_owned(), "7".to_owned())].into() };
        let master = of_master(&before, "9a1a", &names, &policy);
        assert_eq!(master.meta["election-redis_v7-master-session"], "9a1a");
        assert_eq!(of_slave(&master, false, &names, &policy).meta, before.meta);
    }
}
