//! The script `redis-role` against real redis servers: what it makes of the role file, and what it says of the redis.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use super::server::{Redis, place_in};
use super::stage::redis_role;
use crate::harness::{secs, seen, shared, wait_for};

/// One redis beside which the script runs.
struct Beside {
    redis: Redis,
    file: PathBuf,
}

impl Beside {
    fn a_redis() -> Beside {
        let node = shared().nodes::<1>()[0];
        let place = place_in(node.directory(), "role");
        let free = TcpListener::bind((node.ip(), 0)).unwrap().local_addr().unwrap().port();
        Beside { redis: Redis::on(node.ip(), free, &place), file: place.join("role") }
    }

    fn run(&self, command: &str, env: &[(&str, &str)]) -> (i32, String) {
        let words = redis_role(&self.redis.ip.to_string(), self.redis.port, &self.file);
        let mut process = Command::new(&words[0]);
        let output = process.args(&words[1..]).arg(command).envs(env.iter().copied()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{said}");
        (output.status.code().unwrap(), said)
    }

    fn is(&self, role: &str) {
        fs::write(&self.file, format!("{role}\n")).unwrap();
    }

    fn apply(&self, role: &str) -> String {
        self.is(role);
        let (status, said) = self.run("apply", &[]);
        assert_eq!(status, 0, "{said}");
        said
    }

    fn check(&self) -> (i32, String) {
        self.run("check", &[])
    }

    /// Waits until the check says that, word for word.
    fn says(&self, status: i32, text: &str) {
        wait_for(&format!("the check to say {text}"), secs(30), || {
            seen(self.check(), |said| *said == (status, text.to_owned())).map(drop)
        });
    }

    /// Makes it master as the first of a group: it has waited for others, and was elected.
    fn leads(&self) {
        self.is("none");
        self.says(1, "knows of no master; has the data that it has started with");
        self.apply(&format!("master {}", now()));
        assert_eq!(self.redis.role(), "master");
    }

    fn address(&self) -> String {
        format!("{} {}", self.redis.ip, self.redis.port)
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

const NOBODY: &str = "127.0.0.1:1 down";

#[test]
fn a_redis_that_has_started_is_nobodys_master_until_it_has_waited_and_was_elected() {
    let one = Beside::a_redis();
    assert_eq!(one.redis.role(), NOBODY);
    assert!(one.redis.tell("SET a 1").unwrap_err().starts_with("READONLY"));
    let (status, said) = one.check();
    assert_eq!((status, said.starts_with("nothing has said what it should be")), (2, true), "{said}");
    one.is("none");
    assert_eq!(one.check(), (2, "started a moment ago".to_owned()));
    assert_eq!(one.apply(&format!("master {}", now())), "redis has started anew and is not made master");
    assert_eq!(one.check().0, 2);
    one.leads();
    assert_eq!(one.check(), (0, "master".to_owned()));
    assert!(one.redis.tell("SET a 1").unwrap_err().starts_with("NOREPLICAS"), "nobody else has what it is told");
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
    let waited = |uptime: u64| {
        one.redis.info().get("uptime_in_seconds").is_some_and(|seconds| seconds.parse::<u64>().unwrap() >= uptime)
    };
    wait_for("it to have waited", secs(30), || {
        assert_eq!(
            one.check(),
            (2, "redis has started anew and is not made master\nelected, and not a master".to_owned())
        );
        if waited(12) { Ok(()) } else { Err("not yet".to_owned()) }
    });
    // The next term is another matter: who elects it now knows that it has started anew.
    one.leads();
}

#[test]
fn a_role_that_is_so_already_is_not_applied_again() {
    let (one, two) = (Beside::a_redis(), Beside::a_redis());
    one.leads();
    let replica = format!("replica {}", one.address());
    two.apply(&replica);
    two.says(0, &format!("replica of {}:{}", one.redis.ip, one.redis.port));
    wait_for("the write to be taken", secs(10), || one.redis.tell("SET a 1").map(drop));
    let history = || (one.redis.info()["master_replid"].clone(), one.redis.info()["sync_full"].clone());
    let before = history();
    for _ in 0..3 {
        two.apply(&replica);
        one.apply(&format!("master {}", now()));
    }
    assert_eq!(history(), before, "neither began anew");
    assert_eq!(two.redis.tell("GET a").unwrap(), "1");
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
fn what_is_no_role_changes_nothing() {
    let one = Beside::a_redis();
    let lines = [
        "",
        "master",
        "master soon",
        "master 5x",
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
        assert!(one.check().1.starts_with("nothing has said what it should be"), "{line}");
    }
}

#[test]
fn only_a_redis_that_is_or_was_in_sync_with_its_master_may_lead_before_others() {
    let (one, two, three) = (Beside::a_redis(), Beside::a_redis(), Beside::a_redis());
    one.leads();
    let of = |master: &Beside| format!("{}:{}", master.redis.ip, master.redis.port);
    // Started anew, and told of a master: it waits for that one's data, for as long as it takes.
    one.redis.pause();
    two.apply(&format!("replica {}", one.address()));
    two.says(2, &format!("started anew, and not in sync with {} yet", of(&one)));
    one.redis.resume();
    two.says(0, &format!("replica of {}", of(&one)));
    one.redis.kill();
    two.says(0, &format!("was in sync with {}, which is gone", of(&one)));
    // Another is elected instead, which is no master yet: what this one has is of an earlier master.
    two.apply(&format!("replica {}", three.address()));
    two.says(1, &format!("not in sync with {} yet; has the data of an earlier master", of(&three)));
    three.leads();
    two.says(0, &format!("replica of {}", of(&three)));
}

#[test]
fn a_master_that_is_made_replica_sends_its_clients_away() {
    let (one, two) = (Beside::a_redis(), Beside::a_redis());
    one.leads();
    two.leads();
    let mut client = one.redis.connect().unwrap();
    assert_eq!(client.tell("PING").unwrap(), "PONG");
    one.apply(&format!("replica {}", two.address()));
    assert!(client.tell("PING").is_err(), "it is to look the name up again");
    one.says(0, &format!("replica of {}:{}", two.redis.ip, two.redis.port));
}

#[test]
fn a_hook_writes_the_role_and_fails_where_redis_cannot_be_promoted() {
    let (one, two) = (Beside::a_redis(), Beside::a_redis());
    let promote = [("ELECTION_ROLE", "master")];
    let (status, said) = one.run("hook", &promote);
    assert_eq!((status, said.as_str()), (1, "redis has started anew and is not made master"));
    assert_eq!(one.run("hook", &[("ELECTION_ROLE", "slave")]), (0, String::new()));
    assert_eq!(fs::read_to_string(&one.file).unwrap(), "none\n");
    one.says(1, "knows of no master; has the data that it has started with");
    for _ in 0..2 {
        assert_eq!(one.run("hook", &promote), (0, String::new()));
        assert_eq!(one.redis.role(), "master");
    }
    let (address, port) = (one.redis.ip.to_string(), one.redis.port.to_string());
    let follow = [("ELECTION_ROLE", "slave"), ("MASTER_ADDRESS", address.as_str()), ("MASTER_PORT", port.as_str())];
    two.redis.kill();
    assert_eq!(two.run("hook", &follow).0, 0, "what cannot be done now the check does later");
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
