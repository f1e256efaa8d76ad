//! The connection against real sockets on loopback.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixListener;
use std::time::Instant;

use super::*;

const NONE: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(10);

fn listener() -> (TcpListener, Target) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, Target::Tcp("127.0.0.1".to_owned(), port))
}

fn open(target: &Target) -> Connection {
    match target.probe(Deadline::after(NONE), Deadline::after(LONG)) {
        Probe::Open(connection) => connection,
        other => panic!("{other:?}"),
    }
}

#[test]
fn addresses_are_read_as_people_write_them() {
    let tcp = |host: &str, port| Some(Target::Tcp(host.to_owned(), port));
    for (text, target) in [
        ("10.0.0.2:6379", tcp("10.0.0.2", 6379)),
        ("redis.example:6379", tcp("redis.example", 6379)),
        ("[fd00::2]:6379", tcp("fd00::2", 6379)),
        ("unix:///run/redis.sock", Some(Target::Unix("/run/redis.sock".into()))),
        ("/run/redis.sock", Some(Target::Unix("/run/redis.sock".into()))),
        ("10.0.0.2", None),
        ("10.0.0.2:", None),
        (":6379", None),
        ("10.0.0.2:0", None),
        ("fd00::2:6379", None),
        ("http://10.0.0.2:80", None),
        ("", None),
    ] {
        assert_eq!(Target::parse(text), target, "{text}");
        if let Some(target) = target {
            assert_eq!(Target::parse(&target.to_string()), Some(target), "{text} written and read again");
        }
    }
}

#[test]
fn a_connection_lasts_as_long_as_its_other_end_whatever_that_says_first() {
    let (listener, target) = listener();
    let connection = open(&target);
    let (mut service, _) = listener.accept().unwrap();
    assert!(!connection.closes_within(Duration::from_millis(20)));
    service.write_all(b"220 who speaks first is not read\r\n").unwrap();
    assert!(!connection.closes_within(Duration::from_millis(20)));
    let ends = std::thread::spawn(move || drop(service));
    let begin = Instant::now();
    assert!(connection.closes_within(LONG));
    assert!(begin.elapsed() < LONG / 2);
    ends.join().unwrap();
}

#[test]
fn the_kernel_asks_whether_the_other_end_still_exists() {
    let (_listener, target) = listener();
    let Connection { stream: Stream::Tcp(stream), .. } = open(&target) else { panic!("not TCP") };
    assert!(rustix::net::sockopt::socket_keepalive(&stream).unwrap());
    assert_eq!(rustix::net::sockopt::tcp_keepidle(&stream).unwrap(), Duration::from_secs(1));
}

#[test]
fn a_port_that_nobody_listens_on_is_refused_and_in_its_grace_it_is_tried_again() {
    let (listener, target) = listener();
    let Target::Tcp(_, port) = target else { unreachable!() };
    drop(listener);
    assert!(matches!(target.probe(Deadline::after(NONE), Deadline::after(LONG)), Probe::Refused));
    let waiting = std::thread::spawn(move || target.probe(Deadline::after(LONG), Deadline::after(LONG)));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    assert!(matches!(waiting.join().unwrap(), Probe::Open(_)));
    drop(listener);
}

#[test]
fn a_host_that_cannot_be_found_is_no_sign_of_death() {
    let target = Target::Tcp("no-such-host.invalid".to_owned(), 1);
    assert!(matches!(target.probe(Deadline::after(NONE), Deadline::after(LONG)), Probe::Unclear(_)));
}

#[test]
fn a_socket_in_the_file_system_does_as_well() {
    let path = std::env::temp_dir().join(format!("port-{}.sock", std::process::id()));
    let target = Target::Unix(path.clone());
    assert!(matches!(target.probe(Deadline::after(NONE), Deadline::after(LONG)), Probe::Refused), "nothing listens");
    let listener = UnixListener::bind(&path).unwrap();
    let connection = open(&target);
    assert!(!connection.closes_within(Duration::from_millis(20)));
    drop(listener);
    assert!(connection.closes_within(LONG));
    assert!(
        matches!(target.probe(Deadline::after(NONE), Deadline::after(LONG)), Probe::Refused),
        "nobody holds it any more"
    );
    std::fs::remove_file(&path).unwrap();
}
