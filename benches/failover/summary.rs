//! The figures of a set of rounds, for the table, the picture and the targets. Prints nothing and asks nobody.

use std::time::Duration;

use crate::judge::Wrong;
use crate::mode::Mode;
use crate::round::Round;

/// All rounds of a mode, and the error that broke it off, if any.
pub struct Results<'a> {
    pub mode: &'a Mode,
    pub rounds: Vec<Round>,
    pub broken_off: Option<String>,
}

pub struct Summary {
    pub rounds: usize,
    /// Until DNS names the new master, sorted; see [`Round::dns`].
    pub dns: Vec<Duration>,
    /// Until the catalog does, sorted.
    pub tags: Vec<Duration>,
    pub wrong: Wrong,
    pub wrong_by_servers: Wrong,
    pub two_tagged: Duration,
    /// The number of answers of the catalog with two passing instances tagged master.
    pub two_samples: usize,
    /// The raft entries of each failover, sorted.
    pub entries: Vec<u64>,
    /// Rounds in which the lead moved although it must not, or too early.
    pub moved_wrongly: usize,
}

impl Summary {
    /// Sums up the rounds of one fault.
    pub fn of_fault(rounds: &[&Round]) -> Summary {
        Summary::timed_by(rounds, |_| true)
    }

    /// Sums up a whole mode: the wrong answers of every round, but only the times of plain failovers.
    pub fn of_mode(rounds: &[Round]) -> Summary {
        Summary::timed_by(&rounds.iter().collect::<Vec<_>>(), |round| round.fault.counts())
    }

    fn timed_by(rounds: &[&Round], is_timed: impl Fn(&Round) -> bool) -> Summary {
        let timed = || rounds.iter().filter(|round| is_timed(round));
        Summary {
            rounds: rounds.len(),
            dns: sorted(timed().map(|round| round.dns)),
            tags: sorted(timed().map(|round| round.tags)),
            wrong: sum(rounds.iter().map(|round| &round.wrong)),
            wrong_by_servers: sum(rounds.iter().map(|round| &round.wrong_by_servers)),
            two_tagged: rounds.iter().map(|round| round.two_tagged).sum(),
            two_samples: rounds.iter().map(|round| round.two_samples).sum(),
            entries: {
                let mut entries: Vec<u64> = rounds.iter().filter_map(|round| round.entries).collect();
                entries.sort_unstable();
                entries
            },
            moved_wrongly: rounds.iter().filter(|round| round.moved_wrongly()).count(),
        }
    }
}

pub fn sum<'a>(all: impl Iterator<Item = &'a Wrong>) -> Wrong {
    all.cloned().fold(Wrong::default(), Wrong::and)
}

pub fn sorted(times: impl Iterator<Item = Option<Duration>>) -> Vec<Duration> {
    let mut times: Vec<_> = times.flatten().collect();
    times.sort();
    times
}

/// The upper of the two in the middle, to be on the safe side.
pub fn median(sorted: &[Duration]) -> Option<Duration> {
    sorted.get(sorted.len() / 2).copied()
}

/// `13.1 ms`, `1.05 s`.
pub fn short(time: Duration) -> String {
    if time.is_zero() {
        "0".to_owned()
    } else if time < Duration::from_secs(1) {
        format!("{:.1} ms", time.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}
