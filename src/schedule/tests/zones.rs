//! Which zone a schedule is in.

use std::path::PathBuf;

use super::{Fault, Local, Schedule};

fn zone(text: &str, variable: Option<&str>, link: Option<&str>) -> Result<String, Fault> {
    let local = Local { variable: variable.map(str::to_owned), link: link.map(PathBuf::from) };
    Schedule::read(text, &local).map(|schedule| schedule.zone().to_owned())
}

#[test]
fn the_zone_is_the_one_in_front_or_what_this_machine_says() {
    let berlin = Some("/usr/share/zoneinfo/Europe/Berlin");
    for (text, variable, link, expected) in [
        ("CRON_TZ=Asia/Tokyo @daily", Some("Europe/Berlin"), berlin, "Asia/Tokyo"),
        ("CRON_TZ=Asia/Tokyo @every 1h", None, None, "Asia/Tokyo"),
        ("@every 1h", None, berlin, "UTC"),
        ("@daily", None, berlin, "Europe/Berlin"),
        ("@daily", None, Some("../usr/share/zoneinfo/America/New_York"), "America/New_York"),
        ("@daily", None, Some("/usr/share/zoneinfo/Etc/UTC"), "UTC"),
        ("@daily", None, None, "UTC"),
        ("@daily", Some(""), berlin, "UTC"),
        ("@daily", Some("America/New_York"), berlin, "America/New_York"),
        ("@daily", Some(":America/New_York"), berlin, "America/New_York"),
        ("@daily", Some(":/etc/localtime"), berlin, "Europe/Berlin"),
        ("@daily", Some("/usr/share/zoneinfo/America/New_York"), berlin, "America/New_York"),
        ("CRON_TZ=utc @daily", None, berlin, "UTC"),
        ("CRON_TZ=europe/berlin @daily", None, None, "Europe/Berlin"),
    ] {
        assert_eq!(zone(text, variable, link), Ok(expected.to_owned()), "{text} {variable:?} {link:?}");
    }
}

#[test]
fn a_zone_that_nobody_can_compare_or_know_is_refused() {
    // A container with the host's file mounted, and not its link.
    assert_eq!(zone("@daily", None, Some("/etc/localtime")), Err(Fault::Nameless));
    assert_eq!(zone("@daily", Some("/srv/zone"), None), Err(Fault::Nameless));
    for name in ["Mars/Phobos", "CET-1CEST", "../../../etc/passwd", "/etc/passwd", "", "Etc/Unknown", "+02:00"] {
        assert_eq!(zone(&format!("CRON_TZ={name} @daily"), None, None), Err(Fault::Zone(name.to_owned())), "{name}");
    }
    let words = Fault::NoZoneData("Europe/Berlin".to_owned()).to_string();
    assert_eq!(words, "install the package tzdata: this machine has no time zone data, which Europe/Berlin needs");
}
