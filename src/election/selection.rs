//! Which instances a candidate reads when the lock is free. Pure.

use super::config::Names;
use super::marks;
use super::model::{Lock, View};
use super::value::Holder;
use crate::consul::Selection;

/// The instances that a candidate needs in a large election, if it is named or all others have had their time: those that taking the lock
/// changes, those that may lead with another key, and the candidates that go first. `None`: all instances.
pub fn of_candidate(view: &View, former: Option<&Holder>, names: &Names) -> Option<Selection> {
    let own = &view.instance.identity;
    let handed = view.notes.handed_to.as_ref().map(|handed| &handed.instance);
    let successors = &view.notes.successors;
    let is_chosen = successors.names(own) || handed == Some(own);
    if view.lock != Lock::Free || successors.is_empty() || !is_chosen {
        return None;
    }
    let all = [own].into_iter().chain(former.map(|former| &former.instance)).chain(handed).chain(&successors.next);
    let mut instances: Vec<(String, String)> = Vec::new();
    for one in all.map(|one| (one.node.clone(), one.service_id.clone())) {
        if !instances.contains(&one) {
            instances.push(one);
        }
    }
    Some(Selection { instances, meta_key: marks::session_key(names), tag: names.master_tag.clone() })
}
