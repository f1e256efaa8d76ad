//! Which candidates the master of a large election names as its successors. Pure.

use crate::election::identity::Identity;
use crate::election::model::{Candidate, View};
use crate::election::successors::{FEWEST_NAMES, Successors};

/// The largest number of candidates besides the master that need no names: so many may read all instances at the same moment.
const MOST_WITHOUT_NAMES: usize = 8;

/// The number of candidates that a master names.
const NAMES: usize = 3;

/// The names that the lock's value gets with a new master. Those that the last one named stay, unless all instances were read.
pub fn of_new_master(view: &View) -> Successors {
    let own = &view.instance.identity;
    let left = view.notes.successors.clone().without(own);
    let all = view.others.known().filter(|_| sees_all(view));
    all.and_then(|all| renewed(&left, all, own)).unwrap_or(left)
}

/// The names that a master writes into the lock's value in place of the present ones; `None`: it leaves these.
pub fn of_master(view: &View) -> Option<Successors> {
    let all = view.others.known().filter(|_| sees_all(view))?;
    renewed(&view.notes.successors, all, &view.instance.identity)
}

/// Whether the candidates were read among all instances, of which this is one.
fn sees_all(view: &View) -> bool {
    !view.saw_named_only && view.entries.own.is_some()
}

/// The names that should stand in the lock's value, by all candidates besides the master, best first; `None`: the present ones are good enough.
pub fn renewed(present: &Successors, candidates: &[Candidate], master: &Identity) -> Option<Successors> {
    let size = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
    let has_about_that_size = present.candidates / 2 <= size && size / 2 <= present.candidates;
    if candidates.len() <= MOST_WITHOUT_NAMES && (present.is_empty() || !has_about_that_size) {
        return (!present.is_empty()).then(Successors::default);
    }
    let fit = |named: &Identity| candidates.iter().find(|candidate| candidate.instance == *named);
    let kept: Vec<&Candidate> = present.next.iter().filter_map(fit).collect();
    // Of equals any will do; nobody may be named before a better one.
    let are_best = kept.iter().zip(candidates).all(|(kept, best)| rank(kept) == rank(best));
    if has_about_that_size && are_best && kept.len() >= FEWEST_NAMES {
        return None;
    }
    let mut named: Vec<&Candidate> = if are_best { kept } else { Vec::new() };
    while named.len() < NAMES {
        let is_new = |candidate: &&Candidate| !named.iter().any(|other| other.instance == candidate.instance);
        let is_elsewhere = |candidate: &Candidate| {
            let node = &candidate.instance.node;
            master.node != *node && !named.iter().any(|other| other.instance.node == *node)
        };
        // A node that fails should not take several of them with it. `max_by_key` returns the last of equals.
        let best = candidates.iter().rev().filter(is_new).max_by_key(|one| (rank(one), is_elsewhere(one)));
        let Some(best) = best else { break };
        named.push(best);
    }
    Some(Successors { candidates: size, next: named.into_iter().map(|one| one.instance.clone()).collect() })
}

fn rank(candidate: &Candidate) -> (bool, u32) {
    (candidate.is_passing, candidate.priority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(node: &str) -> Identity {
        Identity { node: node.to_owned(), service_id: "redis".to_owned() }
    }

    fn candidates(count: usize, of: impl Fn(usize) -> (u32, bool)) -> Vec<Candidate> {
        let one = |number: usize| {
            let (priority, is_passing) = of(number);
            Candidate { instance: identity(&format!("n{number:03}")), priority, is_passing, checks_index: 0 }
        };
        let mut all: Vec<Candidate> = (0..count).map(one).collect();
        all.sort_by_key(|one| std::cmp::Reverse(rank(one)));
        all
    }

    fn named(successors: &Successors) -> Vec<&str> {
        successors.next.iter().map(|one| one.node.as_str()).collect()
    }

    #[test]
    fn a_small_election_names_nobody_and_a_large_one_its_best() {
        let master = identity("m");
        for count in 0..=MOST_WITHOUT_NAMES {
            assert_eq!(renewed(&Successors::default(), &candidates(count, |_| (100, true)), &master), None, "{count}");
        }
        let first = |all: &[Candidate]| renewed(&Successors::default(), all, &master).unwrap();
        assert_eq!(named(&first(&candidates(9, |_| (100, true)))), ["n000", "n001", "n002"]);
        let by_priority = first(&candidates(20, |number| (u32::from(number == 7) + 100, number != 0)));
        assert_eq!((named(&by_priority), by_priority.candidates), (vec!["n007", "n001", "n002"], 20));
    }

    #[test]
    fn of_equals_those_of_different_nodes_are_named() {
        let mut all = candidates(20, |_| (100, true));
        for (number, one) in all.iter_mut().enumerate() {
            one.instance = Identity { node: format!("n{}", number / 5), service_id: format!("redis-{number}") };
        }
        let successors = renewed(&Successors::default(), &all, &identity("n0")).unwrap();
        assert_eq!(named(&successors), ["n1", "n2", "n3"]);
        for one in &mut all {
            one.instance.node = "n0".to_owned();
        }
        let successors = renewed(&Successors::default(), &all, &identity("n0")).unwrap();
        assert_eq!(named(&successors), ["n0", "n0", "n0"]);
    }

    #[test]
    fn names_stay_while_two_of_them_are_among_the_best() {
        let master = identity("m");
        let all = candidates(20, |_| (100, true));
        let names = |numbers: &[usize]| Successors {
            candidates: 20,
            next: numbers.iter().map(|number| identity(&format!("n{number:03}"))).collect(),
        };
        for good in [&[0, 1, 2][..], &[17, 4, 9], &[5, 19], &[5, 77, 19]] {
            assert_eq!(renewed(&names(good), &all, &master), None, "{good:?}");
        }
        for (poor, then) in [
            (&[][..], ["n000", "n001", "n002"]),
            (&[5], ["n005", "n000", "n001"]),
            (&[5, 77], ["n005", "n000", "n001"]),
        ] {
            assert_eq!(named(&renewed(&names(poor), &all, &master).unwrap()), then, "{poor:?}");
        }
        let with_better = candidates(20, |number| (if number == 9 { 200 } else { 100 }, true));
        assert_eq!(named(&renewed(&names(&[0, 1]), &with_better, &master).unwrap()), ["n009", "n000", "n001"]);
        assert_eq!(renewed(&names(&[9, 1]), &with_better, &master), None);
        let with_worse = candidates(20, |number| (100, number != 0));
        assert_eq!(named(&renewed(&names(&[0, 1]), &with_worse, &master).unwrap()), ["n001", "n002", "n003"]);
    }

    #[test]
    fn the_size_is_noted_again_once_it_has_doubled_or_halved() {
        let master = identity("m");
        let of = |size: u32| Successors { candidates: size, next: vec![identity("n000"), identity("n001")] };
        let renewed = |noted: u32, count: usize| renewed(&of(noted), &candidates(count, |_| (100, true)), &master);
        for (noted, count) in [(20, 20), (20, 39), (20, 12), (12, 7)] {
            assert_eq!(renewed(noted, count), None, "{noted} {count}");
        }
        assert_eq!(renewed(20, 50).map(|it| it.candidates), Some(50));
        assert_eq!(renewed(50, 20).map(|it| it.candidates), Some(20));
        assert_eq!(renewed(20, 3), Some(Successors::default()));
    }
}
