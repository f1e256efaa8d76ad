//! Metrics: what a check keeps in its file, and what `info --format prometheus` says.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::harness::{Health, Node, shared, unique};
use crate::stage::Candidate;

use super::stage::command;

fn file(node: &Node) -> PathBuf {
    let directory = node.directory().join(unique("textfile"));
    fs::create_dir_all(&directory).unwrap();
    directory.join("election.prom")
}

/// The values by name, without the prefix and the labels.
fn values(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let of_line = |line: &str| {
        let (name, rest) = line.strip_prefix("consul_election_").unwrap().split_once('{').unwrap();
        (name.to_owned(), rest.rsplit_once("} ").unwrap().1.to_owned())
    };
    lines.map(of_line).collect()
}

/// Whether Prometheus's own tool accepts it.
pub fn promtool(arguments: &[&str], input: &str) {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("promtool runs; it is in Debian's package prometheus");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    // It prints what it objects to even where it ends with 0.
    let is_silent = arguments[1] == "rules" || said.iter().all(String::is_empty);
    assert!(output.status.success() && is_silent, "promtool {arguments:?}: {said:?}\n{input}");
}

#[test]
fn the_alerts_in_the_examples_are_rules_of_prometheus() {
    promtool(&["check", "rules", concat!(env!("CARGO_MANIFEST_DIR"), "/examples/prometheus.rules.yml")], "");
}

#[test]
fn the_alert_on_a_lost_standby_fires_after_five_minutes_and_names_it() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/prometheus.rules.yml");
    let labels = "election: redis-master, node: n1, service_id: redis, severity: warning";
    let summary = "redis on n1 cannot take over redis-master";
    let description = "Run: consul-master-election-tagger info --consul-query-name redis-master";
    let series = r#"consul_election_info_lost{election="redis-master",node="n1",service_id="redis"}"#;
    let test = format!(
        "rule_files: [{rules}]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n  - series: '{series}'\n    \
         values: '0x5 1x10'\n  alert_rule_test:\n  - {{eval_time: 9m, alertname: ElectionStandbyLost}}\n  - eval_time: 12m\n    \
         alertname: ElectionStandbyLost\n    exp_alerts:\n    - exp_labels: {{{labels}}}\n      exp_annotations: {{summary: \
         '{summary}', description: '{description}'}}\n"
    );
    let file = shared().server().directory().join(unique("rules-test.yml"));
    fs::write(&file, test).unwrap();
    promtool(&["test", "rules", file.to_str().unwrap()], "");
}

#[test]
fn a_check_keeps_its_metrics_in_a_file_and_writes_it_only_on_a_change() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    let [of_one, of_two] = [&one, &two].map(|candidate| file(candidate.node));
    let run = |candidate: &Candidate, file: &PathBuf| {
        let outcome = candidate.pass().args(["--metrics-file", file.to_str().unwrap()]).run();
        (candidate.said_by(&outcome, 0), fs::read_to_string(file).unwrap())
    };
    let (said, first) = run(&one, &of_one);
    promtool(&["check", "metrics"], &first);
    assert!(said.starts_with("master on ") && !said.contains("warning: cannot"), "{said}");
    let master = values(&first);
    let shown = |values: &BTreeMap<String, String>| {
        ["is_leader", "term", "leader_changes_total", "error"].map(|name| values[name].clone())
    };
    assert_eq!(shown(&master), ["1", "1", "1", "0"]);
    assert_eq!(shown(&values(&run(&two, &of_two).1)), ["0", "1", "1", "0"]);
    let inode = |file: &PathBuf| std::os::unix::fs::MetadataExt::ino(&fs::metadata(file).unwrap());
    let before = inode(&of_one);
    // Within a minute: a run after that may have brought the time of the last good pass up to date.
    let again = run(&one, &of_one).1;
    if values(&again)["last_success_timestamp_seconds"] == master["last_success_timestamp_seconds"] {
        assert_eq!((inode(&of_one), &again), (before, &first));
    }
    one.turn(Health::Critical);
    run(&one, &of_one);
    two.leads();
    assert_eq!(shown(&values(&run(&two, &of_two).1)), ["1", "2", "2", "0"]);
    let lost = values(&run(&one, &of_one).1);
    assert_eq!(
        (shown(&lost), lost["leader_since_timestamp_seconds"] == master["leader_since_timestamp_seconds"]),
        (["0", "2", "2", "0"].map(str::to_owned), false)
    );
    // An error keeps what was known, and the time of the last good pass.
    let outcome = one.pass().at("127.0.0.1:1").args(["--metrics-file", of_one.to_str().unwrap()]).run();
    one.said_by(&outcome, 1);
    let failed = values(&fs::read_to_string(&of_one).unwrap());
    assert_eq!(shown(&failed), ["0", "2", "2", "1"]);
    assert_eq!(failed["last_success_timestamp_seconds"], lost["last_success_timestamp_seconds"]);
    let others = fs::read_dir(of_one.parent().unwrap()).unwrap().count();
    assert_eq!(others, 1, "no other file is left");
}

