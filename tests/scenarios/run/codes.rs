//! What a command gets, what a run passes on to it, and the exit code of each end.

use std::fs;

use super::{Runner, folder, pid_in, runs, stop, value_of, wait_for_end, wait_for_holder, wait_for_line};
use crate::harness::{NOBODY_LISTENS, Pass, Signal, secs, seen, shared, unique, wait_for};

#[test]
fn the_exit_code_is_the_commands_own_or_128_and_its_signal_and_the_lock_is_free_afterwards() {
    let [n1] = shared().nodes();
    for (script, expected) in
        [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137), ("kill -15 $$", 143)]
    {
        let runner = Runner::alone(n1, &[]);
        let output = runner.script(script).output();
        assert_eq!(output.status, expected, "{script}: {}", output.stderr);
        let key = n1.api().lock(&runner.key()).unwrap();
        assert_eq!((key.session, key.lock_index), (None, 1));
        assert_eq!(n1.api().sessions_named(&format!("election {} ", runner.name)), [] as [serde_json::Value; 0]);
    }
}

#[test]
fn a_command_that_is_not_found_gives_127_and_one_that_cannot_be_executed_126() {
    let [n1] = shared().nodes();
    for (command, expected) in [("no-such-command", 127), ("/etc/passwd", 126)] {
        let output = Runner::alone(n1, &[]).pass.args(["--", command]).output();
        assert_eq!(output.status, expected);
        assert!(output.stderr.contains(&format!("cannot execute {command}: ")), "{}", output.stderr);
    }
}

#[test]
fn a_usage_error_and_an_election_that_cannot_be_held_give_125() {
    let [n1] = shared().nodes();
    for (options, said) in [
        (&["run", "--name", "x", "--lock-delay", "11s", "--", "true"][..], "use a lock-delay of at least 12s"),
        (&["run", "--name", "x", "--grace", "9s", "--", "true"], "use a lock-delay of at least 16s"),
        (&["run", "--name", "x", "--ttl", "9s", "--", "true"], "use 10s to 24h"),
        (&["run", "--name", "a b", "--", "true"], "invalid value 'a b' for --name"),
        (&["run", "--lock-key", "a//b", "--", "true"], "invalid value 'a//b' for --lock-key"),
        (&["run", "--name", "x", "--on-error", "no", "--", "true"], "use exit, rerun, reelect or ignore"),
        (&["run", "--name", "x", "--on-outage", "demote", "--", "true"], "use stop or keep"),
        (&["run", "--name", "x", "--consul-service-name", "y", "--", "true"], "does not belong to run"),
        (&["run", "--name", "x"], "no command is given"),
        (&["run", "--", "true"], "no election is named"),
    ] {
        let output = Pass::bare().on(n1).args(options.iter().copied()).output();
        assert_eq!(output.status, 125, "{options:?}");
        assert!(output.stderr.contains(said), "{options:?}: {}", output.stderr);
    }
    let options = ["--on-election-failure", "exit", "--election-timeout", "1s"];
    let output = Runner::alone(n1, &options).script("exit 0").at(NOBODY_LISTENS).output();
    assert_eq!(output.status, 125);
    assert!(output.stderr.contains("error: cannot read key"), "{}", output.stderr);
}

#[test]
fn options_also_come_from_variables_and_a_file() {
    let [n1] = shared().nodes();
    let file = folder(n1).join("run.conf");
    fs::write(&file, "lock-delay = 10s\non-error = ignore\n").unwrap();
    let pass = Runner::alone(n1, &["--config", file.to_str().unwrap()]).script("exit 3");
    let output = pass.output();
    assert_eq!(output.status, 125, "{}", output.stderr);
    assert!(output.stderr.contains("a lock-delay of 10s is too short"), "{}", output.stderr);
    let output = pass.env("ELECTION_GRACE", "3s").output();
    assert_eq!(output.status, 0, "{}", output.stderr);
}

#[test]
fn a_run_that_is_not_elected_in_time_gives_124() {
    let [n1, n2, _] = shared().nodes();
    let first = Runner::alone(n1, &[]);
    let running = first.script("sleep 1000").spawn();
    wait_for_holder(&n1.api(), &first.key());
    let output = Runner::of(&first.name, n2, &["--wait-lock", "1s"]).script("exit 0").output();
    assert_eq!(output.status, 124, "{}", output.stderr);
    assert!(output.stderr.contains("waiting for n1 (process "), "{}", output.stderr);
    assert!(output.stderr.contains("error: not elected within 1s"), "{}", output.stderr);
    assert_eq!(stop(running).status, 143);
}

