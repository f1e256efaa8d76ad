//! Why an instance cannot lead: each reason once, with what its check printed and what to type.

use super::*;
use crate::consul::Status;

#[test]
fn one_reason_of_several_nodes_is_said_once_also_if_it_names_each_node_and_with_what_the_check_printed() {
    let told = |line: &str, all: [&str; 3]| {
        let mut asked = asked(Some(lock("n2", &json!({}))), &all, &["10.0.0.2"]);
        for remote in &mut asked.instances.as_mut().unwrap().seen {
            for check in remote.health.checks.iter_mut().filter(|check| check.status == Status::Warning) {
                check.output = line.replace("NODE", &remote.node);
            }
        }
        view(&asked, &Policy::default()).problems
    };
    let line = "election redis-master: error: cannot list the sessions of node NODE: 403 token with AccessorID 'of-NODE' lacks it; the token needs: session \"NODE\" { }";
    let all = ["n1 slave election:warning", "n2 master election:warning", "n3 slave election:warning"];
    let [leader, .., others] = &told(line, all)[..] else { panic!("too few") };
    assert!(
        leader.starts_with("the leader n2: the election check reports ") && leader.contains("session \"n2\""),
        "{leader}"
    );
    assert_eq!(others, "n1 and n3 cannot lead, for the same reason as the leader");
    let problems = told(line, [all[0], FINE[1], all[2]]);
    let reports = problems.last().unwrap();
    assert!(reports.starts_with("n1 and n3 cannot lead: ") && reports.contains("session \"NODE\""), "{problems:?}");
    let alone = told(line, [all[0], FINE[1], FINE[2]]);
    assert!(alone.last().unwrap().contains("node n1: 403 token with AccessorID 'of-n1'"), "{alone:?}");
}

#[test]
fn what_a_failing_health_check_printed_is_quoted_and_a_long_sentence_is_whole() {
    let mut ill =
        asked(Some(lock("n2", &json!({}))), &with(0, "n1 slave ping:critical,election:passing"), &["10.0.0.2"]);
    let check = &mut ill.instances.as_mut().unwrap().seen[0].health.checks[0];
    check.output = format!("\nTimed out (2s) running check\n{}", "x".repeat(500));
    let problems = view(&ill, &Policy::default()).problems;
    assert!(
        problems[1].starts_with("n1 cannot lead: critical: ping (\"Timed out (2s) running check xxx"),
        "{problems:?}"
    );
    assert!(problems[1].chars().count() < 250, "{problems:?}");
    let line = format!("election redis-master: error: {}; do this\n", "z".repeat(600));
    let check = |remote: &mut RemoteInstance| line.clone_into(&mut remote.health.checks[1].output);
    let mut wrong =
        asked(Some(lock("n2", &json!({}))), &with(0, "n1 slave ping:passing,election:warning"), &["10.0.0.2"]);
    check(&mut wrong.instances.as_mut().unwrap().seen[0]);
    let problems = view(&wrong, &Policy::default()).problems;
    assert!(problems[1].ends_with("z; do this\" (up to 5 min old)"), "{problems:?}");
    let long = Missing::because("y".repeat(700));
    let asked = Asked { lock: Err(long), ..asked(None, &[], &[]) };
    assert_eq!(view(&asked, &Policy::default()).problems[0], "y".repeat(700));
}

#[test]
fn an_instance_that_outlives_its_definition_can_be_removed_with_a_command() {
    let told = |n1: &str| {
        view(&asked(Some(lock("n2", &json!({}))), &[n1, FINE[1]], &["10.0.0.2"]), &Policy::default()).problems
    };
    let leftover = "; if the service was removed there, its agent still has it: consul services deregister -id=redis";
    assert!(told("n1 slave serfHealth:passing")[1].ends_with(leftover));
    assert!(!told("n1 slave ping:passing")[1].contains("deregister"), "its health check still exists");
}
