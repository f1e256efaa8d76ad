//! The script `redis-role` and the template with hostile files, values and servers: they believe nothing that another
//! user can write, and every run ends in time with one printable line.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::beside::{Beside, NOBODY, now, run_script};
use super::lock_value::{Rendering, value};
use super::server::place_in;
use super::shipped;
use crate::harness::{Random, millis, secs, shared, unique, wait_for};

const SECRET: &str = "k3pt-secret";
/// Consul kills the health check after this time.
const LIMIT: Duration = Duration::from_secs(8);
const MOST_MEMORY_KB: u64 = 64 * 1024;

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn output_of(command: &[&str]) -> String {
    let output = Command::new(command[0]).args(&command[1..]).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Runs the script with a password, and holds the run to what every input must leave true.
fn bounded(at: (Ipv4Addr, u16), file: &Path, command: &str, env: &[(&str, &str)], why: &str) -> (i32, String) {
    let env: Vec<(&str, &str)> = env.iter().copied().chain([("REDISCLI_AUTH", SECRET)]).collect();
    let begin = Instant::now();
    let (status, said) = run_script(&[], at, file, command, &env);
    assert!(begin.elapsed() < LIMIT, "{why}: {command} took {:?}", begin.elapsed());
    assert!((0..=2).contains(&status), "{why}: {command} ended with {status}");
    assert!(said.len() <= 500 && said.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{why}: {said:?}");
    assert!(!said.contains(SECRET), "{why}: {said}");
    assert!(command != "check" || !said.is_empty(), "{why}");
    let names = fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "{why}: left behind: {left:?}");
    (status, said)
}

#[test]
fn a_role_directory_that_others_can_open_is_refused_and_the_line_says_what_to_do() {
    let one = Beside::a_redis();
    let directory = one.file.parent().unwrap();
    let shown = directory.display();
    one.is("none");
    for open in [0o755, 0o750, 0o701, 0o720, 0o1777] {
        chmod(directory, open);
        let said = format!("other users can open {shown}: as its owner, run: chmod 700 {shown}");
        assert_eq!(one.check(), (2, said.clone()), "{open:o}");
        assert_eq!(one.run("hook", &[("ELECTION_ROLE", "master")]), (2, said.clone()), "another leads");
        assert_eq!(one.run("apply", &[]), (0, said), "consul-template keeps running");
    }
    chmod(directory, 0o700);
    assert!(!one.check().1.contains("other users"));
}

/// In particular, root does not: consul-template and a typed `resign` must run as the user of the check.
#[test]
fn nobody_works_in_the_role_directory_of_another_user_or_through_a_link() {
    let one = Beside::a_redis();
    let at = (one.redis.ip, one.redis.port);
    let user = output_of(&["id", "-un"]);
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let others = one.file.with_file_name("others");
    let (others, owner) = if root { (others.as_path(), "daemon") } else { (Path::new("/usr"), "root") };
    if root {
        fs::create_dir(others).unwrap();
        fs::write(others.join("role"), "master 5\n").unwrap();
        chown(others, Some(output_of(&["id", "-u", owner]).parse().unwrap()), None).unwrap();
    }
    let refusal = format!("{} belongs to {owner}: run this as that user, not as {user}", others.display());
    for (command, status) in [("check", 2), ("hook", 2), ("apply", 0)] {
        let env = [("ELECTION_ROLE", "slave")];
        assert_eq!(run_script(&[], at, &others.join("role"), command, &env), (status, refusal.clone()));
    }
    if root {
        assert_eq!(fs::read_to_string(others.join("role")).unwrap(), "master 5\n");
    }
    let link = one.file.with_file_name("link");
    symlink(one.file.parent().unwrap(), &link).unwrap();
    for place in [link.as_path(), &one.file.with_file_name("missing"), Path::new("/dev/null")] {
        let shown = place.display();
        let refusal = format!("no directory {shown}: as root, run: install -d -m 700 -o {user} {shown}");
        assert_eq!(run_script(&[], at, &place.join("role"), "check", &[]), (2, refusal));
    }
}

#[test]
fn only_a_small_plain_file_that_no_other_user_can_write_is_read_and_a_hook_replaces_any_other() {
    type Make = fn(&Path);
    let kinds: [(&str, Make); 8] = [
        ("a FIFO", |path| drop(output_of(&["mkfifo", path.to_str().unwrap()]))),
        ("a link to a device", |path| symlink("/dev/zero", path).unwrap()),
        ("a link to a good file", |path| {
            let good = path.with_file_name("good");
            fs::write(&good, "none\n").unwrap();
            symlink(good, path).unwrap();
        }),
        ("a link to nothing", |path| symlink("/nonexistent", path).unwrap()),
        ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
        ("a large file", |path| fs::write(path, "none\n".repeat(1_000_000)).unwrap()),
        ("a file for all", |path| {
            fs::write(path, "none\n").unwrap();
            chmod(path, 0o666);
        }),
        ("a directory", |path| fs::create_dir(path).unwrap()),
    ];
    let one = Beside::a_redis();
    let (at, file, last) = ((one.redis.ip, one.redis.port), one.file.as_path(), one.file.with_file_name("last"));
    let refused = |path: &Path| {
        let user = output_of(&["id", "-un"]);
        let shown = path.display();
        format!(
            "{shown} is not a file below 300 bytes that only {user} can write: remove it, and restart consul-template"
        )
    };
    let remove = |path: &Path| fs::remove_file(path).or_else(|_| fs::remove_dir(path)).unwrap();
    for (kind, make) in kinds {
        make(file);
        assert_eq!(bounded(at, file, "check", &[], kind), (2, refused(file)), "{kind}");
        assert_eq!(bounded(at, file, "apply", &[], kind), (0, refused(file)), "{kind}");
        let (status, said) = bounded(at, file, "hook", &[("ELECTION_ROLE", "slave")], kind);
        assert_eq!(status, 0, "{kind}: {said}");
        if kind == "a directory" {
            assert_eq!(said, format!("cannot write {}", file.display()));
            remove(file);
        } else {
            assert_eq!(said, "", "{kind}");
            assert!(fs::symlink_metadata(file).unwrap().is_file(), "{kind}");
            assert_eq!(one.line(), "none", "{kind}");
        }
        one.is("none");
        make(&last);
        assert_eq!(bounded(at, file, "check", &[], kind), (2, refused(&last)), "{kind}");
        remove(&last);
        remove(file);
        if kind == "a link to a good file" {
            assert_eq!(fs::read_to_string(file.with_file_name("good")).unwrap(), "none\n");
        }
    }
}

#[test]
fn nothing_outside_the_role_directory_is_written_through_a_link_in_it_and_a_killed_run_leaves_nothing() {
    let one = Beside::a_redis();
    let victim = one.file.with_file_name("victim");
    fs::write(&victim, "precious").unwrap();
    one.leads();
    for name in ["role", "last", "role.new", "last.new", ".new.abcdef"] {
        let path = one.file.with_file_name(name);
        drop(fs::remove_file(&path));
        symlink(&victim, &path).unwrap();
    }
    assert_eq!(one.run("hook", &[("ELECTION_ROLE", "master")]), (0, String::new()));
    assert_eq!(one.check(), (0, "master".to_owned()));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(fs::read_to_string(one.file.with_file_name("last")).unwrap(), "master\n");
    assert!(one.line().starts_with("master "));
    for name in ["role", "last"] {
        let metadata = fs::symlink_metadata(one.file.with_file_name(name)).unwrap();
        assert_eq!((metadata.is_file(), metadata.mode() & 0o777), (true, 0o600), "{name}");
    }
    assert!(fs::symlink_metadata(one.file.with_file_name(".new.abcdef")).is_err(), "of a run that was killed");
}

#[test]
fn a_run_waits_for_the_lock_of_another_for_seconds_only() {
    let one = Beside::a_redis();
    let directory = one.file.parent().unwrap().to_str().unwrap();
    let mut holder = Command::new("flock").args([directory, "cat"]).stdin(Stdio::piped()).spawn().unwrap();
    wait_for("the lock to be held", secs(10), || {
        let free = Command::new("flock").args(["-n", directory, "true"]).status().unwrap().success();
        if free { Err("it is free".to_owned()) } else { Ok(()) }
    });
    let line = format!("cannot lock the directory of {}", one.file.display());
    let at = (one.redis.ip, one.redis.port);
    for (command, status) in [("check", 2), ("hook", 2), ("apply", 0)] {
        let env = [("ELECTION_ROLE", "master")];
        assert_eq!(bounded(at, &one.file, command, &env, "locked"), (status, line.clone()));
    }
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert_ne!(one.check().1, line);
}

/// Texts that are no address or no port. None of them is a valid one for redis, a shell or an option of redis-cli.
fn hostile_targets(random: &mut Random, canary: &Path) -> Vec<(String, String)> {
    let touch = format!("touch${{IFS}}{}", canary.display());
    let long = "a".repeat(254);
    let addresses = [
        "-h",
        "--pipe",
        "-x",
        "$(id)",
        "`id`",
        ";id",
        "a;b",
        "a|b",
        "a&b",
        "'a'",
        "\"a\"",
        "a b",
        "a\tb",
        "a\nmaster 5",
        "\u{202e}evil",
        "\u{1b}[2J",
        "a\u{7f}",
        "../role",
        "/dev/zero",
        "a..b",
        ".a",
        "10.0.0.1:6379",
        "[::1]",
        "::g",
        "fe80::1%eth0",
        "*",
        "?",
        "~",
        "a,b",
        "a@b",
        "münchen",
        "\\x",
        "%s%n",
        long.as_str(),
    ];
    let ports = [
        "0",
        "-1",
        "65536",
        "99999999999999999999",
        "06379",
        "6379x",
        "0x18eb",
        "1e3",
        "$(id)",
        "6379 6380",
        "\n",
        "６",
    ];
    let mut targets: Vec<(String, String)> =
        addresses.iter().map(|address| ((*address).to_owned(), "6379".to_owned())).collect();
    targets.extend(ports.iter().map(|port| ("10.0.0.2".to_owned(), (*port).to_owned())));
    targets.push((format!("$({touch})"), "6379".to_owned()));
    targets.push((format!("`{touch}`"), "6379".to_owned()));
    targets.push(("10.0.0.2".to_owned(), format!("a[$({touch})]")));
    // Random ones, each with a character that no address has.
    let pick = |random: &mut Random, from: &str| {
        let index = usize::try_from(random.within(0..from.chars().count() as u64)).unwrap();
        from.chars().nth(index).unwrap()
    };
    for _ in 0..20 {
        let mut text: Vec<char> =
            (0..random.within(1..300)).map(|_| pick(random, "abz09.:-_ $(`'\"\\\n;|&é")).collect();
        let place = usize::try_from(random.within(0..text.len() as u64)).unwrap();
        text[place] = pick(random, "$`;|&(){}<>'\"\\\u{1}\u{202e}");
        targets.push((text.into_iter().collect(), "6379".to_owned()));
    }
    targets
}

#[test]
fn an_address_or_a_port_of_another_form_reaches_neither_redis_nor_a_shell() {
    let one = Beside::a_redis();
    let at = (one.redis.ip, one.redis.port);
    let canary = one.file.with_file_name("canary");
    for (address, port) in hostile_targets(&mut Random::new(), &canary) {
        let why = format!("{address:?} {port:?}");
        one.is("master 5");
        let env = [("ELECTION_ROLE", "slave"), ("MASTER_ADDRESS", address.as_str()), ("MASTER_PORT", port.as_str())];
        let (status, said) = bounded(at, &one.file, "hook", &env, &why);
        assert_eq!(
            (status, said.as_str()),
            (1, "MASTER_ADDRESS and MASTER_PORT are not an address and a port"),
            "{why}"
        );
        assert_eq!(one.line(), "none", "{why}: it no longer says that this redis leads");
        one.is(&format!("replica {address} {port}"));
        bounded(at, &one.file, "apply", &[], &why);
        assert_eq!(bounded(at, &one.file, "check", &[], &why).0, 2, "{why}");
        assert_eq!(one.redis.role(), NOBODY, "{why}");
        assert!(!canary.exists(), "{why}");
    }
    for text in ["mas\0ter 5", "none\nmaster 5", "master 5 6", "\nmaster 5", "none\0", "master\u{a0}5"] {
        fs::write(&one.file, text).unwrap();
        let (status, said) = bounded(at, &one.file, "check", &[], text);
        assert!(status == 2 && said.starts_with("has no role yet"), "{text:?}: {said}");
    }
}

/// The lock's value on its way through the template: the writer of the key chooses it.
#[test]
fn the_template_passes_on_only_an_address_a_port_and_a_time() {
    let rendering = Rendering::on(shared().nodes::<1>()[0], &unique("redis-master"));
    let of = |field: &str, with: Value| {
        let mut value = value("n-other", "redis", "gone");
        value[field] = with;
        rendering.line_of(&value.to_string())
    };
    let mut random = Random::new();
    let targets = hostile_targets(&mut random, Path::new("/nonexistent"));
    for _ in 0..12 {
        let (address, port) = &targets[usize::try_from(random.within(0..targets.len() as u64)).unwrap()];
        if port == "6379" {
            // What the template lets pass is printable, and redis-role checks it again.
            let line = of("address", json!(address));
            let passed = format!("replica {address} 6379");
            let plain = address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:_-".contains(&byte));
            assert!(line == "none" || (line == passed && plain && address.len() <= 253), "{address:?}: {line:?}");
        } else {
            let line = of("port", json!(port));
            assert!(line == "none" || line == format!("replica 10.0.0.2 {port}"), "{port:?}: {line:?}");
            assert!(line.len() < 30 && !line.contains('\n'), "{line:?}");
        }
    }
    for (field, with) in [
        ("address", json!("a\nmaster 5")),
        ("address", json!({"a": 1})),
        ("address", json!("a".repeat(400_000))),
        ("port", json!(-1)),
        ("port", json!(1.5)),
        ("port", json!([6379])),
    ] {
        assert_eq!(of(field, with), "none", "{field}");
    }
}

/// A server that answers every command in a hostile way.
struct Enemy {
    at: (Ipv4Addr, u16),
    sent: Arc<AtomicU64>,
}

impl Enemy {
    /// Starts one that sends `head` for each command, and then `rest` again and again, each after this pause.
    fn on(ip: Ipv4Addr, head: Vec<u8>, rest: &'static [u8], pause: Duration) -> Enemy {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let at = (ip, listener.local_addr().unwrap().port());
        let sent = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&sent);
        // It ends with the test process.
        thread::spawn(move || {
            for client in listener.incoming() {
                let (head, count) = (head.clone(), Arc::clone(&count));
                thread::spawn(move || serve(&client.unwrap(), &head, rest, pause, &count));
            }
        });
        Enemy { at, sent }
    }
}

