//! Records what clients see of an election while it moves between tools: which instances are tagged and passing, and
//! what DNS answers. Judges nothing, because neither tool respects the other's lock.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Answer, Node, dns_addresses, millis, secs, seen, text, texts, wait_for};

/// Polls every 5 ms, in its own thread.
pub struct Sight {
    stop: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Seen>>,
}

/// All observations.
#[derive(Debug, Default)]
pub struct Seen {
    /// How often it polled.
    pub looks: usize,
    /// Every set of passing instances with the master's tag, by node.
    pub tagged: BTreeSet<Vec<String>>,
    /// Every set of passing instances with the tag `slave`, by node.
    pub slaves: BTreeSet<Vec<String>>,
    /// Every set of passing instances, by node: those in the service's DNS name.
    pub passing: BTreeSet<Vec<String>>,
    /// Every answer of DNS.
    pub named: BTreeSet<Vec<Ipv4Addr>>,
    /// The longest time between two non-empty answers of DNS.
    pub longest_gap: Duration,
}

impl Sight {
    /// Watches redis' tags and the name through one server.
    pub fn of(tag: &str, name: &str, server: &Node) -> Sight {
        let stop = Arc::new(AtomicBool::new(false));
        let taken = Arc::new(AtomicUsize::new(0));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&taken));
        let (api, ip, name) = (server.api(), server.ip(), name.to_owned());
        let tag = tag.to_owned();
        let thread = thread::spawn(move || {
            let (mut sight, mut last) = (Seen::default(), None);
            while !stopped.load(Ordering::Relaxed) {
                let begin = Instant::now();
                let Ok(Value::Array(found)) =
                    api.request("GET", "/v1/health/service/redis?passing", None).map(Answer::json)
                else {
                    continue;
                };
                let Ok(answer) = dns_addresses(ip, &name) else { continue };
                if !answer.is_empty() {
                    let now = Instant::now();
                    let gap = last.replace(now).map_or(Duration::ZERO, |last| now - last);
                    sight.longest_gap = sight.longest_gap.max(gap);
                }
                sight.tagged.insert(nodes(&found, Some(&tag)));
                sight.slaves.insert(nodes(&found, Some("slave")));
                sight.passing.insert(nodes(&found, None));
                sight.named.insert(answer);
                sight.looks += 1;
                counted.store(sight.looks, Ordering::Relaxed);
                thread::sleep(millis(5).saturating_sub(begin.elapsed()));
            }
            sight
        });
        Sight { stop, taken, thread: Some(thread) }
    }

    /// Waits until it has polled this many more times.
    pub fn takes(&self, more: usize) {
        let wanted = self.taken.load(Ordering::Relaxed) + more;
        wait_for("more looks", secs(60), || {
            seen(self.taken.load(Ordering::Relaxed), |taken| *taken >= wanted).map(drop)
        });
    }

    /// Ends it and returns the observations.
    pub fn end(mut self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

/// Returns the nodes of the instances, of all or of those with the tag.
fn nodes(instances: &[Value], tag: Option<&str>) -> Vec<String> {
    let has_tag = |entry: &&Value| tag.is_none_or(|tag| texts(&entry["Service"], "Tags").iter().any(|own| own == tag));
    let mut nodes: Vec<_> = instances.iter().filter(has_tag).map(|entry| text(&entry["Node"], "Node")).collect();
    nodes.sort();
    nodes
}

impl Drop for Sight {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Seen {
    /// Checks that only this node was ever master, by tag or by name.
    pub fn is_of_one_master(&self, master: &Node) {
        assert!(self.looks > 20, "{self:?}");
        let tagged = BTreeSet::from([vec![], vec![master.name().to_owned()]]);
        let named = BTreeSet::from([vec![], vec![master.ip()]]);
        assert!(self.tagged.is_subset(&tagged) && self.named.is_subset(&named), "{self:?}");
    }
}
