//! When a steady master asks what it does not ask in every run. Decided from the clock, since no run knows the one before. Pure.

use std::time::SystemTime;

/// One second of every so many is the turn.
const ROUND: u64 = 8;

/// The place of the turn in the first round: a master has just asked both, but something else may have been at work then.
const FIRST: u64 = 6;

/// Whether the turn has come in a term that began at `since`, a time in the lock's value. The place in each later round is scattered, so
/// that runs at any interval meet one.
pub fn has_come(since: &str, now: SystemTime) -> bool {
    let began = humantime::parse_rfc3339(since).ok();
    let Some(passed) = began.and_then(|began| now.duration_since(began).ok()) else { return false };
    let (round, place) = (passed.as_secs() / ROUND, passed.as_secs() % ROUND);
    place == if round == 0 { FIRST } else { scattered(round) }
}

/// `SplitMix64`, whose low bits are as good as its high ones.
fn scattered(round: u64) -> u64 {
    let mixed = round.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % ROUND
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn runs_at_any_interval_meet_a_turn_and_most_runs_do_not() {
        let since = "2026-01-01T00:00:00.000Z";
        let began = humantime::parse_rfc3339(since).unwrap();
        let comes = |seconds: u64| has_come(since, began + Duration::from_millis(seconds * 1000 + 300));
        assert!((0..ROUND).all(|second| comes(second) == (second == FIRST)));
        for interval in 1..=60 {
            let turns: Vec<u64> = (1..2000).filter(|run| comes(run * interval)).collect();
            let longest = turns.windows(2).map(|two| two[1] - two[0]).max().unwrap();
            assert!((150..350).contains(&turns.len()) && longest < 100, "{interval} s: {}, {longest}", turns.len());
        }
        assert!(!has_come(since, began - Duration::from_secs(9)) && !has_come("", began));
    }
}
