//! `watch`: each change is a line, whatever happens to the agent or the reader.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{
    Cluster, Health, Node, Pass, Proxy, clean_environment, secs, seen, shared, signal, unique, wait_for,
};
use crate::stage::Candidate;

/// A watch in progress, whose lines come one by one. It is killed when dropped.
pub(super) struct Watching {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Watching {
    pub(super) fn start(node: &Node, options: &[&str]) -> Watching {
        let pass = Pass::bare().on(node).arg("watch").args(options.iter().copied());
        let arguments = pass.check_args();
        let mut command = Command::new(&arguments[0]);
        clean_environment(&mut command);
        let mut child = command.args(&arguments[1..]).stdout(Stdio::piped()).spawn().expect("it starts");
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Watching { child, lines, seen: Vec::new() }
    }

    /// Waits for a line with these words, and returns it. Those before it are passed over.
    pub(super) fn says(&mut self, words: &str) -> String {
        let until = Instant::now() + secs(40);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {words:?}; seen: {:#?}", self.seen);
            };
            self.seen.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    pub(super) fn ends(&mut self) -> i32 {
        wait_for("the watch to end", secs(20), || {
            seen(self.child.try_wait().expect("it can be waited for"), Option::is_some)
        })
        .and_then(|status| status.code())
        .unwrap_or(-1)
    }

    fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("the process").count()
    }

    /// Its memory in KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_change_is_a_line_with_its_reason() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    let (first, second) = (one.node.name(), two.node.name());
    let mut watching =
        Watching::start(shared().server(), &["--consul-service-name", &one.service, "--format", "table"]);
    watching.says("nobody leads: the first leader");
    one.leads();
    watching.says(&format!("{first} leads, term 1"));
    two.follows(&one);
    one.turn(Health::Critical);
    watching.says(&format!("{first} is critical: {}", one.ping()));
    let lost = watching.says(&format!("{first} lost the lead: {} was critical on {first}", one.ping()));
    assert_eq!((&lost[2..3], &lost[5..6], &lost[8..9], &lost[12..13]), (":", ":", ".", " "), "{lost}");
    two.leads();
    let leads = watching.says(&format!("{second} leads, term 2, after "));
    assert!(leads.contains(" without a leader; DNS"), "{leads}");
    one.turn(Health::Passing);
    watching.says(&format!("{first} is passing"));
    signal(watching.child.id(), Signal::INT);
    assert_eq!(watching.ends(), 130);
}

#[test]
fn json_has_an_object_a_line_and_until_ends_the_watch() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    let options = ["--consul-service-name", one.service.as_str(), "--format", "json", "--until"];
    let mut leader = Watching::start(one.node, &[&options[..], &["leader"]].concat());
    leader.says("\"vacant\"");
    one.leads();
    let object: Value = serde_json::from_str(&leader.says("\"leads\"")).unwrap();
    assert_eq!(object["leader"]["node"], one.node.name());
    assert_eq!((object["election"].as_str(), &object["already"]), (Some(one.query().as_str()), &Value::Bool(false)));
    assert_eq!(leader.ends(), 0);
    two.follows(&one);
    let mut change = Watching::start(one.node, &[&options[..], &["change", "--timeout", "50s"]].concat());
    change.says("\"already\":true");
    let outcome = one.resign().run();
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let lost: Value = serde_json::from_str(&change.says("\"event\":\"lost\"")).unwrap();
    assert_eq!(lost["reason"], format!("handed over by {} (resign)", one.node.name()));
    two.leads();
    change.says("\"leads\"");
    assert_eq!(change.ends(), 0);
    // By the query's name alone, as long as anything says which service it is about.
    let by_name = |query: &str| {
        Watching::start(one.node, &["--consul-query-name", query, "--until", "leader", "--timeout", "40s"]).ends()
    };
    assert_eq!((by_name(&one.query()), by_name("nobody-knows-it")), (0, 3));
    // It leads already, and does not change.
    let mut in_vain = Watching::start(one.node, &[&options[..], &["change", "--timeout", "300ms"]].concat());
    assert_eq!(in_vain.ends(), 124);
    assert_eq!(Watching::start(one.node, &[&options[..], &["leader", "--timeout", "20s"]].concat()).ends(), 0);
}