#[test]
fn a_lost_lead_ends_the_command_and_gives_75() {
    let [n1] = shared().nodes();
    let runner = Runner::alone(n1, &[]);
    let file = folder(n1).join("pid");
    let running = runner.script(&format!("echo $$ > {}; exec sleep 1000", file.display())).spawn();
    let pid = pid_in(&file);
    n1.api().destroy_session(&wait_for_holder(&n1.api(), &runner.key()));
    let output = running.output();
    assert_eq!(output.status, 75, "{}", output.stderr);
    assert!(!runs(pid));
    assert!(output.stderr.contains("lost the lead: "), "{}", output.stderr);
}

#[test]
fn a_command_knows_its_election_its_term_and_its_token_and_never_the_consul_token() {
    let [n1] = shared().nodes();
    let runner = Runner::alone(n1, &[]);
    let pass = runner.script("env; echo input: $(cat); echo group: $(ps -o pgid= -p $$) $$");
    let pass = pass.token("5ec2e7-token").env("CONSUL_HTTP_AUTH", "user:5ec2e7").env("WATCHDOG_USEC", "1");
    let output = pass.output();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let key = n1.api().lock(&runner.key()).unwrap();
    let token = format!("ELECTION_FENCING_TOKEN={}.1", key.create_index);
    let name = format!("ELECTION_NAME={}", runner.name);
    for line in [name.as_str(), "ELECTION_TERM=1", "ELECTION_HELD=true", token.as_str(), "input:"] {
        assert!(output.stdout.lines().any(|said| said == line), "{line} in {}", output.stdout);
    }
    assert!(output.stdout.lines().any(|line| line.starts_with("SESSIONID=") && line.len() == 46), "{}", output.stdout);
    assert!(!output.stdout.contains("5ec2e7") && !output.stdout.contains("WATCHDOG"), "{}", output.stdout);
    let group: Vec<&str> =
        output.stdout.lines().find_map(|line| line.strip_prefix("group: ")).unwrap().split(' ').collect();
    assert_eq!(group[0], group[1], "the command leads its group");
}

#[test]
fn the_token_that_is_typed_is_hidden_from_the_process_list_and_the_command() {
    let [n1] = shared().nodes();
    let runner = Runner::alone(n1, &["--token", "5ec2e7-typed"]);
    let output = runner.script("cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 5ec2e7-typed; env").output();
    // The script itself names it once.
    assert!(!output.stdout.contains("5ec2e7"), "{}", output.stdout);
}

#[test]
fn output_is_passed_through_or_logged_line_by_line() {
    let [n1] = shared().nodes();
    let script = "echo one; echo two >&2; printf three";
    let output = Runner::alone(n1, &[]).script(script).output();
    assert_eq!(output.stdout, "one\nthree");
    assert!(output.stderr.lines().any(|line| line == "two"), "{}", output.stderr);
    let runner = Runner::alone(n1, &["--wrap-output"]);
    let output = runner.script(script).output();
    assert_eq!(output.stdout, "");
    for line in ["stdout: one", "stderr: two", "stdout: three"] {
        let line = format!("election {}: info: {line}", runner.name);
        assert!(output.stderr.lines().any(|said| said == line), "{line} in {}", output.stderr);
    }
}

#[test]
fn with_stdin_the_command_reads_what_the_run_gets() {
    let [n1] = shared().nodes();
    let program = Runner::alone(n1, &["--stdin"]).script("cat").check_args();
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", "echo typed | \"$@\"", "sh"])
        .args(program)
        .stderr(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "typed\n");
}

