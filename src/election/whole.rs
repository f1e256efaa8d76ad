//! The value of a held lock, read once for both its parts: every pass reads it. A value that does not have this form is read part by part.
//! Owns the names of the fields for reading; `value` owns those for writing, and a test holds them together.

use serde::Deserialize;

use super::history::Unread;
use super::identity::Identity;
use super::successors::Successors;
use super::value::{Challenger, HandedTo, Holder, Notes, Sight, StandBack};

/// The fields of [`Holder`], [`Notes`] and [`super::history::Past`]; the last are skipped.
#[derive(Deserialize)]
pub struct Whole {
    node: String,
    service_id: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    port: u16,
    session: String,
    #[serde(default)]
    election: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    checks: Vec<String>,
    #[serde(default)]
    ttl: u64,
    #[serde(default)]
    check_id: Option<String>,
    #[serde(default)]
    promoted: bool,
    #[serde(default)]
    others_are_hidden: bool,
    #[serde(default)]
    sight: Sight,
    #[serde(default)]
    alone: Option<String>,
    #[serde(default)]
    challenger: Option<Challenger>,
    #[serde(default)]
    standing_back: Vec<StandBack>,
    #[serde(default)]
    handed_to: Option<HandedTo>,
    #[serde(default)]
    successors: Successors,
}

impl Whole {
    /// The holder's entry, and the notes.
    pub fn parts(self) -> (Holder, Notes) {
        let holder = Holder {
            instance: Identity { node: self.node, service_id: self.service_id },
            address: self.address,
            port: self.port,
            session: self.session,
            election: self.election,
            service: self.service,
            tag: self.tag,
            since: self.since,
            checks: self.checks,
            ttl: self.ttl,
            check_id: self.check_id,
            promoted: self.promoted,
            others_are_hidden: self.others_are_hidden,
            sight: self.sight,
            alone: self.alone,
            challenger: self.challenger,
            history: Unread,
        };
        let (standing_back, handed_to, successors) = (self.standing_back, self.handed_to, self.successors);
        (holder, Notes { standing_back, handed_to, successors })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::election::clock::End;
    use crate::election::credible;
    use crate::election::history::{Change, Past};
    use crate::election::value::write;

    #[test]
    fn a_value_reads_the_same_at_once_and_part_by_part() {
        let instance = Identity { node: "n1".to_owned(), service_id: "redis".to_owned() };
        let text = |text: &str| text.to_owned();
        let holder = Holder {
            instance: instance.clone(),
            address: text("10.0.0.1"),
            port: 6379,
            session: text("s"),
            election: text("redis-master"),
            service: text("redis"),
            tag: text("master"),
            since: text("2026-01-01T00:00:00Z"),
            checks: vec![text("ping")],
            ttl: 10,
            check_id: Some(text("election")),
            promoted: true,
            others_are_hidden: true,
            sight: Sight::Wrong,
            alone: Some(text("why")),
            challenger: Some(Challenger::default()),
            history: Unread,
        };
        let end = End { until: text("2026-01-01T00:00:30Z"), seconds: 30 };
        let notes = Notes {
            standing_back: vec![StandBack::new(&instance, Duration::from_secs(30), None)],
            handed_to: Some(HandedTo { instance: instance.clone(), end, is_over: false }),
            successors: Successors { candidates: 20, next: vec![instance] },
        };
        let past = Past::default().with(Change::default());
        for (holder, notes) in [(holder.clone(), notes.clone()), (holder, Notes::default()), (Holder::default(), notes)]
        {
            let value = write(Some(&holder), &notes, &past);
            assert_eq!(serde_json::from_slice::<Whole>(&value).unwrap().parts(), (holder, notes));
            assert_eq!(credible::parts(&value), (credible::holder(&value), credible::notes(&value)));
        }
        let free = write(None, &Notes::default(), &past);
        let hostile = [
            r#"{"node": 1, "handed_to": {}}"#,
            r#"{"node":"n1","service_id":"x","session":"y","port":65536,"standing_back":[]}"#,
        ];
        for value in [&free[..], b"", b"[]", b"null", hostile[0].as_bytes(), hostile[1].as_bytes()] {
            assert_eq!(credible::parts(value), (credible::holder(value), credible::notes(value)));
        }
    }
}
