//! What an election writes into an instance's registration: the tags of its role, and its keys in Meta. Pure; tags are compared as
//! prepared queries do, without regard to case.
//!
//! The keys, each `election-QUERY-…` so that every election on an instance has its own:
//! - `session`: the session that holds the lock, on the master alone. The prepared query asks for it, which is the fence: an
//!   instance that comes back with an old `master` tag has an old session, and is not found.
//! - `priority`: what `--priority` says, for the others to see; 0 while nothing listens on the port that `--watch-port` watches, since
//!   others would otherwise leave the lead to an instance that does not take it.
//! - `hook`: on a slave, which hook was the last to be done; without it none was, as far as anybody knows.

use std::collections::BTreeMap;

use super::view::Leader;
use crate::consul::{CatalogInstance, Registration};
use crate::options::Options;

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

impl From<CatalogInstance> for Marks {
    fn from(CatalogInstance { tags, meta }: CatalogInstance) -> Marks {
        Marks { tags, meta }
    }
}

/// The value of the `hook` key of a slave that has been demoted and follows nobody yet.
const DEMOTED: &str = "demoted";

/// The key of this election in Meta. What Consul does not take in a key is written as `_`.
fn key(options: &Options, name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    format!("election-{}-{name}", options.query.chars().map(plain).collect::<String>())
}

/// The key whose value is the master's session.
pub fn session_key(options: &Options) -> String {
    key(options, "session")
}

/// The key whose value is the instance's priority.
pub fn priority_key(options: &Options) -> String {
    key(options, "priority")
}

/// What is left of a change of role for a hook to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlaveHook {
    /// The instance may have been a master.
    Demote,
    /// The instance has a master that it may not know yet.
    Follow,
}

/// The hook that a slave of `leader` has to run next; `None` when all are done.
pub fn next_hook(marks: &Marks, leader: Option<&Leader>, options: &Options) -> Option<SlaveHook> {
    let done = marks.meta.get(&key(options, "hook"));
    if options.hooks.demote.is_some() && done.is_none() {
        return Some(SlaveHook::Demote);
    }
    // Of a master that the lock's value does not describe, nobody knows where it is.
    let leader = leader.filter(|leader| !leader.since.is_empty())?;
    (options.hooks.follow.is_some() && done != Some(&following(leader))).then_some(SlaveHook::Follow)
}

/// `marks` once the hook is done.
pub fn with_hook_done(marks: &Marks, hook: SlaveHook, leader: Option<&Leader>, options: &Options) -> Marks {
    let done = match (hook, leader) {
        (SlaveHook::Follow, Some(leader)) => following(leader),
        _ => DEMOTED.to_owned(),
    };
    let mut marks = marks.clone();
    marks.meta.insert(key(options, "hook"), done);
    marks
}

/// `marks` of an instance whose hooks may be about to make a master of it: no slave's hook counts as done any more.
pub fn without_hook_done(marks: &Marks, options: &Options) -> Marks {
    let mut marks = marks.clone();
    marks.meta.remove(&key(options, "hook"));
    marks
}

/// Names a leadership for as long as it lasts, through every session that it may have.
fn following(leader: &Leader) -> String {
    let node = leader.node.as_deref().unwrap_or_default();
    format!("follows {node} {} {}", leader.service_id, leader.since)
}

/// The marks of a master that holds the lock by `session`.
pub fn of_master(marks: &Marks, session: &str, options: &Options) -> Marks {
    let mut result = without_hook_done(marks, options);
    result.tags = with_role(&marks.tags, &options.master_tag, &options.slave_tag);
    if options.query_settings.fence {
        result.meta.insert(session_key(options), session.to_owned());
    } else {
        result.meta.remove(&session_key(options));
    }
    set_priority(&mut result, options.priority, options);
    result
}

/// The marks of a slave, of which nothing listens on the port where `is_dead` says so.
pub fn of_slave(marks: &Marks, is_dead: bool, options: &Options) -> Marks {
    let mut result = marks.clone();
    result.tags = with_role(&marks.tags, &options.slave_tag, &options.master_tag);
    result.meta.remove(&session_key(options));
    if options.hooks.demote.is_none() && options.hooks.follow.is_none() {
        result.meta.remove(&key(options, "hook"));
    }
    set_priority(&mut result, if is_dead { Some(0) } else { options.priority }, options);
    result
}

fn set_priority(marks: &mut Marks, priority: Option<u32>, options: &Options) {
    match priority {
        Some(priority) => marks.meta.insert(priority_key(options), priority.to_string()),
        None => marks.meta.remove(&priority_key(options)),
    };
}

/// Whether the tags call an instance master.
pub fn say_master(marks: &Marks, options: &Options) -> bool {
    marks.tags.iter().any(|tag| tag.eq_ignore_ascii_case(&options.master_tag))
}

/// `tags` as the role wants them, all others untouched and in their order: `wanted` in place of `unwanted`, or at the end.
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

    #[test]
    fn a_role_replaces_the_other_and_leaves_the_rest_in_order() {
        let options = Options::for_tests();
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
            assert_eq!(of_master(&marks, "s", &options).tags.join(" "), master, "{before}");
            assert_eq!(of_slave(&marks, false, &options).tags.join(" "), slave, "{before}");
        }
    }

    #[test]
    fn the_session_is_in_a_masters_meta_alone_under_a_key_that_consul_takes() {
        let options = Options { query: "redis.v7-master".to_owned(), ..Options::for_tests() };
        let before = Marks { tags: Vec::new(), meta: [("version".to_owned(), "7".to_owned())].into() };
        let master = of_master(&before, "9a1a", &options);
        assert_eq!(master.meta["election-redis_v7-master-session"], "9a1a");
        assert_eq!(of_slave(&master, false, &options).meta, before.meta);
    }
}
