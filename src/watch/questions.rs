//! The blocking queries of a watch: one on the lock key and one on the instances, each in a thread with a connection of its own. Owns the
//! threads; does not know what a change means.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::consul::{Client, Error, Instances, Key};
use crate::deadline::Deadline;
use crate::interrupt::Interrupt;

/// The longest wait of one blocking query: one Consul 1.22 release cuts HTTP answers at 30 s.
const LONGEST_QUERY: Duration = Duration::from_secs(25);

/// What a query may take beyond its wait, besides the sixteenth that Consul adds at random.
const SLACK: Duration = Duration::from_secs(5);

/// The most time of a query that does not wait: behind no index, Consul answers at once.
const FIRST_LIMIT: Duration = Duration::from_secs(5);

/// The shortest time between two answers that show no change: 1.8.7 answers about a missing key at every write to its KV store.
const REST: Duration = Duration::from_millis(10);

/// How long a thread rests after an error: at first short, so that the end of an outage shows at once, then longer.
const FIRST_REST: Duration = Duration::from_millis(50);
const LONGEST_REST: Duration = Duration::from_secs(1);

/// What was learned.
pub enum News {
    /// The lock key.
    Lock(Option<Key>),
    /// The instances of the service.
    Instances(Instances),
    /// A query failed.
    Failed(Error),
    /// The watch must end.
    Interrupted,
}

/// Starts the threads, whose news come with the time of the answer. They end when nobody listens any more, at the latest when their present query is answered.
///
/// # Errors
/// When the system gives no thread.
pub fn start(
    client: &Client,
    key: &str,
    service: &str,
    interrupt: &Interrupt,
) -> std::io::Result<Receiver<(Instant, News)>> {
    // A watch whose reader has stalled asks nothing more.
    let (sender, news) = sync_channel(1);
    let (agent, key) = (client.clone(), key.to_owned());
    spawn("lock-key", sender.clone(), move |index| {
        let (key, next) = until_answer(&agent, index).key_after(&key, index, LONGEST_QUERY)?;
        let state = key.as_ref().map(|key| (key.modify_index, key.lock_index, key.session.clone()));
        Ok((News::Lock(key), format!("{state:?}"), next))
    })?;
    let (agent, service) = (client.clone(), service.to_owned());
    spawn("instances", sender.clone(), move |index| {
        let (instances, next) = until_answer(&agent, index).instances_after(&service, index, LONGEST_QUERY)?;
        // Its index grows with nothing but the instances, so each answer counts.
        let state = next.clone();
        Ok((News::Instances(instances), state, next))
    })?;
    let wake = move || {
        // If other news waits, the watch looks at the interrupt after it. One that no longer exists has nothing to end.
        let _ = sender.try_send((Instant::now(), News::Interrupted));
    };
    interrupt.listen(wake);
    Ok(news)
}

/// The client with the time that a query behind this index may take.
fn until_answer(client: &Client, index: Option<&str>) -> Client {
    let limit = index.map_or(FIRST_LIMIT, |_| LONGEST_QUERY + LONGEST_QUERY / 16 + SLACK);
    client.until(Deadline::after(limit))
}

/// Asks again and again behind the last index, and reports what is new. `ask` returns news, what identifies its state, and the next index.
fn spawn(
    name: &str,
    news: SyncSender<(Instant, News)>,
    ask: impl Fn(Option<&str>) -> Result<(News, String, String), Error> + Send + 'static,
) -> std::io::Result<()> {
    let work = move || {
        let (mut index, mut last, mut rest) = (None::<String>, None::<String>, FIRST_REST);
        loop {
            let begin = Instant::now();
            let told = match ask(index.as_deref()) {
                Ok((learned, state, next)) => {
                    rest = FIRST_REST;
                    index = following(index.as_deref(), next);
                    let is_new = last.as_ref() != Some(&state);
                    last = Some(state);
                    let told = !is_new || news.send((Instant::now(), learned)).is_ok();
                    if !is_new || index.is_none() {
                        thread::sleep(REST.saturating_sub(begin.elapsed()));
                    }
                    told
                }
                Err(error) => {
                    // What was learned before may have changed meanwhile, or the servers may have gone back.
                    (index, last) = (None, None);
                    let told = news.send((Instant::now(), News::Failed(error))).is_ok();
                    thread::sleep(rest);
                    rest = (rest * 2).min(LONGEST_REST);
                    told
                }
            };
            if !told {
                return;
            }
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

/// The index to wait behind. One that goes back is forgotten, as Consul asks for; one of 0 would be answered at once, again and again.
fn following(before: Option<&str>, next: String) -> Option<String> {
    let number = |text: &str| text.parse::<u64>().ok();
    let goes_back = before.and_then(number).is_some_and(|before| number(&next).is_none_or(|next| next < before));
    Some(next).filter(|next| !goes_back && number(next).is_some_and(|next| next > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_goes_back_or_is_no_number_is_not_waited_behind() {
        for (before, next, followed) in [
            (None, "7", Some("7")),
            (Some("7"), "8", Some("8")),
            (Some("7"), "7", Some("7")),
            (Some("7"), "6", None),
            (Some("7"), "0", None),
            (None, "0", None),
            (None, "", None),
            (Some("7"), "x", None),
        ] {
            assert_eq!(following(before, next.to_owned()).as_deref(), followed, "{before:?} {next}");
        }
    }
}
