//! Random schedules around changes of the clock, compared with a slow look at every second or minute.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::super::grammar::Rhythm;
use super::{Schedule, at, schedule};

/// `SplitMix64`.
struct Random(u64);

impl Random {
    /// Prints its seed, which the environment variable `SEED` repeats.
    fn new() -> Random {
        let seed = std::env::var("SEED").ok().map(|text| text.parse().expect("SEED is a whole number"));
        let seed = seed.unwrap_or_else(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(1, |now| now.as_secs() << 20 | u64::from(now.subsec_nanos()))
        });
        println!("to repeat this run: SEED={seed}");
        Random(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn field(&mut self, low: u64, high: u64) -> String {
        let one = |random: &mut Random| low + random.below(high - low + 1);
        match self.below(6) {
            0 | 1 => "*".to_owned(),
            2 => format!("*/{}", 1 + self.below(high)),
            3 => one(self).to_string(),
            4 => format!("{},{}", one(self), one(self)),
            _ => {
                let (first, second) = (one(self), one(self));
                format!("{}-{}/{}", first.min(second), first.max(second), 1 + self.below(5))
            }
        }
    }
}

/// Places, and moments shortly before their clocks are changed.
const CHANGES: [(&str, &str); 12] = [
    ("Europe/Berlin", "2026-03-28T20:00:00Z"),
    ("Europe/Berlin", "2026-10-24T20:00:00Z"),
    ("America/New_York", "2026-03-08T00:00:00Z"),
    ("America/New_York", "2026-11-01T00:00:00Z"),
    ("America/St_Johns", "2006-04-01T22:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T10:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T10:00:00Z"),
    ("Pacific/Apia", "2011-12-30T04:00:00Z"),
    ("Africa/Casablanca", "2026-03-21T20:00:00Z"),
    ("Antarctica/Troll", "2026-03-28T20:00:00Z"),
    ("Antarctica/Troll", "2026-10-24T20:00:00Z"),
    ("UTC", "2028-02-28T20:00:00Z"),
];

/// All due times of a while, by a look at each moment that a clock there can show: every `step` seconds.
fn slowly(schedule: &Schedule, zone: &TimeZone, begin: Timestamp, end: Timestamp, step: i64) -> BTreeSet<Timestamp> {
    let Rhythm::Calendar(calendar) = &schedule.rhythm else { panic!("no calendar") };
    let mut due = BTreeSet::new();
    // More on both sides, since the clock may jump by as much; only Samoa's jumped by a day.
    let more = if step == 1 { 3.hours() } else { 26.hours() };
    let mut shown: DateTime = zone.to_datetime(begin.checked_sub(more).unwrap());
    let last = zone.to_datetime(end.checked_add(more).unwrap());
    while shown < last {
        if calendar.matches(shown) {
            let moment = zone.to_ambiguous_timestamp(shown);
            let seconds = |before: jiff::tz::Offset, after: jiff::tz::Offset| {
                i64::from((after.seconds() - before.seconds()).abs())
            };
            match moment.offset() {
                AmbiguousOffset::Unambiguous { .. } => due.extend(moment.unambiguous().ok()),
                AmbiguousOffset::Fold { before, after } => {
                    due.extend(before.to_timestamp(shown).ok());
                    if !calendar.is_fixed || seconds(before, after) >= 3 * 3600 {
                        due.extend(after.to_timestamp(shown).ok());
                    }
                }
                AmbiguousOffset::Gap { before, after } => {
                    if calendar.is_fixed && seconds(before, after) < 3 * 3600 {
                        // The change is the first one after a moment that certainly is before it.
                        let early = after.to_timestamp(shown).unwrap().checked_sub(1.second()).unwrap();
                        due.extend(zone.following(early).next().map(|change| change.timestamp()));
                    }
                }
            }
        }
        shown = shown.checked_add(step.seconds()).unwrap();
    }
    due.into_iter().filter(|due| *due > begin && *due <= end).collect()
}

#[test]
fn next_is_later_and_matches_and_skips_none_that_match() {
    let mut random = Random::new();
    for case in 0..180 {
        let (zone, moment) = CHANGES[case % CHANGES.len()];
        let by_second = case % 3 == 0;
        let (length, step) = if by_second { (4 * 3600, 1) } else { (30 * 3600, 60) };
        let seconds = if by_second { random.field(0, 59) + " " } else { String::new() };
        let day = if random.below(2) == 0 { "*".to_owned() } else { random.field(1, 31) };
        let weekday = if random.below(2) == 0 { "*".to_owned() } else { random.field(0, 7) };
        let text = format!("CRON_TZ={zone} {seconds}{} {} {day} * {weekday}", random.field(0, 59), random.field(0, 23));
        let schedule = schedule(&text);
        let begin = at(moment).checked_add(if by_second { 3.hours() } else { 0.hours() }).unwrap();
        let begin = begin.checked_add((i64::try_from(random.below(3600)).unwrap() / step * step).seconds()).unwrap();
        let end = begin.checked_add(length.seconds()).unwrap();
        let slow = slowly(&schedule, &TimeZone::get(zone).unwrap(), begin, end, step);
        let mut quick = BTreeSet::new();
        let mut last = begin;
        while let Some(next) = schedule.next(last).filter(|next| *next <= end) {
            assert!(next > last, "{text}: {next} is not after {last}");
            quick.insert(next);
            last = next;
        }
        assert_eq!(quick, slow, "{text} from {begin}");
        let due = schedule.due(begin, end).map(|due| (due.count, due.latest));
        let expected = slow.last().map(|last| (slow.len().min(10_000) as u64, *last));
        assert_eq!(due, expected, "{text} from {begin}");
    }
}

#[test]
fn the_latest_of_very_many_is_found() {
    for (text, until, latest) in [
        ("* * * * * *", "2036-06-01T00:00:00.5Z", "2036-06-01T00:00:00Z"),
        ("@every 7s", "2036-06-01T00:00:00Z", "2036-05-31T23:59:56Z"),
        ("* * 3 * * *", "2026-12-01T01:00:00Z", "2026-11-30T03:59:59Z"),
        ("* * * 6 *", "2036-01-01T00:00:00Z", "2035-06-30T23:59:00Z"),
    ] {
        let due = schedule(text).due(at("2026-06-01T00:00:00Z"), at(until)).unwrap();
        assert_eq!((due.count, due.latest), (10_000, at(latest)), "{text}");
    }
}
