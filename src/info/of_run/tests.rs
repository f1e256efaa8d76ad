//! What `info` makes of the key of an election of `run`: a table of states, each with its problems.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::model::{Info, State};
use super::*;
use crate::consul::Key;
use crate::election::Names;

const SESSION: &str = "9a1a3d22-0000-0000-0000-000000000001";

/// What Consul answers at 12:30: a key with this value, held or free.
fn asked(is_held: bool, value: &[u8]) -> AskedRun {
    let key = Key {
        session: is_held.then(|| SESSION.to_owned()),
        value: value.to_vec(),
        lock_index: 7,
        create_index: 118,
        modify_index: 130,
    };
    let names = Names {
        lock_key: "service/k/leader".to_owned(),
        is_query_named: true,
        ..Names::of_service("").with_query("k")
    };
    AskedRun { names, lock: Ok(Some(key)), session: None, stale: None, now: at("2026-11-30T12:30:00Z") }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The note of n2, which leads since 12:00, with more fields.
fn note(more: &Value) -> Value {
    let mut note = json!({"node": "n2", "election": "k", "session": SESSION, "since": "2026-11-30T12:00:00Z", "lock_delay": 15000});
    note.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    note
}

fn seen(is_held: bool, more: &Value) -> Info {
    view_run(&asked(is_held, note(more).to_string().as_bytes()))
}

/// The record of an hourly schedule, with more fields.
fn carried(more: &Value) -> Value {
    let mut record =
        json!({"schedule": "0 * * * *", "zone": "Europe/Berlin", "settled": "2026-11-30T12:00:00Z", "by": "n2"});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "carried": record })
}

#[test]
fn a_leader_without_a_schedule_is_shown_and_nothing_is_wrong() {
    let info = seen(true, &json!({"holder": "worker 7"}));
    assert_eq!((info.state, &info.problems[..], &info.schedule), (State::Healthy, &[] as &[String], &None));
    let leader = info.leader.unwrap();
    assert_eq!((leader.node.as_deref(), leader.holder.as_deref(), leader.term), (Some("n2"), Some("worker 7"), 7));
    assert_eq!(
        (leader.since.as_deref(), info.lock.lock_delay_seconds),
        (Some("2026-11-30T12:00:00Z"), Some(std::time::Duration::from_secs(15)))
    );
    assert_eq!(info.lock.fencing_token.as_deref(), Some("118.7"));
}

#[test]
fn why_nobody_leads_is_said() {
    let first = |info: Info| (info.state, info.leader, info.problems[0].clone());
    for (more, words) in [
        (json!({"released": true}), "nobody leads: n2 released the lock, and nobody stands for it"),
        (
            json!({"released": true, "resigned": "x"}),
            "nobody leads: n2 released the lock (x), and nobody stands for it",
        ),
        (
            json!({}),
            "nobody leads: the session of n2 ended without a release; its lock-delay of 15s may not be over, and if it is, nobody \
             stands for the lock",
        ),
    ] {
        assert_eq!(first(seen(false, &more)), (State::Leaderless, None, words.to_owned()));
    }
    let words = "nobody leads: the lock is free, and nobody stands for it";
    assert_eq!(first(view_run(&asked(false, b"x"))), (State::Leaderless, None, words.to_owned()));
    let none = AskedRun { lock: Ok(None), ..asked(false, b"") };
    let words = "nobody leads: the lock key does not exist, so nobody has led yet; start run on a node";
    assert_eq!(first(view_run(&none)), (State::Leaderless, None, words.to_owned()));
    let stale =
        AskedRun { stale: Some("no leader".to_owned()), ..asked(true, note(&json!({})).to_string().as_bytes()) };
    let info = view_run(&stale);
    assert_eq!((info.state, info.problems.len(), info.leader.is_some()), (State::Unknown, 1, true));
}

