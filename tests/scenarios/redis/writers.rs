//! Clients that look up the name for every write, with redis's answers, and which node led meanwhile.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, sleep};
use std::time::Instant;

use super::server::{Client, Redis};
use super::stage::Stage;
use super::{KEY, NAME, PORT};
use crate::harness::{Api, dns_addresses, millis, secs, wait_for};

/// A write that was accepted.
#[derive(Clone, Debug)]
struct Write {
    key: String,
    server: Ipv4Addr,
    /// Whether two replicas have confirmed it.
    safe: bool,
    /// When the writer started to look up the name.
    begin: Instant,
    /// When it knew that the write was accepted.
    end: Instant,
}

/// The terms in order: the lock's `LockIndex` and the address in its value.
type Term = (u64, Ipv4Addr);

pub struct Writers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    /// By writer, in the order of its writes.
    writes: Arc<[Mutex<Vec<Write>>; 2]>,
    terms: Arc<Mutex<Vec<Term>>>,
}

impl Writers {
    pub fn start(stage: &Stage) -> Writers {
        let stop = Arc::new(AtomicBool::new(false));
        let writes: Arc<[Mutex<Vec<Write>>; 2]> = Arc::default();
        let terms = Arc::new(Mutex::new(Vec::new()));
        let server = stage.cluster.server();
        let mut threads = vec![watch(server.api(), Arc::clone(&terms), Arc::clone(&stop))];
        for writer in 0..2 {
            let (writes, stop, dns) = (Arc::clone(&writes), Arc::clone(&stop), server.ip());
            threads.push(thread::spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    match write(dns, &format!("w{writer}:{number}")) {
                        Some(write) => locked(&writes[writer]).push(write),
                        // No server, or one that does not accept it.
                        None => sleep(millis(10)),
                    }
                    sleep(millis(3));
                }
            }));
        }
        Writers { stop, threads, writes, terms }
    }

    /// Waits until each writer has a new write accepted by that server, and confirmed by two replicas if `safe`.
    pub fn wait_for_writes_to(&self, server: Ipv4Addr, safe: bool) {
        for (number, writes) in self.writes.iter().enumerate() {
            let before = locked(writes).len();
            // A replica whose link hangs notices that after 60 s (repl-timeout), and the master takes no write without it.
            wait_for(&format!("writer {number} to write to {server}"), secs(150), || {
                let writes = locked(writes);
                let mut new = writes[before..].iter().filter(|write| write.server == server && (write.safe || !safe));
                new.next().map(drop).ok_or_else(|| format!("last write: {:?}", writes.last()))
            });
        }
    }

    /// Ends the writing. No write that two replicas had may be lost, each replica must have what the master has, and no
    /// writer may have reached an earlier master once any of them had written to a later one.
    pub fn judge(mut self, stage: &Stage, master: usize) {
        self.end();
        let all: Vec<Vec<Write>> = self.writes.iter().map(|writes| locked(writes).clone()).collect();
        let safe: BTreeSet<&str> =
            all.iter().flatten().filter(|write| write.safe).map(|write| write.key.as_str()).collect();
        let terms = locked(&self.terms).clone();
        let written: usize = all.iter().map(Vec::len).sum();
        println!("{written} writes, {} of them on two replicas; terms: {terms:?}", safe.len());
        for redis in &stage.redis {
            wait_for("every replica to have every safe write", secs(20), || {
                let lost = missing(redis, &safe);
                if lost.is_empty() {
                    Ok(())
                } else {
                    Err(format!("{} lost {} of them: {lost:?}", redis.ip, lost.len()))
                }
            });
        }
        let sizes = || stage.redis.iter().map(|redis| redis.tell("DBSIZE")).collect::<Result<BTreeSet<_>, _>>();
        wait_for("all to have the same number of keys", secs(20), || {
            let sizes = sizes()?;
            if sizes.len() == 1 { Ok(()) } else { Err(format!("{sizes:?}, master {}", stage.redis[master].ip)) }
        });
        for pair in terms.windows(2).filter(|pair| pair[1].0 > pair[0].0 + 1) {
            println!("a term before {} was too short to be seen", pair[1].0);
        }
        let late = led_back(all.iter().flatten().collect(), &terms);
        assert!(late.is_none(), "{late:?} came after a write of a later term; the terms were {terms:?}");
    }

    /// Returns the number of terms so far.
    pub fn terms(&self) -> usize {
        locked(&self.terms).len()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Looks up the name, and writes once over a new connection to its address. Returns `None` if the write was not
/// accepted, or if that is unknown.
fn write(dns: Ipv4Addr, key: &str) -> Option<Write> {
    let begin = Instant::now();
    let found = dns_addresses(dns, NAME).ok()?;
    let [server] = found[..] else {
        assert!(found.is_empty(), "the name leads to two at once: {found:?}");
        return None;
    };
    let mut client = Client::to(server, PORT).ok()?;
    client.tell(&format!("SET {key} {key}")).ok().filter(|answer| answer == "OK")?;
    let end = Instant::now();
    let replicas = client.tell("WAIT 2 200").ok().and_then(|count| count.parse::<u8>().ok());
    Some(Write { key: key.to_owned(), server, safe: replicas >= Some(2), begin, end })
}

/// Polls the lock and records each new term.
fn watch(api: Api, terms: Arc<Mutex<Vec<Term>>>, stop: Arc<AtomicBool>) -> JoinHandle<()> {
    thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            let term = api.lock(KEY).filter(|lock| lock.session.is_some());
            let address = term.as_ref().and_then(|lock| lock.value["address"].as_str()?.parse().ok());
            if let (Some(lock), Some(address)) = (term, address) {
                let mut terms = locked(&terms);
                if terms.last() != Some(&(lock.lock_index, address)) {
                    terms.push((lock.lock_index, address));
                }
            }
            sleep(millis(10));
        }
    })
}