fn serve(mut client: &TcpStream, head: &[u8], rest: &[u8], pause: Duration, sent: &AtomicU64) {
    let mut command = [0; 4096];
    while client.read(&mut command).is_ok_and(|length| length > 0) {
        let mut next = head;
        while !next.is_empty() {
            thread::sleep(pause);
            if client.write_all(next).is_err() {
                return;
            }
            sent.fetch_add(next.len() as u64, Ordering::Relaxed);
            next = rest;
        }
    }
}

/// Returns the most memory that a process of the script has used, with a role file in `place`, while `run` runs.
fn memory_kb(place: &Path, run: impl FnOnce() + Send) -> u64 {
    let file = format!("REDIS_ROLE_FILE={}/", place.display());
    thread::scope(|scope| {
        let running = scope.spawn(run);
        let mut most = 0;
        while !running.is_finished() {
            for process in fs::read_dir("/proc").unwrap().flatten() {
                let text = |name: &str| {
                    let bytes = fs::read(process.path().join(name)).unwrap_or_default();
                    String::from_utf8_lossy(&bytes).into_owned()
                };
                if text("environ").contains(&file) {
                    let status = text("status");
                    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
                    most = most.max(peak.map_or(0, |kb| kb.trim().parse().unwrap()));
                }
            }
            thread::sleep(millis(2));
        }
        running.join().unwrap();
        most
    })
}

