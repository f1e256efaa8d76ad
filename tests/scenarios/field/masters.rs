//! A master that cannot run its check does not keep the lead, and a run with old options does not undo the work of a newer one.

use std::fs;

use serde_json::json;

use crate::harness::{Api, Pass, Scripts, secs, seen, shared, wait_for};
use crate::stage::{Candidate, let_consul_run_all, wait_for_another_master, wait_for_settled};

/// Lets Consul run the program by a script that can be removed.
fn let_consul_run_by_script(candidate: &Candidate, scripts: &Scripts) {
    let pass = Pass::of(&candidate.service).on(candidate.node);
    let words = pass.check_args().iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    fs::write(scripts.path("election"), format!("exec {words}\n")).unwrap();
    candidate.node.api().register_check(&json!({
        "ID": candidate.election_check(), "Name": "election", "ServiceID": candidate.id,
        "Args": ["sh", scripts.path("election")], "Interval": "1s", "Timeout": "2s",
    }));
}

/// Waits until the master's session is bound to its election check, which takes one run that passes.
fn wait_until_bound(master: &Candidate, api: &Api) {
    wait_for("the session to be bound", secs(20), || {
        let holder = api.holder(&master.key()).and_then(|id| api.session(&id));
        let own = master.election_check();
        seen(holder, |session| session.as_ref().is_some_and(|session| session.to_string().contains(&own)))
    });
}

#[test]
fn another_instance_leads_when_the_masters_program_is_removed_or_hangs() {
    for broken in ["exit 2", "sleep 60"] {
        let candidates = Candidate::on_each(shared().nodes::<3>());
        let scripts: Vec<Scripts> = candidates.iter().map(|candidate| Scripts::on(candidate.node)).collect();
        for (candidate, scripts) in candidates.iter().zip(&scripts) {
            let_consul_run_by_script(candidate, scripts);
        }
        let api = shared().server().api();
        let old = wait_for_settled(&candidates, &api);
        wait_until_bound(&candidates[old], &api);
        fs::write(scripts[old].path("election"), broken).unwrap();
        let new = wait_for_another_master(&candidates, old, &api);
        assert_ne!(new, old, "{broken}");
    }
}

#[test]
fn another_instance_leads_when_the_masters_election_check_is_removed() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let_consul_run_all(&candidates, "1s", &[]);
    let api = shared().server().api();
    let old = wait_for_settled(&candidates, &api);
    wait_until_bound(&candidates[old], &api);
    candidates[old].node.api().delete_check(&candidates[old].election_check());
    wait_for("another master", secs(20), || {
        seen(candidates.iter().position(Candidate::holds_the_lock), |new| new.is_some_and(|new| new != old))
    });
}

#[test]
fn a_waiting_run_with_old_options_ends_without_a_word_and_leaves_nothing() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.report(&one.pass().args(["--priority", "7"]));
    let old_pass = one.pass().args(["--priority", "7"]);
    let line = wait_for("a settled run", secs(10), || {
        let (before, after) = (one.report(&old_pass).line, one.report(&old_pass).line);
        if before == after { Ok(after) } else { Err(after) }
    });
    let mut old = one.pass().args(["--priority", "7", "--wait", "30s"]).spawn();
    // A reload brings another definition, and does not end the run.
    let new = ["--priority", "9", "--master-tag", "primary"];
    let outcome = one.pass().args(new).run();
    assert!(outcome.line.contains(": master on "), "{outcome:?}");
    wait_for("the old run to end", secs(10), || seen(old.has_ended(), |ended| *ended));
    let ended = old.wait();
    assert_eq!((ended.status, &ended.line), (0, &line), "its last words are what Consul shows already");
    assert_eq!(one.mark()["priority"], 9);
    assert_eq!(one.tags(), ["primary"], "the old tag is gone");
    // The other way round as well: nothing of the newer options stays.
    one.leads();
    assert_eq!(one.tags(), ["master"]);
}
