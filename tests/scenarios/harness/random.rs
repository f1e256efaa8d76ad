//! A small seeded generator (`SplitMix64`), so that a failure at a random moment can be repeated with `SEED`.

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub struct Random(u64);

impl Random {
    /// Seeded by the environment variable `SEED`, or by the clock. The seed is printed, and libtest shows it on
    /// failure.
    pub fn new() -> Random {
        let seed = match std::env::var("SEED") {
            Ok(text) => text.parse().expect("SEED is a whole number"),
            Err(_) => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(1, |now| u64::from(now.subsec_nanos()) ^ (now.as_secs() << 20)),
        };
        println!("to repeat this run: SEED={seed}");
        Random::seeded(seed)
    }

    pub fn seeded(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number in the range; the bias of the remainder is too small for a test to see.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    pub fn duration(&mut self, range: Range<Duration>) -> Duration {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).expect("a duration of a test");
        Duration::from_micros(self.within(micros(range.start)..micros(range.end)))
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let index = self.next() % items.len() as u64;
        &items[usize::try_from(index).expect("an index fits")]
    }
}