#[test]
fn a_redis_that_answers_without_end_costs_neither_memory_nor_time() {
    const FLOOD: &[u8] = &[b'x'; 1 << 16];
    let one = Beside::a_redis();
    let place = place_in(one.file.parent().unwrap(), "place");
    let file = place.join("role");
    let lines = "x\n".repeat(2_000_000);
    let full = format!("${}\r\n{lines}\r\n", lines.len());
    let answers: [(&str, &str, &[u8], Duration); 7] = [
        ("a whole text of 4 MB", &full, b"", millis(0)),
        ("a text of 1.4 GB", "$1400000000\r\n", FLOOD, millis(0)),
        ("an endless line", "+", FLOOD, millis(0)),
        ("an endless list", "*2147483647\r\n", b":1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", millis(0)),
        ("nested lists", "*1\r\n", b"*1\r\n", millis(0)),
        ("a byte at a time", "$6000\r\n", b"x", millis(100)),
        ("nothing at all", "$6000\r\n", b"", millis(0)),
    ];
    for (kind, head, rest, pause) in answers {
        let enemy = Enemy::on(one.redis.ip, head.into(), rest, pause);
        let (ip, port) = enemy.at;
        let most = memory_kb(one.file.parent().unwrap(), || {
            // In the place of the own redis, and of the master.
            fs::write(&file, format!("master {}\n", now())).unwrap();
            let (status, said) = bounded(enemy.at, &file, "check", &[], kind);
            assert!(status == 2 && said.contains("does not say its role"), "{kind}: {said}");
            assert_eq!(bounded(enemy.at, &file, "hook", &[("ELECTION_ROLE", "master")], kind).0, 1, "{kind}");
            one.is(&format!("replica {ip} {port}"));
            assert_eq!(bounded((one.redis.ip, one.redis.port), &one.file, "check", &[], kind).0, 2, "{kind}");
        });
        println!("{kind}: {most} kB, {} bytes sent", enemy.sent.load(Ordering::Relaxed));
        assert!((1..MOST_MEMORY_KB).contains(&most), "{kind}: {most} kB");
    }
}

