//! The script `redis-role` with real redis servers: how it acts on the role file and on a hook's environment.

use super::beside::{Beside, NOBODY, now};
use crate::harness::{secs, seen, wait_for};

#[test]
fn a_redis_that_has_started_is_nobodys_master_until_it_has_waited_and_was_elected() {
    let one = Beside::a_redis();
    assert_eq!(one.redis.role(), NOBODY);
    assert!(one.redis.tell("SET a 1").unwrap_err().starts_with("READONLY"));
    let (status, said) = one.check();
    assert_eq!((status, said.starts_with("has no role yet")), (2, true), "{said}");
    one.is("none");
    assert_eq!(one.apply(&format!("master {}", now())), "redis has restarted and is not promoted");
    assert_eq!(one.check().0, 2);
    one.leads();
    assert_eq!(one.check(), (0, "master".to_owned()));
    assert!(one.redis.tell("SET a 1").unwrap_err().starts_with("NOREPLICAS"), "no replica has the write");
    one.is("none");
    assert_eq!((one.check(), one.redis.role()), ((1, "master, but not elected".to_owned()), "master".to_owned()));
}

#[test]
fn a_master_that_has_started_again_within_its_term_is_not_made_master_again_however_long_it_waits() {
    let one = Beside::a_redis();
    one.leads();
    one.redis.kill();
    assert_eq!(one.check().0, 2);
    one.redis.start();
    // A term that began long ago, or just now, or by a clock that is ahead.
    for since in [now() - 60, now(), now() + 3600] {
        one.is(&format!("master {since}"));
        assert_eq!((one.check().0, one.redis.role().as_str()), (2, NOBODY), "{since}");
        assert_eq!(one.run("apply", &[]), (0, "redis has restarted and is not promoted".to_owned()));
    }
    one.is(&format!("master {}", now() - 60));
    one.has_run_for(12);
    assert_eq!(one.check(), (2, "elected, but not a master".to_owned()));
    assert_eq!(one.redis.role(), NOBODY);
    // The next term is different: its voters know that this redis has restarted.
    one.is("none");
    one.says(1, "was the last master; has the data that it has started with");
    one.apply(&format!("master {}", now()));
    assert_eq!(one.redis.role(), "master");
}

#[test]
fn a_role_that_is_so_already_is_not_applied_again() {
    let (one, two) = (Beside::a_redis(), Beside::a_redis());
    one.leads();
    let replica = format!("replica {}", one.address());
    two.apply(&replica);
    two.says(0, &format!("replica of {}:{}", one.redis.ip, one.redis.port));
    wait_for("the write to be accepted", secs(10), || one.redis.tell("SET a 1").map(drop));
    let history = || (one.redis.info()["master_replid"].clone(), one.redis.info()["sync_full"].clone());
    let before = history();
    for _ in 0..3 {
        two.apply(&replica);
        one.apply(&format!("master {}", now()));
    }
    assert_eq!(history(), before, "neither redis copied the data again");
    wait_for("the write to be with the replica", secs(10), || {
        seen(two.redis.tell("GET a"), |a| a.as_deref() == Ok("1")).map(drop)
    });
}

#[test]
fn no_redis_is_made_a_replica_of_itself_however_its_address_is_written() {
    let one = Beside::a_redis();
    let port = one.redis.port;
    let [a, b, c, d] = one.redis.ip.octets();
    let mapped = format!("::ffff:{}", one.redis.ip);
    let short = format!("{a}.{b}.{}", u16::from(c) * 256 + u16::from(d));
    let number = u32::from(one.redis.ip).to_string();
    for address in [one.redis.ip.to_string(), mapped, short, number] {
        let said = one.apply(&format!("replica {address} {port}"));
        assert_eq!(said, format!("redis is not made a replica of itself, which answers at {address}:{port}"));
        assert_eq!(one.redis.role(), NOBODY, "{address}");
    }
}

#[test]
fn an_invalid_role_changes_nothing() {
    let one = Beside::a_redis();
    let lines = [
        "",
        "master",
        "master soon",
        "master 5x",
        "master 09",
        "master 9223372036854775808",
        "replica",
        "replica 10.0.0.2",
        "replica 10.0.0.2 6379x",
        "replica -h 6379",
        "replica 10.0.0.2 6379 6380",
        "replica $(id) 6379",
        "replica no one",
        "slave 10.0.0.2 6379",
        "none at all",
    ];
    for line in lines {
        one.apply(line);
        assert_eq!(one.redis.role(), NOBODY, "{line}");
        assert!(one.check().1.starts_with("has no role yet"), "{line}");
    }
}

