//! Sees the two moments of a failover at the server: the lock is lost, and the name finds another instance. Ends when it has
//! seen both. Counts nothing.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use crate::harness::{millis, secs, seen, wait_for};
use crate::stage::{KEY, NAME, found};
use crate::wire::Http;

/// The name is asked for this often at first, and then at this part of the time that has passed: a long failover must not
/// cost the server many questions.
const PACE: Duration = Duration::from_millis(5);
const PART: u32 = 50;

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    lost: Option<Instant>,
    moved: Option<(Instant, usize)>,
}

pub struct Watch {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    threads: Vec<JoinHandle<()>>,
}

impl Watch {
    /// Starts to watch at this server, where the instance `old` leads. Returns when the lock has been read.
    pub fn start(server: Ipv4Addr, old: usize) -> Watch {
        let (stop, seen, ready) =
            (Arc::<AtomicBool>::default(), Arc::<Mutex<Seen>>::default(), Arc::<AtomicBool>::default());
        let lock = (Arc::clone(&stop), Arc::clone(&seen), Arc::clone(&ready));
        let name = (Arc::clone(&stop), Arc::clone(&seen));
        let threads = vec![
            thread::spawn(move || watch_lock(server, &lock.0, &lock.1, &lock.2)),
            thread::spawn(move || watch_name(server, old, &name.0, &name.1)),
        ];
        let watch = Watch { stop, seen, threads };
        wait_for("the lock to be read", secs(30), || {
            crate::harness::seen(ready.load(Ordering::Relaxed), |ready| *ready).map(drop)
        });
        watch
    }

    /// Waits until the name finds another instance. Returns that, when the lock was seen to be lost, and when the name had moved.
    pub fn wait(&self, limit: Duration) -> (usize, Option<Instant>, Instant) {
        let last = || *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        wait_for("the name to move", limit, || seen(last(), |seen| seen.moved.is_some()));
        let Seen { lost, moved } = last();
        let (when, who) = moved.expect("it was just seen");
        (who, lost, when)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked has printed its message already.
            let _ = thread.join();
        }
    }
}

/// Follows the lock by blocking queries until its session changes.
fn watch_lock(server: Ipv4Addr, stop: &AtomicBool, seen: &Mutex<Seen>, ready: &AtomicBool) {
    let (mut http, mut index, mut first) = (Http::to(server), 0, None);
    let path = format!("/v1/kv/{KEY}");
    while !stop.load(Ordering::Relaxed) {
        let Ok((body, next)) = http.block(&path, index) else {
            sleep(millis(20));
            continue;
        };
        let now = Instant::now();
        index = if next < index { 0 } else { next };
        let session = body[0]["Session"].as_str().unwrap_or_default().to_owned();
        match &first {
            None => {
                first = Some(session);
                ready.store(true, Ordering::Relaxed);
            }
            Some(first) if *first != session => {
                seen.lock().unwrap_or_else(PoisonError::into_inner).lost = Some(now);
                return;
            }
            Some(_) => {}
        }
    }
}

/// Asks whom the name finds until that is another instance.
fn watch_name(server: Ipv4Addr, old: usize, stop: &AtomicBool, seen: &Mutex<Seen>) {
    let (mut http, begin) = (Http::to(server), Instant::now());
    while !stop.load(Ordering::Relaxed) {
        let answer = http.get(NAME);
        let now = Instant::now();
        if let Some(who) = answer.ok().and_then(|(body, _)| found(&body)).filter(|who| *who != old) {
            seen.lock().unwrap_or_else(PoisonError::into_inner).moved = Some((now, who));
            return;
        }
        sleep(PACE.max(begin.elapsed() / PART));
    }
}
