//! An election that is split, or started by accident beside another one, says so.

use crate::harness::{Outcome, shared};
use crate::stage::Candidate;

fn refuses(outcome: &Outcome, words: &[&str]) {
    assert_ne!(outcome.status, 0, "{outcome:?}");
    for word in words {
        assert!(outcome.line.contains(word), "no {word}: {outcome:?}");
    }
}

#[test]
fn of_two_masters_with_different_lock_keys_one_steps_down_and_names_both_keys() {
    let [one, two, three] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    let other = format!("{}/other", one.key());
    let pass = two.pass().args(["--lock-key", &other]);
    for _ in 0..3 {
        refuses(&pass.run(), &[&other, &one.key(), "--lock-key"]);
        assert!(!two.is_tagged("master"));
        one.leads();
        three.follows(&one);
    }
    assert_eq!(two.node.api().lock(&other).and_then(|lock| lock.session), None);
}

#[test]
fn a_split_that_came_with_both_leading_already_ends_with_one_master() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let other = format!("{}/other", one.key());
    let pass = two.pass().args(["--lock-key", &other]);
    // Each side leads before it can see the other.
    one.leads();
    one.node.api().node_maintenance(false);
    let session = two.node.api().create_session(&serde_json::json!({
        "Name": format!("election {} of {}", two.query(), two.id), "LockDelay": "0s"
    }));
    assert!(two.node.api().acquire(&other, &session, "{}"));
    let mut masters = Vec::new();
    for _ in 0..4 {
        pass.run();
        one.run();
        masters =
            [&one, &two].iter().filter(|candidate| candidate.is_tagged("master")).map(|c| c.node.name()).collect();
    }
    assert_eq!(masters.len(), 1, "{masters:?}");
}

#[test]
fn instances_that_share_a_key_and_not_the_name_service_or_tag_are_told_what_differs() {
    let [one, two, three] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    let key = one.key();
    let name = two.pass().args(["--lock-key", &key, "--consul-query-name", "other-name"]).run();
    refuses(&name, &["other-name", &one.query(), "--consul-query-name"]);
    let tag = three.pass().args(["--master-tag", "primary"]).run();
    refuses(&tag, &["primary", "master tag master", "--master-tag"]);
    let stranger = Candidate::alone(two.node);
    let service = stranger.pass().args(["--lock-key", &key, "--consul-query-name", &one.query()]).run();
    refuses(&service, &[&stranger.service, &one.service, "--lock-key"]);
    for candidate in [&two, &three, &stranger] {
        assert!(!candidate.is_tagged("master") && !candidate.is_tagged("primary"));
    }
    one.leads();
}

#[test]
fn a_sample_typed_without_the_name_of_the_instances_election_starts_no_second_one() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let name = format!("{}-writer", one.service);
    let named = one.pass().args(["--consul-query-name", &name]);
    assert!(named.run().line.contains(": master on "));
    let before = one.node.api().local(&one.id);
    refuses(&one.pass().run(), &[&name, "--consul-query-name", &one.query()]);
    // Nor does a request to resign take the live master's tag.
    refuses(&one.resign().run(), &[&name, "--consul-query-name"]);
    assert_eq!(one.node.api().local(&one.id), before);
    assert_eq!((one.node.api().lock(&one.key()).is_none(), one.is_tagged("master")), (true, true));
    // A second election is one that is named.
    assert!(one.pass().args(["--consul-query-name", &one.query()]).run().line.contains(": master on "));
}

#[test]
fn a_slave_that_is_asked_to_resign_says_that_nothing_was_handed_over() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    refuses(&two.resign().run(), &["nothing was handed over", "slave of n1"]);
    one.leads();
}

#[test]
fn every_spelling_of_the_name_is_one_election() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let name = one.query();
    let loud = two.pass().args(["--consul-query-name", &name.to_uppercase()]);
    let soft = one.pass().args(["--consul-query-name", &name]);
    assert!(soft.run().line.contains(": master on n1"));
    for _ in 0..2 {
        let outcome = loud.run();
        assert!(outcome.line.contains(": slave of n1"), "{outcome:?}");
        assert!(soft.run().line.contains(": master on n1"));
    }
    assert_eq!(one.node.api().execute_query(&name), ["n1"]);
    // The master's spelling changes, too.
    assert!(one.pass().args(["--consul-query-name", &name.to_uppercase()]).run().line.contains(": master on n1"));
    assert_eq!(one.node.api().execute_query(&name), ["n1"]);
}

#[test]
fn a_check_id_that_names_the_health_check_is_refused() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let pass = one.pass().args(["--check-id", &one.ping()]);
    one.report(&pass);
    refuses(&one.report(&pass), &[&one.ping(), &one.election_check(), "--check-id"]);
}
