//! Failing or hanging hooks, and masters that lost the lock by force: the lock stays available to others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;

use crate::harness::{Cluster, Pass, Proxy, Scripts, millis, secs, seen, shared, wait_for};
use crate::stage::Candidate;

/// A script that fails until the file `repaired` exists.
const FAILING: &str = "[ -e \"$D/repaired\" ] && exit 0\necho starting\necho 'the disk is full' >&2\nexit 7";

/// What a run says after it, with the name of its program.
fn failed(scripts: &Scripts, hook: &str, end: &str) -> String {
    let script = scripts.path(hook);
    format!("error: on-{hook}: exit status 7: the disk is full (command sh {}); {end}", script.display())
}

const LEFT: &str = "the lock is left to others for a while";

#[test]
fn a_promote_hook_that_fails_gives_the_lock_up_before_anything_is_tagged_and_is_tried_again_later() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let (scripts, proxy) = (Scripts::on(one.node), Proxy::before(one.node));
    // With the default lock-delay, which must not matter here.
    let pass = Pass::of(&one.service).args(["--on-promote", &scripts.command("promote", FAILING)]);
    assert_eq!(one.said_by(&pass.clone().through(&proxy).run(), 1), failed(&scripts, "promote", LEFT));
    let written = |tag: &str| {
        let tag = format!("\"{tag}\"");
        proxy
            .requests()
            .iter()
            .any(|request| request.path == "/v1/agent/service/register" && request.body.contains(&tag))
    };
    assert!(written("slave") && !written("master"), "{:?}", proxy.lines());
    assert!(!proxy.lines().iter().any(|line| line.starts_with("POST /v1/query")), "{:?}", proxy.lines());
    assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
    // While it stands back, it reports this state and tries nothing.
    let pass = pass.on(one.node);
    for _ in 0..2 {
        assert_eq!(one.said_by(&pass.run(), 1), failed(&scripts, "promote", LEFT));
    }
    assert_eq!(scripts.count("promote"), 1);
    two.leads();
    scripts.leave("repaired");
    two.node.api().service_maintenance(&two.id, true);
    two.run();
    wait_for("it to stop standing back", secs(20), || {
        sleep(millis(250));
        let outcome = pass.run();
        seen(outcome, |outcome| outcome.status == 0 && outcome.line.contains(": master on ")).map(drop)
    });
    assert!(one.is_tagged("master"));
    assert_eq!(scripts.count("promote"), 2);
}

#[test]
fn a_promote_hook_that_fails_is_reported_even_if_another_takes_the_lead_at_once() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let (scripts, proxy) = (Scripts::on(one.node), Proxy::before(one.node));
    let (other, led) = (two.pass(), AtomicBool::new(false));
    proxy.fail(move |request, _| {
        // The other acts in the moment the lock becomes free.
        if request.path.starts_with("/v1/session/destroy/") && !led.swap(true, Ordering::SeqCst) {
            let outcome = other.run();
            assert!(outcome.line.contains(": master on "), "{outcome:?}");
        }
        None
    });
    let pass = one.pass().args(["--on-promote", &scripts.command("promote", FAILING)]).through(&proxy);
    let said = one.said_by(&pass.run(), 1);
    assert!(said.contains("on-promote: exit status 7: the disk is full"), "{said}");
    assert!(two.holds_the_lock() && two.is_tagged("master"));
    assert!(!one.is_tagged("master"));
}

