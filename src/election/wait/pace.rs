//! How quickly a waiting pass acts on changes: at once after a calm time, and ever more slowly on changes that come all the time. Knows no
//! changes.

use std::thread;
use std::time::{Duration, Instant};

use crate::deadline::Deadline;

/// Changes that follow each other within this time are paced, so that passes that undo each other's work do not do so all the time.
const CALM: Duration = Duration::from_secs(1);

/// The pauses between changes.
#[derive(Default)]
pub struct Pace {
    /// When the pass last woke, and the pause after that.
    last: Option<(Instant, Duration)>,
}

impl Pace {
    /// Pauses for as long as the pace asks, but not beyond `ends`. Returns whether it paused.
    pub fn keep(&mut self, ends: Deadline) -> bool {
        let pause = match self.last {
            Some((before, pause)) if before.elapsed() < CALM + pause => {
                (pause * 2).clamp(Duration::from_millis(10), Duration::from_secs(1))
            }
            _ => Duration::ZERO,
        };
        thread::sleep(pause.min(ends.remaining()));
        self.last = Some((Instant::now(), pause));
        !pause.is_zero()
    }
}
