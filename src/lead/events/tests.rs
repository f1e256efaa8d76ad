//! What a candidate reports of errors, without an agent.

use super::*;
use crate::consul::{Access, Scope};
use crate::deadline::Deadline;
use crate::lead::builder::Builder;

fn at(seconds: u64) -> Moment {
    Moment::since_start(Duration::from_secs(seconds))
}

/// A candidate that asks nothing.
fn candidate() -> Events {
    let client = Client::new(&Access::default(), &Scope::default(), Deadline::after(Duration::ZERO));
    let mut events = Events::begin(&Arc::new(Builder::new("x").0), &client, &Arc::new(Shared::new()));
    events.is_watching = true;
    events
}

fn failed(events: &Events, asked: u64, is_permanent: bool) {
    events.shared.has_failed(at(asked), Error::example(is_permanent));
}

/// What a step reports, and since when.
fn stand(events: &mut Events) -> String {
    match events.stand() {
        Step::Report(Event::Unreachable { since, .. }) => format!("unreachable since {}", since.from_start().as_secs()),
        Step::Report(event) => format!("{event:?}"),
        Step::Fail(error) => format!("fail {}", error.is_permanent()),
        Step::Wait(_) => "wait".to_owned(),
    }
}

#[test]
fn a_denied_token_is_no_outage_however_often_it_is_denied() {
    let mut events = candidate();
    failed(&events, 1, true);
    assert_eq!(stand(&mut events), "fail true");
    // The rest is over before Consul has answered again.
    events.rests_until = None;
    assert_eq!(stand(&mut events), "wait");
    failed(&events, 3, true);
    assert_eq!(stand(&mut events), "fail true");
    events.rests_until = None;
    // An outage begins with its own first error.
    failed(&events, 9, false);
    assert_eq!(stand(&mut events), "unreachable since 9");
    failed(&events, 10, true);
    assert_eq!(stand(&mut events), "fail true");
    events.rests_until = None;
    failed(&events, 11, false);
    failed(&events, 12, false);
    assert_eq!(stand(&mut events), "unreachable since 11");
    // A denied attempt to acquire the key says that Consul is there.
    assert!(matches!(events.has_failed(at(13), Error::example(true)), Step::Fail(_)));
    events.rests_until = None;
    failed(&events, 14, false);
    assert_eq!(stand(&mut events), "unreachable since 14");
}

#[test]
fn an_outage_that_outlasts_a_term_is_reported_once_more() {
    let mut events = candidate();
    failed(&events, 1, false);
    assert_eq!(stand(&mut events), "unreachable since 1");
    assert_eq!(stand(&mut events), "wait");
    events.reported = Reported::Lost;
    assert_eq!(stand(&mut events), "unreachable since 1");
    assert_eq!(stand(&mut events), "wait");
}