#[test]
fn a_hook_that_hangs_is_killed_with_all_it_has_started_and_the_lock_is_given_up_in_time() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(one.node);
    // Each hangs with a child of its own. None outlives its directory, should the program fail to kill it.
    let hang = "while [ -d \"$D\" ]; do sleep 0.1; done & echo $! >>\"$D/children\"; wait";
    let children = || -> Vec<String> {
        let text = std::fs::read_to_string(scripts.path("children")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    };
    let are_gone = |count: usize| {
        assert_eq!(children().len(), count);
        wait_for("the children to be gone", secs(5), || {
            // A zombie is dead, and only waits until its new parent reaps it.
            let state = |id: &String| std::fs::read_to_string(format!("/proc/{id}/stat")).ok();
            let runs = |id: &String| state(id).is_some_and(|stat| !stat.contains(") Z"));
            seen(children().into_iter().filter(runs).collect::<Vec<_>>(), Vec::is_empty).map(drop)
        });
    };
    let pass = one.pass().args(["--on-promote", &scripts.command("promote", hang), "--timeout", "2s"]);
    let outcome = pass.run();
    let said = one.said_by(&outcome, 1);
    assert!(
        said.starts_with("error: on-promote: killed after ")
            && said.ends_with("the lock is left to others for a while"),
        "{said}"
    );
    assert!(outcome.took < secs(4), "{outcome:?}");
    assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
    assert_eq!(one.said_by(&pass.run(), 1), said, "the time limit is the same every time");
    are_gone(1);
    two.leads();
    two.node.api().service_maintenance(&two.id, true);
    let pass = two.pass().args(["--on-demote", &scripts.command("demote", hang), "--timeout", "2s"]);
    let outcome = pass.run();
    let said = two.said_by(&outcome, 1);
    assert!(said.starts_with("error: on-demote: killed after "), "{said}");
    assert!(outcome.took < secs(4), "{outcome:?}");
    assert_eq!((two.holds_the_lock(), two.sessions().len(), two.is_tagged("master")), (false, 0, false));
    are_gone(2);
}

#[test]
fn a_hook_that_handles_sigterm_can_tidy_up_before_its_limit_and_its_own_status_is_told() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let scripts = Scripts::on(one.node);
    let tidy = "trap 'echo tidied up; exit 9' TERM; while [ -d \"$D\" ]; do sleep 0.02; done 2>/dev/null";
    let pass = one.pass().args(["--on-promote", &scripts.command("promote", tidy), "--timeout", "10s"]);
    let said = one.said_by(&pass.run(), 1);
    assert!(
        said.starts_with("error: on-promote: terminated after ")
            && said.contains(", exit status 9: tidied up (command sh /")
            && said.ends_with(LEFT),
        "{said}"
    );
    assert_eq!((one.holds_the_lock(), one.is_tagged("master")), (false, false));
}

#[test]
fn a_demote_hook_that_fails_keeps_the_lock_from_nobody_and_is_run_again_by_the_next_pass() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(one.node);
    one.leads();
    one.node.api().service_maintenance(&one.id, true);
    let pass = one.pass().args(["--on-demote", &scripts.command("demote", FAILING)]);
    let failed = failed(&scripts, "demote", "the next run tries again");
    assert_eq!(one.said_by(&pass.run(), 1), failed);
    assert_eq!((one.holds_the_lock(), one.sessions().len(), one.is_tagged("master")), (false, 0, false));
    two.leads();
    assert_eq!(one.said_by(&pass.run(), 1), failed);
    assert_eq!(scripts.count("demote"), 2);
    scripts.leave("repaired");
    for _ in 0..2 {
        one.follows(&two);
        one.said_by(&pass.run(), 0);
    }
    assert_eq!(scripts.count("demote"), 4, "a pass without the hook forgets that it was done");
    one.said_by(&pass.run(), 0);
    assert_eq!(scripts.count("demote"), 4);
}

#[test]
fn a_follow_hook_that_fails_is_run_again_by_the_next_pass() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(two.node);
    one.leads();
    let pass = two.pass().args(["--on-follow", &scripts.command("follow", FAILING)]);
    for _ in 0..2 {
        let failed = failed(&scripts, "follow", "the next run tries again");
        assert_eq!(two.said_by(&pass.run(), 1), failed);
        assert!(two.is_tagged("slave"));
    }
    scripts.leave("repaired");
    for _ in 0..2 {
        assert!(two.said_by(&pass.run(), 0).starts_with("slave of n1"));
    }
    assert_eq!(scripts.count("follow"), 3);
}

#[test]
fn two_hooks_that_hang_one_after_the_other_leave_time_to_give_the_lock_up() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let scripts = Scripts::on(one.node);
    one.node.api().service_maintenance(&one.id, true);
    one.said_by(&one.pass().args(["--on-demote", "true"]).run(), 0);
    one.node.api().service_maintenance(&one.id, false);
    let hooks = ["promote", "demote"].map(|name| (format!("--on-{name}"), scripts.gate(name)));
    let pass = one.pass().args(hooks.iter().flat_map(|(option, command)| [option.as_str(), command]));
    let outcome = pass.args(["--timeout", "4s"]).run();
    one.said_by(&outcome, 1);
    assert!(outcome.took < secs(6), "{outcome:?}");
    assert_eq!((scripts.count("promote"), scripts.count("demote")), (1, 1));
    assert_eq!((one.holds_the_lock(), one.sessions().len(), one.is_tagged("master")), (false, 0, false));
}