#[test]
fn signals_go_to_the_whole_group_and_term_kills_after_the_grace() {
    let [n1] = shared().nodes();
    let folder = folder(n1);
    let (pids, heard) = (folder.join("pids"), folder.join("heard"));
    // Both processes of the group note what they hear; neither ends at SIGTERM.
    let note = |who: &str| {
        ["HUP", "INT", "QUIT", "USR1", "USR2", "WINCH", "TERM"]
            .map(|signal| format!("trap 'echo {who} {signal} >> {}' {signal}", heard.display()))
            .join("; ")
    };
    let script = format!(
        "{}; ( {}; while :; do sleep 0.05; done ) & echo $$ > {p}.new; mv {p}.new {p}; while :; do sleep 0.05; done",
        note("parent"),
        note("child"),
        p = pids.display()
    );
    let runner = Runner::alone(n1, &["--grace", "1s"]);
    let running = runner.script(&script).spawn();
    let pid = pid_in(&pids);
    for (signal, name) in [
        (Signal::HUP, "HUP"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::WINCH, "WINCH"),
        (Signal::INT, "INT"),
        (Signal::QUIT, "QUIT"),
    ] {
        running.signal(signal);
        wait_for(&format!("both to hear {name}"), secs(30), || {
            let text = fs::read_to_string(&heard).unwrap_or_default();
            // A shell lets what it starts in the background ignore these two.
            let all = if matches!(name, "INT" | "QUIT") { &["parent"][..] } else { &["parent", "child"] };
            seen(text, |text| all.iter().all(|who| text.lines().any(|line| line == format!("{who} {name}"))))
        });
    }
    assert!(runs(pid));
    running.signal(Signal::TERM);
    let output = running.output();
    assert_eq!(output.status, 137, "{}", output.stderr);
    let text = fs::read_to_string(&heard).unwrap();
    assert!(text.contains("parent TERM") && text.contains("child TERM"), "{text}");
    wait_for_end(pid);
}

#[test]
fn a_signal_ends_a_run_that_waits_with_128_and_its_number() {
    let [n1, n2, _] = shared().nodes();
    let first = Runner::alone(n1, &[]);
    let leader = first.script("sleep 1000").spawn();
    wait_for_holder(&n1.api(), &first.key());
    for (signal, expected) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::QUIT, 131), (Signal::HUP, 129)] {
        let socket = super::systemd::Socket::bind(&folder(n2));
        let waiting = Runner::of(&first.name, n2, &[]).script("exit 0").env("NOTIFY_SOCKET", &socket.path()).spawn();
        socket.wait_for("STATUS=waiting for n1");
        waiting.signal(signal);
        assert_eq!(waiting.output().status, expected);
    }
    drop(leader);
}

#[test]
fn the_lock_says_who_runs_and_only_a_healthy_instance_leads() {
    let [n1] = shared().nodes();
    let service = crate::stage::Candidate::alone(n1);
    service.turn(crate::harness::Health::Critical);
    let file = folder(n1).join("pid");
    let runner = Runner::alone(n1, &["--service", &service.service]);
    let running = runner.script(&format!("echo $$ > {}; exec sleep 1000", file.display())).spawn();
    wait_for("the session to be refused", secs(1), || Ok::<_, String>(()));
    assert_eq!(n1.api().holder(&runner.key()), None);
    service.turn(crate::harness::Health::Passing);
    let pid = pid_in(&file);
    let value = value_of(&n1.api(), &runner.key());
    assert_eq!((value["node"].as_str(), value["election"].as_str()), (Some("n1"), Some(runner.name.as_str())));
    service.turn(crate::harness::Health::Critical);
    assert_eq!(running.output().status, 75);
    assert!(!runs(pid));
}

#[test]
fn a_key_alone_names_an_election() {
    let [n1] = shared().nodes();
    let key = unique("locks/run");
    let output =
        Pass::bare().on(n1).args(["run", "--lock-key", &key, "--", "sh", "-c", "echo $ELECTION_NAME"]).output();
    assert_eq!((output.status, output.stdout), (0, format!("{key}\n")));
    assert_eq!(wait_for_line_count(&n1.api(), &key), 1);
}

fn wait_for_line_count(api: &crate::harness::Api, key: &str) -> u64 {
    api.lock(key).unwrap().lock_index
}

#[test]
fn what_a_command_leaves_behind_ends_with_it() {
    let [n1] = shared().nodes();
    let file = folder(n1).join("pid");
    let script = format!("setsid sh -c 'echo $$ > {}; exec sleep 1000' & exec sleep 0.5", file.display());
    let output = Runner::alone(n1, &[]).script(&script).output();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(!runs(wait_for_line(&file).trim().parse().unwrap()));
}
