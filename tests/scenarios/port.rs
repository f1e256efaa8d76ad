//! `--watch-port`: the death of the service, and events that look like it.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::harness::{Node, Pass, Scripts, holds_for, millis, secs, seen, shared, unique, wait_for};
use crate::stage::{Candidate, LOCAL};

/// How a service treats a client that sends nothing.
#[derive(Clone, Copy)]
enum Manner {
    /// Keeps the connection.
    Patient,
    /// Sends first, and a lot, as some protocols do.
    Chatty,
    /// Closes it after a time, as redis does with `timeout`.
    Idle(Duration),
    /// Closes it at once, as a service does that has too many clients.
    Full,
}

/// A service in a thread. It ends as a killed process does: everything it holds open is closed.
struct Service {
    port: u16,
    stop: Arc<AtomicBool>,
    clients: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    fn new(manner: Manner) -> Service {
        Service::on(0, manner)
    }

    /// Listens on that port, or on any free one if it is 0.
    fn on(port: u16, manner: Manner) -> Service {
        let listener = TcpListener::bind((LOCAL, port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let (stop, clients) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&clients));
        let thread = thread::spawn(move || {
            let mut held: Vec<(Instant, TcpStream)> = Vec::new();
            while !stopped.load(Ordering::SeqCst) {
                if let Ok((mut client, _)) = listener.accept() {
                    counted.fetch_add(1, Ordering::SeqCst);
                    client.set_nonblocking(true).unwrap();
                    if matches!(manner, Manner::Chatty) {
                        let _ = client.write(&[b'x'; 8000]);
                    }
                    if !matches!(manner, Manner::Full) {
                        held.push((Instant::now(), client));
                    }
                }
                if let Manner::Idle(limit) = manner {
                    held.retain(|(since, _)| since.elapsed() < limit);
                }
                thread::sleep(millis(1));
            }
        });
        Service { port, stop, clients, thread: Some(thread) }
    }

    fn clients(&self) -> usize {
        self.clients.load(Ordering::SeqCst)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.thread.take().unwrap().join();
    }
}

fn instance<'a>(service: &str, node: &'a Node, port: u16) -> Candidate<'a> {
    Candidate::with(service, service, node, |body| {
        body["Address"] = LOCAL.to_string().into();
        body["Port"] = port.into();
    })
}

/// Lets the agent run the program with `--wait`, and waits until it leads and holds its connection.
fn lead_and_wait(one: &Candidate, service: &Service, arguments: &[&str]) {
    let options = ["--lock-delay", "0s", "--wait", "9s", "--watch-port"];
    let pass = Pass::of(&one.service).on(one.node).args(options).args(arguments.iter().copied());
    one.let_consul_run_it("1s", &pass);
    let line = format!("election {}: master on {} ({LOCAL}:{}), term 1\n", one.query(), one.node.name(), service.port);
    wait_for("a waiting run as master", secs(20), || {
        let check = one.node.api().check(&one.election_check());
        seen((check, service.clients()), |(check, _)| check.as_ref().is_some_and(|(_, output)| *output == line))
    });
    // The run that printed this has ended, and the next one connects again.
    let before = service.clients();
    wait_for("the connection of the next run", secs(10), || seen(service.clients(), |now| *now > before).map(drop));
}

#[test]
fn a_master_whose_port_refuses_steps_down_and_such_an_instance_is_not_a_candidate() {
    let [n1, n2, _] = shared().nodes::<3>();
    let name = unique("redis");
    let (first, second) = (Service::new(Manner::Patient), Service::new(Manner::Patient));
    let (one, two) = (instance(&name, n1, first.port), instance(&name, n2, second.port));
    let run = |candidate: &Candidate| candidate.said_by(&candidate.pass().arg("--watch-port").run(), 0);
    assert!(run(&one).starts_with("master on n1"));
    let (dead, port) = (format!("nothing listens on {LOCAL}:{}", first.port), first.port);
    drop(first);
    assert_eq!(run(&one), format!("slave, no master: {dead}"));
    assert!(one.is_tagged("slave") && !one.is_tagged("master"));
    assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
    assert_eq!(run(&one), format!("slave, no master: {dead}"), "it does not stand");
    assert!(run(&two).starts_with("master on n2"), "at once, without lock-delay");
    assert!(run(&one).starts_with("slave of n2"));
    two.turn(crate::harness::Health::Critical);
    let _again = Service::on(port, Manner::Patient);
    assert!(run(&one).starts_with("master on n1"), "it listens again");
}

