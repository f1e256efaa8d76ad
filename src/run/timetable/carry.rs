//! What a new leader of a run on a schedule writes into the lock's value. Pure; must never know how that is read or written.

use jiff::Timestamp;
use serde_json::Value;

use crate::schedule::{Record, Schedule};

/// What a new leader writes into the lock's value, from what it read there.
///
/// # Errors
/// Says why it must not lead.
pub fn carry(schedule: &Schedule, key: &str, recorded: Option<&Value>, clock: Timestamp) -> Result<Value, String> {
    let change = format!("to change the schedule, end all runs and delete the key: consul kv delete {key}");
    let record = match recorded {
        None => Record::new(schedule, clock),
        Some(value) => {
            Record::read(value).ok_or_else(|| format!("the record of ticks in {key} cannot be read; {change}"))?
        }
    };
    match record.difference(schedule) {
        None => Ok(record.write(schedule)),
        Some(difference) => {
            let (text, zone) = difference.recorded;
            let own = format!("'{}' in {}", schedule.text(), schedule.zone());
            Err(format!("this node's schedule {own} is not the recorded one '{text}' in {zone}; {change}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{clock, schedule};
    use super::*;
    use crate::schedule::Local;

    #[test]
    fn a_new_holder_carries_the_record_on_and_another_schedule_does_not_stand() {
        let new = carry(&schedule(), "k", None, clock(1)).unwrap();
        assert_eq!(new["settled"], json!("2026-06-01T00:00:01+00:00"));
        assert_eq!(carry(&schedule(), "k", Some(&new), clock(500)).unwrap(), new);
        let other = Schedule::read("CRON_TZ=Europe/Berlin @daily", &Local::default()).unwrap();
        let words = carry(&other, "k", Some(&new), clock(1)).unwrap_err();
        assert!(words.contains("'@daily' in Europe/Berlin is not the recorded one '@every 10s' in UTC"), "{words}");
        assert!(words.ends_with("consul kv delete k"), "{words}");
        for odd in [json!({}), json!([]), json!("x"), json!({"schedule": "@daily"})] {
            assert!(carry(&schedule(), "k", Some(&odd), clock(1)).unwrap_err().contains("cannot be read"), "{odd}");
        }
    }
}
