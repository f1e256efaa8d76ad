//! When a steady master asks for the query's definition instead of what the query finds. Decided from the clock, since no run knows the one
//! before. Pure.

use std::time::SystemTime;

/// One second of every so many has a spot check.
const PERIOD: u64 = 8;

/// One of so many spot checks is thorough: a read of all candidates is one request more, and few elections grow large.
const THOROUGH: u64 = 2;

/// The second of the first spot check: a master that has just asked for both leaves it for a while.
const FIRST: u64 = 6;

/// Whether a spot check is due in a term that began at `since`, a time in the lock's value. Its second in each later period is scattered, so
/// that runs at any interval meet one.
pub fn is_due(since: &str, now: SystemTime) -> bool {
    let Some(passed) = passed(since, now) else { return false };
    let (period, second) = (passed / PERIOD, passed % PERIOD);
    second == if period == 0 { FIRST } else { scattered(period) }
}

/// Whether that spot check is also one of the few in which a master without successors looks at all candidates.
pub fn is_thorough(since: &str, now: SystemTime) -> bool {
    is_due(since, now) && passed(since, now).is_some_and(|passed| (passed / PERIOD) % THOROUGH == THOROUGH - 1)
}

/// The seconds that have passed since `since`.
fn passed(since: &str, now: SystemTime) -> Option<u64> {
    let began = humantime::parse_rfc3339(since).ok()?;
    now.duration_since(began).ok().map(|passed| passed.as_secs())
}

/// `SplitMix64`, whose low bits are as good as its high ones.
fn scattered(period: u64) -> u64 {
    let mixed = period.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % PERIOD
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn runs_at_any_interval_meet_a_spot_check_and_most_runs_do_not() {
        let since = "2026-01-01T00:00:00.000Z";
        let began = humantime::parse_rfc3339(since).unwrap();
        let is_due_at = |seconds: u64| is_due(since, began + Duration::from_millis(seconds * 1000 + 300));
        assert!((0..PERIOD).all(|second| is_due_at(second) == (second == FIRST)));
        for interval in 1..=60 {
            let due: Vec<u64> = (1..2000).filter(|run| is_due_at(run * interval)).collect();
            let longest = due.windows(2).map(|two| two[1] - two[0]).max().unwrap();
            assert!((150..350).contains(&due.len()) && longest < 100, "{interval} s: {}, {longest}", due.len());
        }
        let thorough = (0..8000).filter(|second| is_thorough(since, began + Duration::from_secs(*second))).count();
        assert_eq!(thorough, 500);
        assert!(!is_due(since, began - Duration::from_secs(9)) && !is_due("", began));
    }
}
