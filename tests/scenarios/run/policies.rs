//! What follows the end of a command, a lost lead, and an election that cannot be held.

use std::fs;
use std::path::Path;

use super::{Runner, folder, pid_in, runs, stop, wait_for_end, wait_for_holder};
use crate::harness::{Cluster, Fault, Proxy, secs, seen, shared, wait_for};

/// Waits until a file has so many lines.
fn wait_for_lines(file: &Path, count: usize) -> Vec<String> {
    wait_for(&format!("{count} lines"), secs(60), || {
        let text = fs::read_to_string(file).unwrap_or_default();
        seen(text.lines().map(str::to_owned).collect::<Vec<_>>(), |lines| lines.len() >= count)
    })
}

#[test]
fn rerun_keeps_the_lead_and_runs_the_command_again() {
    let [n1] = shared().nodes();
    for (policy, code) in [("--on-success", 0), ("--on-error", 3)] {
        let file = folder(n1).join("terms");
        let runner = Runner::alone(n1, &[policy, "rerun"]);
        let running =
            runner.script(&format!("echo $ELECTION_FENCING_TOKEN >> {}; exit {code}", file.display())).spawn();
        let lines = wait_for_lines(&file, 3);
        assert!(lines.iter().all(|line| *line == lines[0]), "{lines:?}");
        let output = stop(running);
        assert!(output.stderr.contains(&format!("exit code {code}; running it again in 2s")), "{}", output.stderr);
        // Between two runs of the command, SIGTERM ends the run itself.
        assert!([143, code].contains(&output.status), "{}", output.status);
    }
}

#[test]
fn reelect_lets_another_node_run_the_command() {
    let [n1, n2, _] = shared().nodes();
    let file = folder(n1).join("nodes");
    let options = ["--on-error", "reelect", "--stand-back", "1m"];
    let first = Runner::alone(n1, &options);
    let script = |node: &str| format!("echo {node} $ELECTION_TERM >> {}; exit 1", file.display());
    let one = first.script(&script("n1")).spawn();
    wait_for_lines(&file, 1);
    let two = Runner::of(&first.name, n2, &options).script(&script("n2")).spawn();
    assert_eq!(wait_for_lines(&file, 2), ["n1 1", "n2 2"]);
    let output = stop(one);
    assert!(output.stderr.contains("the command ended with exit code 1; standing back"), "{}", output.stderr);
    drop(two);
}

#[test]
fn ignore_ends_with_success() {
    let [n1] = shared().nodes();
    let output = Runner::alone(n1, &["--on-error", "ignore"]).script("exit 9").output();
    assert_eq!(output.status, 0);
    assert!(output.stderr.contains("the command ended with exit code 9, which is ignored"), "{}", output.stderr);
    assert_eq!(Runner::alone(n1, &["--on-success", "ignore"]).script("exit 0").output().status, 0);
}

#[test]
fn after_a_lost_lead_reelect_stands_again() {
    let [n1] = shared().nodes();
    let file = folder(n1).join("terms");
    let runner = Runner::alone(n1, &["--on-error", "reelect", "--grace", "0s", "--lock-delay", "7s"]);
    let running = runner.script(&format!("echo $ELECTION_TERM >> {}; exec sleep 1000", file.display())).spawn();
    wait_for_lines(&file, 1);
    n1.api().destroy_session(&wait_for_holder(&n1.api(), &runner.key()));
    assert_eq!(wait_for_lines(&file, 2), ["1", "2"]);
    let output = stop(running);
    assert_eq!(output.status, 143, "{}", output.stderr);
    assert!(output.stderr.contains("waiting: the lock is in its lock-delay"), "{}", output.stderr);
}

