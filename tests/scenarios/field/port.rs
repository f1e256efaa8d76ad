//! A death that nobody sees: a master whose run has no connection that shows it.

use std::ffi::OsString;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use crate::harness::{Cluster, Keeper, Node, Pass, Random, millis, secs, seen, shared, unique, wait_for};
use crate::stage::{Candidate, LOCAL, let_consul_run_all, wait_for_another_master, wait_for_settled};

/// The options of docs/failover.md.
const WATCHING: [&str; 5] = ["--wait", "50s", "--lock-delay", "0s", "--watch-port"];

/// Starts a listener in a process of its own; its keeper can kill it and start it again.
fn listen(node: &Node, port: u16) -> Keeper {
    // redis accepts connections and keeps them; it is killed before it could do more.
    let directory = node.directory().join(unique("listener"));
    let (ip, port_text) = (node.ip().to_string(), port.to_string());
    let words = ["redis-server", "--bind", &ip, "--port", &port_text, "--save", "", "--protected-mode", "no"];
    let command: Vec<OsString> = words.into_iter().map(Into::into).collect();
    let mut keeper = Keeper::of(&directory, &command);
    std::fs::create_dir_all(&directory).unwrap();
    start(&mut keeper, node, port);
    keeper
}

fn start(listener: &mut Keeper, node: &Node, port: u16) {
    listener.start();
    wait_for("the listener", secs(20), || {
        TcpStream::connect_timeout(&(node.ip(), port).into(), secs(1)).map(drop).map_err(|error| error.to_string())
    });
}

#[test]
fn a_master_whose_process_is_killed_loses_the_lead_at_once_however_often_that_happens() {
    const PORT: u16 = 6379;
    // KILLS=100 takes a quarter of an hour.
    let kills = std::env::var("KILLS").map_or(4, |text| text.parse().expect("KILLS is a whole number"));
    let mut random = Random::new();
    let cluster = Cluster::of(3);
    let nodes = cluster.nodes::<3>();
    let mut listeners = nodes.map(|node| listen(node, PORT));
    let service = unique("redis");
    let candidates = nodes
        .map(|node| Candidate::with(&service, &service, node, |body| body["Address"] = node.ip().to_string().into()));
    let_consul_run_all(&candidates, "1s", &WATCHING);
    let mut took = Vec::new();
    for _ in 0..kills {
        let master = wait_for_settled(&candidates, &cluster.server().api());
        // The run that took the lead has ended, and the next one has begun to wait: from then on, at any moment.
        thread::sleep(random.duration(secs(2)..secs(4)));
        listeners[master].kill();
        let died = Instant::now();
        wait_for_another_master(&candidates, master, &cluster.server().api());
        took.push(died.elapsed());
        start(&mut listeners[master], nodes[master], PORT);
    }
    took.sort();
    println!("{kills} kills: median {:?}, worst {:?}", took[took.len() / 2], took[took.len() - 1]);
    assert!(took[took.len() - 1] < secs(6), "a run noticed nothing until its wait was over: {took:?}");
}

/// An instance whose service is at this address of the machine.
fn instance(node: &Node, port: u16) -> Candidate<'_> {
    let service = unique("redis");
    Candidate::with(&service, &service, node, |body| {
        body["Address"] = LOCAL.to_string().into();
        body["Port"] = port.into();
    })
}

/// Waits until Consul shows that a run has said this.
fn wait_for_line(one: &Candidate, line: &str) {
    let line = format!("election {}: {line}\n", one.query());
    wait_for("the line", secs(30), || {
        seen(one.node.api().check(&one.election_check()), |check| check.as_ref().is_some_and(|(_, said)| *said == line))
    });
}

