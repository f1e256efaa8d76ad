//! The one deadline that bounds a whole pass, so that no sum of slow answers outlasts what Consul gives a check.

use std::time::{Duration, Instant};

/// A moment in the future, fixed when the pass begins.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    limit: Duration,
    end: Instant,
}

impl Deadline {
    /// The deadline that lies `limit` from now.
    pub fn after(limit: Duration) -> Deadline {
        let now = Instant::now();
        // A limit beyond what the clock can express is as good as a year.
        let end = now.checked_add(limit).unwrap_or(now + Duration::from_secs(365 * 24 * 3600));
        Deadline { limit, end }
    }

    /// The deadline by which half of what is left has passed. Its limit is half of the limit, whatever is left, so that who says it
    /// always says the same.
    pub fn half(&self) -> Deadline {
        Deadline { limit: self.limit / 2, end: self.end.checked_sub(self.remaining() / 2).unwrap_or(self.end) }
    }

    /// What is left until the deadline; zero once it has passed.
    pub fn remaining(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// The time that was given in the beginning.
    pub fn limit(&self) -> Duration {
        self.limit
    }
}
