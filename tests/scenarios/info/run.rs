//! `info` about an election of `run`: what it shows is what the lock's value, the lock and the schedule say.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::stage::{Told, command, told};
use crate::harness::{Cluster, NOBODY_LISTENS, Node, Pass, Proxy, Running, secs, seen, shared, unique, wait_for};
use crate::lead::Program;
use crate::run::{Runner, stop, wait_for_holder};
use crate::schedule::{Job, LAST, RARE, at};
use crate::stage::Candidate;
use consul_master_election_tagger::lead::Election;

/// What `info` on a node says of an election of `run`.
fn told_of(node: &Node, name: &str) -> Told {
    told(&command(node, ["--name", name]))
}

/// A run that leads.
fn leading(runner: &Runner, node: &Node) -> (Running, String) {
    let running = runner.script("exec sleep 1000").spawn();
    (running, wait_for_holder(&node.api(), &runner.key()))
}

#[test]
fn a_run_that_leads_is_shown_on_every_node_and_nothing_is_written() {
    let [n1, n2] = shared().nodes();
    let runner = Runner::alone(n1, &[]);
    let key = runner.key();
    assert_eq!(
        told_of(n2, &runner.name).problems(),
        ["nobody leads: the lock key does not exist, so nobody has led yet; start run on a node"]
    );
    let (running, session) = leading(&runner, n1);
    let lock = n1.api().lock(&key).unwrap();
    let proxy = Proxy::before(n1);
    let expected = json!({
        "schema": 1, "election": runner.name, "service": null,
        "leader": {
            "node": n1.name(), "service_id": null, "address": null, "port": null,
            "holder": format!("process {}", running.id()), "session": session,
            "since": lock.value["since"], "term": 1,
        },
        "lock": {
            "key": key, "session": session, "lock_delay_seconds": 15, "fencing_token": format!("{}.1", lock.create_index),
        },
        "dns": null, "candidates": [], "problems": [], "history": [], "schedule": null,
    });
    // Everywhere the same: on a server, by the lock key alone or as well, through a proxy.
    for pass in [
        command(n2, ["--name", &runner.name]),
        command(shared().server(), ["--name", &runner.name, "--lock-key", &key]),
        command(n2, ["--lock-key", &key]),
        Pass::bare().through(&proxy).args(["info", "--name", &runner.name]),
    ] {
        let told = told(&pass);
        assert_eq!((told.code, &told.info), (0, &expected), "{pass:?}: {told:?}");
    }
    let requests = proxy.lines();
    assert!(requests.len() == 2 && requests.iter().all(|line| line.starts_with("GET ")), "{requests:?}");
    assert_eq!(n1.api().lock(&key).unwrap().modify_index, lock.modify_index);
    let output = stop(running);
    assert_eq!(output.status, 143, "{}", output.stderr);
    let told = told_of(n2, &runner.name);
    let problem = format!("nobody leads: {} released the lock", n1.name());
    assert!(told.code == 2 && told.leader().is_none() && told.problems()[0].starts_with(&problem), "{told:?}");
    let other = told_of(n2, "x");
    assert_eq!((other.code, &other.info["election"]), (2, &json!("x")), "{other:?}");
}

#[test]
fn a_program_that_leads_says_what_it_is_and_what_it_carries_is_no_schedule() {
    let [n1, n2] = shared().nodes();
    let name = unique("lead");
    let builder = Election::builder(&name).holder("worker 7").carry(|_| Ok(json!({"done": 12})));
    let program = Program::start(builder, n1);
    let lead = program.leads();
    let told = told_of(n2, &name);
    assert_eq!(
        (told.code, &told.info["leader"]["holder"], &told.info["schedule"]),
        (0, &json!("worker 7"), &Value::Null)
    );
    assert_eq!(told.info["lock"]["fencing_token"], lead.token().to_string());
    lead.resign("the disk is full").unwrap();
    program.stopper.stop();
    let told = wait_for("nobody to lead", secs(60), || seen(told_of(n2, &name), |told| told.code == 2));
    let words = format!("nobody leads: {} released the lock (the disk is full), and nobody stands for it", n1.name());
    assert_eq!(told.problems(), [words]);
    let key = Candidate::alone(n1);
    key.leads();
    let told = super::stage::told(&command(n2, ["--name", &name, "--lock-key", &key.key()]));
    assert_eq!(told.problems(), [format!("the lock key belongs to another election, {}", key.query())]);
    let told = super::stage::told(&command(n2, ["--lock-key", &key.key()]));
    assert_eq!(told.info["service"], key.service, "the key says that it is a service's: {told:?}");
}

