//! What a leader does about the ticks of its schedule: a pure function of the record, the policy and the time. Must never know how a run
//! is started or a record is written.
//!
//! A tick is started at most once, since its record is written before: the next leader reads that record and goes on after it, whatever its
//! own clock says.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Record, Schedule};

/// What happens to ticks that nobody was there to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// The latest one is started.
    #[default]
    Once,
    /// They are left out.
    Skip,
}

/// What happens to a run that was started and that nobody saw end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interrupted {
    /// It is left as it is.
    #[default]
    Skip,
    /// It is started once more, unless a later tick is started instead.
    Rerun,
}

/// What happens to a tick that is due while a run has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It is left out.
    #[default]
    Skip,
    /// The latest one is started when the run has ended.
    Queue,
    /// The run is stopped, and the latest one is started.
    Replace,
}

/// How ticks are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What happens to missed ticks.
    pub missed: Missed,
    /// How late a tick may be started; `None`: however late.
    pub deadline: Option<Duration>,
    /// What happens to a run that was interrupted.
    pub interrupted: Interrupted,
    /// What happens to ticks during a run.
    pub overlap: Overlap,
    /// How long a run may take.
    pub max_runtime: Option<Duration>,
    /// How long after its due time each tick is started.
    pub jitter: Duration,
}

/// The run that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// For how long it has run.
    pub runs: Duration,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing before one of the two: the moment of the clock, and the time from now.
    Rest {
        /// The moment at which the next tick starts.
        until: Option<Timestamp>,
        /// The time after which the run must be stopped.
        within: Option<Duration>,
    },
    /// Write the record, and only then start this tick.
    Start {
        /// The due time.
        tick: Timestamp,
    },
    /// Stop the run. What is due next shows once it has ended.
    Stop(Why),
}

/// Why a run is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has taken longer than it may.
    MaxRuntime,
    /// A later tick replaces it.
    Replaced,
}

/// Decides what a leader does. Returns the record as it is from then on, which only [`Step::Start`] needs written.
///
/// `leads_since` is when this process began to lead, and `now` the time, both by its own clock.
#[must_use]
pub fn decide(
    record: &Record,
    schedule: &Schedule,
    policy: &Policy,
    running: Option<Running>,
    leads_since: Timestamp,
    now: Timestamp,
) -> (Record, Step) {
    let mut record = record.clone();
    let jitter = signed(policy.jitter);
    let start_of = |tick: Timestamp| tick.checked_add(jitter).unwrap_or(Timestamp::MAX);
    let due = schedule.due(record.settled, now.checked_sub(jitter).unwrap_or(Timestamp::MIN));
    let next = |record: &Record| schedule.next(record.settled).map(start_of);
    if let Some(Running { runs }) = running {
        let step = match policy.max_runtime.map(|most| most.checked_sub(runs).filter(|left| !left.is_zero())) {
            Some(None) => Step::Stop(Why::MaxRuntime),
            _ if policy.overlap == Overlap::Replace && due.is_some() => Step::Stop(Why::Replaced),
            left => {
                let until = if policy.overlap == Overlap::Replace { next(&record) } else { None };
                Step::Rest { until, within: left.flatten() }
            }
        };
        return (record, step);
    }
    let is_in_time =
        |tick: Timestamp| policy.deadline.is_none_or(|most| now.duration_since(start_of(tick)) <= signed(most));
    if let Some(due) = due {
        let may_start = policy.missed == Missed::Once || start_of(due.latest) >= leads_since;
        record.settled = due.latest;
        if may_start && is_in_time(due.latest) {
            record.missed = record.missed.saturating_add(due.count - 1);
            return (record.starts(due.latest, now), Step::Start { tick: due.latest });
        }
        record.missed = record.missed.saturating_add(due.count);
    }
    let reruns = policy.interrupted == Interrupted::Rerun && record.is_open();
    if let Some(tick) = record.due.filter(|tick| reruns && is_in_time(*tick)) {
        return (record.starts(tick, now), Step::Start { tick });
    }
    let until = next(&record);
    (record, Step::Rest { until, within: None })
}

/// Returns the record of a run that has ended. The ticks that were due meanwhile are skipped, except the latest one if the policy starts
/// that.
#[must_use]
pub fn ended(record: &Record, schedule: &Schedule, policy: &Policy, status: u8, now: Timestamp) -> Record {
    let mut record = Record { ended: Some(now), status: Some(status), ..record.clone() };
    let until = now.checked_sub(signed(policy.jitter)).unwrap_or(Timestamp::MIN);
    if let Some(due) = schedule.due(record.settled, until) {
        let (skipped, settled) = match policy.overlap {
            Overlap::Skip => (due.count, due.latest),
            // A due time is a whole second, so the latest one is the next again.
            Overlap::Queue | Overlap::Replace => {
                let before = due.latest.checked_sub(SignedDuration::from_secs(1));
                (due.count - 1, before.unwrap_or(record.settled).max(record.settled))
            }
        };
        record.skipped = record.skipped.saturating_add(skipped);
        record.settled = settled;
    }
    record
}

impl Record {
    /// The record of a run that starts now.
    fn starts(self, tick: Timestamp, now: Timestamp) -> Record {
        Record { due: Some(tick), started: Some(now), ended: None, status: None, ..self }
    }
}

/// A duration that is far too long counts as 400 years.
fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::from_hours(400 * 366 * 24))
}
