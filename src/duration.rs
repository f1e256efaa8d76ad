//! Reads and writes durations in Consul's notation (`15s`, `1m30s`, `0s`). Must never know what they are for.
//!
//! The notation is Go's: a sequence of decimal numbers, each with a unit, or a bare `0`. A negative duration has no meaning here and
//! does not parse.

use std::time::Duration;

/// The units of Go's notation, longest first so that `ms` is not read as `m`, with their length in nanoseconds.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration as Go and Consul write it. `None`: `text` is not a duration.
pub fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (part, after) = parse_one(rest)?;
        total = total.checked_add(part)?;
        rest = after;
    }
    // An empty text never entered the loop.
    (!text.is_empty()).then_some(total)
}

/// Reads one number with its unit from the start of `text` and returns it with what follows.
fn parse_one(text: &str) -> Option<(Duration, &str)> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at(number_end);
    let (unit, nanoseconds) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let mut total = whole.checked_mul(*nanoseconds)?;
    let mut scale = *nanoseconds;
    for digit in fraction.chars() {
        scale /= 10;
        total = total.checked_add(scale.checked_mul(u64::from(digit.to_digit(10)?))?)?;
    }
    Some((Duration::from_nanos(total), &rest[unit.len()..]))
}

/// Writes a duration in the largest units that fit. Consul and [`parse`] read the same duration back.
pub fn format(duration: Duration) -> String {
    let nanoseconds = duration.subsec_nanos();
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let (milliseconds, nanoseconds) = match nanoseconds {
        whole if whole % 1_000_000 == 0 => (whole / 1_000_000, 0),
        odd => (0, odd),
    };
    let parts = [(hours, "h"), (minutes, "m"), (seconds, "s"), (milliseconds.into(), "ms"), (nanoseconds.into(), "ns")];
    let text: String = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| [&count.to_string(), *unit].concat())
        .collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Writes a duration for people: whole milliseconds below 10 s, whole seconds from there on.
pub fn rounded(duration: Duration) -> String {
    let unit = if duration < Duration::from_secs(10) { 1_000_000 } else { 1_000_000_000 };
    let units = (duration.as_nanos() + unit / 2) / unit;
    format(Duration::from_nanos(u64::try_from(units * unit).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_consul_writes_them() {
        for (text, milliseconds) in [
            ("15s", 15_000),
            ("1m30s", 90_000),
            ("0s", 0),
            ("0", 0),
            ("1.5s", 1_500),
            (".5s", 500),
            ("1h2m3s4ms", 3_723_004),
            ("250ms", 250),
            ("1m0s", 60_000),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse("3µs"), Some(Duration::from_micros(3)));
        assert_eq!(parse("7ns"), Some(Duration::from_nanos(7)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in
            ["", "15", "s", ".s", "-1s", "+1s", "15 s", "1d", "1.2.3s", "s15", "15s ", "1s2", "99999999999999h", "∞s"]
        {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        for (milliseconds, text) in
            [(0, "0s"), (15_000, "15s"), (90_000, "1m30s"), (60_000, "1m"), (3_600_000, "1h"), (1_500, "1s500ms")]
        {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(format(duration), text);
            assert_eq!(parse(text), Some(duration));
        }
        let odd = Duration::from_nanos(1_000_000_001);
        assert_eq!(parse(&format(odd)), Some(odd));
    }
    #[test]
    fn for_people_a_duration_has_no_more_digits_than_they_need() {
        for (microseconds, text) in [
            (31_562_500, "32s"),
            (2_500_499, "2s500ms"),
            (9_999_600, "10s"),
            (20_000_000, "20s"),
            (90_400_000, "1m30s"),
            (400, "0s"),
        ] {
            assert_eq!(rounded(Duration::from_micros(microseconds)), text);
        }
    }
}