#[test]
fn a_lead_that_was_not_released_names_its_lock_delay() {
    let [n1, n2] = shared().nodes();
    let (runner, api) = (Runner::alone(n1, &[]), n1.api());
    let session = api.create_session(&json!({"LockDelay": "30s"}));
    let note = json!({"node": "n9", "election": runner.name, "session": session, "lock_delay": 30000});
    assert!(api.acquire(&runner.key(), &session, &note.to_string()));
    let told = told_of(n2, &runner.name);
    assert_eq!((told.code, told.leader(), &told.info["lock"]["lock_delay_seconds"]), (0, Some("n9"), &json!(30)));
    api.destroy_session(&session);
    let told = told_of(n2, &runner.name);
    let words = "the session of n9 ended without a release; its lock-delay of 30s may not be over";
    assert!(told.code == 2 && told.problems()[0].contains(words), "{told:?}");
    assert_eq!(told.info["lock"]["session"], Value::Null);
}

#[test]
fn a_schedule_shows_its_last_and_next_tick_a_failed_run_and_what_is_overdue() {
    let [n1, n2] = shared().nodes();
    let (job, api) = (Job::alone(n1, RARE, &[]), n1.api());
    job.leave(&api, RARE, &json!({"settled": "2020-01-01T00:00:00+00:00", "skipped": 1, "missed": 5}));
    let told = told_of(n2, &job.runner.name);
    let overdue = "the tick of 2020-02-29T00:00:00+00:00 is overdue, and nobody leads to start it";
    assert_eq!((told.code, told.problems()[1].as_str()), (2, overdue), "{told:?}");
    assert_eq!(told.info["schedule"]["last"], Value::Null);
    // While the command runs: it ends when the file is there.
    let end = job.file.with_file_name("end");
    let running = job.script(&format!("until [ -e {} ]; do sleep 0.1; done; exit 3", end.display())).spawn();
    job.wait_for_ticks(1);
    let told = told_of(n2, &job.runner.name);
    let record = job.record(&api);
    assert_eq!((told.code, told.leader(), &told.info["problems"]), (0, Some(n1.name()), &json!([])), "{told:?}");
    let next = "2028-02-29T00:00:00+00:00";
    let schedule = |last: Value, since: &Value| {
        json!({
            "expression": RARE, "zone": "UTC", "last": last, "running_since": since, "overdue": null, "next_due": next,
            "skipped": 1, "missed": 6,
        })
    };
    let last = |record: &Value| {
        let mut last = json!({"due": LAST, "by": n1.name()});
        for field in ["started", "ended", "status"] {
            last[field] = record[field].clone();
        }
        last
    };
    assert_eq!(told.info["schedule"], schedule(last(&record), &record["started"]));
    assert!(at(record["started"].as_str().unwrap()) <= Timestamp::now());
    std::fs::write(&end, "").unwrap();
    let record = job.wait_for_record(&api, "the end", |record| record["status"] == 3);
    let told = told_of(n2, &job.runner.name);
    assert_eq!(told.problems(), [format!("the run of the tick of {LAST} on {} ended with status 3", n1.name())]);
    assert_eq!((told.code, &told.info["schedule"]), (1, &schedule(last(&record), &Value::Null)), "{told:?}");
    let output = command(n2, ["--name", &job.runner.name, "--format", "prometheus"]).output();
    assert_eq!(output.status, 1, "{output:?}");
    super::metrics::promtool(&["check", "metrics"], &output.stdout);
    for (name, value) in [("last_status", 3), ("running", 0), ("skipped_ticks_total", 1), ("missed_ticks_total", 6)] {
        let line = format!("\nconsul_election_info_{name}{{election=\"{}\"}} {value}\n", job.runner.name);
        assert!(output.stdout.contains(&line), "{line} in {}", output.stdout);
    }
    let due = format!("_next_due_timestamp_seconds{{election=\"{}\"}} {}\n", job.runner.name, at(next).as_second());
    assert!(output.stdout.contains(&due), "{}", output.stdout);
    let table = command(n2, ["--name", &job.runner.name, "--format", "table"]).output().stdout;
    assert!(
        table.contains(&format!(" {RARE} (UTC), next due {next}\n")) && table.contains(" with status 3\n"),
        "{table}"
    );
    stop(running);
    // A run that nobody saw end, and nobody leads.
    job.leave(&api, RARE, &json!({"settled": LAST, "due": LAST, "started": LAST}));
    let told = told_of(n2, &job.runner.name);
    assert_eq!(told.problems()[1..], [format!("nobody saw the end of the run of the tick of {LAST} on n9")]);
    assert_eq!((told.code, &told.info["schedule"]["running_since"]), (2, &Value::Null));
}

