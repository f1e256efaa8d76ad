//! Times that nodes write for each other, and how far the clocks that wrote them can be trusted. Owns the arithmetic; knows no notes.
//!
//! Nothing else compares the clocks of two nodes: a session, its TTL and a lock-delay are timed by Consul's servers, and a term by the
//! clock of the node that leads.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// The end of a note.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The time at which it ends, in RFC 3339.
    pub until: String,
    /// The length of the note in seconds.
    #[serde(default)]
    pub seconds: u64,
}

impl End {
    /// The end of a note that is written now and holds for `length`.
    pub fn after(length: Duration) -> End {
        End::at(SystemTime::now() + length, length)
    }

    /// The end of a note that ends at `moment` and holds for `length`.
    pub fn at(moment: SystemTime, length: Duration) -> End {
        End { until: timestamp(moment), seconds: length.as_secs() }
    }

    /// Where `now` is in the life of the note. For a reader with another clock, the note begins earlier and ends later by the time that
    /// the clocks may differ. A time that cannot be read is over, and so is one that is further away than the note is long: the clock
    /// that wrote it has been set back since.
    pub fn age(&self, now: SystemTime, clock: Clock) -> Age {
        let Ok(until) = humantime::parse_rfc3339(&self.until) else { return Age::Forgotten };
        let (rounding, skew) = (Duration::from_secs(1), clock.skew());
        match until.duration_since(now) {
            Ok(left) if left > Duration::from_secs(self.seconds).saturating_add(skew).saturating_add(rounding) => {
                Age::Forgotten
            }
            Ok(left) if !left.is_zero() => Age::Holds,
            left => match left.err().map_or(Duration::ZERO, |past| past.duration()) {
                past if past < skew => Age::Holds,
                past if past < REMEMBERED => Age::Over,
                _ => Age::Forgotten,
            },
        }
    }
}

/// By how much the clocks of two nodes may differ before they misread each other's notes.
const SKEW: Duration = Duration::from_secs(10);

/// The clock by which a time was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The reader's own.
    Own,
    /// That of another node, or of an unknown one.
    Another,
}

impl Clock {
    /// By how much it may differ from the reader's.
    fn skew(self) -> Duration {
        match self {
            Clock::Own => Duration::ZERO,
            Clock::Another => SKEW,
        }
    }
}

/// The parts of a note's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// It holds.
    Holds,
    /// It ended less than [`REMEMBERED`] ago.
    Over,
    /// It ended long ago, or its time makes no sense.
    Forgotten,
}

/// How long others do not count on an instance that acquired the lock and could not become master: it would be handed the lead, fail
/// again, and make the lead flap. The instance itself may try again sooner, while nobody leads.
const REMEMBERED: Duration = Duration::from_secs(600);

/// A time as the value has it.
pub fn timestamp(moment: SystemTime) -> String {
    humantime::format_rfc3339_millis(moment).to_string()
}

/// Whether `length` has passed since a time that this node wrote itself. A time that cannot be read has not begun. One that is further
/// away than `length` has passed: the clock has been set back since, and would not reach it for as long.
pub fn has_passed(since: &str, length: Duration, now: SystemTime) -> bool {
    let Ok(since) = humantime::parse_rfc3339(since) else { return false };
    match now.duration_since(since) {
        Ok(passed) => passed >= length,
        Err(ahead) => ahead.duration() > length.saturating_add(SKEW),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> SystemTime {
        let epoch = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let length = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { epoch - length } else { epoch + length }
    }

    /// The end of a note of 30 s that its writer's clock dated 0.
    fn end() -> End {
        End::at(at(30), Duration::from_secs(30))
    }

    #[test]
    fn a_note_holds_for_clocks_up_to_10_s_apart_either_way() {
        use Age::{Forgotten, Holds, Over};
        for (now, own, another) in [
            (-3600, Forgotten, Forgotten),
            (-12, Forgotten, Forgotten),
            (-11, Forgotten, Holds),
            (-10, Forgotten, Holds),
            (-3, Forgotten, Holds),
            (-2, Forgotten, Holds),
            (-1, Holds, Holds),
            (0, Holds, Holds),
            (3, Holds, Holds),
            (10, Holds, Holds),
            (29, Holds, Holds),
            (30, Over, Holds),
            (39, Over, Holds),
            (40, Over, Over),
            (629, Over, Over),
            (630, Forgotten, Forgotten),
            (3600, Forgotten, Forgotten),
        ] {
            assert_eq!(end().age(at(now), Clock::Own), own, "the own clock at {now} s");
            assert_eq!(end().age(at(now), Clock::Another), another, "another clock at {now} s");
        }
        for until in ["", "soon", "2023-11-14", "99999-01-01T00:00:00Z"] {
            let end = End { until: until.to_owned(), seconds: 30 };
            assert_eq!(end.age(at(0), Clock::Another), Forgotten, "{until}");
        }
        let forever = End { seconds: u64::MAX, ..end() };
        assert_eq!(forever.age(at(-3600), Clock::Own), Holds, "a length that no clock can count");
    }

    #[test]
    fn the_shortest_note_reaches_a_node_whose_clock_is_10_s_behind_or_nearly_10_s_ahead() {
        let end = End::at(at(1), Duration::from_secs(1));
        for now in [-10, 0, 9, 10] {
            assert_eq!(end.age(at(now), Clock::Another), Age::Holds, "{now} s");
        }
    }

    #[test]
    fn a_time_passes_even_if_the_clock_was_far_ahead_when_it_was_written() {
        for (now, passed) in
            [(-3600, true), (-41, true), (-40, false), (-3, false), (0, false), (29, false), (30, true), (3600, true)]
        {
            assert_eq!(has_passed(&timestamp(at(0)), Duration::from_secs(30), at(now)), passed, "{now} s");
        }
        assert!(!has_passed("soon", Duration::ZERO, at(0)));
    }
}
