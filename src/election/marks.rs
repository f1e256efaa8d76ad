//! What an election writes into an instance's registration: the tags of its role, and its keys in Meta. Pure; compares tags without
//! regard to case, as prepared queries do.
//!
//! The keys, each `election-QUERY-…` so that every election of an instance has its own:
//! - `session`: the session that holds the lock, on the master alone. The prepared query asks for it, which is the fence: an
//!   instance that comes back with an old `master` tag has an old session and is not found.
//! - `mark`: what the other instances must know of this one, see [`Mark`]. Consul shows Meta at once; what a check prints it may show
//!   5 minutes late.
//! - `resend`: for a moment, while the agent brings the instance to the catalog again.
//! - `hook`: on a slave, the last hook that is done; if it is missing, none is known to be done.
//! - `taken`: in the catalog alone, on a former master whose tag went with the lock, until its agent writes the entry again.
//! - `promoted`: on a master, the beginning of the term that the promote hook ran for. The lock's value has a note of it as well. Both must
//!   agree: the value alone survives a snapshot restore, and this alone the loss of the value.

use super::config::{Names, Policy};
use super::leader::Leader;
pub use super::mark::{Mark, Yield};
use super::mark::{is_marked, set_mark};
pub use super::meta::Marks;
use super::meta::key;

/// The value of the `hook` key of a slave that has been demoted and follows nobody yet.
const DEMOTED: &str = "demoted";

/// The key of the master's session.
pub fn session_key(names: &Names) -> String {
    key(names, "session")
}

/// The beginning of the term that the marks say the instance was promoted for.
pub fn promoted_for<'a>(marks: &'a Marks, names: &Names) -> Option<&'a str> {
    marks.meta.get(&key(names, "promoted")).map(String::as_str)
}

/// The note of the last slave's hook.
pub fn hook_note<'a>(marks: &'a Marks, names: &Names) -> Option<&'a str> {
    marks.meta.get(&key(names, "hook")).map(String::as_str)
}

/// A hook that a slave runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlaveHook {
    /// The instance may have been master.
    Demote,
    /// The instance has a master that it may not know yet.
    Follow,
}

/// The hook that a slave of `leader` runs next; `None` if all are done, by the marks or by `known`, the run's own note.
pub fn next_hook(
    marks: &Marks,
    known: Option<&str>,
    leader: Option<&Leader>,
    names: &Names,
    policy: &Policy,
) -> Option<SlaveHook> {
    let noted = hook_note(marks, names);
    if policy.hooks.demote.is_some() && noted.or(known).is_none() {
        return Some(SlaveHook::Demote);
    }
    // The address of a master that the lock's value does not describe is unknown.
    let wanted = following(leader.filter(|leader| !leader.since.is_empty())?);
    let is_done = [noted, known].contains(&Some(wanted.as_str()));
    (policy.hooks.follow.is_some() && !is_done).then_some(SlaveHook::Follow)
}

/// The note that a hook of a slave of `leader` is done.
pub fn note_of(hook: SlaveHook, leader: Option<&Leader>) -> String {
    match (hook, leader) {
        (SlaveHook::Follow, Some(leader)) => following(leader),
        _ => DEMOTED.to_owned(),
    }
}

/// `marks` once the hook is done.
pub fn with_hook_done(marks: &Marks, hook: SlaveHook, leader: Option<&Leader>, names: &Names) -> Marks {
    let mut marks = marks.clone();
    marks.meta.insert(key(names, "hook"), note_of(hook, leader));
    marks
}

/// `marks` with the run's own note, if a slave of `leader` has lost it.
pub fn with_known_hook(
    mut marks: Marks,
    known: Option<&str>,
    leader: Option<&Leader>,
    names: &Names,
    policy: &Policy,
) -> Marks {
    let is_later = |known: &str| leader.is_some_and(|leader| following(leader) == known);
    let known = known.filter(|known| hook_note(&marks, names).is_none() || is_later(known));
    if let Some(known) = known.filter(|_| has_slave_hooks(policy)) {
        marks.meta.insert(key(names, "hook"), known.to_owned());
    }
    marks
}

