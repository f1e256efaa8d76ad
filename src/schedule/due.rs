//! The due times of a schedule, as moments: what the clock shows between two changes of it, and what happens at a change. Must never know
//! what is done at a due time.
//!
//! Changes of the clock are treated as cronie does. A fixed time that a change of less than 3 hours skips is due once, right after it; one
//! that it repeats is due the first time. All other times follow the clock.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::Schedule;
use super::calendar::Calendar;
use super::grammar::Rhythm;

/// The largest change of the clock that is made up for, exclusive.
const MADE_UP_FOR: i32 = 3 * 3600;

/// The rarest days, such as a Sunday 29 February, are up to 40 years apart.
const RAREST: i64 = 50 * 366 * 24;

/// So many due times are counted one by one.
const COUNTED: u64 = 10_000;

/// The due times of a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// How many there are; far more than a few thousand are not all counted.
    pub count: u64,
    /// The latest one.
    pub latest: Timestamp,
}

/// The time between two changes of the clock.
struct Span {
    /// The last change, and the offset before it.
    begin: Option<(Timestamp, Offset)>,
    offset: Offset,
    end: Option<Timestamp>,
}

impl Schedule {
    /// Returns the first due time after a moment; `None`: nothing is due as far as dates go.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.rhythm {
            Rhythm::Every(seconds) => {
                let number = floor(after)?.as_second().div_euclid(*seconds).checked_add(1)?;
                Timestamp::from_second(number.checked_mul(*seconds)?).ok()
            }
            Rhythm::Calendar(calendar) => next(calendar, &self.zone, after),
        }
    }

    /// Returns the due times after one moment and not after another; `None` if no tick is due then.
    #[must_use]
    pub fn due(&self, after: Timestamp, until: Timestamp) -> Option<Due> {
        let mut due = Due { count: 1, latest: self.next(after).filter(|due| *due <= until)? };
        while let Some(next) = self.next(due.latest).filter(|next| *next <= until) {
            due = Due { count: due.count + 1, latest: next };
            if due.count == COUNTED {
                return Some(Due { count: COUNTED, latest: self.latest(due.latest, until) });
            }
        }
        Some(due)
    }

    /// Returns the latest due time that is not after `until`, by looking back further and further; `known` is an earlier one.
    fn latest(&self, known: Timestamp, until: Timestamp) -> Timestamp {
        let mut back = SignedDuration::from_secs(1);
        loop {
            let from = until.checked_sub(back).unwrap_or(known).max(known);
            match self.next(from).filter(|due| *due <= until) {
                Some(mut latest) => {
                    while let Some(next) = self.next(latest).filter(|next| *next <= until) {
                        latest = next;
                    }
                    return latest;
                }
                None if from == known => return known,
                None => back = back.checked_mul(2).unwrap_or(SignedDuration::MAX),
            }
        }
    }

    /// Returns a moment as the schedule's zone writes it, in RFC 3339 with the offset.
    #[must_use]
    pub fn shown(&self, moment: Timestamp) -> String {
        moment.display_with_offset(self.zone.to_offset(moment)).to_string()
    }
}

fn next(calendar: &Calendar, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut at = floor(after)?.checked_add(1.second()).ok()?;
    let limit = at.checked_add(RAREST.hours()).unwrap_or(Timestamp::MAX);
    while at < limit {
        let span = span(zone, at);
        if calendar.is_fixed && skips_a_match(calendar, &span, at) {
            return Some(at);
        }
        let end = span.end.unwrap_or(limit).min(limit);
        let from = from(calendar, &span, at);
        if let Some(found) = calendar.first(from, span.offset.to_datetime(end)) {
            return span.offset.to_timestamp(found).ok();
        }
        at = end;
    }
    None
}

/// The whole second at or before a moment.
fn floor(moment: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(moment.as_second() - i64::from(moment.subsec_nanosecond() < 0)).ok()
}

fn span(zone: &TimeZone, at: Timestamp) -> Span {
    let second = 1.second();
    let begin = at.checked_add(second).ok().and_then(|later| Some(zone.preceding(later).next()?.timestamp()));
    let before = begin.and_then(|begin| Some((begin, zone.to_offset(begin.checked_sub(second).ok()?))));
    Span { begin: before, offset: zone.to_offset(at), end: zone.following(at).next().map(|next| next.timestamp()) }
}

/// Whether the change that begins the span at this very moment skips a fixed time.
fn skips_a_match(calendar: &Calendar, span: &Span, at: Timestamp) -> bool {
    let Some((begin, before)) = span.begin.filter(|(begin, _)| *begin == at) else { return false };
    let forward = span.offset.seconds() - before.seconds();
    let skipped = (before.to_datetime(begin), span.offset.to_datetime(begin));
    (1..MADE_UP_FOR).contains(&forward) && calendar.first(skipped.0, skipped.1).is_some()
}

/// What the clock shows at this moment, or, for a fixed time, after what the last change repeats.
fn from(calendar: &Calendar, span: &Span, at: Timestamp) -> DateTime {
    let here = span.offset.to_datetime(at);
    let Some((begin, before)) = span.begin.filter(|_| calendar.is_fixed) else { return here };
    let back = before.seconds() - span.offset.seconds();
    if (1..MADE_UP_FOR).contains(&back) { here.max(before.to_datetime(begin)) } else { here }
}
