//! The metrics that a check writes to a file of its own. Pure: decides what the file should hold, and whether it must be written.
//!
//! A file that changes with every run would wear a disk out for nothing. So the time of the last good pass alone is brought up to date once
//! a minute, and everything else at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::lines::{Verdict, loggable};
use super::metrics::{Family, Kind, PREFIX, add, seconds};
use crate::election::{LeadSeen, Names};

/// How old the time of the last good pass becomes in the file.
const REFRESHED: Duration = Duration::from_secs(60);

/// The most bytes of a file that are read. It holds less than 2,000, unless its election has a long name.
pub const MOST_BYTES: u64 = 64 * 1024;

const LEADER: Family = ("is_leader", Kind::Gauge, "Whether the local instance holds the lock.");
const TERM: Family = ("term", Kind::Gauge, "The number of the present term, or of the last one.");
const SINCE: Family = (
    "leader_since_timestamp_seconds",
    Kind::Gauge,
    "When the leader acquired the lock, by its own clock; 0 without one.",
);
const CHANGES: Family =
    ("leader_changes_total", Kind::Counter, "How often the lock was acquired since its key was created.");
const SUCCESS: Family =
    ("last_success_timestamp_seconds", Kind::Gauge, "When the last pass without an error ended, to the minute.");
const ERROR: Family = ("error", Kind::Gauge, "Whether the last pass ended with an error.");

/// What the file should hold now; `None`: what it holds already. `before` is its text, `seen` what the pass saw of the lead, if anything.
pub fn next_text(
    before: Option<&str>,
    names: &Names,
    seen: Option<&LeadSeen>,
    has_error: bool,
    now: SystemTime,
) -> Option<String> {
    let old = before.map(values).unwrap_or_default();
    let was = |family: Family| old.get(family.0).copied();
    let number = |is: bool| f64::from(u8::from(is));
    // What could not be seen is as it was.
    let seen_or = |family: Family, value: &dyn Fn(&LeadSeen) -> f64| seen.map(value).or_else(|| was(family));
    #[allow(clippy::cast_precision_loss, reason = "a term is far below 2^52")]
    let term = |seen: &LeadSeen| seen.term as f64;
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let last = was(SUCCESS);
    #[allow(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let success = if has_error { last } else { Some(now as f64) };
    let all = [
        (LEADER, seen_or(LEADER, &|seen| number(seen.is_own))),
        (TERM, seen_or(TERM, &term)),
        (SINCE, seen_or(SINCE, &|seen| seen.since.as_deref().and_then(seconds).unwrap_or_default())),
        (CHANGES, seen_or(CHANGES, &term)),
        (SUCCESS, success),
        (ERROR, Some(number(has_error))),
    ];
    let text = |success: Option<f64>| {
        let mut text = String::new();
        for (family, value) in all {
            let value = if family.0 == SUCCESS.0 { success } else { value };
            let samples: Vec<_> = value.into_iter().map(|value| (labels(names), value)).collect();
            add(&mut text, family, &samples);
        }
        text
    };
    let is_recent = match (last, success) {
        (Some(last), Some(success)) => success >= last && success - last < REFRESHED.as_secs_f64(),
        (last, success) => last == success,
    };
    let is_same = is_recent && before == Some(text(last).as_str());
    (!is_same).then(|| text(success))
}

/// The scraped machine is a label of its own, so the node need not be one.
fn labels(names: &Names) -> Vec<(&str, &str)> {
    let mut labels = vec![("election", names.query.as_str()), ("service", names.service.as_str())];
    labels.extend(names.service_id.as_deref().map(|id| ("service_id", id)));
    labels
}

/// The values in a text, by name.
fn values(text: &str) -> BTreeMap<&str, f64> {
    let of_line = |line: &'_ str| -> Option<(usize, f64)> {
        let end = line.find('{')?;
        Some((end, line.rsplit_once("} ")?.1.parse().ok()?))
    };
    let values = text.lines().filter_map(|line| {
        let line = line.strip_prefix(PREFIX)?;
        let (end, value) = of_line(line)?;
        Some((&line[..end], value))
    });
    values.collect()
}

/// The verdict with a note that the file could not be written. Part of the line, since a run waits only if its output is its line.
#[must_use]
pub fn with_warning(verdict: &Verdict, path: &Path, error: &std::io::Error) -> Verdict {
    let line = format!("{}; warning: cannot write --metrics-file {}: {error}", verdict.line, path.display());
    Verdict { line: loggable(&line, &[]), status: verdict.status }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_796_041_800 + seconds)
    }

    fn seen(is_own: bool, term: u64) -> LeadSeen {
        LeadSeen { is_own, term, since: Some("2026-11-30T12:30:00.412Z".to_owned()) }
    }

    #[test]
    fn the_file_is_written_when_something_changes_and_once_a_minute() {
        let names = Names::of_service("redis");
        let next = |before: Option<&str>, seen: Option<&LeadSeen>, has_error, time| {
            next_text(before, &names, seen, has_error, at(time))
        };
        let first = next(None, Some(&seen(true, 7)), false, 0).unwrap();
        let labels = "{election=\"redis-master\",service=\"redis\"}";
        for (name, value) in [
            ("is_leader", "1"),
            ("term", "7"),
            ("leader_since_timestamp_seconds", "1796041800.412"),
            ("leader_changes_total", "7"),
            ("last_success_timestamp_seconds", "1796041800"),
            ("error", "0"),
        ] {
            assert!(first.contains(&format!("\nconsul_election_{name}{labels} {value}\n")), "{name} in {first}");
        }
        assert_eq!(next(Some(&first), Some(&seen(true, 7)), false, 59), None);
        assert!(next(Some(&first), Some(&seen(true, 7)), false, 60).unwrap().contains(" 1796041860\n"));
        assert!(
            next(Some(&first), Some(&seen(false, 8)), false, 1)
                .unwrap()
                .contains("is_leader{election=\"redis-master\",service=\"redis\"} 0\n")
        );
        // An error leaves what is not known as it was, and is written once.
        let failed = next(Some(&first), None, true, 3).unwrap();
        assert!(failed.contains(&format!("consul_election_error{labels} 1\n")) && failed.contains(" 1796041800\n"));
        assert!(failed.contains(&format!("consul_election_term{labels} 7\n")));
        assert_eq!(next(Some(&failed), None, true, 999), None);
        assert!(next(Some(&failed), Some(&seen(true, 7)), false, 1000).unwrap().contains(" 1796042800\n"));
        // A clock that was set back, and a file that something else wrote.
        assert!(next(Some(&first), Some(&seen(true, 7)), false, 0).is_none());
        assert!(next_text(Some(&first), &names, Some(&seen(true, 7)), false, at(0) - Duration::from_secs(1)).is_some());
        assert_eq!(next(Some("x{ 1\n{} \n"), Some(&seen(true, 7)), false, 0), Some(first));
        let in_vain = next(None, None, true, 0).unwrap();
        assert_eq!(in_vain.lines().filter(|line| !line.starts_with('#')).count(), 1, "{in_vain}");
    }
}
