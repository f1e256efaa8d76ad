//! What the lock's value says of a schedule, as written and as read from others.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Record, at, schedule};

fn full() -> Record {
    Record {
        due: Some(at("2026-03-29T01:00:00Z")),
        started: Some(at("2026-03-29T01:00:00.25Z")),
        ended: Some(at("2026-03-29T01:00:09Z")),
        status: Some(143),
        by: "n1".to_owned(),
        skipped: 2,
        missed: 3,
        ..Record::new(&schedule("CRON_TZ=Europe/Berlin 30 2 * * *"), at("2026-03-29T01:00:00Z"))
    }
}

#[test]
fn a_record_is_read_back_and_its_times_are_those_of_the_zone() {
    let schedule = schedule("CRON_TZ=Europe/Berlin 30 2 * * *");
    let written = full().write(&schedule);
    let expected = json!({
        "schedule": "30 2 * * *",
        "zone": "Europe/Berlin",
        "settled": "2026-03-29T03:00:00+02:00",
        "due": "2026-03-29T03:00:00+02:00",
        "started": "2026-03-29T03:00:00.25+02:00",
        "ended": "2026-03-29T03:00:09+02:00",
        "status": 143,
        "by": "n1",
        "skipped": 2,
        "missed": 3,
    });
    assert_eq!(written, expected);
    assert_eq!(Record::read(&written), Some(full()));
    let new = Record::new(&schedule, at("2026-03-29T01:00:00Z"));
    assert_eq!(Record::read(&new.write(&schedule)), Some(new));
}

#[test]
fn what_is_no_record_is_none_and_what_others_wrote_is_short_and_printable() {
    let with = |name: &str, value: Value| {
        let mut written = full().write(&schedule("@daily"));
        written[name] = value;
        Record::read(&written)
    };
    for (name, value) in [
        ("schedule", json!(7)),
        ("schedule", Value::Null),
        ("zone", json!(["UTC"])),
        ("settled", Value::Null),
        ("settled", json!("soon")),
        ("settled", json!("x".repeat(99_999))),
        ("settled", json!(1_700_000_000)),
        ("due", json!("yesterday")),
        ("started", json!(true)),
        ("ended", json!("")),
    ] {
        assert_eq!(with(name, value.clone()), None, "{name}: {value}");
    }
    for value in [json!(null), json!([]), json!("text"), json!({}), json!(7)] {
        assert_eq!(Record::read(&value), None, "{value}");
    }
    let odd = with("by", json!("n1\u{1b}[31m\n".repeat(40))).unwrap();
    assert!(odd.by.chars().count() <= 251 && !odd.by.contains(['\n', '\u{1b}']));
    for (name, value) in
        [("status", json!(999)), ("status", json!(-1)), ("skipped", json!("many")), ("unknown", json!({}))]
    {
        assert!(with(name, value).is_some(), "{name}");
    }
    assert_eq!(with("missed", json!(u64::MAX)).unwrap().missed, u64::MAX);
}

#[test]
fn another_expression_or_zone_is_a_difference() {
    let recorded = |text: &str| Record::new(&schedule(text), Timestamp::UNIX_EPOCH);
    for (old, new, differs) in [
        ("@daily", "@daily", false),
        ("0 2 * * MON", "0  2 * * mon", false),
        ("CRON_TZ=europe/berlin @daily", "CRON_TZ=Europe/Berlin @daily", false),
        ("@daily", "@midnight", true),
        ("@daily", "CRON_TZ=Europe/Berlin @daily", true),
        ("0 2 * * *", "0 3 * * *", true),
    ] {
        assert_eq!(recorded(old).difference(&schedule(new)).is_some(), differs, "{old} and {new}");
    }
}
