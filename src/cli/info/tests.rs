//! Holds what `info` prints against docs/info.md, and the formats against each other.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::info::{CandidateInfo, ChangeInfo, DnsInfo, LeaderInfo, LockInfo, SCHEMA, ScheduleInfo, TickInfo, TickTime};

const DOCUMENT: &str = include_str!("../../../docs/info.md");

fn full() -> Info {
    let text = |text: &str| Some(text.to_owned());
    Info {
        schema: SCHEMA,
        election: "redis-master".to_owned(),
        service: text("redis"),
        leader: Some(LeaderInfo {
            node: text("n2"),
            service_id: text("redis"),
            address: text("10.0.0.2"),
            port: Some(6379),
            holder: None,
            session: "5f3ab6a1".to_owned(),
            since: text("2026-11-30T09:17:48.000Z"),
            term: 7,
        }),
        lock: LockInfo {
            key: "service/redis-master/leader".to_owned(),
            session: text("5f3ab6a1"),
            lock_delay_seconds: Some(Duration::from_secs(15)),
            fencing_token: text("118.7"),
        },
        dns: Some(DnsInfo {
            name: "redis-master.query.consul".to_owned(),
            answers: vec!["10.0.0.2:6379".to_owned()],
            source: Some("dns"),
            error: None,
            agrees: Some(true),
        }),
        candidates: vec![
            CandidateInfo {
                node: "n1".to_owned(),
                service_id: "redis".to_owned(),
                role: "slave",
                health: "critical: redis-ping".to_owned(),
                priority: 100,
                can_lead: false,
                why: text("critical: redis-ping"),
                next: false,
                lost: true,
            },
            CandidateInfo {
                node: "n2".to_owned(),
                service_id: "redis".to_owned(),
                role: "master",
                health: "passing".to_owned(),
                priority: 100,
                can_lead: true,
                why: None,
                next: false,
                lost: false,
            },
            CandidateInfo {
                node: "n3".to_owned(),
                service_id: "redis".to_owned(),
                role: "slave",
                health: "passing".to_owned(),
                priority: 100,
                can_lead: true,
                why: None,
                next: true,
                lost: false,
            },
        ],
        problems: vec![
            "if n2 fails, only n3 can take over".to_owned(),
            "n1 cannot lead: critical: redis-ping (\"Could not connect to Redis\")".to_owned(),
        ],
        history: vec![
            ChangeInfo {
                term: 7,
                node: "n2".to_owned(),
                since: "2026-11-30T09:17:48.000Z".to_owned(),
                reason: "handed over by n1 (resign)".to_owned(),
            },
            ChangeInfo {
                term: 6,
                node: "n1".to_owned(),
                since: "2026-11-29T09:12:44.000Z".to_owned(),
                reason: "redis-ping was critical on n3".to_owned(),
            },
        ],
        schedule: None,
        vacancy: None,
        is_taken: false,
        state: State::Troubled,
    }
}

/// An election of `run` with a schedule, and with nothing unknown.
fn of_run() -> Info {
    let time = |text: &str| TickTime { at: text.parse().unwrap(), shown: text.to_owned() };
    let leader = LeaderInfo {
        node: Some("n2".to_owned()),
        holder: Some("process 4109".to_owned()),
        session: "5f3ab6a1".to_owned(),
        since: Some("2026-11-30T09:17:48Z".to_owned()),
        term: 7,
        ..LeaderInfo::default()
    };
    let schedule = ScheduleInfo {
        expression: "0 * * * *".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        last: Some(TickInfo {
            due: time("2026-11-30T12:00:00+01:00"),
            started: Some(time("2026-11-30T12:00:00.012+01:00")),
            ended: Some(time("2026-11-30T12:03:20.5+01:00")),
            status: Some(3),
            by: Some("n2".to_owned()),
        }),
        running_since: None,
        overdue: None,
        next_due: Some(time("2026-11-30T14:00:00+01:00")),
        skipped: 1,
        missed: 2,
    };
    Info {
        election: "reports".to_owned(),
        service: None,
        leader: Some(leader),
        lock: LockInfo { key: "service/reports/leader".to_owned(), ..full().lock },
        dns: None,
        candidates: Vec::new(),
        problems: vec!["the run of the tick of 2026-11-30T12:00:00+01:00 on n2 ended with status 3".to_owned()],
        history: Vec::new(),
        schedule: Some(schedule),
        ..full()
    }
}