#[test]
fn a_master_that_is_made_replica_sends_its_clients_away() {
    let (one, two) = (Beside::a_redis(), Beside::a_redis());
    one.leads();
    two.leads();
    let mut client = one.redis.connect().unwrap();
    assert_eq!(client.tell("PING").unwrap(), "PONG");
    one.apply(&format!("replica {}", two.address()));
    assert!(client.tell("PING").is_err(), "it must look up the name again");
    one.says(0, &format!("replica of {}:{}", two.redis.ip, two.redis.port));
}

#[test]
fn a_hook_writes_the_role_and_fails_where_redis_cannot_be_promoted() {
    let (one, two) = (Beside::a_redis(), Beside::a_redis());
    let promote = [("ELECTION_ROLE", "master")];
    let (status, said) = one.run("hook", &promote);
    assert_eq!((status, said.as_str()), (1, "redis has restarted and is not promoted"));
    assert_eq!(one.line(), "", "the old content stays");
    assert_eq!(one.run("hook", &[("ELECTION_ROLE", "slave")]), (0, String::new()));
    assert_eq!(one.line(), "none");
    // However long it has run: the check decides what its data is worth.
    one.has_run_for(12);
    assert_eq!(one.run("hook", &promote), (1, said));
    assert_eq!((one.line().as_str(), one.redis.role().as_str()), ("none", NOBODY));
    one.says(1, "knows of no master; has the data that it has started with");
    for _ in 0..2 {
        assert_eq!(one.run("hook", &promote), (0, String::new()));
        assert_eq!(one.redis.role(), "master");
    }
    let (address, port) = (one.redis.ip.to_string(), one.redis.port.to_string());
    let follow = [("ELECTION_ROLE", "slave"), ("MASTER_ADDRESS", address.as_str()), ("MASTER_PORT", port.as_str())];
    two.redis.kill();
    assert_eq!(two.run("hook", &follow).0, 0, "the check does later what fails now");
    two.redis.start();
    two.says(0, &format!("replica of {address}:{port}"));
    assert_eq!(one.run("hook", &[("ELECTION_ROLE", "king")]).0, 2);
}

#[test]
fn a_redis_that_hangs_is_critical() {
    let one = Beside::a_redis();
    one.leads();
    one.redis.pause();
    assert_eq!(one.check().0, 2);
    one.redis.resume();
    one.says(0, "master");
}

/// As on a full disk: a file can be created, but not written.
#[test]
fn a_role_that_cannot_be_written_is_applied_and_no_old_one_stays() {
    const FULL: [&str; 4] = ["/bin/sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "full"];
    let (one, two) = (Beside::a_redis(), Beside::a_redis());
    one.is("none");
    one.says(1, "knows of no master; has the data that it has started with");
    let cannot = format!("cannot write {}", one.file.display());
    assert_eq!(one.run_in(&FULL, "hook", &[("ELECTION_ROLE", "master")]), (1, cannot), "another leads");
    assert_eq!((one.line().as_str(), one.redis.role().as_str()), ("none", NOBODY));
    one.leads();
    two.leads();
    let (address, port) = (two.redis.ip.to_string(), two.redis.port.to_string());
    let follow = [("ELECTION_ROLE", "slave"), ("MASTER_ADDRESS", address.as_str()), ("MASTER_PORT", port.as_str())];
    let cannot = format!("cannot write {}", one.file.with_file_name("last").display());
    assert_eq!(one.run_in(&FULL, "hook", &follow), (0, cannot));
    assert_eq!(one.line(), "", "it does not say that this redis leads");
    one.says(0, &format!("replica of {address}:{port}"));
    assert_eq!(two.run_in(&FULL, "hook", &[("ELECTION_ROLE", "slave")]), (0, String::new()));
    assert_eq!(two.check(), (1, "master, but not elected".to_owned()));
}

#[test]
fn a_password_that_redis_does_not_ask_for_is_in_nobodys_way() {
    let one = Beside::a_redis();
    one.is("none");
    one.says(1, "knows of no master; has the data that it has started with");
    let password = ("REDISCLI_AUTH", "not set in redis");
    assert_eq!(one.run("hook", &[("ELECTION_ROLE", "master"), password]), (0, String::new()));
    assert_eq!(one.redis.role(), "master");
    assert_eq!(one.run("check", &[password]), (0, "master".to_owned()));
}
