//! When DNS is asked whether it names the leader, and what has changed by its answers. Pure: asks nothing.

use std::time::{Duration, Instant};

/// How often DNS is asked that does not agree yet, for the first minute.
const SOON: Duration = Duration::from_millis(200);
const MINUTE: Duration = Duration::from_secs(60);

/// How often it is asked otherwise: no blocking query shows that the prepared query has gone, or that the agent's token no longer finds it.
const LATER: Duration = Duration::from_secs(5);

/// What is known of the leader's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Name {
    /// Nobody leads, or DNS cannot be asked.
    #[default]
    Unasked,
    /// DNS names the leader. In doubt: it did not the last time.
    Right { next: Instant, in_doubt: bool },
    /// DNS does not name the leader. `was_right`: it did before.
    Wrong { since: Instant, next: Instant, was_right: bool },
}

/// What an answer changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// DNS no longer names the leader.
    Lost,
    /// DNS names the leader; how long it did not, and whether it had before.
    Found { after: Duration, is_again: bool },
}

impl Name {
    /// The name of a leader that was first seen at `since`, with the first answer; `None`: there is none.
    pub fn of_new(agrees: Option<bool>, since: Instant, now: Instant) -> Name {
        match agrees {
            Some(true) => Name::Right { next: now + LATER, in_doubt: false },
            _ => Name::Wrong { since, next: now + SOON, was_right: false },
        }
    }

    /// When DNS must be asked next; `None`: never.
    pub fn next(&self) -> Option<Instant> {
        match self {
            Name::Unasked => None,
            Name::Right { next, .. } | Name::Wrong { next, .. } => Some(*next),
        }
    }

    /// Takes an answer; `None`: there is none, which says nothing.
    pub fn learn(&mut self, agrees: Option<bool>, now: Instant) -> Change {
        let right = Name::Right { next: now + LATER, in_doubt: false };
        let (name, change) = match (*self, agrees) {
            (Name::Unasked, _) => (Name::Unasked, Change::None),
            (Name::Wrong { since, was_right, .. }, Some(true)) => {
                (right, Change::Found { after: now - since, is_again: was_right })
            }
            (Name::Wrong { since, was_right, .. }, _) => {
                let pause = if now - since < MINUTE { SOON } else { LATER };
                (Name::Wrong { since, next: now + pause, was_right }, Change::None)
            }
            (Name::Right { in_doubt: false, .. }, Some(false)) => {
                (Name::Right { next: now + SOON, in_doubt: true }, Change::None)
            }
            (Name::Right { .. }, Some(false)) => {
                (Name::Wrong { since: now, next: now + SOON, was_right: true }, Change::Lost)
            }
            (Name::Right { in_doubt, .. }, None) => (Name::Right { next: now + LATER, in_doubt }, Change::None),
            (Name::Right { .. }, Some(true)) => (right, Change::None),
        };
        *self = name;
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_lost_by_two_answers_and_found_by_one() {
        let begin = Instant::now();
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        let mut name = Name::of_new(Some(true), begin, begin);
        assert_eq!(name.next(), Some(begin + LATER));
        for (seconds, agrees, change) in [
            (5, Some(false), Change::None),
            (6, Some(true), Change::None),
            (11, Some(false), Change::None),
            (12, None, Change::None),
            (13, Some(false), Change::Lost),
            (14, None, Change::None),
            (15, Some(false), Change::None),
            (20, Some(true), Change::Found { after: Duration::from_secs(7), is_again: true }),
            (25, None, Change::None),
        ] {
            assert_eq!(name.learn(agrees, at(seconds)), change, "{seconds}");
        }
        assert_eq!(name.next(), Some(at(25) + LATER));
        let mut new = Name::of_new(None, begin, begin);
        assert_eq!(new.learn(Some(false), at(1)), Change::None);
        assert_eq!(new.next(), Some(at(1) + SOON));
        assert_eq!(new.learn(Some(false), at(61)), Change::None);
        assert_eq!(new.next(), Some(at(61) + LATER));
        let found = Change::Found { after: Duration::from_secs(62), is_again: false };
        assert_eq!(new.learn(Some(true), at(62)), found);
        assert_eq!((Name::Unasked.learn(Some(false), begin), Name::Unasked.next()), (Change::None, None));
    }
}
