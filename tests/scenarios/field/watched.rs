//! A DNS name under watch: asked all the time, in a thread of its own, for the one answer that it must keep.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crate::harness::{dns_addresses, millis, secs, seen, wait_for};
use crate::stage::Candidate;

/// A name that must keep its answer until the watch ends.
pub struct Watched {
    name: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<(usize, Option<String>)>>,
}

impl Watched {
    /// Watches the name of the service itself, which must answer with all candidates.
    pub fn service(candidates: &[Candidate]) -> Watched {
        let mut all: Vec<Ipv4Addr> = candidates.iter().map(|candidate| candidate.node.ip()).collect();
        all.sort_unstable();
        Watched::start(candidates[0].node.ip(), format!("{}.service.consul", candidates[0].service), all)
    }

    /// Watches the name of the master, which must answer with this candidate.
    pub fn master(candidate: &Candidate) -> Watched {
        let ip = candidate.node.ip();
        Watched::start(ip, format!("{}.query.consul", candidate.query()), vec![ip])
    }

    /// Waits for the first right answer, and watches from then on.
    fn start(server: Ipv4Addr, name: String, expected: Vec<Ipv4Addr>) -> Watched {
        wait_for(&format!("{name} to answer"), secs(30), || {
            seen(dns_addresses(server, &name), |found| found.as_ref() == Ok(&expected)).map(drop)
        });
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, asked) = (Arc::clone(&stop), name.clone());
        let thread = thread::spawn(move || {
            let mut looks = 0;
            while !stopped.load(Ordering::Relaxed) {
                let found = dns_addresses(server, &asked);
                if found.as_ref() != Ok(&expected) {
                    return (looks, Some(format!("{found:?} in place of {expected:?}")));
                }
                looks += 1;
                thread::sleep(millis(5));
            }
            (looks, None)
        });
        Watched { name, stop, thread: Some(thread) }
    }

    /// Ends the watch, which must have looked often and never seen another answer.
    pub fn kept_its_answer(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let (looks, other) = self.thread.take().unwrap().join().unwrap();
        assert_eq!(other, None, "{} after {looks} looks", self.name);
        assert!(looks > 50, "{} was asked {looks} times", self.name);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
