//! Candidates and the own check are known by what Consul shows at once, the instance's mark.

use serde_json::json;

use crate::harness::{Pass, holds_for, millis, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;

/// Registers the program as a script check that begins as passing, as docs/migrating.md advises for a live service.
fn let_consul_run_it_as_passing(one: &Candidate, pass: &Pass) {
    one.node.api().register_check(&json!({
        "ID": one.election_check(), "Name": "election", "ServiceID": one.id, "Status": "passing",
        "Args": pass.check_args(), "Interval": "1s", "Timeout": "30s",
    }));
}

#[test]
fn a_preferred_instance_leads_although_its_check_has_always_been_passing() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let preempt = ["--preempt", "--preempt-after", "2s", "--priority"];
    let_consul_run_it_as_passing(&one, &Pass::of(&one.service).on(one.node).args(preempt).arg("100"));
    wait_for("the first master", secs(20), || seen(one.holds_the_lock(), |holds| *holds));
    let_consul_run_it_as_passing(&two, &Pass::of(&two.service).on(two.node).args(preempt).arg("200"));
    wait_for("the preferred master", secs(20), || seen(two.holds_the_lock(), |holds| *holds));
}

#[test]
fn an_instance_that_a_timer_runs_is_a_candidate_by_its_mark() {
    let [one, two, three] = Candidate::on_each(shared().nodes::<3>());
    let preempt = one.pass().args(["--preempt", "--preempt-after", "1s"]);
    let better = two.pass().args(["--priority", "200"]);
    assert!(one.said_by(&preempt.run(), 0).starts_with("master on "));
    assert!(two.said_by(&better.run(), 0).starts_with("slave of n1"));
    assert!(three.said_by(&three.pass().run(), 0).starts_with("slave of n1"));
    wait_for("the preferred instance to get the lead", secs(15), || {
        preempt.run();
        better.run();
        seen(two.holds_the_lock(), |holds| *holds)
    });
    // A named instance gets it, too, and a term that is over goes to another candidate.
    let to = two.resign().args(["--priority", "200", "--to", "n3"]).run();
    assert_eq!(to.status, 0, "{to:?}");
    assert!(one.said_by(&one.pass().run(), 0).ends_with("handed over to n3"));
    three.leads();
}

#[test]
fn an_instance_whose_election_check_was_removed_is_not_counted_on() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let better = two.pass().args(["--priority", "200"]);
    one.report(&one.pass());
    two.report(&better);
    two.report(&better);
    two.node.api().delete_check(&two.election_check());
    let preempt = one.pass().args(["--preempt", "--preempt-after", "1s"]);
    holds_for("the lead", millis(2_500), || {
        let outcome = one.report(&preempt);
        seen(outcome, |outcome| outcome.line.contains(": master on n1")).map(drop)
    });
}

#[test]
fn the_own_check_is_the_one_that_the_mark_names_whatever_others_print() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.report(&one.pass());
    one.report(&one.pass());
    assert_eq!(one.mark()["check"], *one.election_check());
    // A health check that prints a line of the election stays a health check.
    one.node.api().report_check(&one.ping(), "passing", &format!("election {}: master on n1, term 1", one.query()));
    one.leads();
    one.node.api().report_check(&one.ping(), "critical", &format!("election {}: master on n1, term 1", one.query()));
    assert!(one.run().ends_with(&format!("check {} is critical", one.ping())));
    assert!(!one.holds_the_lock());
}

#[test]
fn an_instance_that_was_renamed_takes_part_beside_the_one_that_its_agent_kept() {
    let service = unique("redis");
    let node = shared().nodes::<1>()[0];
    let old = Candidate::with(&service, &format!("{service}-old"), node, |_| {});
    let pass = Pass::of(&service).on(node);
    let outcome = old.report(&pass);
    assert!(outcome.line.contains(": master on "), "{outcome:?}");
    old.report(&pass);
    // The agent keeps the old instance without its checks, passing, with its last tags and Meta.
    node.api().delete_check(&old.election_check());
    node.api().delete_check(&old.ping());
    let new = Candidate::with(&service, &format!("{service}-new"), node, |_| {});
    wait_for("the new instance to lead", secs(20), || {
        new.report(&pass);
        seen(new.holds_the_lock(), |holds| *holds)
    });
    // The line names what is left over and the command that removes it, in every run of master and slave.
    let command = format!("consul services deregister -id={}", old.id);
    let said = new.said_by(&pass.run(), 0);
    assert!(said.starts_with("master on ") && said.ends_with(&command), "{said}");
    assert_eq!(new.said_by(&pass.run(), 0), said);
    new.node.api().put_nothing(&format!("/v1/agent/service/deregister/{}", old.id)).ok();
    let said = new.said_by(&pass.run(), 0);
    assert!(said.starts_with("master on ") && !said.contains("warning"), "{said}");
}