/// Each answer comes in time, and all of them together would not.
#[test]
fn slow_answers_do_not_make_a_check_longer_than_its_timeout() {
    let one = Beside::a_redis();
    let file = place_in(one.file.parent().unwrap(), "place").join("role");
    let info = "role:slave\r\nslave_priority:50\r\nmaster_host:10.0.0.2\r\nmaster_port:6379\r\nrun_id:a\r\n";
    let [here, there] = ["a", "b"].map(|id| {
        let info = info.replace("run_id:a", &format!("run_id:{id}"));
        // With the password, each command is two.
        Enemy::on(one.redis.ip, format!("${}\r\n{info}\r\n", info.len()).into(), b"", millis(800))
    });
    fs::write(&file, format!("replica {} {}\n", there.at.0, there.at.1)).unwrap();
    let (status, said) = bounded(here.at, &file, "check", &[], "slow");
    assert!((1..=2).contains(&status), "{said}");
    fs::write(&file, "none\n").unwrap();
    let (address, port) = (there.at.0.to_string(), there.at.1.to_string());
    let env = [("ELECTION_ROLE", "slave"), ("MASTER_ADDRESS", address.as_str()), ("MASTER_PORT", port.as_str())];
    assert_eq!(bounded(here.at, &file, "hook", &env, "slow").0, 0);
}