fn has_slave_hooks(policy: &Policy) -> bool {
    policy.hooks.demote.is_some() || policy.hooks.follow.is_some()
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

/// The marks of a master that holds the lock by `session`, in the term that began at `since`. With a promote hook, it has been promoted.
pub fn of_master(marks: &Marks, (session, since): (&str, &str), mark: &Mark, names: &Names, policy: &Policy) -> Marks {
    let mut result = without_hook_done(marks, names);
    result.tags = with_role(marks, mark, &names.master_tag, &names.slave_tag, names);
    if policy.query.fence {
        result.meta.insert(session_key(names), session.to_owned());
    } else {
        result.meta.remove(&session_key(names));
    }
    if policy.hooks.promote.is_some() {
        result.meta.insert(key(names, "promoted"), since.to_owned());
    }
    result.meta.remove(&key(names, "resend"));
    set_mark(&mut result, mark, names);
    result
}

/// `marks` with a difference that means nothing: an agent brings a registration to the catalog only if it differs from its last.
pub fn to_resend(marks: &Marks, names: &Names) -> Marks {
    let mut marks = marks.clone();
    marks.meta.insert(key(names, "resend"), "1".to_owned());
    marks
}

/// The marks of a slave.
pub fn of_slave(marks: &Marks, mark: &Mark, names: &Names, policy: &Policy) -> Marks {
    let mut result = marks.clone();
    result.tags = with_role(marks, mark, &names.slave_tag, &names.master_tag, names);
    result.meta.remove(&session_key(names));
    result.meta.remove(&key(names, "promoted"));
    result.meta.remove(&key(names, "resend"));
    if !has_slave_hooks(policy) {
        result.meta.remove(&key(names, "hook"));
    }
    set_mark(&mut result, mark, names);
    result
}

/// The marks of a former master, as its own next run will set them first. Its own mark stays as it is, and no hook counts as done.
pub fn of_former(marks: &Marks, names: &Names) -> Marks {
    let mut result = without_hook_done(marks, names);
    let slave_tag = Mark::of(marks, names).map_or_else(|| names.slave_tag.clone(), |mark| mark.tags.1);
    result.tags = with_role(marks, &Mark::default(), &slave_tag, &names.master_tag, names);
    result.meta.remove(&session_key(names));
    result.meta.remove(&key(names, "promoted"));
    result
}

/// `marks` of a former master whose agent does not know yet that its tag was taken. What that agent writes next has no such note.
pub fn with_taken(mut marks: Marks, session: &str, names: &Names) -> Marks {
    marks.meta.insert(key(names, "taken"), session.to_owned());
    marks
}

/// Whether the marks have that note.
pub fn is_taken(marks: &Marks, names: &Names) -> bool {
    marks.meta.contains_key(&key(names, "taken"))
}

/// The marks of an instance that takes no part in the election: no role, and none of its keys. A master that steps down keeps the note
/// of its hook, so that the hook runs once.
pub fn of_nobody(marks: &Marks, keeps_hook: bool, names: &Names) -> Marks {
    let mut result = marks.clone();
    let is_role = |tag: &str| tag.eq_ignore_ascii_case(&names.master_tag) || tag.eq_ignore_ascii_case(&names.slave_tag);
    result.tags.retain(|tag| !is_role(tag));
    let prefix = key(names, "");
    result.meta.retain(|name, _| match name.strip_prefix(&prefix) {
        Some("hook") if keeps_hook => true,
        // More dashes belong to an election whose name only begins like this one's.
        Some(own) => own.contains('-'),
        None => true,
    });
    result
}

/// Whether the tags call an instance master.
pub fn say_master(marks: &Marks, names: &Names) -> bool {
    marks.tags.iter().any(|tag| tag.eq_ignore_ascii_case(&names.master_tag))
}

/// The tags with the role's tag, all others unchanged and in their order: `wanted` in place of any other role tag, or at the end. The
/// tags of an earlier run with other options are role tags, too.
fn with_role(marks: &Marks, mark: &Mark, wanted: &str, unwanted: &str, names: &Names) -> Vec<String> {
    let earlier = if is_marked(marks, mark, names) { None } else { Mark::of(marks, names) };
    let earlier = earlier.map(|mark| mark.tags).unwrap_or_default();
    let is_role =
        |tag: &String| [wanted, unwanted, &earlier.0, &earlier.1].iter().any(|role| tag.eq_ignore_ascii_case(role));
    let mut result: Vec<String> = Vec::with_capacity(marks.tags.len() + 1);
    let mut placed = false;
    for tag in &marks.tags {
        if !is_role(tag) {
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
mod tests;