/// Connects until nobody accepts any more and the backlog is full.
fn fill<T: Send + 'static>(connect: impl Fn() -> Option<T> + Clone + Send + 'static) -> Vec<T> {
    let mut held = Vec::new();
    loop {
        let (answer, answered) = channel();
        let connect = connect.clone();
        thread::spawn(move || answer.send(connect()));
        match answered.recv_timeout(millis(500)) {
            Ok(Some(stream)) => held.push(stream),
            Ok(None) | Err(RecvTimeoutError::Timeout) => return held,
            Err(RecvTimeoutError::Disconnected) => panic!("the connect panicked"),
        }
        assert!(held.len() < 20_000, "the backlog is never full");
    }
}

#[test]
fn a_master_that_cannot_connect_says_so_and_still_sees_within_seconds_that_its_service_dies() {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let one = instance(shared().nodes::<1>()[0], address.port());
    let pass = Pass::of(&one.service).on(one.node).args(WATCHING);
    // The service hangs: it accepts nothing, and its backlog is full.
    let full = fill(move || TcpStream::connect_timeout(&address, millis(300)).ok());
    one.let_consul_run_it("1s", &pass);
    let line = format!("master on {} ({address}), term 1", one.node.name());
    wait_for_line(&one, &format!("{line}; warning: cannot connect to {address} to watch it: no answer"));
    thread::sleep(secs(2));
    assert!(one.holds_the_lock() && one.is_tagged("master"), "no sign of a death");
    drop((listener, full));
    let died = Instant::now();
    wait_for("the lead to end", secs(10), || seen(one.holds_the_lock(), |holds| !holds).map(drop));
    assert!(died.elapsed() < secs(6), "{:?}", died.elapsed());
}

#[test]
fn a_master_that_can_connect_again_watches_again_and_says_no_more() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let path = node.directory().join(format!("{}.sock", one.service));
    let address = path.to_str().unwrap().to_owned();
    let listener = UnixListener::bind(&path).unwrap();
    let pass = Pass::of(&one.service).on(node).args(WATCHING).args(["--watch-address", &address]);
    let to_socket = path.clone();
    let full = fill(move || UnixStream::connect(&to_socket).ok());
    one.let_consul_run_it("1s", &pass);
    let line = |after: &str| format!("master on {} ({}:6379), term 1{after}", node.name(), node.ip());
    wait_for_line(&one, &line(&format!("; warning: cannot connect to {address} to watch it: no answer")));
    // The service goes on.
    let serves = thread::spawn(move || listener.incoming().take(full.len() + 20).collect::<Vec<_>>());
    wait_for_line(&one, &line(""));
    drop(serves);
}

#[test]
fn a_watched_address_that_does_not_resolve_is_said_in_every_line_and_costs_no_raft_entry() {
    let cluster = Cluster::of(1);
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let target = ["--watch-address", "no-such-host.invalid:6379"];
    let pass = Pass::of(&one.service).on(one.node).args(["--wait", "3s", "--watch-port"]).args(target);
    one.let_consul_run_it("1s", &pass);
    let reason = "cannot connect to no-such-host.invalid:6379 to watch it: the host name does not resolve";
    let line = format!("master on n1 ({}:6379), term 1; warning: {reason}", one.node.ip());
    wait_for_line(&one, &line);
    let entries = cluster.quiet_raft_entries(|| {
        let outcome = pass.run();
        assert_eq!(one.said_by(&outcome, 0), line, "steadily the same");
        assert!(outcome.took > millis(2_500), "it waits: {:?}", outcome.took);
    });
    assert_eq!(entries, 0);
}

#[test]
fn a_socket_that_nobody_accepts_on_takes_no_longer_than_the_deadline() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let path = node.directory().join(format!("{}.sock", one.service));
    let _listener = UnixListener::bind(&path).unwrap();
    let to_socket = path.clone();
    let _full = fill(move || UnixStream::connect(&to_socket).ok());
    let target = ["--watch-port", "--watch-address", path.to_str().unwrap(), "--timeout", "2s"];
    let outcome = one.pass().args(target).run();
    assert!(outcome.took < secs(2), "{:?}", outcome.took);
    let said = one.said_by(&outcome, 0);
    assert!(said.ends_with(&format!("cannot connect to {} to watch it: no answer", path.display())), "{said}");
}
