//! Compares the answers of a DNS name with the holder of the lock, which is all that the fence is about.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::harness::{Node, dns_addresses, millis, secs, seen, wait_for};
use crate::stage::Candidate;

/// Asks for the name every 5 ms, in its own thread, and judges each answer by the lock's holder just before and just
/// after.
///
/// With two reads of the lock, the judgement needs no clock: an answer is right if it is empty, or if it is the one
/// instance that held the lock at one of the reads. A server answers both from its own state, so ask a leading one.
pub struct NameWatch {
    stop: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Samples>>,
}

/// The observations of a watch.
#[derive(Debug, Default)]
pub struct Samples {
    /// The number of judged answers.
    pub taken: usize,
    /// The number of answers with an instance.
    pub answered: usize,
    /// The answers with two instances, or with one that did not hold the lock.
    pub lies: Vec<String>,
    /// The longest time between two answers with an instance.
    pub longest_gap: Duration,
}

impl NameWatch {
    /// Watches the name of the candidates' election by asking `server`.
    pub fn over(candidates: &[Candidate], server: &Node) -> NameWatch {
        let stop = Arc::new(AtomicBool::new(false));
        let taken = Arc::new(AtomicUsize::new(0));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&taken));
        let (api, key, ip) = (server.api(), candidates[0].key(), server.ip());
        let name = format!("{}.query.consul", candidates[0].query());
        let nodes: Vec<(String, Ipv4Addr)> =
            candidates.iter().map(|one| (one.node.name().to_owned(), one.node.ip())).collect();
        // The holder as described by itself: a session that no instance of this election described has no address.
        let holder = move || -> Option<Ipv4Addr> {
            let lock = api.lock(&key)?;
            let session = lock.session?;
            let described = lock.value["session"] == *session;
            let node = lock.value["node"].as_str().filter(|_| described)?;
            nodes.iter().find(|(name, _)| name == node).map(|(_, ip)| *ip)
        };
        let thread = thread::spawn(move || {
            let (mut samples, mut last) = (Samples::default(), None);
            while !stopped.load(Ordering::Relaxed) {
                let begin = Instant::now();
                let before = holder();
                let Ok(answer) = dns_addresses(ip, &name) else { continue };
                let after = holder();
                samples.taken += 1;
                counted.store(samples.taken, Ordering::Relaxed);
                if !answer.is_empty() {
                    samples.answered += 1;
                    let gap = last.replace(begin).map_or(Duration::ZERO, |last| begin - last);
                    samples.longest_gap = samples.longest_gap.max(gap);
                }
                let held = |found: &Ipv4Addr| Some(*found) == before || Some(*found) == after;
                if answer.len() > 1 || !answer.iter().all(held) {
                    samples.lies.push(format!("{answer:?} while {before:?} held the lock, then {after:?}"));
                }
                thread::sleep(millis(5).saturating_sub(begin.elapsed()));
            }
            samples
        });
        NameWatch { stop, taken, thread: Some(thread) }
    }

    /// Waits until it has judged this many more answers.
    pub fn takes(&self, more: usize) {
        let wanted = self.taken.load(Ordering::Relaxed) + more;
        wait_for("more answers", secs(60), || {
            seen(self.taken.load(Ordering::Relaxed), |taken| *taken >= wanted).map(drop)
        });
    }

    /// Ends the watch and returns its observations.
    pub fn end(mut self) -> Samples {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }

    /// Ends the watch, which must have polled often and never have seen a wrong answer.
    pub fn was_never_told_a_lie(self) {
        let samples = self.end();
        assert!(samples.taken > 10 && samples.answered > 0, "the watch has not seen enough: {samples:?}");
        assert_eq!(samples.lies, Vec::<String>::new(), "of {} answers", samples.taken);
    }
}

impl Drop for NameWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