#[test]
fn what_cannot_be_asked_ends_with_3_and_says_why() {
    for (options, words) in [
        (&["--name", "x", "--consul-service-name", "y"][..], "--consul-service-name does not work with --name"),
        (&["--name", "x", "--consul-query-name", "y"], "--consul-query-name does not work with --name"),
        (&["--name", "a//b"], "invalid value 'a//b' for --name; use letters, digits"),
        (&["--name", "x", "--lock-key", "/y"], "invalid value '/y' for --lock-key; use letters, digits"),
    ] {
        let output = Pass::bare().at(NOBODY_LISTENS).arg("info").args(options.iter().copied()).output();
        assert!(output.status == 3 && output.stderr.contains(words), "{options:?}: {output:?}");
    }
    let told = told(&Pass::bare().at(NOBODY_LISTENS).args(["info", "--name", "x"]));
    assert!(told.code == 3 && told.problems()[0].starts_with("cannot read key service/x/leader"), "{told:?}");
}

#[test]
fn reading_the_key_is_right_enough_and_its_lack_is_named() {
    let cluster = Cluster::with(2).acls().start();
    let [n1, n2] = cluster.nodes();
    let mut runner = Runner::alone(n1, &[]);
    let key = runner.key();
    let leads = "agent_prefix \"\" { policy = \"read\" }\nsession_prefix \"\" { policy = \"write\" }";
    let token = n1.api().token_with(&format!("key \"{key}\" {{ policy = \"write\" }}\n{leads}"));
    runner.pass = runner.pass.token(&token);
    let (running, session) = leading(&runner, n1);
    let as_ = |rules: &str| told(&command(n2, ["--name", &runner.name]).token(&n1.api().token_with(rules)));
    let reads = format!("key \"{key}\" {{ policy = \"read\" }}");
    for rules in [reads.clone(), format!("{reads}\nsession_prefix \"\" {{ policy = \"read\" }}")] {
        let told = as_(&rules);
        assert_eq!((told.code, told.leader(), &told.info["lock"]["session"]), (0, Some(n1.name()), &json!(session)));
        assert_eq!(told.info["lock"]["lock_delay_seconds"], 15, "the lock's value has it too: {told:?}");
    }
    let told = as_("key \"other\" { policy = \"read\" }");
    // A denied read is a refusal, and not an absent key.
    assert!(told.code == 3 && told.problems()[0].contains(&format!("the token needs: key \"{key}\"")), "{told:?}");
    stop(running);
}

#[test]
fn with_most_servers_down_it_shows_what_the_rest_last_knew() {
    let cluster = Cluster::with(2).servers(3).start();
    let [n1, n2] = cluster.nodes();
    let runner = Runner::alone(n1, &[]);
    let (running, session) = leading(&runner, n1);
    let [.., last] = cluster.servers() else { panic!("no server") };
    wait_for("the last server to know the leader", secs(20), || {
        seen(last.api().get(&format!("/v1/kv/{}?stale", runner.key())).text, |body| body.contains(&session)).map(drop)
    });
    for server in &cluster.servers()[..2] {
        server.stop();
    }
    let told = wait_for("an answer from what a server last knew", secs(120), || {
        let told = told(&command(n2, ["--name", &runner.name, "--timeout", "15s"]));
        seen(told, |told| told.code == 3 && told.leader() == Some(n1.name()))
    });
    assert!(told.problems()[0].starts_with("this is what a server last knew"), "{told:?}");
    running.kill();
}
