//! Query names and the fence: several elections on one instance, dots, and names too long for a Meta key.

use crate::fence::stage::{dns_of, meta};
use crate::harness::{Pass, Running, shared};
use crate::stage::Candidate;

/// Starts two elections on one instance, with these query names and their own tags.
fn two_elections(one: &Candidate, names: [&str; 2]) {
    let api = one.node.api();
    let [read, write] = [("reader", names[0]), ("writer", names[1])].map(|(tag, name)| {
        let slave = format!("not-{tag}");
        let arguments = ["--consul-query-name", name, "--master-tag", tag, "--slave-tag", &slave];
        (name, one.pass().args(arguments))
    });
    let holder = |name: &str| api.holder(&format!("service/{name}/leader"));
    let answers = |name: &str| dns_of(one, name);
    for round in 0..3 {
        for (name, pass) in [&read, &write] {
            let outcome = pass.run();
            assert!(outcome.status == 0 && outcome.line.contains(": master on "), "round {round}: {outcome:?}");
            assert_eq!(answers(name), [one.node.ip()], "{name}, round {round}");
        }
    }
    for (name, _) in [&read, &write] {
        assert_eq!(answers(name), [one.node.ip()], "{name} after all");
        assert_eq!(api.query(name).unwrap()["Session"], holder(name).unwrap());
    }
    // The end of one does not end the other.
    api.destroy_session(&holder(read.0).unwrap());
    assert_eq!((answers(read.0), answers(write.0)), (vec![], vec![one.node.ip()]));
    for pass in [&read.1, &write.1] {
        assert_eq!(pass.run().status, 0);
    }
    assert_eq!((answers(read.0), answers(write.0)), (vec![one.node.ip()], vec![one.node.ip()]));
}

#[test]
fn two_elections_on_one_instance_are_fenced_apart() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let (read, write) = (format!("{}-read", one.service), format!("{}-write", one.service));
    two_elections(&one, [&read, &write]);
}

#[test]
fn two_elections_that_promote_one_instance_at_once_both_end_fenced() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let names = ["read", "write"].map(|tag| format!("{}-{tag}", one.service));
    let passes = [0, 1].map(|index| {
        let slave = format!("not-{index}");
        let master = format!("is-{index}");
        one.pass().args(["--consul-query-name", &names[index], "--master-tag", &master, "--slave-tag", &slave])
    });
    for round in 0..15 {
        one.node.api().service_maintenance(&one.id, true);
        assert!(passes.iter().all(|pass| pass.run().status == 0));
        one.node.api().service_maintenance(&one.id, false);
        let running: Vec<_> = passes.iter().map(Pass::spawn).collect();
        let said: Vec<_> = running.into_iter().map(Running::wait).collect();
        // The agent has no compare-and-set: a pass may overwrite the other's change, which the other repairs in its
        // next pass at the latest.
        assert!(passes.iter().all(|pass| pass.run().line.contains(": master on ")), "round {round}: {said:?}");
        assert!(passes.iter().all(|pass| pass.run().line.contains(": master on ")), "round {round}: {said:?}");
        for name in &names {
            assert_eq!(dns_of(&one, name), [one.node.ip()], "round {round}: {said:?}");
        }
    }
}

#[test]
fn a_name_with_dots_in_it_is_fenced_and_answered() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let name = format!("{}.v7.eu-1_a", one.service);
    let pass = one.pass().args(["--consul-query-name", &name]);
    for _ in 0..2 {
        let outcome = pass.run();
        assert!(outcome.line.starts_with(&format!("election {name}: master on ")), "{outcome:?}");
        assert_eq!(dns_of(&one, &name), [one.node.ip()]);
    }
    let key = format!("election-{}_v7_eu-1_a-session", one.service);
    assert_eq!(meta(&one)[key].as_str(), one.node.api().holder(&format!("service/{name}/leader")).as_deref());
}

#[test]
fn a_name_as_long_as_its_key_in_meta_may_be_is_fenced_and_the_next_longer_one_names_the_way_out() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let name = |length: usize| {
        let long = format!("{}.{}.{}", one.service, "a".repeat(60), "b".repeat(60));
        long[..length].to_owned()
    };
    let pass = |length: usize| one.pass().args(["--consul-query-name", &name(length), "--priority", "7"]);
    let outcome = pass(110).run();
    assert!(outcome.status == 0 && outcome.line.contains(": master on "), "{outcome:?}");
    assert_eq!(dns_of(&one, &name(110)), [one.node.ip()]);
    let outcome = pass(111).run();
    assert!(outcome.status == 1 && outcome.line.contains("--no-fence"), "{outcome:?}");
}

#[test]
fn a_name_that_is_too_long_for_a_fence_works_without_one() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let name = format!("{}.{}.{}", one.service, "a".repeat(60), "b".repeat(60));
    let pass = one.pass().args(["--consul-query-name", &name, "--no-fence"]);
    for _ in 0..2 {
        let outcome = pass.run();
        assert!(outcome.status == 0 && outcome.line.contains(": master on "), "{outcome:?}");
        assert_eq!(dns_of(&one, &name), [one.node.ip()]);
    }
}
