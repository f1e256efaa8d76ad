//! The thread that watches the service's port: follows a connection and those that replace it, or searches for one. Must never know roles
//! or Consul.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use log::debug;

use super::news::News;
use crate::deadline::Deadline;
use crate::port::{Connection, Probe, Target};

/// Connections shorter than this count as dropped.
const LASTING: Duration = Duration::from_secs(1);

/// The pauses in milliseconds before the next connection, by the number of dropped connections in a row. A dying process may close its
/// connections before its listener, so that one more connection succeeds and ends at once: that must not take long.
const PAUSES_MS: [u64; 5] = [0, 5, 20, 80, 320];

/// The pause before each try of a search.
const SEARCH_EVERY: Duration = Duration::from_secs(1);

/// The time limit of a try outside a pass. A resolver may take half of it, which is longer than resolvers usually take to give up.
const PATIENCE: Duration = Duration::from_secs(50);

/// Reports news, and returns whether anybody still listens.
type Tell = Arc<dyn Fn(News) -> bool + Send + Sync>;

/// The thread, and what it does. It ends once it has reported that its work is over, or when it is told to do something else.
pub struct PortWatch {
    tell: Tell,
    work: Work,
}

enum Work {
    Nothing,
    Follow(Arc<Connection>),
    Search(Search),
}

/// A search, which ends when it has found out, or when this is dropped.
struct Search(Arc<AtomicBool>);

impl Search {
    fn is_over(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl PortWatch {
    /// Makes a watch without a thread, which reports to `tell`.
    pub fn new(tell: impl Fn(News) -> bool + Send + Sync + 'static) -> PortWatch {
        PortWatch { tell: Arc::new(tell), work: Work::Nothing }
    }

    /// Follows this connection and the ones that replace it, until none can be made within `grace`.
    pub fn follow(&mut self, connection: &Arc<Connection>, target: &Target, grace: Duration) {
        if matches!(&self.work, Work::Follow(followed) if Arc::ptr_eq(followed, connection)) {
            return;
        }
        let (first, target, tell) = (Arc::clone(connection), target.clone(), Arc::clone(&self.tell));
        self.start(Work::Follow(Arc::clone(connection)), move || follow(first, &target, grace, &*tell));
    }

    /// Tries to connect every second until the target is open or refuses.
    pub fn search(&mut self, target: &Target) {
        if matches!(&self.work, Work::Search(search) if !search.is_over()) {
            return;
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let (search, target, tell) = (Search(Arc::clone(&is_over)), target.clone(), Arc::clone(&self.tell));
        self.start(Work::Search(search), move || find(&target, &is_over, &*tell));
    }

    /// Ends a search.
    pub fn rest(&mut self) {
        self.work = Work::Nothing;
    }

    /// Notes that this connection has replaced the followed one.
    pub fn follows_now(&mut self, connection: &Arc<Connection>) {
        self.work = Work::Follow(Arc::clone(connection));
    }

    fn start(&mut self, work: Work, run: impl FnOnce() + Send + 'static) {
        match thread::Builder::new().name("port".to_owned()).spawn(run) {
            Ok(_) => self.work = work,
            Err(error) => debug!("no thread to watch the port in: {error}"),
        }
    }
}

/// Connects again whenever the service ends the connection: at once at first, and a few times a second if that goes on.
fn follow(mut connection: Arc<Connection>, target: &Target, grace: Duration, tell: &dyn Fn(News) -> bool) {
    let mut dropped: usize = 0;
    loop {
        let since = Instant::now();
        while !connection.closes_within(PATIENCE) {}
        if connection.is_given_up() {
            return;
        }
        dropped = if since.elapsed() < LASTING { dropped + 1 } else { 0 };
        thread::sleep(Duration::from_millis(PAUSES_MS[dropped.min(PAUSES_MS.len() - 1)]));
        let next = match target.probe(Deadline::after(grace), Deadline::after(grace + PATIENCE)) {
            Probe::Open(next) => next,
            probe => {
                tell(News::PortClosed(connection, matches!(probe, Probe::Refused)));
                return;
            }
        };
        let next = Arc::new(next);
        if !tell(News::PortReopened(connection, Arc::clone(&next))) {
            return;
        }
        connection = next;
    }
}

/// Tries to connect until that shows something, or the search is over.
fn find(target: &Target, is_over: &AtomicBool, tell: &dyn Fn(News) -> bool) {
    loop {
        thread::sleep(SEARCH_EVERY);
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let found = match target.probe(Deadline::after(Duration::ZERO), Deadline::after(PATIENCE)) {
            Probe::Open(connection) => Some(connection),
            Probe::Refused => None,
            Probe::Unclear(_) => continue,
        };
        is_over.store(true, Ordering::SeqCst);
        tell(News::PortFound(found));
        return;
    }
}
