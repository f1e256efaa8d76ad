//! An instance whose election check is gone: `resign` takes it out of the election.

use serde_json::Value;

use crate::harness::{Pass, shared};
use crate::stage::Candidate;

/// Runs the check twice, so that the lock's value knows it, and removes it.
fn lose_the_check(candidate: &Candidate, pass: &Pass) {
    candidate.report(pass);
    candidate.report(pass);
    candidate.node.api().delete_check(&candidate.election_check());
}

fn resign(candidate: &Candidate, arguments: &[&str]) -> String {
    let outcome = candidate.resign().args(arguments.iter().copied()).run();
    candidate.said_by(&outcome, outcome.status)
}

/// Nothing of the election is left on the instance, and it holds nothing.
fn is_out(candidate: &Candidate) {
    let local = candidate.node.api().local(&candidate.encoded_id());
    assert_eq!(candidate.tags(), [] as [&str; 0]);
    let left = local["Meta"].as_object().into_iter().flatten().filter(|(key, _)| key.starts_with("election-"));
    assert_eq!(left.collect::<Vec<(&String, &Value)>>(), []);
    assert_eq!((candidate.holds_the_lock(), candidate.sessions().len()), (false, 0));
}

#[test]
fn resign_with_the_options_of_a_check_that_is_gone_works_and_leaves_no_mark() {
    for names_it in [true, false] {
        let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
        let (check, priority) = (one.election_check(), ["--priority", "7"]);
        let options = if names_it { vec!["--check-id", &check] } else { Vec::new() };
        let arguments = [&priority[..], &options].concat();
        lose_the_check(&one, &one.pass().args(priority));
        // The lead ended with the check, and another instance has it.
        two.leads();
        assert!(one.is_tagged("slave") && !one.holds_the_lock());
        assert_eq!(one.node.api().local_tags(&one.id), ["master"], "its agent knows nothing of that");
        for _ in 0..2 {
            let said = resign(&one, &arguments);
            assert!(said.starts_with("error: nothing was handed over: slave of n2"), "{names_it}: {said}");
            is_out(&one);
        }
        two.leads();
        is_out(&one);
    }
}

#[test]
fn a_slave_whose_check_is_gone_leaves_the_election_too() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    lose_the_check(&two, &two.pass().args(["--priority", "7"]));
    let before = one.node.api().lock(&one.key());
    let check = two.election_check();
    two.resign().args(["--check-id", &check, "--priority", "7"]).run();
    is_out(&two);
    assert_eq!(one.node.api().lock(&one.key()), before);
}

#[test]
fn an_instance_that_leaves_the_election_is_demoted_once() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let (log, check) = (one.node.directory().join(&one.id), one.election_check());
    let hook = format!("sh -c 'echo $SESSIONID$ELECTION_ROLE >> {}'", log.display());
    lose_the_check(&one, &one.pass().args(["--check-id", &check]));
    let arguments = ["--check-id", &check, "--on-demote", &hook];
    for _ in 0..2 {
        resign(&one, &arguments);
    }
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "slave\n");
    is_out(&one);
}

#[test]
fn an_instance_whose_program_runs_without_a_check_stays_in_the_election_when_it_resigns() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    resign(&one, &[]);
    assert!(one.is_tagged("slave"));
}

#[test]
fn another_election_of_the_instance_keeps_its_marks() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let (name, check) = (format!("{}-b", one.query()), one.election_check());
    let other = [["--consul-query-name", &name], ["--master-tag", "writer"], ["--slave-tag", "reader"]];
    let second = one.pass().args(other.concat());
    let query = one.query();
    lose_the_check(&one, &one.pass().args(["--consul-query-name", &query]));
    assert_eq!(second.run().status, 0);
    resign(&one, &["--check-id", &check, "--consul-query-name", &query]);
    assert_eq!(one.tags(), ["writer"]);
    let meta = &one.node.api().local(&one.id)["Meta"];
    let keys = ["mark", "session"].map(|key| format!("election-{name}-{key}"));
    assert_eq!(meta.as_object().unwrap().keys().cloned().collect::<Vec<_>>(), keys);
}
