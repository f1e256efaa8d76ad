//! Two blocking queries at once, on the lock key and on the instance's own registration, each in a thread with a connection of its
//! own. Owns the threads and what is asked of them; knows nothing of what a change means.
//!
//! A thread asks once for every order and then waits for the next: so its connection to the agent is free for the pass when the thread has
//! learnt something, and a pass that waits has two. A third thread watches the service's port, where that is asked for.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use log::debug;

use super::observe::KeyAnswer;
use crate::consul::{Client, Registration};
use crate::deadline::Deadline;
use crate::interrupt::Interrupt;
use crate::options::Options;
use crate::port::{Connection, Probe, Target};

/// The longest that one blocking query asks for: some Consul 1.22 cuts an answer off after 30 s.
const LONGEST_QUERY: Duration = Duration::from_secs(25);

/// What a query may take beyond its wait: Consul adds a sixteenth of the wait at random, and the rest is for a slow answer.
const SLACK: Duration = Duration::from_secs(5);

/// How long a thread rests after an answer that told nothing, so that changes elsewhere, or errors, do not make it spin.
const REST: Duration = Duration::from_millis(200);

/// A connection that has lasted for less was ended in a hurry.
const LASTING: Duration = Duration::from_secs(1);

/// The pauses, in milliseconds, before the next connection after so many in a row that were ended in a hurry, and at most. A process that dies may close
/// what it holds before it closes what it listens on, so that one more connection is made that ends at once: that must not take long.
const PAUSES_MS: [u64; 5] = [0, 5, 20, 80, 320];

/// What was learnt.
pub enum News {
    /// The lock key, and when it was asked for.
    Key(KeyAnswer, Instant),
    /// The instance's registration, and the hash to wait behind; `None` where there is none any more.
    Registration(Option<(Registration, String)>),
    /// The service has ended the first of these connections to its port, and still listens: the second has taken its place.
    PortReopened(Arc<Connection>, Arc<Connection>),
    /// The service has ended this connection to its port, and no other can be made; and whether that was so for the whole grace.
    PortClosed(Arc<Connection>, bool),
    /// One of the two could not be asked.
    Trouble,
    /// The pass is to end.
    Interrupted,
    /// Nothing in the time that there was.
    Nothing,
}

/// The two threads. They end with it, at the latest when what they ask for now is answered.
pub struct Watch {
    news: Receiver<(Source, News)>,
    sender: Sender<(Source, News)>,
    /// The connection to the service's port that a third thread watches.
    port: Option<Arc<Connection>>,
    key: Asker,
    registration: Asker,
}

/// Where news comes from.
#[derive(Clone, Copy)]
enum Source {
    Key,
    Registration,
    Outside,
}

/// One thread, and what it was asked last.
struct Asker {
    orders: Sender<Order>,
    /// When it will have waited for as long as it was asked to; `None` while it has nothing to do.
    until: Option<Instant>,
    /// Whether its last answer came before that.
    was_early: bool,
    /// Whether it is to rest before it asks again.
    tired: bool,
}

struct Order {
    placed: Instant,
    /// What to wait behind; `None`: answer at once.
    behind: Option<String>,
    wait: Duration,
    rest: Duration,
}

impl Watch {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(client: &Client, options: &Options, id: &str, interrupt: &Interrupt) -> std::io::Result<Watch> {
        let (sender, news) = channel();
        let (agent, key) = (client.clone(), options.lock_key.clone());
        let of_key = Asker::start("lock-key", Source::Key, sender.clone(), move |order| {
            let client = agent.until(Deadline::after(order.wait + order.wait / 16 + SLACK));
            let answer = client.key_after(&key, order.behind.as_deref(), order.wait);
            answer.map(|answer| News::Key(answer, order.placed))
        })?;
        let (agent, service, id) = (client.clone(), options.service.clone(), id.to_owned());
        let of_registration = Asker::start("registration", Source::Registration, sender.clone(), move |order| {
            let client = agent.until(Deadline::after(order.wait + order.wait / 16 + SLACK));
            client.registration_after(&service, &id, order.behind.as_deref(), order.wait).map(News::Registration)
        })?;
        let outside = sender.clone();
        let tell = move || {
            // A watch that is gone has nothing to end.
            let _ = outside.send((Source::Outside, News::Interrupted));
        };
        interrupt.listen(tell.clone());
        if interrupt.has_happened() {
            tell();
        }
        Ok(Watch { news, sender, port: None, key: of_key, registration: of_registration })
    }

