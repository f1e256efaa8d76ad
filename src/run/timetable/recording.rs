//! The record of a tick on its way into the lock's value: when it is written again, and what follows when it is. Pure; must never know
//! when a tick is due.

use super::{Child, Pending, RETRY, Stop, Timetable};
use crate::lead::Moment;
use crate::run::machine::Action;
use crate::run::news::News;
use jiff::Timestamp;

impl Timetable {
    pub(super) fn write(&self) -> Vec<Action> {
        let value = self.held.as_ref().map(|held| held.record.write(&self.plan.schedule));
        value.map(Action::Record).into_iter().collect()
    }

    pub(super) fn written(&mut self, outcome: Result<bool, String>, now: Moment, clock: Timestamp) -> Vec<Action> {
        let Some(pending) = self.pending else { return Vec::new() };
        if let Ok(true) = outcome {
            (self.pending, self.said, self.outage) = (None, false, None);
        }
        match (outcome, pending) {
            (Ok(true), Pending::Start(_)) if self.ends.is_some() => self.take_back(),
            (Ok(true), Pending::Start(tick)) => {
                self.child = Some(Child { tick, since: now, stop: None });
                let shown = self.plan.schedule.shown(tick);
                vec![Action::Say(News::Runs(shown.clone())), Action::StartTick(shown)]
            }
            (Ok(true), Pending::Back) => {
                // The next proof decides whether it starts.
                self.again = Some(now.after(RETRY));
                Vec::new()
            }
            // A tick that waited for the end starts at once.
            (Ok(true), Pending::End) if self.ends.is_none() => {
                self.say_next().into_iter().chain(self.tick(now, clock)).collect()
            }
            (Ok(false) | Err(_), _) if self.ends.is_some() => {
                self.pending = None;
                Vec::new()
            }
            // This program ends. Or the election says that the lead is lost; until then nothing starts, since the record stays pending.
            (Ok(true), Pending::End) | (Ok(false), _) => Vec::new(),
            (Err(why), _) => {
                self.again = Some(now.after(RETRY));
                let is_new = !std::mem::replace(&mut self.said, true);
                is_new.then_some(Action::Say(News::NotRecorded(why))).into_iter().collect()
            }
        }
    }

    /// Writes the record of a tick that does not start any more as it was before, so that the next leader starts it.
    fn take_back(&mut self) -> Vec<Action> {
        self.forget_start();
        self.pending = Some(Pending::Back);
        self.write()
    }

    pub(super) fn forget_start(&mut self) {
        if let Some(held) = &mut self.held {
            held.record = held.before.clone();
        }
    }

    pub(super) fn has_not_started(&mut self) -> Vec<Action> {
        match self.child.take() {
            Some(Child { stop: Some(Stop::Lost), .. }) => vec![Action::Release(None)],
            // The lead may still be proven, and the tick then starts.
            Some(_) if self.held.is_some() => self.take_back(),
            _ => Vec::new(),
        }
    }
}
