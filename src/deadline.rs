//! The one deadline for a whole pass, so that slow answers together never exceed the check's timeout. Must never know what is done
//! in that time.

use std::time::{Duration, Instant};

/// A moment in the future, fixed when the pass begins.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    limit: Duration,
    end: Instant,
}

impl Deadline {
    /// Returns the deadline `limit` from now.
    pub fn after(limit: Duration) -> Deadline {
        let now = Instant::now();
        // A limit that the clock cannot express counts as a year.
        let end = now.checked_add(limit).unwrap_or(now + Duration::from_secs(365 * 24 * 3600));
        Deadline { limit, end }
    }

    /// Returns the deadline after half of the remaining time. Its `limit` is always half of the limit, so that an error about it always
    /// has the same words.
    pub fn half(&self) -> Deadline {
        Deadline { limit: self.limit / 2, end: self.end.checked_sub(self.remaining() / 2).unwrap_or(self.end) }
    }

    /// Returns the time until the deadline; zero once it has passed.
    pub fn remaining(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Returns the time limit that this deadline was created with.
    pub fn limit(&self) -> Duration {
        self.limit
    }
}
