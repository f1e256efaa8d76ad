//! Observes Consul during a round: threads that poll without pause and record when they asked and what they heard.
//! Judges nothing.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::stage::{KEY, NAME, SERVICE};
use crate::wire::{Dns, Http, Reply};

/// The interval between two questions of one thread.
pub const PACE: Duration = Duration::from_millis(5);
/// The servers' own DNS is asked less often: there are three of them, and they do not supply the main figures.
const SERVERS_PACE: Duration = Duration::from_millis(15);

/// One question and its answer.
#[derive(Clone, Debug)]
pub struct Seen<T> {
    pub asked: Instant,
    pub answered: Instant,
    pub what: Result<T, String>,
    /// An answer to a DNS question that had already timed out.
    pub late: bool,
}

/// Who holds the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    pub session: Option<String>,
    /// The holder's node; none without a session, or if the value belongs to another session.
    pub node: Option<String>,
    /// Consul's `LockIndex`.
    pub term: u64,
}

pub type Addresses = Vec<Ipv4Addr>;
type Shared<T> = Arc<Mutex<Vec<Seen<T>>>>;

/// All answers, in the order of the questions except for late ones.
pub struct Record {
    /// The DNS of a client that no fault hits.
    pub dns: Vec<Seen<Addresses>>,
    /// The DNS of each server, if there are several.
    pub servers: Vec<Vec<Seen<Addresses>>>,
    /// The lock key, read consistently.
    pub truth: Vec<Seen<Lock>>,
    /// The lock key by blocking queries, which show the moment of a change.
    pub lock: Vec<Seen<Lock>>,
    /// The nodes whose instance is passing and tagged master in the catalog, by blocking queries.
    pub tags: Vec<Seen<Vec<String>>>,
}

pub struct Watch {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    dns: Shared<Addresses>,
    servers: Vec<Shared<Addresses>>,
    truth: Shared<Lock>,
    lock: Shared<Lock>,
    tags: Shared<Vec<String>>,
}

impl Watch {
    /// Asks the DNS of `witness` and of each of `servers`, and the catalog at `observer`.
    pub fn start(witness: Ipv4Addr, servers: &[Ipv4Addr], observer: Ipv4Addr) -> Watch {
        let mut watch = Watch {
            stop: Arc::default(),
            threads: Vec::new(),
            dns: Arc::default(),
            servers: servers.iter().map(|_| Arc::default()).collect(),
            truth: Arc::default(),
            lock: Arc::default(),
            tags: Arc::default(),
        };
        watch.ask_dns(witness, PACE, Arc::clone(&watch.dns));
        for (server, heard) in servers.iter().zip(watch.servers.clone()) {
            watch.ask_dns(*server, SERVERS_PACE, heard);
        }
        let key = format!("/v1/kv/{KEY}");
        let consistent = format!("{key}?consistent");
        let mut http = Http::to(observer);
        watch.spawn(Arc::clone(&watch.truth), PACE, move || {
            let asked = Instant::now();
            vec![entry(asked, http.get(&consistent).map(|(body, _)| lock(&body)), false)]
        });
        watch.follow(observer, key, Arc::clone(&watch.lock), lock);
        // An agent cannot sort by nearness from its own memory. Without `near`, Consul 1.10 and newer answer a blocking
        // query from an event stream, which lags and keeps answering while the servers have no leader.
        let tagged = format!("/v1/health/service/{SERVICE}?passing&tag=master&near=_agent");
        watch.follow(observer, tagged, Arc::clone(&watch.tags), nodes);
        watch
    }

    /// Ends the watch and returns its record.
    pub fn finish(mut self) -> Record {
        self.end();
        Record {
            dns: self.dns().clone(),
            servers: self.servers.iter().map(|heard| held(heard).clone()).collect(),
            truth: self.truth().clone(),
            lock: self.lock().clone(),
            tags: self.tags().clone(),
        }
    }

    pub fn dns(&self) -> MutexGuard<'_, Vec<Seen<Addresses>>> {
        held(&self.dns)
    }

    pub fn truth(&self) -> MutexGuard<'_, Vec<Seen<Lock>>> {
        held(&self.truth)
    }

    pub fn lock(&self) -> MutexGuard<'_, Vec<Seen<Lock>>> {
        held(&self.lock)
    }

    pub fn tags(&self) -> MutexGuard<'_, Vec<Seen<Vec<String>>>> {
        held(&self.tags)
    }

    fn ask_dns(&mut self, ip: Ipv4Addr, pace: Duration, heard: Shared<Addresses>) {
        let mut dns = Dns::to(ip, NAME).expect("a UDP socket");
        self.spawn(heard, pace, move || {
            let ((asked, what), late) = dns.ask();
            let late = late.into_iter().map(|(asked, what): Reply| entry(asked, what, true));
            let mut all: Vec<_> = late.collect();
            all.push(entry(asked, what, false));
            all
        });
    }

    /// Asks by blocking queries, so an answer comes at a change or after half a second.
    fn follow<T: Send + 'static>(
        &mut self,
        ip: Ipv4Addr,
        path: String,
        heard: Shared<T>,
        read: impl Fn(&Value) -> T + Send + 'static,
    ) {
        let (mut http, mut index) = (Http::to(ip), 0);
        self.spawn(heard, Duration::ZERO, move || {
            let asked = Instant::now();
            let answer = http.block(&path, index);
            // An index that goes back comes from another server or from one that lost it; start over.
            index = answer.as_ref().map_or(0, |(_, new)| if *new < index { 0 } else { *new });
            if answer.is_err() {
                sleep(PACE);
            }
            vec![entry(asked, answer.map(|(body, _)| read(&body)), false)]
        });
    }

    fn spawn<T: Send + 'static>(
        &mut self,
        heard: Shared<T>,
        pace: Duration,
        mut ask: impl FnMut() -> Vec<Seen<T>> + Send + 'static,
    ) {
        let stop = Arc::clone(&self.stop);
        self.threads.push(thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let begin = Instant::now();
                let news = ask();
                held(&heard).extend(news);
                sleep(pace.saturating_sub(begin.elapsed()));
            }
        }));
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked has printed its message already.
            let _ = thread.join();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}

fn held<T>(heard: &Mutex<Vec<Seen<T>>>) -> MutexGuard<'_, Vec<Seen<T>>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time of the answer is taken when it is recorded, after it was heard.
fn entry<T>(asked: Instant, what: Result<T, String>, late: bool) -> Seen<T> {
    Seen { asked, answered: Instant::now(), what, late }
}

fn lock(body: &Value) -> Lock {
    let entry = &body[0];
    let bytes = STANDARD.decode(entry["Value"].as_str().unwrap_or_default()).unwrap_or_default();
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let session = entry["Session"].as_str();
    let own = session.is_some() && value["session"].as_str() == session;
    let node = value["node"].as_str().filter(|_| own);
    Lock {
        session: session.map(str::to_owned),
        node: node.map(str::to_owned),
        term: entry["LockIndex"].as_u64().unwrap_or_default(),
    }
}

fn nodes(body: &Value) -> Vec<String> {
    let entries = body.as_array().into_iter().flatten();
    let mut nodes: Vec<_> = entries.filter_map(|entry| entry["Node"]["Node"].as_str().map(str::to_owned)).collect();
    nodes.sort();
    nodes
}
