//! What the lock's value says of the ticks of a schedule, and reading it from what others wrote. Must never know who holds the lock.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Schedule;
use crate::text::{capped, one_line};

/// The most characters of a text in a record.
const LONGEST: usize = 250;

/// What is known of a schedule's ticks. The holder of the lock writes it before a run is started and when it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The schedule's expression.
    pub schedule: String,
    /// The name of its zone.
    pub zone: String,
    /// Every tick up to this moment is dealt with: its run was started, or it was skipped or missed. The next due time follows from it.
    pub settled: Timestamp,
    /// The tick of the last run.
    pub due: Option<Timestamp>,
    /// When that run was started.
    pub started: Option<Timestamp>,
    /// When it ended; `None`: it has not, or nobody saw it end.
    pub ended: Option<Timestamp>,
    /// Its exit status.
    pub status: Option<u8>,
    /// The node of that run.
    pub by: String,
    /// How many ticks were skipped because a run had not ended.
    pub skipped: u64,
    /// How many ticks passed without a run because nobody was there to start it.
    pub missed: u64,
}

/// What of a schedule is not as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The recorded expression and zone.
    pub recorded: (String, String),
}

impl Record {
    /// Creates the record of a schedule of which nothing is known: ticks count from `now` on.
    #[must_use]
    pub fn new(schedule: &Schedule, now: Timestamp) -> Record {
        Record {
            schedule: schedule.text().to_owned(),
            zone: schedule.zone().to_owned(),
            settled: now,
            due: None,
            started: None,
            ended: None,
            status: None,
            by: String::new(),
            skipped: 0,
            missed: 0,
        }
    }

    /// Returns how the schedule differs from the recorded one; `None`: it does not.
    #[must_use]
    pub fn difference(&self, schedule: &Schedule) -> Option<Difference> {
        let is_same = self.schedule == schedule.text() && self.zone == schedule.zone();
        (!is_same).then(|| Difference { recorded: (self.schedule.clone(), self.zone.clone()) })
    }

    /// Returns whether a run was started and nobody saw it end.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.started.is_some() && self.ended.is_none()
    }

    /// Writes it for the lock's value, with times as the schedule's zone has them.
    #[must_use]
    pub fn write(&self, schedule: &Schedule) -> Value {
        let time = |moment: Timestamp| schedule.shown(moment);
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("schedule", json!(self.schedule));
        put("zone", json!(self.zone));
        put("settled", json!(time(self.settled)));
        let times = [("due", self.due), ("started", self.started), ("ended", self.ended)];
        for (name, moment) in times.into_iter().filter_map(|(name, moment)| Some((name, moment?))) {
            put(name, json!(time(moment)));
        }
        if let Some(status) = self.status {
            put("status", json!(status));
        }
        put("by", json!(self.by));
        put("skipped", json!(self.skipped));
        put("missed", json!(self.missed));
        Value::Object(fields)
    }

    /// Reads what somebody wrote; `None` if it is not a record: which ticks are dealt with is unknown then.
    #[must_use]
    pub fn read(value: &Value) -> Option<Record> {
        let text = |name: &str| {
            let text = value.get(name)?.as_str()?;
            // The times of this program are far shorter.
            (text.len() <= 4 * LONGEST).then(|| one_line(&capped(text, LONGEST)))
        };
        let time = |name: &str| match value.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(_) => Some(Some(text(name)?.parse::<Timestamp>().ok()?)),
        };
        let number = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
        Some(Record {
            schedule: text("schedule")?,
            zone: text("zone")?,
            settled: time("settled")??,
            due: time("due")?,
            started: time("started")?,
            ended: time("ended")?,
            status: value.get("status").and_then(Value::as_u64).and_then(|status| u8::try_from(status).ok()),
            by: text("by").unwrap_or_default(),
            skipped: number("skipped"),
            missed: number("missed"),
        })
    }
}