#[test]
fn a_file_of_metrics_that_cannot_be_written_changes_nothing_but_the_line() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let path = one.node.directory().join("none/election.prom");
    let pass = one.pass().args(["--metrics-file", path.to_str().unwrap()]);
    let said = one.said_by(&pass.run(), 0);
    let warning = format!("; warning: cannot write --metrics-file {}: No such file or directory", path.display());
    assert!(said.starts_with("master on ") && said.contains(&warning), "{said}");
    assert_eq!(one.said_by(&pass.run(), 0), said, "the same state prints the same line");
    assert!(one.is_tagged("master"));
}

#[test]
fn info_has_a_format_for_prometheus_for_people_and_for_yaml() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    two.follows(&one);
    let show = |format| {
        let output = command(one.node, ["--consul-service-name", &one.service, "--format", format]).output();
        assert_eq!(output.status, 0, "{output:?}");
        output.stdout
    };
    let text = show("prometheus");
    promtool(&["check", "metrics"], &text);
    let labels = format!("{{election=\"{}\",service=\"{}\"", one.query(), one.service);
    for (candidate, leads) in [(&one, 1), (&two, 0)] {
        let labels = format!("{labels},node=\"{}\",service_id=\"{}\"}}", candidate.node.name(), candidate.id);
        assert!(text.contains(&format!("\nconsul_election_info_leader{labels} {leads}\n")), "{text}");
        assert!(text.contains(&format!("\nconsul_election_info_can_lead{labels} 1\n")), "{text}");
    }
    for (name, value) in [("success", 1), ("has_leader", 1), ("dns_agrees", 1), ("term", 1), ("problems", 0)] {
        assert!(text.contains(&format!("\nconsul_election_info_{name}{labels}}} {value}\n")), "{name} in {text}");
    }
    let table = show("table");
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].contains(&format!(" led by {} ({}:6379) for ", one.node.name(), one.node.ip())), "{table}");
    assert!(lines[0].ends_with(", term 1: the first leader") && !table.contains('\u{1b}'), "{table}");
    assert!(lines[1].starts_with("lock ") && lines[2].ends_with(", as the lock says"), "{table}");
    assert!(
        lines[3].starts_with("NODE ") && lines[5].starts_with(two.node.name()) && lines[5].ends_with("next"),
        "{table}"
    );
    assert!(lines[6].starts_with("history ") && lines.len() == 7, "{table}");
    let yaml = show("yaml");
    assert!(yaml.starts_with("---\n") && yaml.contains(&format!("\nelection: \"{}\"\n", one.query())), "{yaml}");
    assert!(
        yaml.contains("\nleader:\n  address: \"") && yaml.contains("\n  - can_lead: true\n    health: \"passing\"\n"),
        "{yaml}"
    );
}
