//! What Consul notes of the hooks that are done. Pure; the run's own memory is another matter.

use super::config::Names;
use super::marks;
use super::memory::Memory;
use super::model::{Lock, View};
use super::value::Holder;

/// Whether the promote hook ran in this term, by the lock's value and by the marks. Both must say so.
pub fn say_promoted(view: &View, holder: &Holder, names: &Names) -> bool {
    holder.promoted && marks::promoted_for(&view.instance.marks, names) == Some(&holder.since)
}

/// Lets the run remember what the notes say, in case they are lost while it lasts.
pub fn keep_in_mind(memory: &mut Memory, view: &View, names: &Names) {
    match &view.lock {
        Lock::Mine { holder: Some(holder), .. } if say_promoted(view, holder, names) => memory.promoted(&holder.since),
        _ => {}
    }
    if let Some(note) = marks::hook_note(&view.instance.marks, names) {
        memory.saw_slave_hook(note);
    }
}
