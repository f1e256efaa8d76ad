//! The cost of a wait: raft entries, requests, connections and processor time; and that nothing makes it spin.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Cluster, Health, Node, Proxy, holds_for, millis, secs, seen, shared, unique, wait_for};
use crate::stage::{Candidate, LOCAL};
use crate::wait::Stay;

/// Returns the processor time of all threads of a process so far.
fn processor_time(process: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
    let nanoseconds = tasks.flatten().filter_map(|task| {
        let times = fs::read_to_string(task.path().join("schedstat")).ok()?;
        times.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// Counts the open TCP connections of a process.
fn connections(process: u32) -> usize {
    let files = fs::read_dir(format!("/proc/{process}/fd")).expect("the process runs");
    let sockets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
    let inodes: Vec<String> = sockets
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = fs::read_to_string(format!("/proc/{process}/net/tcp")).expect("the process runs");
    // A table that changes while it is read may contain a line twice.
    inodes.iter().filter(|own| table.lines().any(|line| line.split_whitespace().nth(9) == Some(own))).count()
}

/// Registers an instance whose port is open as long as the listener lives.
fn listening(node: &Node) -> (TcpListener, Candidate<'_>) {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let service = unique("redis");
    let candidate = Candidate::with(&service, &service, node, |body| {
        body["Address"] = json!(LOCAL.to_string());
        body["Port"] = json!(listener.local_addr().unwrap().port());
    });
    (listener, candidate)
}

#[test]
fn a_wait_writes_no_raft_entry_and_has_never_more_than_two_connections_and_few_requests() {
    let cluster = Cluster::of(3);
    let [one, two, _] = Candidate::on_each(cluster.nodes::<3>());
    let alone = Candidate::alone(cluster.nodes::<3>()[2]);
    alone.turn(Health::Critical);
    let (_listener, watched) = listening(cluster.nodes::<3>()[2]);
    let plain = &["--wait", "4s"][..];
    let watching = &["--wait", "4s", "--watch-port"][..];
    // The connection to the service adds to the two to the agent.
    let candidates = [(&one, plain, 2), (&two, plain, 2), (&alone, plain, 2), (&watched, watching, 3)];
    for (candidate, arguments, _) in candidates {
        candidate.settles_by(&candidate.pass().args(arguments[2..].iter().copied()));
    }
    cluster.settle();
    let entries = cluster.quiet_raft_entries(|| {
        let stays = candidates.map(|(candidate, arguments, most)| {
            // The first of these started long before the last.
            let pass = candidate.pass().args(["--wait", "9s"]).args(arguments[2..].iter().copied()).on(candidate.node);
            (Stay::of(candidate, arguments), pass.spawn(), most)
        });
        holds_for("the number of connections", secs(3), || {
            let numbers: Vec<_> = stays.iter().map(|(_, direct, most)| (connections(direct.id()), *most)).collect();
            seen(numbers, |numbers| numbers.iter().all(|(number, most)| (1..=*most).contains(number))).map(drop)
        });
        for (stay, direct, _) in stays {
            direct.wait();
            stay.running.wait();
            // The pass before the wait, the two blocking queries, and about two requests a second of a master, or of a
            // slave without one.
            let lines = stay.proxy.lines();
            assert!(lines.len() <= 18, "{} requests:\n{}", lines.len(), lines.join("\n"));
            assert_eq!(stay.proxy.connections(), 2);
        }
    });
    assert_eq!(entries, 0);
}

#[test]
fn a_wait_costs_hardly_any_processor_time() {
    // Use WAIT_SECONDS=50 and ELECTION_BIN to measure the release build.
    let length = std::env::var("WAIT_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let alone = Candidate::alone(shared().nodes::<3>()[2]);
    alone.turn(Health::Critical);
    let (_listener, watched) = listening(shared().nodes::<3>()[2]);
    let wait = format!("{length}s");
    let (plain, watching) = (&["--wait", &wait][..], &["--wait", &wait, "--watch-port"][..]);
    let roles = [
        ("master", &one, plain, 2),
        ("slave", &two, plain, 2),
        ("leaderless slave", &alone, plain, 2),
        ("master that watches its port", &watched, watching, 3),
    ];
    let mut waits: Vec<_> = roles
        .into_iter()
        .map(|(role, candidate, arguments, all)| {
            candidate.settles();
            let running = candidate.pass().args(arguments.iter().copied()).spawn();
            wait_for("all connections", secs(5), || seen(connections(running.id()), |number| *number == all).map(drop));
            let before = processor_time(running.id());
            (role, running, before, Duration::ZERO)
        })
        .collect();
    let begin = Instant::now();
    while begin.elapsed() + millis(500) < secs(length) {
        for (_, running, _, last) in &mut waits {
            if !running.has_ended() {
                *last = processor_time(running.id());
            }
        }
        std::thread::sleep(millis(200));
    }
    for (role, _, before, after) in waits {
        let took = after.saturating_sub(before);
        println!("{role}: {before:?} before the wait, {took:?} in {length} s of waiting");
        // The release build must take less than 10 ms in 50 s; a debug build takes a few times as long.
        let is_release = std::env::var_os("ELECTION_BIN").is_some();
        let most = if is_release { millis(10) * u32::try_from(length).unwrap() / 50 } else { millis(3 * length) };
        assert!(took < most, "{role}: {took:?} in {length} s");
    }
}

#[test]
fn writes_to_other_keys_do_not_make_a_waiting_pass_spin_even_where_the_lock_key_is_missing() {
    let (with_key, without) = (Candidate::alone(shared().nodes::<1>()[0]), Candidate::alone(shared().nodes::<1>()[0]));
    without.turn(Health::Critical);
    for candidate in [&with_key, &without] {
        candidate.settles();
    }
    let api = shared().server().api();
    assert!(api.lock(&without.key()).is_none());
    let stays = [&with_key, &without].map(|candidate| Stay::of(candidate, &["--wait", "20s"]));
    for stay in &stays {
        stay.proxy.clear();
    }
    let mut writes = 0;
    holds_for("the pace", secs(2), || {
        api.put_key(&format!("service/{}-else/leader", with_key.query()), &writes.to_string());
        writes += 1;
        Ok(())
    });
    for stay in &stays {
        let asked = stay.proxy.lines().len();
        println!("{writes} writes, {asked} requests");
        assert!(writes > 20 && asked <= 20, "{writes} writes, {asked} requests:\n{}", stay.proxy.lines().join("\n"));
    }
    // Important changes are still seen.
    let session = api.create_session(&json!({"Name": "rival"}));
    assert!(api.acquire(&without.key(), &session, "{}"));
    let [_, stay] = stays;
    assert_eq!(without.said_by(&stay.running.wait(), 0), "slave of s1");
    api.destroy_session(&session);
}

#[test]
fn no_way_of_registering_an_instance_makes_a_waiting_pass_spin() {
    let node = shared().nodes::<1>()[0];
    let changes: [(&str, Value); 7] = [
        ("bare", json!({"Port": 0})),
        ("with an address", json!({"Address": "127.0.0.9"})),
        ("with Meta and weights", json!({"Meta": {"a": "b", "c": ""}, "Weights": {"Passing": 7, "Warning": 0}})),
        (
            "with tagged addresses",
            json!({"TaggedAddresses": {"lan": {"Address": "127.0.0.9", "Port": 1}, "wan": {"Address": "::1", "Port": 2}}}),
        ),
        ("overridden", json!({"EnableTagOverride": true, "Tags": ["b", "a", "b"]})),
        ("for connect", json!({"Connect": {"Native": true}})),
        ("with an IPv6 address", json!({"Address": "::1", "Tags": [], "Meta": null})),
    ];
    let candidates = changes.map(|(how, more)| {
        let service = unique("redis");
        let candidate = Candidate::with(&service, &service, node, |body| {
            for (field, value) in more.as_object().unwrap() {
                body[field] = value.clone();
            }
        });
        assert!(candidate.settles().starts_with("master on "), "{how}");
        (how, candidate)
    });
    let stays = candidates.each_ref().map(|(how, candidate)| (how, Stay::of(candidate, &["--wait", "20s"])));
    for (_, stay) in &stays {
        stay.proxy.clear();
    }
    holds_for("calm", millis(2_500), || {
        for (how, stay) in &stays {
            let lines = stay.proxy.lines();
            if lines.len() > 10 {
                return Err(format!("{how}: {}", lines.join("\n")));
            }
        }
        Ok(())
    });
}

#[test]
fn two_elections_with_the_same_tags_undo_each_others_work_at_a_bounded_pace() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let (api, other) = (one.node.api(), format!("{}-other", one.service));
    let session = api.create_session(&json!({"Name": "rival"}));
    assert!(api.acquire(&format!("service/{other}/leader"), &session, "{}"));
    // It is the master of one election and a slave in the other, so neither tag can stay.
    let passes = [one.pass(), one.pass().args(["--consul-query-name", &other])];
    let checks = passes.map(|pass| (unique("election"), pass));
    for (id, _) in &checks {
        api.register_check(&json!({"ID": id, "Name": "election", "ServiceID": one.id, "TTL": "1h"}));
    }
    for (id, pass) in checks.iter().chain(&checks).chain(&checks) {
        let line = pass.run().line;
        api.put(&format!("/v1/agent/check/update/{id}"), &json!({"Status": "passing", "Output": line})).ok();
    }
    let stays = checks.map(|(_, pass)| {
        let proxy = Proxy::before(one.node);
        let running = pass.through(&proxy).args(["--wait", "5s"]).spawn();
        Stay { proxy, running }
    });
    let mut writes = 0;
    for Stay { proxy, running } in stays {
        let outcome = running.wait();
        let lines = proxy.lines();
        let own = lines.iter().filter(|line| line.ends_with("/v1/agent/service/register")).count();
        println!("{own} registrations and {} requests in {:?}: {}", lines.len(), outcome.took, outcome.line);
        writes += own;
    }
    assert!((2..=30).contains(&writes), "{writes} registrations");
    api.destroy_session(&session);
}