/// Another program, perhaps of another user, has the port of redis or of the master.
#[test]
fn whatever_a_redis_answers_the_line_is_one_line_and_keeps_the_password() {
    let one = Beside::a_redis();
    let file = place_in(one.file.parent().unwrap(), "place").join("role");
    let mut random = Random::new();
    let canary = file.with_file_name("canary");
    let info = |fields: &str| format!("${}\r\n{fields}\r\n", fields.len()).into_bytes();
    let touch = format!("a[$(touch {})]", canary.display());
    let mut answers = vec![
        format!("-ERR unknown command 'AUTH', with args beginning with: '{SECRET}'\r\n").into_bytes(),
        format!("+{SECRET}\r\n").into_bytes(),
        info(&format!(
            "role:{SECRET}\nrole:slave\r\nmaster_host:{SECRET}\r\nmaster_port:6379\r\nmaster_link_status:up"
        )),
        info(
            "role:slave\r\nmaster_host:\u{1b}[2J\u{202e}\r\nmaster_port:-1\r\nslave_priority:08\r\nuptime_in_seconds:09",
        ),
        info(&format!(
            "role:master\r\nuptime_in_seconds:{touch}\r\nconnected_slaves:{touch}\r\nslave_priority:{touch}"
        )),
        info("role:slave\r\nuptime_in_seconds:99999999999999999999\r\nmaster_link_down_since_seconds:-99999999999"),
        info("role:\u{7}\n\n\n::::\nrole\n:role\n\0role:master\0"),
        info(&"x\u{1}\n".repeat(100_000)),
        b"\0\0\0\r\n".to_vec(),
        b"garbage\r\n".to_vec(),
        b"*-5\r\n$-9\r\n".to_vec(),
        b"%1\r\n+a\r\n>2\r\n+push\r\n+b\r\n".to_vec(),
    ];
    let good = "run_id:0123456789abcdef\r\nrole:slave\r\nmaster_host:10.0.0.2\r\nmaster_port:6379\r\nslave_priority:100\r\n\
                master_link_status:down\r\nmaster_link_down_since_seconds:3\r\nuptime_in_seconds:100\r\nloading:0\r\n";
    for _ in 0..20 {
        let mut bytes = good.as_bytes().to_vec();
        for _ in 0..random.within(1..20) {
            let place = usize::try_from(random.within(0..bytes.len() as u64)).unwrap();
            match random.within(0..3) {
                0 => bytes[place] = u8::try_from(random.within(0..256)).unwrap(),
                1 => drop(bytes.splice(place..place, SECRET.bytes())),
                _ => bytes.truncate(place.max(1)),
            }
        }
        let head = format!("${}\r\n", bytes.len()).into_bytes();
        answers.push([head, bytes, b"\r\n".to_vec()].concat());
    }
    for (number, answer) in answers.into_iter().enumerate() {
        let why = format!("answer {number}: {:?}", String::from_utf8_lossy(&answer[..answer.len().min(300)]));
        let enemy = Enemy::on(one.redis.ip, answer, b"", millis(0));
        for role in ["none".to_owned(), format!("master {}", now()), "replica 127.0.0.1 1".to_owned()] {
            fs::write(&file, format!("{role}\n")).unwrap();
            bounded(enemy.at, &file, "check", &[], &why);
        }
        bounded(enemy.at, &file, "hook", &[("ELECTION_ROLE", "slave"), ("MASTER_ADDRESS", "127.0.0.1")], &why);
        assert!(!canary.exists(), "{why}");
    }
}

#[test]
fn the_files_of_consul_template_name_the_user_of_the_agent_and_a_private_directory() {
    let unit = shipped("consul-template.service");
    for line in ["User=consul", "StateDirectory=redis-role", "StateDirectoryMode=0700", "NoNewPrivileges=yes"] {
        assert!(unit.lines().any(|is| is == line), "{line}");
    }
    let config = shipped("consul-template.hcl");
    assert!(config.contains("perms       = \"0600\"") && config.contains("create_dest_dirs = false"));
}
