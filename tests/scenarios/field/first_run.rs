//! The first run: what its line says while no check is known to be the election's own.

use serde_json::json;

use crate::harness::{Health, Pass, secs, seen, shared, wait_for};
use crate::stage::Candidate;

const NOT_YET: &str = "is critical without output; if it has not run yet, the next run takes part";

#[test]
fn the_first_run_under_consul_says_that_the_next_one_takes_part_and_it_does() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.let_consul_run_it("3s", &Pass::of(&one.service).on(one.node));
    let line = || one.node.api().check(&one.election_check()).unwrap().1;
    let first = wait_for("the first line", secs(20), || seen(line(), |line| !line.is_empty()));
    let expected = format!("election {}: slave, no master: check {} {NOT_YET}\n", one.query(), one.election_check());
    assert_eq!(first, expected);
    let second = wait_for("the second line", secs(20), || seen(line(), |line| *line != first));
    assert!(second.contains(": master on n1"), "{second}");
}

#[test]
fn a_check_that_has_run_and_fails_is_named_before_one_that_may_not_have_run() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    one.let_consul_run_it("1h", &Pass::of(&one.service).on(one.node));
    let first = one.run();
    assert_eq!(first, format!("slave, no master: check {} {NOT_YET}", one.election_check()));
    let last = format!("{}-zzz", one.id);
    api.register_check(&json!({"ID": last, "Name": "zzz", "ServiceID": one.id, "TTL": "1h"}));
    api.report_check(&last, "critical", "connection refused");
    assert_eq!(one.run(), format!("slave, no master: check {last} is critical"), "the next run does not take part");
}

#[test]
fn once_the_own_check_is_known_a_silent_one_that_fails_is_critical_and_nothing_else() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.turn(Health::Critical);
    assert_eq!(one.said_by(&one.report(&one.pass()), 0), format!("slave, no master: check {} {NOT_YET}", one.ping()));
    for _ in 0..2 {
        let said = one.said_by(&one.report(&one.pass()), 0);
        assert_eq!(said, format!("slave, no master: check {} is critical", one.ping()));
    }
    let named = one.pass().args(["--check-id", &one.election_check()]).run();
    assert_eq!(one.said_by(&named, 0), format!("slave, no master: check {} is critical", one.ping()));
}
