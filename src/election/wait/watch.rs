//! Two blocking queries at once, on the lock key and on the instance's own registration, each in its own thread with its own
//! connection. Owns the threads; does not know what a change means.
//!
//! A thread asks once for every order and then waits for the next. So its connection to the agent is free for the pass once the thread
//! has an answer, and a waiting pass holds two. A third thread watches the service's port if the policy says so.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use log::debug;

use super::news::News;
use super::port_watch::PortWatch;
use crate::consul::Client;
use crate::deadline::Deadline;
use crate::election::config::Names;
use crate::interrupt::Interrupt;

/// The longest wait of one blocking query: one Consul 1.22 release cuts HTTP answers at 30 s.
const LONGEST_QUERY: Duration = Duration::from_secs(25);

/// What a query may take beyond its wait, besides the sixteenth that Consul adds at random.
const SLACK: Duration = Duration::from_secs(5);

/// An answer that takes no longer came at once.
const AT_ONCE: Duration = Duration::from_millis(50);

/// So many changes in a row may be real; more are those of an agent, or of a proxy before it, that does not wait.
const MOST_HASTY: u32 = 3;

/// How long a thread rests after an answer that showed no change, so that changes elsewhere, or errors, do not make it spin.
const REST: Duration = Duration::from_millis(200);

/// The threads. They end with it, at the latest when their present query is answered.
pub struct Watch {
    news: Receiver<(Source, News)>,
    port: PortWatch,
    key: Asker,
    registration: Asker,
}

/// The origin of news.
#[derive(Clone, Copy)]
enum Source {
    Key,
    Registration,
    Outside,
}

/// One thread, and its last order.
struct Asker {
    orders: Sender<Order>,
    /// When its present request is sent; `None` while it has nothing to do.
    asked: Option<Instant>,
    /// When its present wait is over; `None` while it has nothing to do.
    until: Option<Instant>,
    /// Whether its last answer came earlier than that.
    was_early: bool,
    /// The number of answers in a row that came at once.
    hasty: u32,
    /// Whether it rests before it asks again.
    tired: bool,
}

struct Order {
    placed: Instant,
    /// The index or hash to wait behind; `None`: answer at once.
    behind: Option<String>,
    /// Whether the leader of the servers must answer, and not any of them.
    by_leader: bool,
    wait: Duration,
    rest: Duration,
}

impl Watch {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(client: &Client, names: &Names, id: &str, interrupt: &Interrupt) -> std::io::Result<Watch> {
        let (sender, news) = channel();
        let (agent, key) = (client.clone(), names.lock_key.clone());
        let of_key = Asker::start("lock-key", Source::Key, sender.clone(), move |order| {
            let client = agent.until(Deadline::after(order.wait + order.wait / 16 + SLACK));
            let ask = if order.by_leader { Client::key_after } else { Client::key_after_by_any };
            let answer = ask(&client, &key, order.behind.as_deref(), order.wait);
            answer.map(|answer| News::Key(answer, order.placed))
        })?;
        let (agent, service, id) = (client.clone(), names.service.clone(), id.to_owned());
        let of_registration = Asker::start("registration", Source::Registration, sender.clone(), move |order| {
            let client = agent.until(Deadline::after(order.wait + order.wait / 16 + SLACK));
            client.registration_after(&service, &id, order.behind.as_deref(), order.wait).map(News::Registration)
        })?;
        let outside = sender.clone();
        let tell = move || {
            // A watch that no longer exists has nothing to end.
            let _ = outside.send((Source::Outside, News::Interrupted));
        };
        interrupt.listen(tell.clone());
        if interrupt.has_happened() {
            tell();
        }
        let port = PortWatch::new(move |learned| sender.send((Source::Outside, learned)).is_ok());
        Ok(Watch { news, port, key: of_key, registration: of_registration })
    }

    /// Asks for the key behind `index` and for the registration behind `hash`, unless their threads are asking already, and waits for the
    /// first news. `patience`: how much longer it waits for an answer for the key that is late.
    pub fn next(
        &mut self,
        index: &str,
        by_leader: bool,
        hash: Option<&str>,
        registration_wait: Duration,
        until: Deadline,
        patience: Duration,
    ) -> News {
        let left = until.remaining();
        // Less than 0.1 s is not worth a request. What is asked already may still be answered.
        if left >= Duration::from_millis(100) {
            // Consul adds up to a sixteenth.
            let wait = left.mul_f64(15.0 / 16.0).min(LONGEST_QUERY);
            // Consul answers an index of 0 at once, again and again.
            let index = Some(index.to_owned()).filter(|index| !matches!(index.as_str(), "" | "0"));
            self.key.ask(index, by_leader, wait);
            let hash = hash.filter(|hash| !hash.is_empty());
            self.registration.ask(hash.map(str::to_owned), true, wait.min(registration_wait));
        }
        let Ok((source, news)) = self.news.recv_timeout(left) else { return self.last_answer(patience) };
        match source {
            Source::Key => self.key.has_answered(matches!(news, News::Failed)),
            Source::Registration => self.registration.has_answered(matches!(news, News::Failed)),
            Source::Outside => {}
        }
        news
    }

    /// Waits for the answer for the key that should have come before the time was over. An agent that owes it may be stopped, and still have
    /// a master's tag when it goes on; the run must not have ended then.
    fn last_answer(&mut self, patience: Duration) -> News {
        let until = Deadline::after(patience);
        while self.key.until.is_some() {
            match self.news.recv_timeout(until.remaining()) {
                Ok((Source::Key, news)) => {
                    self.key.has_answered(matches!(news, News::Failed));
                    return news;
                }
                Ok((_, News::Interrupted)) => return News::Interrupted,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        News::Nothing
    }

    /// The thread that watches the service's port.
    pub fn port(&mut self) -> &mut PortWatch {
        &mut self.port
    }

    /// Notes that the last answer for the key showed no change. After an early one, more of the kind are likely.
    pub fn key_was_unchanged(&mut self) {
        self.key.tired |= self.key.was_early;
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
                let learned = ask(&order).unwrap_or_else(|error| {
                    debug!("while waiting: {error:#}");
                    News::Failed
                });
                if news.send((source, learned)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Asker { orders, asked: None, until: None, was_early: false, hasty: 0, tired: false })
    }

    /// Gives the thread an order, unless it is asking already.
    fn ask(&mut self, behind: Option<String>, by_leader: bool, wait: Duration) {
        if self.until.is_some() {
            return;
        }
        let rest = if self.tired { REST } else { Duration::ZERO };
        self.asked = Instant::now().checked_add(rest);
        self.until = Instant::now().checked_add(wait);
        // A thread that no longer exists has panicked, and the process with it.
        let _ = self.orders.send(Order { placed: Instant::now(), behind, by_leader, wait, rest });
    }

    /// Notes that the thread has answered; `failed`: with an error.
    fn has_answered(&mut self, failed: bool) {
        let now = Instant::now();
        self.was_early = self.until.take().is_some_and(|until| now < until);
        let came_at_once = self.asked.take().is_some_and(|asked| now.saturating_duration_since(asked) < AT_ONCE);
        self.hasty = if came_at_once { self.hasty.saturating_add(1) } else { 0 };
        self.tired = failed || self.hasty > MOST_HASTY;
    }
}
