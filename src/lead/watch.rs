//! The thread that watches the lock key by blocking queries, for as long as somebody asks for events. Must never know what a change
//! means.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::moment::Moment;
use super::shared::{Seen, Shared};
use super::timing::REQUEST_LIMIT;
use crate::consul::Client;
use crate::deadline::Deadline;

/// The longest wait of one blocking query. A short one shows soon that the agent no longer answers.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// What a query may take beyond its wait, and the sixteenth that Consul adds at random.
const SLACK: Duration = Duration::from_secs(3);

/// An answer that takes no longer came at once.
const AT_ONCE: Duration = Duration::from_millis(20);

/// So many answers in a row may come at once; more are those of an agent, or of a proxy before it, that does not wait.
const MOST_HASTY: u32 = 5;

/// The shortest and the longest rest after an error.
const REST: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

/// Starts the thread. It ends with the election or when nobody holds `in_use` any more, at the latest when its present query is answered.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn start(client: &Client, key: &str, shared: &Arc<Shared>, in_use: &Arc<()>) -> std::io::Result<()> {
    let (client, key, shared, in_use) = (client.clone(), key.to_owned(), Arc::clone(shared), Arc::downgrade(in_use));
    let work = move || watch(&client, &key, &shared, &in_use);
    thread::Builder::new().name("lock-key".to_owned()).spawn(work).map(drop)
}

fn watch(client: &Client, key: &str, shared: &Shared, in_use: &Weak<()>) {
    let mut index: Option<String> = None;
    let mut rest = REST.0;
    let mut hasty = 0;
    while !shared.is_over() && in_use.strong_count() > 0 {
        let (asked, begin) = (Moment::now(), Instant::now());
        let limit = if index.is_some() { WAIT + WAIT / 16 + SLACK } else { REQUEST_LIMIT };
        match client.until(Deadline::after(limit)).key_after(key, index.as_deref(), WAIT) {
            Ok((found, next)) => {
                shared.has_answered();
                let session = found.as_ref().and_then(|found| found.session.clone());
                let term = shared.change(|state| {
                    state.seen = Seen::Key(found);
                    state.term.clone()
                });
                // A server may have answered from its past, so this only asks for a proof.
                if let Some(term) = term.filter(|term| Some(term.session()) != session.as_deref()) {
                    term.prove_now();
                }
                // Consul answers an index of 0 at once, again and again.
                index = Some(next).filter(|index| !matches!(index.as_str(), "" | "0"));
                hasty = if begin.elapsed() < AT_ONCE { hasty + 1 } else { 0 };
                rest = REST.0;
                if hasty > MOST_HASTY || index.is_none() {
                    thread::sleep(REST.0);
                }
            }
            Err(error) => {
                shared.has_failed(asked, error);
                index = None;
                thread::sleep(rest);
                rest = (rest * 2).min(REST.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consul::{Access, Scope};

    #[test]
    fn the_thread_ends_with_its_own_events_although_others_ask_again() {
        let client = Client::new(&Access::default(), &Scope::default(), Deadline::after(Duration::ZERO));
        let shared = Arc::new(Shared::new());
        let in_use = Arc::new(());
        start(&client, "k", &shared, &in_use).unwrap();
        drop(in_use);
        let other = Arc::new(());
        start(&client, "k", &shared, &other).unwrap();
        let limit = Deadline::after(Duration::from_secs(60));
        while Arc::strong_count(&shared) > 2 {
            assert!(!limit.remaining().is_zero(), "the first thread goes on");
            thread::sleep(Duration::from_millis(20));
        }
        shared.stop();
    }
}