#[test]
fn the_ticks_of_each_state_are_judged() {
    let (due, started) = ("2026-11-30T12:00:00Z", "2026-11-30T12:00:00.1Z");
    let next = "2026-11-30T14:00:00+01:00";
    let of_tick = "the run of the tick of 2026-11-30T13:00:00+01:00 on";
    for (is_held, more, running, overdue, problems) in [
        (true, json!({}), false, None, vec![]),
        (true, json!({"due": due, "started": started}), true, None, vec![]),
        (true, json!({"due": due, "started": started, "ended": started, "status": 0}), false, None, vec![]),
        (
            true,
            json!({"due": due, "started": started, "ended": started, "status": 3}),
            false,
            None,
            vec![format!("{of_tick} n2 ended with status 3")],
        ),
        // Started by another one, or before this term.
        (
            true,
            json!({"due": due, "started": started, "by": "n1"}),
            false,
            None,
            vec![format!("nobody saw the end of {of_tick} n1")],
        ),
        (
            true,
            json!({"due": due, "started": "2026-11-30T11:59:59Z"}),
            false,
            None,
            vec![format!("nobody saw the end of {of_tick} n2")],
        ),
        // Overdue is nobody's fault while somebody leads.
        (true, json!({"settled": "2026-11-30T10:10:00Z"}), false, Some("2026-11-30T12:00:00+01:00"), vec![]),
        (
            false,
            json!({"settled": "2026-11-30T10:10:00Z"}),
            false,
            Some("2026-11-30T12:00:00+01:00"),
            vec!["the tick of 2026-11-30T12:00:00+01:00 is overdue, and nobody leads to start it".to_owned()],
        ),
    ] {
        let mut info = seen(is_held, &carried(&more));
        if !is_held {
            info.problems.remove(0);
        }
        let schedule = info.schedule.unwrap();
        assert_eq!(info.problems, problems, "{more}");
        assert_eq!(
            (schedule.running_since.is_some(), schedule.overdue.map(|due| due.shown).as_deref()),
            (running, overdue),
            "{more}"
        );
        assert_eq!(schedule.next_due.unwrap().shown, next, "{more}");
    }
    // A clock ahead has settled what is not yet due here.
    let info = seen(true, &carried(&json!({"settled": "2026-11-30T13:00:00Z"})));
    assert_eq!(info.schedule.unwrap().next_due.unwrap().shown, "2026-11-30T15:00:00+01:00");
    let info = seen(true, &carried(&json!({"zone": "Nowhere/Land"})));
    let words = "the next due time cannot be computed here: use a time zone that this machine knows";
    assert!(info.problems[0].starts_with(words) && info.schedule.unwrap().next_due.is_none(), "{:?}", info.problems);
}

#[test]
fn nothing_that_others_write_breaks_a_line() {
    for value in ["", "[]", "{\"node\": 7}", "\u{0}", "{\"carried\":{\"schedule\":7}}"] {
        let info = view_run(&asked(true, value.as_bytes()));
        assert_eq!((info.leader.unwrap().node, info.state), (None, State::Troubled), "{value}");
        assert!(info.problems[0].starts_with("the lock's value does not describe its holder"), "{value}");
    }
    let long = "x\n\u{1b}".repeat(500);
    let hostile = carried(&json!({"schedule": format!("{long}"), "zone": "../../etc/passwd", "by": "a\nb"}));
    let info = seen(true, &hostile);
    assert!(info.schedule.is_none() && info.problems[0].contains("cannot be read"), "{:?}", info.problems);
    let odd = json!({"schedule": "@every 1s\n\u{1b}[31m", "zone": "../../etc/passwd", "by": "a\nb", "due": "9999-12-30T00:00:00Z",
        "started": "-009999-01-02T00:00:00Z", "settled": "9999-12-30T22:00:00Z", "skipped": u64::MAX, "missed": -1, "status": 999});
    let info = seen(true, &carried(&odd));
    let shown = serde_json::to_string(&info).unwrap() + &info.problems.concat();
    assert!(!shown.contains("\\n") && !shown.contains("\\u001b"), "{shown}");
    let other = view_run(&asked(true, note(&json!({"election": "y\nz"})).to_string().as_bytes()));
    assert_eq!(other.problems, ["the lock key belongs to another election, y z"]);
}