/// The same while the command runs and a tick is overdue.
fn running() -> Info {
    let of_run = of_run();
    let schedule = of_run.schedule.clone().map(|schedule| {
        let last = schedule.last.map(|last| TickInfo { ended: None, status: None, ..last });
        let started = last.as_ref().and_then(|last| last.started.clone());
        ScheduleInfo { overdue: started.clone(), running_since: started, last, ..schedule }
    });
    Info { schedule, ..of_run }
}

fn now() -> SystemTime {
    humantime::parse_rfc3339("2026-11-30T12:30:00Z").unwrap()
}

/// The paths of all fields: `leader.node`, `candidates[].why`.
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                found.insert(path.clone());
                paths(value, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, &format!("{at}[]"), found)),
        _ => {}
    }
}

/// The code spans in the first column of the table whose header's first cell is this.
fn documented(header: &str) -> BTreeSet<String> {
    let rows = DOCUMENT.lines().skip_while(|line| !line.starts_with(&format!("| {header} |"))).skip(2);
    let rows = rows.take_while(|line| line.starts_with("| "));
    rows.filter_map(|row| row.strip_prefix("| `")?.split('`').next().map(str::to_owned)).collect()
}

#[test]
fn every_field_is_documented_and_every_documented_field_is_there() {
    let mut found = BTreeSet::new();
    for info in [full(), of_run()] {
        paths(&serde_json::to_value(info).unwrap(), "", &mut found);
    }
    // A row for each object as a whole would say nothing.
    let objects = ["lock"].map(str::to_owned);
    found.retain(|path| !objects.contains(path));
    assert_eq!(documented("field"), found);
}

#[test]
fn every_metric_is_documented_and_every_documented_metric_is_there() {
    let text = report(&[full(), of_run(), running()], style(Format::Prometheus), &[], now()).text;
    let seen = crate::election::LeadSeen { is_own: true, term: 7, since: None };
    let names = crate::election::Names::of_service("redis");
    let pass = crate::cli::pass_metrics::next_text(None, &names, Some(&seen), false, now()).unwrap();
    let metrics: BTreeSet<String> = [text, pass]
        .concat()
        .lines()
        .filter_map(|line| line.split_once('{'))
        .map(|(name, _)| name.to_owned())
        .collect();
    let rows = DOCUMENT.lines().filter_map(|row| row.strip_prefix("| `consul_election_")?.split('`').next());
    let documented: BTreeSet<String> = rows.map(|name| format!("consul_election_{name}")).collect();
    assert_eq!(documented, metrics);
    let rules = include_str!("../../../examples/prometheus.rules.yml");
    let of_rules = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    for name in of_rules.filter(|word| word.starts_with("consul_election_")) {
        assert!(documented.contains(name), "the rules use {name}");
    }
}

#[test]
fn the_table_reads_as_in_the_document() {
    let text = report(&[full()], style(Format::Table), &[], now()).text;
    let begin = DOCUMENT.find("redis-master   led by").unwrap();
    let shown = DOCUMENT[begin..].split("```").next().unwrap().replace("5f3ab6a1-…", "5f3ab6a1");
    // An older change shows its day.
    assert_eq!(text, shown.replace("12:30:00", "09:17:48").replace("  09:12:44", "  2026-11-29 09:12:44"));
    let coloured = Style { format: Format::Table, has_colour: true };
    let text = report(&[full()], coloured, &[], now()).text;
    assert!(text.contains("led by \u{1b}[1mn2\u{1b}[0m") && text.contains("\u{1b}[31m! if n2"), "{text:?}");
}