#[test]
fn a_waiting_master_steps_down_in_the_moment_in_which_its_service_dies() {
    let service = Service::new(Manner::Patient);
    let one = instance(&unique("redis"), shared().nodes::<1>()[0], service.port);
    lead_and_wait(&one, &service, &[]);
    drop(service);
    let died = Instant::now();
    wait_for("the lead to end", secs(5), || seen(one.holds_the_lock(), |holds| !holds).map(drop));
    // Its health check still passes, and the wait has seconds left.
    assert!(died.elapsed() < millis(900), "{:?}", died.elapsed());
    assert!(one.is_tagged("slave") && !one.is_tagged("master"));
}

#[test]
fn a_closed_idle_connection_is_not_taken_for_a_death() {
    let node = shared().nodes::<1>()[0];
    for (manner, most) in [(Manner::Chatty, 2), (Manner::Idle(millis(300)), 15), (Manner::Full, 15)] {
        let service = Service::new(manner);
        let one = instance(&unique("redis"), node, service.port);
        lead_and_wait(&one, &service, &[]);
        let before = service.clients();
        holds_for("the lead", secs(3), || seen(one.holds_the_lock(), |holds| *holds).map(drop));
        let clients = service.clients() - before;
        assert!(clients <= most, "{clients} connections in 3 s are a nuisance");
        assert_eq!(one.node.api().lock(&one.key()).unwrap().lock_index, 1, "the same term");
    }
}

#[test]
fn a_service_that_closes_idle_clients_is_still_seen_to_die() {
    let service = Service::new(Manner::Idle(millis(400)));
    let one = instance(&unique("redis"), shared().nodes::<1>()[0], service.port);
    lead_and_wait(&one, &service, &[]);
    drop(service);
    let died = Instant::now();
    wait_for("the lead to end", secs(5), || seen(one.holds_the_lock(), |holds| !holds).map(drop));
    assert!(died.elapsed() < millis(2_500), "within a pause between two connections: {:?}", died.elapsed());
}

#[test]
fn a_service_that_restarts_within_the_grace_keeps_the_lead_and_one_that_takes_longer_loses_it() {
    let node = shared().nodes::<1>()[0];
    let service = Service::new(Manner::Patient);
    let one = instance(&unique("redis"), node, service.port);
    lead_and_wait(&one, &service, &["--watch-grace", "2s"]);
    let port = service.port;
    drop(service);
    holds_for("the lead in the grace", millis(300), || seen(one.holds_the_lock(), |holds| *holds).map(drop));
    let service = Service::on(port, Manner::Patient);
    wait_for("the pass to be back", secs(5), || seen(service.clients(), |clients| *clients > 0).map(drop));
    assert_eq!(node.api().lock(&one.key()).unwrap().lock_index, 1);
    assert!(one.is_tagged("master"));
    drop(service);
    let died = Instant::now();
    wait_for("the lead to end", secs(10), || seen(one.holds_the_lock(), |holds| !holds).map(drop));
    assert!(died.elapsed() >= millis(1_900), "not before the grace is over: {:?}", died.elapsed());
}