#[test]
fn a_watch_survives_a_restart_of_its_agent_and_ends_when_nobody_reads() {
    let cluster = Cluster::of(2);
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    one.leads();
    two.follows(&one);
    let options = ["--consul-service-name", one.service.as_str(), "--format", "table"];
    let mut watching = Watching::start(two.node, &options);
    watching.says(&format!("{} leads, term 1, since ", one.node.name()));
    two.node.stop();
    watching.says("Consul does not answer: cannot read");
    two.node.start_again();
    cluster.wait_for_members();
    watching.says("Consul answers again");
    let outcome = one.resign().run();
    assert_eq!(outcome.status, 0, "{outcome:?}");
    watching.says(&format!("{} lost the lead: handed over by ", one.node.name()));
    // The reader goes; the next line finds nobody.
    let arguments = Pass::bare().on(one.node).arg("watch").args(options).check_args();
    let mut command = Command::new("/bin/sh");
    clean_environment(&mut command);
    let mut child =
        command.args(["-c", "\"$@\" | head -n 1", "sh"]).args(&arguments).stdout(Stdio::null()).spawn().unwrap();
    wait_for("the watch to end behind a reader that has gone", secs(30), || {
        let health = if one.node.api().check(&one.ping()).is_some_and(|(status, _)| status == "passing") {
            Health::Warning
        } else {
            Health::Passing
        };
        one.turn(health);
        seen(child.try_wait().unwrap(), Option::is_some)
    });
}

#[test]
fn a_watch_of_many_changes_holds_no_more_memory_or_files_than_one_of_few() {
    let [one] = Candidate::on_each(shared().nodes::<1>());
    one.leads();
    let mut watching = Watching::start(one.node, &["--consul-service-name", &one.service, "--format", "table"]);
    watching.says(" leads, term 1");
    let mut change = |rounds: usize| {
        for _ in 0..rounds {
            one.turn(Health::Warning);
            watching.says("is warning: ");
            one.turn(Health::Passing);
            watching.says("is passing");
        }
        (watching.open_files(), watching.memory())
    };
    let (files, memory) = change(30);
    let (files_later, memory_later) = change(150);
    assert!(files_later <= files + 1, "{files} files, then {files_later}");
    assert!(memory_later < memory + 1024, "{memory} KiB, then {memory_later}");
    assert!(watching.seen.len() >= 350, "{}", watching.seen.len());
}

#[test]
fn a_second_signal_ends_a_watch_whose_reader_has_stalled() {
    let [n1] = shared().nodes();
    let proxy = Proxy::before(n1);
    let (_reader, mut writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    while writer.write(b"x").is_ok() {}
    writer.set_nonblocking(false).unwrap();
    let service = unique("stalled");
    let pass = Pass::bare().on(n1).through(&proxy).args(["watch", "--consul-service-name", &service]);
    let arguments = pass.check_args();
    let mut command = Command::new(&arguments[0]);
    clean_environment(&mut command);
    let mut child = command.args(&arguments[1..]).stdout(OwnedFd::from(writer)).spawn().unwrap();
    wait_for("both queries to wait", secs(60), || {
        seen(proxy.lines(), |lines| lines.iter().filter(|line| line.contains("wait=")).count() >= 2)
    });
    wait_for("the watch to end", secs(60), || {
        let ended = child.try_wait().unwrap();
        if ended.is_none() {
            signal(child.id(), Signal::TERM);
        }
        seen(ended, Option::is_some)
    });
}

#[test]
fn a_watch_of_an_agent_that_hangs_says_so_and_ends_in_time() {
    let cluster = Cluster::of(1);
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    one.leads();
    one.node.pause();
    let options = ["--consul-service-name", one.service.as_str(), "--timeout", "2s", "--format", "table"];
    let begin = Instant::now();
    let mut watching = Watching::start(one.node, &options);
    watching.says("Consul does not answer: no answer about the election within 2s");
    assert_eq!(watching.ends(), 124);
    assert!(begin.elapsed() < secs(15), "{:?}", begin.elapsed());
    // Without a time limit it says so as well, and goes on.
    let mut endless = Watching::start(one.node, &options[..2]);
    endless.says("no answer within 5s");
    one.node.resume();
    endless.says("\"answers\"");
}

#[test]
fn a_name_that_goes_and_comes_back_has_a_line_each() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let options = ["--consul-service-name", one.service.as_str(), "--format", "table"];
    let mut watching = Watching::start(shared().server(), &options);
    watching.says("DNS agrees");
    let api = one.node.api();
    api.delete_query(api.query(&one.query()).unwrap()["ID"].as_str().unwrap());
    let name = one.node.name();
    watching.says(&format!("DNS no longer names {name}: the election's name has no answer"));
    one.leads();
    watching.says(&format!("DNS names {name} again, after "));
}
