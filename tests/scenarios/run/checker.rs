//! The observer of commands, which is not the program: each process of a command appends its token, its start and a heartbeat every 5 ms to
//! a file of its own, and the checker reads the files.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, id};
use std::sync::Arc;
use std::thread::sleep;

use rustix::time::{ClockId, clock_gettime};

use crate::harness::millis;

/// The variable that names the folder of the files, and makes this test a command.
pub const FOLDER: &str = "CHECKED_FOLDER";

/// The variable that names what a command does besides.
pub const KIND: &str = "CHECKED_KIND";

/// What a command does besides: nothing; ignores SIGTERM; starts a process of its group; starts one in a session of its own; the last
/// two at once, with processes that ignore SIGTERM and whose parent ends.
pub const KINDS: [&str; 5] = ["plain", "stubborn", "fork", "setsid", "daemon"];

/// What one process has left in its file, in nanoseconds since the machine's start.
#[derive(Clone, Debug)]
pub struct Life {
    pub token: (u64, u64),
    pub start: u64,
    pub last: u64,
    pub file: String,
}

/// The arguments that make this test program a command.
pub fn command() -> Vec<String> {
    let program = env::current_exe().unwrap().into_os_string().into_string().unwrap();
    let name = "run::checker::a_process_of_a_command";
    vec![program, "--exact".into(), name.into(), "--nocapture".into(), "--test-threads=1".into()]
}

/// The time since the machine's start in nanoseconds.
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    u64::try_from(now.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap()
}

/// Not a test by itself: a run's command, when the variables are set. It ends with its folder, so that nothing outlives a panic.
#[test]
fn a_process_of_a_command() {
    let (Some(folder), Ok(kind)) = (env::var_os(FOLDER), env::var(KIND)) else { return };
    let token = env::var("ELECTION_FENCING_TOKEN").expect("a token");
    let folder = Path::new(&folder);
    let path = folder.join(format!("{}-{}", token, id()));
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    writeln!(file, "{token} {}", now()).unwrap();
    if matches!(kind.as_str(), "stubborn" | "stubborn-orphan") {
        signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::default()).unwrap();
    }
    let other = |kind: &str, in_session: bool| {
        let own = command();
        let mut command = if in_session { Command::new("setsid") } else { Command::new(&own[0]) };
        if in_session {
            command.arg(&own[0]);
        }
        // It is left to the run: nobody here waits for it.
        std::mem::forget(command.args(&own[1..]).env(KIND, kind).spawn().unwrap());
    };
    match kind.as_str() {
        "fork" => other("plain", false),
        "setsid" => other("stubborn", true),
        "daemon" => other("parent", true),
        // Its own child becomes an orphan in another session.
        "parent" => {
            let own = command();
            let error = Command::new("setsid").arg("--fork").args(&own).env(KIND, "stubborn-orphan").exec();
            panic!("setsid: {error}");
        }
        _ => {}
    }
    beat(&mut file, folder);
}

fn beat(file: &mut File, folder: &Path) {
    while folder.exists() {
        writeln!(file, "{}", now()).unwrap();
        sleep(millis(5));
    }
}

/// Reads what all processes of a folder have left so far, by the time of their start.
pub fn lives(folder: &Path) -> Vec<Life> {
    let mut lives: Vec<Life> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            // A process that was killed as it wrote has left half a line.
            let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            let (token, start) = lines.next()?.split_once(' ')?;
            let (create, lock) = token.split_once('.')?;
            let start = start.parse().ok()?;
            let last = lines.next_back().and_then(|line| line.parse().ok()).unwrap_or(start);
            let token = (create.parse().ok()?, lock.parse().ok()?);
            Some(Life { token, start, last, file: path.display().to_string() })
        })
        .collect();
    lives.sort_by_key(|life| life.start);
    lives
}

/// Returns what is wrong: two tokens at once, or a token that goes backwards.
pub fn wrongs(lives: &[Life]) -> Vec<String> {
    let mut wrongs = Vec::new();
    for (at, one) in lives.iter().enumerate() {
        for other in &lives[at + 1..] {
            if other.token < one.token {
                wrongs
                    .push(format!("token {:?} began after {:?}: {} {}", other.token, one.token, other.file, one.file));
            } else if other.token != one.token && other.start <= one.last {
                let both = one.last.min(other.last) - other.start;
                let (one, other) = (&one.file, &other.file);
                wrongs.push(format!("two at once for {} µs: {one} {other}", both / 1000));
            }
        }
    }
    wrongs
}

#[test]
fn the_checker_sees_an_overlap_and_a_token_that_goes_backwards() {
    let life = |term, start, last| Life { token: (7, term), start, last, file: format!("{term}") };
    assert_eq!(wrongs(&[life(1, 0, 10), life(1, 5, 20), life(2, 21, 30)]), [] as [&str; 0]);
    assert_eq!(wrongs(&[life(1, 0, 10), life(2, 10, 30)]), ["two at once for 0 µs: 1 2"]);
    assert_eq!(wrongs(&[life(1, 0, 1_500_000), life(2, 1_000_000, 3_000_000)]), ["two at once for 500 µs: 1 2"]);
    assert_eq!(wrongs(&[life(2, 0, 10), life(1, 20, 30)]).len(), 1);
}
