//! Leads that are lost: what shows it, and that nobody else leads before the lead is no longer valid.

use consul_master_election_tagger::lead::{Election, Event, Loss, Moment, Outage, Pause};

use super::Program;
use crate::harness::{Api, Cluster, secs, seen, shared, unique, wait_for};

#[test]
fn a_destroyed_session_is_known_at_once_and_the_next_leads_after_the_lock_delay() {
    let [n1, n2, _] = shared().nodes();
    let builder = || Election::builder("x").grace(secs(0)).lock_delay(secs(7));
    let key = format!("service/{}/leader", unique("lead"));
    let one = Program::start(builder().key(&key), n1);
    let lead = one.leads();
    let two = Program::start(builder().key(&key), n2);
    two.follows();
    let until = lead.valid_until();
    n1.api().destroy_session(lead.session());
    assert!(matches!(lead.lost().wait(secs(30)), Some(Loss::Gone(_))));
    assert!(!until.has_come(), "the loss was known no earlier than by the clock");
    assert!(matches!(one.loses(), Loss::Gone(_)));
    two.wait("the lock-delay", |event| matches!(event, Event::Waiting(Pause::LockDelay)).then_some(()));
    let next = two.leads();
    assert!(until.has_come(), "{until:?} {:?}", Moment::now());
    assert!(next.token() > lead.token());
}

#[test]
fn a_key_that_is_deleted_or_released_by_hand_is_taken_only_when_the_lead_is_over() {
    let [n1, n2, _] = shared().nodes();
    let builder = || Election::builder("x").grace(secs(0)).lock_delay(secs(7));
    for by_hand in [
        |api: &Api, key: &str, _: &str| api.delete_key(key),
        |api: &Api, key: &str, session: &str| {
            api.release(key, session);
        },
    ] {
        let key = format!("service/{}/leader", unique("lead"));
        let one = Program::start(builder().key(&key), n1);
        let lead = one.leads();
        let two = Program::start(builder().key(&key), n2);
        two.follows();
        let until = lead.valid_until();
        by_hand(&n1.api(), &key, lead.session());
        assert!(matches!(lead.lost().wait(secs(30)), Some(Loss::Gone(_))));
        let next = two.leads();
        assert!(until.has_come(), "{until:?} {:?}", Moment::now());
        assert!(next.token() > lead.token());
    }
}

#[test]
fn a_lead_that_cannot_be_proven_is_lost_before_another_process_leads() {
    let cluster = Cluster::with(2).quick_failure_detection().start();
    let [n1, n2] = cluster.nodes();
    let builder = || Election::builder("x").key("lead").grace(secs(1)).lock_delay(secs(8));
    let one = Program::start(builder(), n1);
    let lead = one.leads();
    let two = Program::start(builder(), n2);
    two.follows();
    n1.pause();
    let loss = lead.lost().wait(secs(60));
    assert!(matches!(loss, Some(Loss::Unproven(_))), "{loss:?}");
    let until = lead.valid_until();
    let next = two.leads();
    assert!(until.has_come(), "{until:?} {:?}", Moment::now());
    assert!(next.token() > lead.token());
    n1.resume();
    drop(lead);
    assert_eq!(one.follows(), "n2");
}

#[test]
fn with_keep_a_lead_outlives_an_outage_and_ends_when_consul_says_so() {
    let cluster = Cluster::with(1).durable_server().start();
    let [n1] = cluster.nodes();
    let builder = Election::builder("x").key("lead").grace(secs(0)).lock_delay(secs(7)).on_outage(Outage::Keep);
    let one = Program::start(builder, n1);
    let lead = one.leads();
    cluster.server().stop();
    wait_for("the lead to be no longer proven", secs(60), || seen(lead.valid_until(), |until| until.has_come()));
    assert_eq!(lead.lost().get(), None);
    assert!(!lead.is_valid());
    cluster.server().start_again();
    wait_for("the lead to be proven, or lost", secs(60), || {
        seen((lead.is_valid(), lead.lost().get()), |(valid, lost)| *valid || lost.is_some())
    });
    if let Some(session) = n1.api().holder(&one.key) {
        n1.api().destroy_session(&session);
    }
    assert!(matches!(lead.lost().wait(secs(60)), Some(Loss::Gone(_))));
}

#[test]
fn a_key_that_was_not_released_is_taken_only_after_the_lock_delay_in_its_value_even_if_consul_has_forgotten_it() {
    let [n1] = shared().nodes();
    let (api, key) = (n1.api(), format!("service/{}/leader", unique("lead")));
    // As a server leaves it that has forgotten the lock-delay.
    let session = api.create_session(&serde_json::json!({"LockDelay": "0s"}));
    let note = serde_json::json!({"node": "n9", "session": session, "lock_delay": 8000});
    assert!(api.acquire(&key, &session, &note.to_string()));
    let one = Program::start(Election::builder("x").key(&key).grace(secs(0)).lock_delay(secs(7)), n1);
    assert_eq!(one.follows(), "n9");
    let ended = Moment::now();
    api.destroy_session(&session);
    one.wait("the lock-delay", |event| matches!(event, Event::Waiting(Pause::LockDelay)).then_some(()));
    let lead = one.leads();
    assert!(ended.elapsed() >= secs(8), "{:?}", ended.elapsed());
    // A lead that is released is free at once.
    drop(lead);
    assert_eq!(api.lock(&key).unwrap().value["released"], true);
}
