//! What a DNS name answers, judged against who holds the lock: the one question that the fence is about.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::harness::{Node, dns_addresses, millis, secs, seen, wait_for};
use crate::stage::Candidate;

/// Asks for the name every 5 ms, in a thread of its own, and judges each answer against the lock's holder just before and just after.
///
/// The two reads of the lock make a judgement that needs no clock: an answer is true when it is empty, or when it is the one instance
/// that held the lock at one of them. A server answers both from its own state, so ask one that leads.
pub struct NameWatch {
    stop: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Samples>>,
}

/// What a watch has seen.
#[derive(Debug, Default)]
pub struct Samples {
    /// How many answers it judged.
    pub taken: usize,
    /// How many of them named an instance.
    pub answered: usize,
    /// Those that named two, or one that did not hold the lock.
    pub lies: Vec<String>,
    /// The longest time between two answers that named an instance.
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
        // The holder as far as it tells itself: a session that an instance of this election did not describe has no address.
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

    /// Waits until it has judged so many answers more.
    pub fn takes(&self, more: usize) {
        let wanted = self.taken.load(Ordering::Relaxed) + more;
        wait_for("more answers", secs(60), || {
            seen(self.taken.load(Ordering::Relaxed), |taken| *taken >= wanted).map(drop)
        });
    }

    /// Ends the watch and tells what it saw.
    pub fn end(mut self) -> Samples {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }

    /// Ends the watch, which must have looked often and never have been told a lie.
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