#[test]
fn run_anyway_runs_without_a_lead_and_ends_when_another_leads() {
    let [n1, n2, _] = shared().nodes();
    let proxy = Proxy::before(n2);
    let (folder, file) = (folder(n1), "held");
    let file = folder.join(file);
    let options = ["--on-election-failure", "run-anyway", "--election-timeout", "1s"];
    let first = Runner::alone(n1, &[]);
    let leader = first.script("sleep 1000").spawn();
    wait_for_holder(&n1.api(), &first.key());
    proxy.fail(|_, _| Some(Fault::Refuse));
    let runner = Runner::of(&first.name, n2, &options);
    let script = format!("echo $$ $ELECTION_HELD $ELECTION_TERM > {}; exec sleep 1000", file.display());
    let running = runner.script(&script).through(&proxy).spawn();
    let line = super::wait_for_line(&file);
    let pid = line.split(' ').next().unwrap().parse().unwrap();
    assert!(line.ends_with(" false\n"), "{line}");
    proxy.heal();
    wait_for_end(pid);
    let output = stop(running);
    assert!(output.stderr.contains("ending the command that runs without a lead: n1"), "{}", output.stderr);
    drop(leader);
}

#[test]
fn run_anyway_takes_a_free_lock_when_consul_is_back() {
    let [n1] = shared().nodes();
    let proxy = Proxy::before(n1);
    let file = folder(n1).join("pid");
    proxy.fail(|_, _| Some(Fault::Refuse));
    let options = ["--on-election-failure", "run-anyway", "--election-timeout", "1s"];
    let runner = Runner::alone(n1, &options);
    let script = format!("echo $$ > {}; exec sleep 1000", file.display());
    let running = runner.script(&script).through(&proxy).spawn();
    let pid = pid_in(&file);
    assert_eq!(n1.api().holder(&runner.key()), None);
    proxy.heal();
    wait_for_holder(&n1.api(), &runner.key());
    assert!(runs(pid), "the same command runs on");
    let output = stop(running);
    assert_eq!(output.status, 143, "{}", output.stderr);
    assert_eq!(n1.api().holder(&runner.key()), None);
}

#[test]
fn a_denied_election_is_never_run_anyway_and_ends_a_run_that_asks_for_that() {
    let cluster = Cluster::with(1).acls().start();
    let [n1] = cluster.nodes();
    let options = ["--on-election-failure", "run-anyway", "--election-timeout", "1s", "--wait-lock", "4s"];
    let output = Runner::alone(n1, &options).script("echo ran").output();
    assert_eq!((output.status, output.stdout.as_str()), (124, ""), "{}", output.stderr);
    assert!(output.stderr.contains("Permission denied"), "{}", output.stderr);
    let output = Runner::alone(n1, &["--on-election-failure", "exit"]).script("echo ran").output();
    assert_eq!((output.status, output.stdout.as_str()), (125, ""), "{}", output.stderr);
    // With the rights that docs/run.md names, it runs.
    let runner = Runner::alone(n1, &[]);
    let token = n1.api().token_with(&format!(
        "key \"{}\" {{ policy = \"write\" }} session \"n1\" {{ policy = \"write\" }}",
        runner.key()
    ));
    let output = runner.script("echo ran").token(&token).output();
    assert_eq!((output.status, output.stdout.as_str()), (0, "ran\n"), "{}", output.stderr);
}

#[test]
fn an_outage_ends_the_command_in_time_or_not_at_all() {
    let cluster = Cluster::with(1).durable_server().start();
    let [n1] = cluster.nodes();
    let timings = ["--grace", "0s", "--lock-delay", "7s"];
    let (stopped, kept) = (folder(n1).join("stopped"), folder(n1).join("kept"));
    let script = |file: &Path| format!("echo $$ > {}; exec sleep 1000", file.display());
    let stops = Runner::alone(n1, &timings).script(&script(&stopped)).spawn();
    let keeps = Runner::alone(n1, &[&timings[..], &["--on-outage", "keep"]].concat()).script(&script(&kept)).spawn();
    let (stopped, kept) = (pid_in(&stopped), pid_in(&kept));
    cluster.server().stop();
    wait_for_end(stopped);
    let output = stops.output();
    assert_eq!(output.status, 75, "{}", output.stderr);
    assert!(output.stderr.contains("Consul has not confirmed it in time"), "{}", output.stderr);
    assert!(runs(kept));
    let output = stop(keeps);
    assert_eq!(output.status, 143, "{}", output.stderr);
    assert!(output.stderr.contains("which stays (on-outage keep)"), "{}", output.stderr);
}
