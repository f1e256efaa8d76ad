//! Moments of a clock that also runs while the machine is suspended. Must never know what happens at one.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A moment on this machine, by the clock that runs from its start and never stops or jumps (`CLOCK_BOOTTIME`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// Returns the present moment.
    #[must_use]
    pub fn now() -> Moment {
        let now = clock_gettime(ClockId::Boottime);
        Moment(Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0)))
    }

    /// Returns the moment so long after the machine's start.
    #[must_use]
    pub fn since_start(time: Duration) -> Moment {
        Moment(time)
    }

    /// Returns the time from the machine's start to this moment.
    #[must_use]
    pub fn from_start(self) -> Duration {
        self.0
    }

    /// Returns the moment so much later.
    #[must_use]
    pub fn after(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(time))
    }

    /// Returns the moment so much earlier, or the machine's start.
    #[must_use]
    pub fn before(self, time: Duration) -> Moment {
        Moment(self.0.saturating_sub(time))
    }

    /// Returns the time from now until then; zero if it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_sub(Moment::now().0)
    }

    /// Returns the time from then until now; zero if it has not come.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        Moment::now().0.saturating_sub(self.0)
    }

    /// Returns whether it has come.
    #[must_use]
    pub fn has_come(self) -> bool {
        self.remaining().is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_comes_once_and_stays_in_the_past() {
        let (now, hour) = (Moment::now(), Duration::from_secs(3600));
        assert!(now.has_come() && !now.after(hour).has_come());
        assert!(now.before(hour).elapsed() >= hour && now.after(hour).elapsed().is_zero());
        assert!(now.after(hour).remaining() <= hour && now.remaining().is_zero());
        assert_eq!(Moment::since_start(hour).before(Duration::MAX).from_start(), Duration::ZERO);
        assert_eq!(Moment::since_start(now.from_start()), now);
    }
}
