//! What an expression says, and what is refused.

use super::{Fault, Local, Schedule, assert_first, at, schedule};

/// The examples of crontab(5) in cronie, and what its text says of them. From Monday 1 June 2026, 00:00.
#[test]
fn the_examples_of_cronie_are_due_when_its_manual_says() {
    let table: &[(&str, &[&str])] = &[
        // Five minutes after midnight, every day.
        ("5 0 * * *", &["2026-06-01T00:05", "2026-06-02T00:05"]),
        // At 2:15 pm on the first of every month.
        ("15 14 1 * *", &["2026-06-01T14:15", "2026-07-01T14:15", "2026-08-01T14:15"]),
        // At 10 pm on weekdays.
        (
            "0 22 * * 1-5",
            &[
                "2026-06-01T22:00",
                "2026-06-02T22:00",
                "2026-06-03T22:00",
                "2026-06-04T22:00",
                "2026-06-05T22:00",
                "2026-06-08T22:00",
            ],
        ),
        // 23 minutes after midnight, 2 am, 4 am and so on, every day.
        ("23 0-23/2 * * *", &["2026-06-01T00:23", "2026-06-01T02:23", "2026-06-01T04:23"]),
        // At 5 after 4 every Sunday.
        ("5 4 * * sun", &["2026-06-07T04:05", "2026-06-14T04:05"]),
        // 4:30 on the 1st and 15th of each month, and every Friday.
        (
            "30 4 1,15 * 5",
            &["2026-06-01T04:30", "2026-06-05T04:30", "2026-06-12T04:30", "2026-06-15T04:30", "2026-06-19T04:30"],
        ),
        // Each hour, at minute 1.
        ("01 * * * *", &["2026-06-01T00:01", "2026-06-01T01:01"]),
        // Hours 8, 9, 10 and 11.
        (
            "0 8-11 * * *",
            &["2026-06-01T08:00", "2026-06-01T09:00", "2026-06-01T10:00", "2026-06-01T11:00", "2026-06-02T08:00"],
        ),
        // Lists of numbers and of ranges.
        (
            "1,2,5,9 0 * * *",
            &["2026-06-01T00:01", "2026-06-01T00:02", "2026-06-01T00:05", "2026-06-01T00:09", "2026-06-02T00:01"],
        ),
        ("0 0-1,8-9 * * *", &["2026-06-01T01:00", "2026-06-01T08:00", "2026-06-01T09:00", "2026-06-02T00:00"]),
        // Every two hours.
        ("0 */2 * * *", &["2026-06-01T02:00", "2026-06-01T04:00"]),
        // The short forms.
        ("@yearly", &["2027-01-01T00:00", "2028-01-01T00:00"]),
        ("@annually", &["2027-01-01T00:00", "2028-01-01T00:00"]),
        ("@monthly", &["2026-07-01T00:00", "2026-08-01T00:00"]),
        ("@weekly", &["2026-06-07T00:00", "2026-06-14T00:00"]),
        ("@daily", &["2026-06-02T00:00", "2026-06-03T00:00"]),
        ("@midnight", &["2026-06-02T00:00", "2026-06-03T00:00"]),
        ("@hourly", &["2026-06-01T01:00", "2026-06-01T02:00"]),
    ];
    for (text, expected) in table {
        let expected: Vec<String> = expected.iter().map(|time| format!("{time}:00+00:00")).collect();
        assert_first(text, "2026-06-01T00:00:00Z", &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
    // "CRON_TZ=Japan" in front of a table is in front of the expression here.
    assert_first("CRON_TZ=Japan 5 0 * * *", "2026-06-01T00:00:00Z", &["2026-06-02T00:05:00+09:00"]);
}

#[test]
fn leap_days_ends_of_months_weekdays_and_steps() {
    let table: &[(&str, &str, &[&str])] = &[
        ("0 0 29 2 *", "2026-06-01", &["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
        ("0 0 29 2 *", "2096-03-01", &["2104-02-29T00:00:00"]),
        // A step from a star counts as a star, so both days must match: Sunday 29 February.
        ("0 0 29 2 */7", "2026-06-01", &["2032-02-29T00:00:00", "2060-02-29T00:00:00"]),
        ("0 0 29 2 */7", "2088-03-01", &["2128-02-29T00:00:00"]),
        (
            "0 0 31 * *",
            "2026-02-01",
            &["2026-03-31T00:00:00", "2026-05-31T00:00:00", "2026-07-31T00:00:00", "2026-08-31T00:00:00"],
        ),
        (
            "59 23 28-31 2 *",
            "2026-02-01",
            &["2026-02-28T23:59:00", "2027-02-28T23:59:00", "2028-02-28T23:59:00", "2028-02-29T23:59:00"],
        ),
        ("0 0 1 jan *", "2026-12-31", &["2027-01-01T00:00:00"]),
        ("0 0 1 JAN,Jul *", "2026-06-01", &["2026-07-01T00:00:00", "2027-01-01T00:00:00"]),
        ("0 0 1 nov-dec *", "2026-06-01", &["2026-11-01T00:00:00", "2026-12-01T00:00:00", "2027-11-01T00:00:00"]),
        ("0 0 1 */5 *", "2026-06-02", &["2026-11-01T00:00:00", "2027-01-01T00:00:00", "2027-06-01T00:00:00"]),
        // Sunday is 0, 7 and a name; a range may end on it.
        ("0 0 * * 0", "2026-06-01", &["2026-06-07T00:00:00", "2026-06-14T00:00:00"]),
        ("0 0 * * 7", "2026-06-01", &["2026-06-07T00:00:00", "2026-06-14T00:00:00"]),
        ("0 0 * * Sun", "2026-06-01", &["2026-06-07T00:00:00", "2026-06-14T00:00:00"]),
        ("0 0 * * 0,7", "2026-06-01", &["2026-06-07T00:00:00", "2026-06-14T00:00:00"]),
        ("0 0 * * 6-7", "2026-06-01", &["2026-06-06T00:00:00", "2026-06-07T00:00:00", "2026-06-13T00:00:00"]),
        ("0 0 * * sat-sun", "2026-06-01", &["2026-06-06T00:00:00", "2026-06-07T00:00:00", "2026-06-13T00:00:00"]),
        ("0 0 * * sun-mon", "2026-06-01", &["2026-06-07T00:00:00", "2026-06-08T00:00:00", "2026-06-14T00:00:00"]),
        ("0 0 * * mon-fri/2", "2026-06-01", &["2026-06-03T00:00:00", "2026-06-05T00:00:00", "2026-06-08T00:00:00"]),
        // One of the two days suffices, unless one begins with a star.
        ("0 0 30 2 1", "2026-01-01", &["2026-02-02T00:00:00", "2026-02-09T00:00:00"]),
        ("0 0 */2 * 1", "2026-05-31", &["2026-06-01T00:00:00", "2026-06-15T00:00:00", "2026-06-29T00:00:00"]),
        ("0 0 ? * 1", "2026-06-02", &["2026-06-08T00:00:00", "2026-06-15T00:00:00"]),
        ("0 0 13 * ?", "2026-06-02", &["2026-06-13T00:00:00", "2026-07-13T00:00:00"]),
        // Steps.
        ("*/25 0 * * *", "2026-06-01", &["2026-06-01T00:25:00", "2026-06-01T00:50:00", "2026-06-02T00:00:00"]),
        (
            "10-30/10 0 * * *",
            "2026-06-01",
            &["2026-06-01T00:10:00", "2026-06-01T00:20:00", "2026-06-01T00:30:00", "2026-06-02T00:10:00"],
        ),
        ("*/255 * * * *", "2026-06-01", &["2026-06-01T01:00:00"]),
        // Seconds in front.
        ("15 30 4 * * *", "2026-06-01", &["2026-06-01T04:30:15", "2026-06-02T04:30:15"]),
        ("*/20 * * * * *", "2026-06-01", &["2026-06-01T00:00:20", "2026-06-01T00:00:40", "2026-06-01T00:01:00"]),
        ("59 59 23 31 12 *", "2026-06-01", &["2026-12-31T23:59:59", "2027-12-31T23:59:59"]),
        // Times since 1970, so nodes agree.
        ("@every 90s", "2026-06-01", &["2026-06-01T00:01:30", "2026-06-01T00:03:00"]),
        ("@every 1m30s", "2026-06-01", &["2026-06-01T00:01:30", "2026-06-01T00:03:00"]),
        ("@every 24h", "2026-06-01", &["2026-06-02T00:00:00"]),
        ("  5\t0  *  *   *  ", "2026-06-01", &["2026-06-01T00:05:00"]),
    ];
    for (text, after, expected) in table {
        let expected: Vec<String> = expected.iter().map(|time| format!("{time}+00:00")).collect();
        assert_first(text, &format!("{after}T00:00:00Z"), &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn a_due_time_is_a_whole_second_after_the_moment_also_before_1970() {
    for (text, after, expected) in [
        ("* * * * * *", "2026-06-01T00:00:00.5Z", "2026-06-01T00:00:01+00:00"),
        ("* * * * * *", "2026-06-01T00:00:01Z", "2026-06-01T00:00:02+00:00"),
        ("@every 1s", "2026-06-01T00:00:00.999999999Z", "2026-06-01T00:00:01+00:00"),
        ("@every 10s", "1969-12-31T23:59:55.5Z", "1970-01-01T00:00:00+00:00"),
        ("@every 10s", "1969-12-31T23:59:49.5Z", "1969-12-31T23:59:50+00:00"),
        ("* * * * * *", "1969-12-31T23:59:49.5Z", "1969-12-31T23:59:50+00:00"),
    ] {
        assert_first(text, after, &[expected]);
    }
    assert_eq!(schedule("@yearly").next(jiff::Timestamp::MAX), None, "the last date has no successor");
    assert_eq!(schedule("@yearly").next(at("9999-01-01T00:00:00Z")), None);
    assert!(schedule("@every 1s").next(jiff::Timestamp::MIN).is_some());
}

fn fault(text: &str) -> String {
    match Schedule::read(text, &Local::default()) {
        Ok(_) => panic!("{text} is accepted"),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn what_is_refused_names_the_field_and_what_it_takes() {
    let lists = "or *, lists such as 1,3, ranges such as 1-3, and steps such as */2";
    for (text, field, part) in [
        ("60 * * * *", "0-59 for the minute", "60"),
        ("60 * * * * *", "0-59 for the second", "60"),
        ("* 24 * * *", "0-23 for the hour", "24"),
        ("* * 0 * *", "1-31 for the day of the month", "0"),
        ("* * 32 * *", "1-31 for the day of the month", "32"),
        ("* * L * *", "1-31 for the day of the month", "l"),
        ("* * * 0 *", "1-12 or jan-dec for the month", "0"),
        ("* * * 13 *", "1-12 or jan-dec for the month", "13"),
        ("* * * january *", "1-12 or jan-dec for the month", "january"),
        ("* * * * 8", "0-7 or sun-sat for the day of the week", "8"),
        ("* * * * mon#2", "0-7 or sun-sat for the day of the week", "mon#2"),
        ("5-1 * * * *", "0-59 for the minute", "5-1"),
        ("*/0 * * * *", "0-59 for the minute", "*/0"),
        ("*/ * * * *", "0-59 for the minute", "*/"),
        ("*/999 * * * *", "0-59 for the minute", "*/999"),
        ("1,, * * * *", "0-59 for the minute", ""),
        ("-1 * * * *", "0-59 for the minute", "-1"),
        ("+1 * * * *", "0-59 for the minute", "+1"),
        ("1- * * * *", "0-59 for the minute", "1-"),
        ("1-2-3 * * * *", "0-59 for the minute", "1-2-3"),
        ("? * * * *", "0-59 for the minute", "?"),
        ("* * * ? *", "1-12 or jan-dec for the month", "?"),
        ("*5 * * * *", "0-59 for the minute", "*5"),
        ("jan * * * *", "0-59 for the minute", "jan"),
        ("٣ * * * *", "0-59 for the minute", "٣"),
    ] {
        assert_eq!(fault(text), format!("write {field}, {lists}, not '{part}'"), "{text}");
    }
    let fields = "write 5 fields, for minute, hour, day of the month, month and day of the week, or 6 with the second in front, not";
    for (text, expected) in [
        ("", format!("{fields} 0")),
        ("* * * *", format!("{fields} 4")),
        ("* * * * * * *", format!("{fields} 7")),
        ("CRON_TZ=UTC", format!("{fields} 0")),
        ("5/15 * * * *", "write the step of the minute with a range: 5-59/15".to_owned()),
        ("* 6/2 * * *", "write the step of the hour with a range: 6-23/2".to_owned()),
        (
            "6~15 * * * *",
            "write a fixed minute, since a random one differs between nodes; --jitter spreads starts".to_owned(),
        ),
        ("@reboot", "write a time instead of @reboot, which has no due time".to_owned()),
        ("@every 1.5s", "write whole seconds after @every, such as 90s, up to 8784h, not '1.5s'".to_owned()),
        ("@every", "write whole seconds after @every, such as 90s, up to 8784h, not ''".to_owned()),
        ("@every 0s", "write whole seconds after @every, such as 90s, up to 8784h, not '0s'".to_owned()),
        ("@every 9999999h", "write whole seconds after @every, such as 90s, up to 8784h, not '9999999h'".to_owned()),
        ("0 0 30 2 *", "write a date that exists: no day of any year matches".to_owned()),
        ("0 0 31 4,6,9,11 *", "write a date that exists: no day of any year matches".to_owned()),
        ("0 0 30 2 */2", "write a date that exists: no day of any year matches".to_owned()),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
    for text in ["@fortnightly", "@daily x", "@ daily", "@"] {
        assert!(fault(text).starts_with("write @yearly, @annually, @monthly"), "{text}");
    }
    assert_eq!(fault(&"*".repeat(999)), "write up to 250 characters");
    assert!(fault(&format!("{} * * * *", "9".repeat(200))).ends_with("9…'"), "a long part is shortened");
    assert_eq!(Schedule::read("@reboot", &Local::default()), Err(Fault::Word("reboot".to_owned())));
}

#[test]
fn one_schedule_has_one_text() {
    for text in ["0 2 * * mon", " 0  2 * *\tMON ", "CRON_TZ=Europe/Berlin 0 2 * * Mon"] {
        assert_eq!(schedule(text).text(), "0 2 * * mon");
    }
    assert_eq!(schedule("CRON_TZ=europe/berlin  @daily").zone(), "Europe/Berlin");
}