#[test]
fn a_port_that_does_not_answer_is_not_taken_for_a_death() {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let one = instance(&unique("redis"), shared().nodes::<1>()[0], address.port());
    let pass = one.pass().arg("--watch-port");
    assert!(one.said_by(&pass.run(), 0).starts_with("master on "));
    // Nobody accepts: once the backlog is full, the kernel drops new connections, as with a hung service or a firewall.
    let full = Mutex::new(Vec::new());
    wait_for("the backlog to be full", secs(60), || {
        match TcpStream::connect_timeout(&address, millis(200)) {
            Ok(stream) => full.lock().unwrap().push(stream),
            Err(_) => return Ok(()),
        }
        Err(format!("{} connections", full.lock().unwrap().len()))
    });
    assert!(one.said_by(&pass.run(), 0).starts_with("master on "));
    assert!(one.holds_the_lock() && one.is_tagged("master"));
}

#[test]
fn a_socket_in_the_file_system_is_watched_as_well() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let path = node.directory().join(format!("{}.sock", one.service));
    let address = path.to_str().unwrap().to_owned();
    let run = || one.said_by(&one.pass().args(["--watch-port", "--watch-address", &address]).run(), 0);
    assert_eq!(run(), format!("slave, no master: nothing listens on {address}"));
    let socket = UnixListener::bind(&path).unwrap();
    assert!(run().starts_with("master on "));
    drop(socket);
    assert_eq!(run(), format!("slave, no master: nothing listens on {address}"));
}

#[test]
fn an_instance_without_a_port_is_told_how_to_name_one() {
    let service = unique("redis");
    let node = shared().nodes::<1>()[0];
    let one = Candidate::with(&service, &service, node, |body| body["Port"] = 0.into());
    let said = one.said_by(&one.pass().arg("--watch-port").run(), 1);
    assert!(said.contains(&format!("does not know where instance {} listens", one.id)), "{said}");
    assert!(said.ends_with("give --watch-address"), "{said}");
    assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
}

#[test]
fn an_instance_with_a_closed_port_does_not_keep_lower_priorities_from_leading() {
    let [n1, n2, _] = shared().nodes::<3>();
    let name = unique("redis");
    let service = Service::new(Manner::Patient);
    let (one, two) = (instance(&name, n1, service.port), Candidate::of(&name, n2));
    let preferred = one.pass().args(["--watch-port", "--priority", "200"]);
    let other = two.pass();
    assert!(one.said_by(&one.report(&preferred), 0).starts_with("master on n1"));
    assert!(two.said_by(&two.report(&other), 0).starts_with("slave of n1"));
    let port = service.port;
    drop(service);
    // Its health check still passes, and for the others it would be the better candidate.
    assert!(one.said_by(&one.report(&preferred), 0).starts_with("slave, no master: nothing listens on "));
    assert!(two.said_by(&two.report(&other), 0).starts_with("master on n2"), "it yields to nobody who cannot lead");
    assert!(one.said_by(&one.report(&preferred), 0).starts_with("slave of n2"));
    assert_eq!(one.mark()["priority"], 0, "nor is anything handed to it");
    let _again = Service::on(port, Manner::Patient);
    one.report(&preferred);
    assert_eq!(one.mark()["priority"], 200);
}

#[test]
fn the_grace_is_waited_for_once_and_then_the_tag_goes_before_the_hook_and_the_hook_before_the_lock() {
    let service = Service::new(Manner::Patient);
    let one = instance(&unique("redis"), shared().nodes::<1>()[0], service.port);
    let scripts = Scripts::on(one.node);
    let hook = scripts.noting("demoted");
    let pass = one.pass().args(["--watch-port", "--watch-grace", "1s", "--on-demote", &hook]);
    assert!(one.said_by(&pass.run(), 0).starts_with("master on "));
    let before = scripts.count("demoted");
    drop(service);
    let outcome = pass.run();
    assert!(one.said_by(&outcome, 0).starts_with("slave, no master: nothing listens on "));
    // The grace, and the second in which a pass with a hook looks out for a reload that the hook began.
    assert!(outcome.took < secs(3), "{:?}", outcome.took);
    assert_eq!(scripts.count("demoted"), before + 1);
    assert!(!one.holds_the_lock() && one.is_tagged("slave"));
}