    /// Asks for the key behind `index`, and for the registration behind `hash`, where they are not being asked for yet, and waits
    /// for the first that is learnt.
    pub fn next(&mut self, index: &str, hash: Option<&str>, registration_wait: Duration, until: Deadline) -> News {
        let left = until.remaining();
        // Less than a tenth of a second is not worth a request.
        if left < Duration::from_millis(100) {
            return News::Nothing;
        }
        let wait = left.min(LONGEST_QUERY);
        // An index of 0 would be answered at once, again and again.
        let index = Some(index.to_owned()).filter(|index| !matches!(index.as_str(), "" | "0"));
        self.key.ask(index, wait);
        self.registration.ask(hash.map(str::to_owned), wait.min(registration_wait));
        let Ok((source, news)) = self.news.recv_timeout(left) else { return News::Nothing };
        match source {
            Source::Key => self.key.has_answered(matches!(news, News::Trouble)),
            Source::Registration => self.registration.has_answered(matches!(news, News::Trouble)),
            Source::Outside => {}
        }
        news
    }

    /// Watches a connection to the service's port in a thread of its own, and those that take its place, until none can be made for
    /// as long as `grace`.
    pub fn watch_port(&mut self, connection: &Arc<Connection>, target: &Target, grace: Duration) {
        if self.port.as_ref().is_some_and(|port| Arc::ptr_eq(port, connection)) {
            return;
        }
        let (watched, target, news) = (Arc::clone(connection), target.clone(), self.sender.clone());
        let started = thread::Builder::new().name("port".to_owned()).spawn(move || {
            follow_port(watched, &target, grace, &|told| news.send((Source::Outside, told)).is_ok());
        });
        match started {
            Ok(_) => self.port = Some(Arc::clone(connection)),
            Err(error) => debug!("no thread to watch the port in: {error}"),
        }
    }

    /// Says that this connection has taken the place of the one that is watched.
    pub fn port_is_now(&mut self, connection: &Arc<Connection>) {
        self.port = Some(Arc::clone(connection));
    }

    /// Says that the last answer for the key told nothing. One that came early is likely to be followed by more of the kind.
    pub fn key_told_nothing(&mut self) {
        self.key.tired = self.key.was_early;
    }
}

/// Connects again whenever the service ends the connection, at once at first, and a few times a second where that goes on.
fn follow_port(mut connection: Arc<Connection>, target: &Target, grace: Duration, tell: &dyn Fn(News) -> bool) {
    let mut hurried: usize = 0;
    loop {
        let since = Instant::now();
        while !connection.closes_within(LONGEST_QUERY) {}
        if connection.is_given_up() {
            return;
        }
        hurried = if since.elapsed() < LASTING { hurried + 1 } else { 0 };
        thread::sleep(Duration::from_millis(PAUSES_MS[hurried.min(PAUSES_MS.len() - 1)]));
        let next = match target.probe(Deadline::after(grace)) {
            Probe::Open(next) => next,
            told => {
                tell(News::PortClosed(connection, matches!(told, Probe::Refused)));
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

impl Asker {
    fn start<E: std::fmt::Display>(
        name: &str,
        source: Source,
        news: Sender<(Source, News)>,
        ask: impl Fn(&Order) -> Result<News, E> + Send + 'static,
    ) -> std::io::Result<Asker> {
        let (orders, received) = channel::<Order>();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            for order in received {
                thread::sleep(order.rest);
                let learnt = ask(&order).unwrap_or_else(|error| {
                    debug!("while waiting: {error:#}");
                    News::Trouble
                });
                if news.send((source, learnt)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Asker { orders, until: None, was_early: false, tired: false })
    }

    /// Asks, unless it is being asked already.
    fn ask(&mut self, behind: Option<String>, wait: Duration) {
        if self.until.is_some() {
            return;
        }
        let rest = if self.tired { REST } else { Duration::ZERO };
        self.until = Instant::now().checked_add(wait);
        // A thread that is gone has panicked, and the process with it.
        let _ = self.orders.send(Order { placed: Instant::now(), behind, wait, rest });
    }

    /// `useless`: the answer was no answer.
    fn has_answered(&mut self, useless: bool) {
        self.was_early = self.until.take().is_some_and(|until| Instant::now() < until);
        self.tired = useless;
    }
}
