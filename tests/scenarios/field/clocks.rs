//! Clocks that differ, or that were set back. What another node's clock wrote is put into the lock's value as that node would have
//! written it.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::harness::{LockKey, Pass, secs, shared};
use crate::stage::Candidate;

/// A time by a clock that is ahead by so many seconds.
fn by_clock(ahead: i64, later: u64) -> String {
    let skew = Duration::from_secs(ahead.unsigned_abs());
    let now = if ahead < 0 { SystemTime::now() - skew } else { SystemTime::now() + skew };
    humantime::format_rfc3339_millis(now + secs(later)).to_string()
}

fn says(candidate: &Candidate, pass: &Pass) -> String {
    candidate.said_by(&candidate.report(pass), 0)
}

fn lock(candidate: &Candidate) -> LockKey {
    candidate.node.api().lock(&candidate.key()).unwrap()
}

/// Leaves a free lock with this value, as an instance that steps down does.
fn leave_free(candidate: &Candidate, value: &Value) {
    let api = candidate.node.api();
    let session = api.create_session(&json!({"LockDelay": "0s", "Behavior": "release"}));
    assert!(api.acquire(&candidate.key(), &session, &value.to_string()));
    api.destroy_session(&session);
    assert_eq!(&lock(candidate).value, value);
}

/// Replaces the value of the lock that this instance holds.
fn change_value(candidate: &Candidate, change: impl FnOnce(&mut Value)) {
    let LockKey { session, mut value, .. } = lock(candidate);
    change(&mut value);
    assert!(candidate.node.api().acquire(&candidate.key(), &session.unwrap(), &value.to_string()));
}

#[test]
fn resign_to_a_node_works_from_a_node_whose_clock_is_up_to_10_s_ahead_or_behind() {
    // Somewhat less than 10 s, for the time that the scenario itself takes.
    for (ahead, length) in [(-9, 30), (-3, 30), (3, 30), (9, 30), (3, 1), (-7, 1)] {
        let candidates = Candidate::on_each(shared().nodes::<3>());
        let [one, two, three] = &candidates;
        for candidate in &candidates {
            // With a priority, since otherwise the first to run would lead anyway.
            let priority = if candidate.node.name() == "n3" { "1" } else { "200" };
            candidate.node.api().service_maintenance(&candidate.id, true);
            says(candidate, &candidate.pass().args(["--priority", priority]));
            candidate.node.api().service_maintenance(&candidate.id, false);
        }
        let until = by_clock(ahead, length);
        let chosen = json!({"node": "n3", "service_id": three.id, "until": until, "seconds": length});
        leave_free(one, &json!({ "handed_to": chosen }));
        for other in [one, two] {
            let said = says(other, &other.pass().args(["--priority", "200"]));
            assert_eq!(said, "slave, no master: handed over to n3", "{ahead} s ahead");
        }
        let said = says(three, &three.pass().args(["--priority", "1"]));
        assert!(said.starts_with("master on n3"), "{ahead} s ahead: {said}");
    }
}

#[test]
fn an_instance_that_stands_back_is_not_waited_for_whatever_its_clock_says() {
    for ahead in [-9, 9] {
        let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
        let better = two.pass().args(["--priority", "200"]);
        two.node.api().service_maintenance(&two.id, true);
        says(&two, &better);
        two.node.api().service_maintenance(&two.id, false);
        let back = json!({"node": "n2", "service_id": two.id, "until": by_clock(ahead, 3), "seconds": 3});
        leave_free(&one, &json!({ "standing_back": [back] }));
        let said = says(&one, &one.pass());
        assert!(said.starts_with("master on n1"), "{ahead} s ahead: {said}");
    }
}

#[test]
fn a_note_from_a_clock_that_is_minutes_off_binds_nobody() {
    for ahead in [-600, 600] {
        let [one, _, three] = Candidate::on_each(shared().nodes::<3>());
        let note = json!({"node": "n3", "service_id": three.id, "until": by_clock(ahead, 30), "seconds": 30});
        leave_free(&one, &json!({ "handed_to": note }));
        assert!(says(&one, &one.pass()).starts_with("master on n1"), "{ahead} s ahead");
    }
}

#[test]
fn a_failure_that_was_noted_by_a_clock_a_year_ahead_is_forgotten_at_once() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let better = two.pass().args(["--priority", "200"]);
    two.node.api().service_maintenance(&two.id, true);
    says(&two, &better);
    two.node.api().service_maintenance(&two.id, false);
    let until = by_clock(365 * 86_400, 15);
    let failed =
        json!({"node": "n2", "service_id": two.id, "until": until, "seconds": 15, "failure": {"error": "why"}});
    leave_free(&one, &json!({ "standing_back": [failed] }));
    assert_eq!(says(&one, &one.pass()), "slave, no master: n2 has a higher priority");
}

#[test]
fn a_term_and_a_challengers_time_pass_although_the_clock_was_years_ahead_when_they_began() {
    let year = 365 * 86_400;
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let pass = one.pass().args(["--max-term", "1h"]);
    assert!(says(&one, &pass).starts_with("master on n1"));
    says(&two, &two.pass());
    assert!(says(&one, &pass).starts_with("master on n1"));
    change_value(&one, |value| value["since"] = by_clock(60, 0).into());
    assert!(says(&one, &pass).starts_with("master on n1"), "a small step back changes nothing");
    change_value(&one, |value| value["since"] = by_clock(year, 0).into());
    assert_eq!(says(&one, &pass), "slave, no master: this instance stepped down and stands back");

    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let pass = one.pass().arg("--preempt");
    assert!(says(&one, &pass).starts_with("master on n1"));
    says(&two, &two.pass().args(["--priority", "200"]));
    assert!(says(&one, &pass).starts_with("master on n1"));
    change_value(&one, |value| value["challenger"]["since"] = by_clock(year, 0).into());
    assert_eq!(says(&one, &pass), "slave, no master: handed over to n2");
}
