mod signals;

use std::cell::RefCell;
use std::fs;
use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

use log::{LevelFilter, Log, Metadata, Record};
use rustix::process::{Pid, Signal};

use super::child::Child;
use super::transcript::Transcript;
use super::{Program, run};
use crate::deadline::Deadline;

/// Longer than any step here takes, and shorter than [`DAEMON`] lives.
const AMPLE: Duration = Duration::from_secs(60);

/// Leaves a process running for longer than any test waits.
const DAEMON: &str = "sleep 300 & echo $!";

thread_local! {
    static LOGGED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what each thread logs, which is what each test logs.
struct Collector;

impl Log for Collector {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        if record.level() == log::Level::Info {
            LOGGED.with_borrow_mut(|lines| lines.push(record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// Starts collecting what this thread logs.
fn collect() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        log::set_logger(&Collector).expect("no other logger in the unit tests");
        log::set_max_level(LevelFilter::Info);
    });
    LOGGED.take();
}

/// Runs a hook and returns how it ended, in words, with the lines that it logged.
fn run_words(words: &[&str], environment: &[(&'static str, String)], limit: Duration) -> (String, Vec<String>) {
    collect();
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    let end = run(&Program { name: "on-promote", words: &words, environment }, limit);
    (end.map_or_else(|failure| failure.to_string(), |()| "success".to_owned()), LOGGED.take())
}

fn run_script(script: &str, limit: Duration) -> (String, Vec<String>) {
    run_words(&["/bin/sh", "-c", script], &[], limit)
}

/// Starts a script, calls `test` once it has written `lines` lines, and returns the result and the logged lines.
fn with_script<T>(script: &str, lines: usize, test: impl FnOnce(&mut Child) -> T) -> (T, Vec<String>) {
    collect();
    let words = ["/bin/sh", "-c", script].map(str::to_owned);
    let mut child = Child::start(&Program { name: "on-promote", words: &words, environment: &[] }).unwrap();
    writes(&mut child, lines);
    let result = test(&mut child);
    (result, LOGGED.take())
}

/// Waits until a running child has written this many lines.
fn writes(child: &mut Child, lines: usize) {
    let begin = Instant::now();
    while LOGGED.with_borrow(Vec::len) < lines {
        assert!(begin.elapsed() < AMPLE, "{:?}", LOGGED.take());
        assert_eq!(child.wait(Deadline::after(Duration::from_millis(1))).unwrap(), None);
    }
}

/// A process whose ID a hook wrote in its first line. It ends with the test.
struct Left(i32);

impl Left {
    fn told_in(logged: &[String]) -> Option<Left> {
        logged.first()?.strip_prefix("on-promote: ")?.parse().ok().map(Left)
    }

    /// Whether it runs. A zombie does not: where the tests run, nothing may reap it.
    fn lives(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
    }

    fn ends(&self) -> bool {
        let begin = Instant::now();
        while self.lives() && begin.elapsed() < AMPLE {
            thread::yield_now();
        }
        !self.lives()
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if self.lives() {
            let _ = rustix::process::kill_process(Pid::from_raw(self.0).unwrap(), Signal::KILL);
        }
    }
}

#[test]
fn a_hook_that_succeeds_logs_what_it_writes_to_either_output_in_order() {
    let (end, logged) = run_script("echo one; echo two >&2; echo; echo three >/dev/stderr; printf four", AMPLE);
    assert_eq!(end, "success");
    assert_eq!(logged, ["one", "two", "three", "four"].map(|line| format!("on-promote: {line}")));
}

#[test]
fn a_hook_that_fails_is_told_with_its_last_line() {
    for script in ["echo first; echo 'no redis' >&2; exit 3", "printf 'first\\n\\t no redis \\n\\n'; exit 3"] {
        assert_eq!(run_script(script, AMPLE).0, "exit status 3: no redis");
    }
    assert_eq!(run_script("exit 3", AMPLE).0, "exit status 3");
}

#[test]
fn the_last_line_is_never_lost() {
    for _ in 0..100 {
        assert_eq!(run_script("echo last; exit 3", AMPLE).0, "exit status 3: last");
    }
}

#[test]
fn a_hook_that_closes_its_outputs_is_still_waited_for() {
    let (end, logged) = run_script("echo last; exec >/dev/null 2>&1; sleep 0.1; exit 4", AMPLE);
    assert_eq!((end.as_str(), logged.len()), ("exit status 4: last", 1));
}

#[test]
fn a_hook_that_someone_kills_is_told_with_the_signal() {
    assert_eq!(run_script("echo dying; kill -TERM $$", AMPLE).0, "killed by signal 15: dying");
}

#[test]
fn a_hook_that_cannot_be_started_is_told_by_name() {
    assert_eq!(
        run_words(&["/no/such", "x"], &[], AMPLE).0,
        "cannot start /no/such: No such file or directory (os error 2)"
    );
    assert_eq!(run_words(&["/dev/null"], &[], AMPLE).0, "cannot start /dev/null: Permission denied (os error 13)");
    assert!(run_words(&["a\nb\0"], &[], AMPLE).0.starts_with("cannot start a b : "));
    assert_eq!(run_words(&[], &[], AMPLE).0, "cannot start : no program is named");
    assert!(run_words(&[&"x".repeat(10_000)], &[], AMPLE).0.len() < 300);
}

#[test]
fn the_limit_ends_a_hook_and_its_children_whatever_they_ignore() {
    let script = format!("trap '' TERM INT HUP; {DAEMON}; echo still waiting; wait");
    // On a busy machine the hook may not get far within the shortest limit.
    let told = [1, 4, 16].into_iter().find_map(|seconds| {
        let (end, logged) = run_script(&script, Duration::from_secs(seconds));
        let child = Left::told_in(&logged)?;
        (logged.len() == 2).then_some((seconds, end, child))
    });
    let (seconds, end, child) = told.unwrap();
    assert_eq!(end, format!("killed after {seconds}s: still waiting"));
    assert!(child.ends());
}

#[test]
fn the_limit_ends_a_hook_that_never_stops_writing() {
    let begin = Instant::now();
    let (end, _) = run_words(&["yes"], &[], Duration::from_millis(200));
    assert!(end.starts_with("killed after 200ms"), "{end}");
    assert!(begin.elapsed() < AMPLE);
}

#[test]
fn a_killed_hook_leaves_no_zombie() {
    let (end, _) = run_words(&["sleep", "300"], &[], Duration::ZERO);
    assert_eq!(end, "killed after 0s");
    let (_, logged) =
        with_script("echo $$; exec sleep 300", 1, |child| child.terminate(Duration::ZERO).unwrap().unwrap());
    assert!(!fs::exists(format!("/proc/{}", Left::told_in(&logged).unwrap().0)).unwrap());
}

#[test]
fn a_daemon_that_holds_the_output_delays_nothing_and_lives_on() {
    for (status, expected) in [(0, "success".to_owned()), (3, "exit status 3: done".to_owned())] {
        let (end, logged) = run_script(&format!("{DAEMON}; echo done; exit {status}"), AMPLE);
        let daemon = Left::told_in(&logged).unwrap();
        assert_eq!((end, logged.len()), (expected, 2));
        assert!(daemon.lives());
    }
}

#[test]
fn a_daemon_that_never_stops_writing_delays_nothing() {
    let (end, logged) = run_script("echo $$; yes & exit 0", AMPLE);
    assert_eq!(end, "success");
    assert!(logged.len() <= 102);
}

#[test]
fn much_output_neither_blocks_nor_is_logged_in_full() {
    let (end, logged) = run_script("yes 0123456789 | head -c 1000000; echo; echo last; exit 5", AMPLE);
    assert_eq!(end, "exit status 5: last");
    assert_eq!(logged.len(), 101);
    assert_eq!(logged.last().unwrap(), "on-promote: (more output is left out)");
    let (end, logged) = run_script("yes \"$(printf %0300d 0)\" | head -n 3000; exit 5", AMPLE);
    assert_eq!(end, format!("exit status 5: {}", "0".repeat(300)));
    assert_eq!(logged.len(), 8 * 1024 / 300 + 1);
}

#[test]
fn a_line_of_any_length_and_content_is_one_short_line() {
    let (end, logged) = run_script("head -c 1000000 /dev/zero | tr '\\0' x; exit 5", AMPLE);
    assert_eq!(end, format!("exit status 5: {}…", "x".repeat(400)));
    assert_eq!(logged.len(), 1);
    assert_eq!(run_script("printf 'a\\033[2J\\r\\377b\\n'; exit 5", AMPLE).0, "exit status 5: a [2J \u{fffd}b");
    let mut transcript = Transcript::new("on-promote");
    transcript.add(format!("x{}", "é".repeat(300)).as_bytes());
    assert_eq!(transcript.end().unwrap(), format!("x{}…", "é".repeat(199)));
}

#[test]
fn no_shell_sees_the_words() {
    let (end, logged) = run_words(&["echo", "$HOME", ";", "exit", "3", "*", "`id`"], &[], AMPLE);
    assert_eq!((end.as_str(), logged), ("success", vec!["on-promote: $HOME ; exit 3 * `id`".to_owned()]));
}

#[test]
fn the_environment_is_this_programs_and_the_hooks() {
    let environment = [("ELECTION_ROLE", "a 'master' $HOME".to_owned())];
    let (_, logged) = run_words(&["/bin/sh", "-c", "echo \"$ELECTION_ROLE\"; echo \"$PATH\""], &environment, AMPLE);
    let path = format!("on-promote: {}", std::env::var("PATH").unwrap());
    assert_eq!(logged, ["on-promote: a 'master' $HOME".to_owned(), path]);
}

#[test]
fn standard_input_is_empty() {
    assert_eq!(run_script("test -z \"$(cat)\"", AMPLE).0, "success");
}

#[test]
fn a_hook_leads_its_own_process_group() {
    let (_, logged) = run_script("read -r _ _ _ _ group _ </proc/$$/stat; echo $(($$ - group))", AMPLE);
    assert_eq!(logged, ["on-promote: 0"]);
}

#[test]
fn a_hook_holds_its_output_by_no_other_descriptor() {
    let script = "own=$(readlink /proc/$$/fd/1)
        for each in /proc/$$/fd/*; do test \"$(readlink $each)\" = \"$own\" && echo ${each##*/}; done; true";
    let (_, logged) = run_script(script, AMPLE);
    assert_eq!(logged, ["on-promote: 1", "on-promote: 2"]);
}
