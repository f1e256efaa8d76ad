//! The guard: whatever happens to the run or to the guard, the command and everything that it started ends in time.

use super::{Runner, folder, guard_of, kill, pid_in, runs, wait_for_end, wait_for_holder};
use crate::harness::{Cluster, Signal, secs, seen, shared, signal, wait_for};

/// A command that ignores SIGTERM and starts a process in a session of its own, which ignores it, too. Both write their IDs.
fn stubborn(folder: &std::path::Path) -> String {
    format!(
        "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$ > {f}/far; while :; do sleep 1; done' & \
         echo $$ > {f}/near; while :; do sleep 1; done",
        f = folder.display()
    )
}

#[test]
fn when_the_run_is_killed_everything_ends_and_the_lock_is_free_without_a_lock_delay() {
    let [n1] = shared().nodes();
    let folder = folder(n1);
    let runner = Runner::alone(n1, &["--grace", "1s", "--lock-delay", "1m"]);
    let running = runner.script(&stubborn(&folder)).spawn();
    let (near, far) = (pid_in(&folder.join("near")), pid_in(&folder.join("far")));
    wait_for_holder(&n1.api(), &runner.key());
    running.kill();
    wait_for_end(near);
    wait_for_end(far);
    let name = format!("election {} ", runner.name);
    wait_for("the lock to be free", secs(30), || seen(n1.api().holder(&runner.key()), Option::is_none));
    wait_for("the session to end", secs(30), || seen(n1.api().sessions_named(&name), Vec::is_empty));
    // It is free at once, though the lock-delay is a minute: the session ended after it had released the key.
    let output = Runner::of(&runner.name, n1, &["--wait-lock", "30s"]).script("exit 0").output();
    assert_eq!(output.status, 0, "{}", output.stderr);
}

#[test]
fn when_the_guard_is_killed_everything_ends_and_the_run_says_so() {
    let [n1] = shared().nodes();
    let folder = folder(n1);
    let runner = Runner::alone(n1, &[]);
    let running = runner.script(&stubborn(&folder)).spawn();
    let (near, far) = (pid_in(&folder.join("near")), pid_in(&folder.join("far")));
    kill(guard_of(running.id()));
    let output = running.output();
    assert_eq!(output.status, 137, "{}", output.stderr);
    assert!(!runs(near) && !runs(far));
    assert!(output.stderr.contains("the guard has ended"), "{}", output.stderr);
    assert_eq!(n1.api().holder(&runner.key()), None);
}

#[test]
fn when_the_run_is_stopped_the_guard_ends_the_command_by_the_deadline_and_frees_the_lock() {
    let [n1] = shared().nodes();
    let folder = folder(n1);
    let runner = Runner::alone(n1, &["--grace", "1s", "--lock-delay", "8s"]);
    let running = runner.script(&stubborn(&folder)).spawn();
    let (near, far) = (pid_in(&folder.join("near")), pid_in(&folder.join("far")));
    let session = wait_for_holder(&n1.api(), &runner.key());
    running.signal(Signal::STOP);
    wait_for_end(near);
    wait_for_end(far);
    wait_for("the lock to be free", secs(30), || {
        seen(n1.api().holder(&runner.key()), |holder| holder.as_ref() != Some(&session))
    });
    running.signal(Signal::CONT);
    let output = running.output();
    assert_eq!(output.status, 75, "{}", output.stderr);
}

#[test]
fn when_the_guard_is_stopped_the_run_ends_the_command_itself() {
    let cluster = Cluster::with(1).start();
    let [n1] = cluster.nodes();
    let folder = folder(n1);
    let runner = Runner::alone(n1, &["--grace", "1s", "--lock-delay", "8s"]);
    let running = runner.script(&stubborn(&folder)).spawn();
    let (near, far) = (pid_in(&folder.join("near")), pid_in(&folder.join("far")));
    signal(guard_of(running.id()), Signal::STOP);
    n1.pause();
    wait_for_end(near);
    wait_for_end(far);
    let output = running.output();
    n1.resume();
    assert_eq!(output.status, 75, "{}", output.stderr);
    assert!(output.stderr.contains("the guard has not ended the command in time"), "{}", output.stderr);
}

#[test]
fn a_command_that_ignores_sigterm_is_killed_after_the_grace() {
    let [n1] = shared().nodes();
    let folder = folder(n1);
    let running = Runner::alone(n1, &["--grace", "500ms"]).script(&stubborn(&folder)).spawn();
    let (near, far) = (pid_in(&folder.join("near")), pid_in(&folder.join("far")));
    running.signal(Signal::TERM);
    assert_eq!(running.output().status, 137);
    assert!(!runs(near) && !runs(far));
}