#[test]
fn an_instance_whose_demote_hook_fails_is_not_a_candidate() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let scripts = Scripts::on(one.node);
    let pass = one.pass().args(["--on-demote", &scripts.command("demote", FAILING)]);
    let said = one.said_by(&pass.run(), 1);
    assert!(said.starts_with("error: on-demote: exit status 7"), "{said}");
    assert_eq!(
        (one.is_tagged("master"), one.holds_the_lock()),
        (false, false),
        "an instance that is not demoted does not become master"
    );
    assert_eq!(scripts.count("demote"), 1);
}

#[test]
fn a_command_that_does_not_exist_is_a_hook_that_fails() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let said = one.said_by(&one.pass().args(["--on-promote", "/no/such/command --now"]).run(), 1);
    assert!(said.starts_with("error: on-promote: cannot start /no/such/command: No such file or directory"), "{said}");
    assert!(!one.holds_the_lock() && !one.is_tagged("master"));
}

#[test]
fn a_master_whose_session_was_ended_is_demoted_by_its_next_pass() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(one.node);
    let pass = one.pass().args(["--on-demote", &scripts.noting("demote")]);
    one.said_by(&pass.run(), 0);
    let before = scripts.count("demote");
    one.node.api().destroy_session(&one.sessions()[0]);
    two.leads();
    for _ in 0..2 {
        assert!(one.said_by(&pass.run(), 0).starts_with("slave of "));
    }
    assert_eq!(scripts.count("demote"), before + 1);
    assert_eq!(scripts.runs("demote")[before]["MASTER_ADDRESS"], two.node.ip().to_string());
}

#[test]
fn a_master_whose_agent_was_paused_or_restarted_is_demoted_by_its_next_pass() {
    let cluster = Cluster::with(2).quick_failure_detection().start();
    cluster.settle();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    let api = cluster.server().api();
    let scripts = [Scripts::on(one.node), Scripts::on(two.node)];
    let pass = one.pass().args(["--on-demote", &scripts[0].noting("demote")]);
    one.said_by(&pass.run(), 0);
    one.node.pause();
    wait_for("the lock to be free", secs(30), || seen(api.holder(&one.key()), Option::is_none).map(drop));
    let second = two.pass().args(["--on-demote", &scripts[1].noting("demote")]);
    assert!(two.said_by(&second.run(), 0).starts_with("master on "));
    let before = scripts[0].count("demote");
    one.node.resume();
    wait_for("the demotion", secs(20), || {
        // After such an absence, the agent may need a moment until it can ask its server again.
        let outcome = pass.run();
        seen(outcome, |outcome| outcome.line.contains(": slave of ")).map(drop)
    });
    assert_eq!((scripts[0].count("demote"), one.is_tagged("slave")), (before + 1, true));
    let before = scripts[1].count("demote");
    two.node.restart();
    wait_for("the demotion", secs(20), || {
        let outcome = second.run();
        seen(outcome, |outcome| outcome.line.contains(": slave, no master: check ")).map(drop)
    });
    assert_eq!((scripts[1].count("demote"), two.is_tagged("slave")), (before + 1, true));
}

#[test]
fn a_lock_lost_in_the_middle_of_the_promote_hook_leaves_no_master_and_is_followed_by_the_demote_hook() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(one.node);
    let (promote, demote) = (scripts.gate("promote"), scripts.noting("demote"));
    let pass = one.pass().args(["--on-promote", &promote, "--on-demote", &demote]);
    let running = pass.spawn();
    scripts.wait_for_runs("promote", 1);
    let before = scripts.count("demote");
    one.node.api().destroy_session(&one.sessions()[0]);
    two.leads();
    scripts.open("promote");
    let said = one.said_by(&running.wait(), 0);
    assert!(said.starts_with("slave of n2"), "{said}");
    assert_eq!((one.is_tagged("slave"), one.is_tagged("master")), (true, false));
    assert_eq!(scripts.count("demote"), before + 1, "an unfinished master becomes a slave again");
    assert!(two.holds_the_lock() && two.is_tagged("master"));
}