fn missing<'a>(redis: &Redis, keys: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let mut client = redis.connect().unwrap();
    keys.iter().copied().filter(|key| client.tell(&format!("GET {key}")).as_deref() != Ok(*key)).collect()
}

/// Finds a write of an earlier term that began, with the look-up of the name, after one of a later term had ended. Each
/// write counts for the earliest possible term: one of its server, and none before the terms of the writes that had
/// ended.
fn led_back<'a>(mut writes: Vec<&'a Write>, terms: &[Term]) -> Option<&'a Write> {
    writes.sort_by_key(|write| write.begin);
    let mut by_end: Vec<usize> = (0..writes.len()).collect();
    by_end.sort_by_key(|&index| writes[index].end);
    let mut ended = by_end.into_iter().peekable();
    let (mut of, mut earliest) = (Vec::with_capacity(writes.len()), 0);
    for write in &writes {
        // A write that has ended by now began before, so its term is known.
        while let Some(index) = ended.next_if(|&index| writes[index].end < write.begin) {
            earliest = earliest.max(of[index]);
        }
        let Some(ahead) = terms[earliest..].iter().position(|(_, address)| *address == write.server) else {
            return Some(write);
        };
        of.push(earliest + ahead);
    }
    None
}

#[test]
fn a_write_to_a_master_of_the_past_is_noticed_whoever_wrote_it() {
    let (zero, one, two) = (Instant::now(), Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let write = |server, begin, end| {
        let (key, at) = (String::new(), |moment| zero + millis(moment));
        Write { key, server, safe: true, begin: at(begin), end: at(end) }
    };
    let late = |writes: &[Write], terms: &[Term]| led_back(writes.iter().collect(), terms).is_some();
    let moved = [(1, one), (2, two)];
    assert!(!late(&[write(one, 0, 5), write(two, 6, 9)], &moved));
    assert!(!late(&[write(two, 1, 5), write(one, 4, 9)], &moved), "it had looked before the other was done");
    assert!(late(&[write(one, 0, 1), write(two, 2, 5), write(one, 6, 9)], &moved));
    assert!(!late(&[write(one, 0, 1), write(two, 2, 5), write(one, 6, 9)], &[(1, one), (2, two), (3, one)]));
    assert!(late(&[write(two, 0, 9)], &[(1, one)]), "it never led");
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