#[test]
fn elections_of_one_name_have_their_service_in_the_heading() {
    let other = Info { service: Some("redis2".to_owned()), ..full() };
    let text = report(&[full(), other, of_run()], style(Format::Table), &[], now()).text;
    let headings: Vec<&str> = text.split("\n\n").filter_map(|table| table.split("   ").next()).collect();
    assert_eq!(headings, ["redis-master of redis", "redis-master of redis2", "reports"]);
}

#[test]
fn the_table_of_a_run_reads_as_in_the_document() {
    let text = report(&[of_run()], style(Format::Table), &[], now()).text;
    let begin = DOCUMENT.find("reports        led by").unwrap();
    assert_eq!(text, DOCUMENT[begin..].split("```").next().unwrap().replace("5f3ab6a1-…", "5f3ab6a1"));
    let text = report(&[running()], style(Format::Table), &[], now()).text;
    assert!(text.contains("last tick      2026-11-30T12:00:00+01:00 on n2, runs for 1 h 29 min\n"), "{text}");
    let text = report(&[of_run()], style(Format::Prometheus), &[], now()).text;
    for line in [
        "consul_election_info_last_status{election=\"reports\"} 3\n",
        "consul_election_info_running{election=\"reports\"} 0\n",
        "consul_election_info_missed_ticks_total{election=\"reports\"} 2\n",
        "consul_election_info_last_due_timestamp_seconds{election=\"reports\"} 1796036400\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn the_format_fits_where_the_output_goes_and_no_color_is_honoured() {
    let no = std::ffi::OsStr::new("1");
    for (format, is_terminal, no_colour, expected) in [
        (None, true, None, (Format::Table, true)),
        (None, true, Some(no), (Format::Table, false)),
        (None, true, Some(std::ffi::OsStr::new("")), (Format::Table, true)),
        (None, false, None, (Format::Json, false)),
        (Some(Format::Yaml), true, None, (Format::Yaml, true)),
        (Some(Format::Table), false, None, (Format::Table, false)),
    ] {
        let style = Style::of(format, is_terminal, no_colour);
        assert_eq!((style.format, style.has_colour), expected);
    }
}

#[test]
fn the_exit_code_is_that_of_the_worst_election() {
    let with = |state| Info { state, ..full() };
    for (states, code) in [
        (&[State::Healthy][..], 0),
        (&[State::Healthy, State::Troubled], 1),
        (&[State::Leaderless, State::Troubled], 2),
        (&[State::Unknown, State::Leaderless], 3),
        (&[], 3),
    ] {
        let elections: Vec<Info> = states.iter().map(|state| with(*state)).collect();
        assert_eq!(report(&elections, style(Format::Json), &[], now()).code, code, "{states:?}");
    }
}

#[test]
fn yaml_has_the_values_of_the_json_in_blocks() {
    let text = report(&[full()], style(Format::Yaml), &[], now()).text;
    for part in [
        "---\ncandidates:\n  - can_lead: false\n    health: \"critical: redis-ping\"\n    lost: true\n    next: false\n",
        "\n    why: null\n",
        "\nleader:\n  address: \"10.0.0.2\"\n",
        "\n  port: 6379\n",
        "\nlock:\n  fencing_token: \"118.7\"\n  key: \"service/redis-master/leader\"\n  lock_delay_seconds: 15\n",
        "\nproblems:\n  - \"if n2 fails, only n3 can take over\"\n",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let empty = Info { problems: Vec::new(), leader: None, ..full() };
    let text = report(&[empty], style(Format::Yaml), &[], now()).text;
    assert!(text.contains("\nleader: null\n") && text.contains("\nproblems: []\n"), "{text}");
}

#[test]
fn no_secret_shows() {
    let told = Info { problems: vec!["a s3cr3t".to_owned()], ..full() };
    for format in [Format::Table, Format::Json, Format::Yaml] {
        let text = report(std::slice::from_ref(&told), style(format), &["s3cr3t".to_owned()], now()).text;
        assert!(text.contains("a (hidden)"), "{text}");
    }
    assert_eq!(failed("x", "a s3cr3t", &["s3cr3t".to_owned()]).error, "x: error: a (hidden)\n");
}

fn style(format: Format) -> Style {
    Style { format, has_colour: false }
}
