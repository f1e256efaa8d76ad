//! The text format of Prometheus: names, help, types, labels. Knows no election.

use std::fmt::{Display, Write};

/// A metric: its name after the prefix, its type, and what it means.
pub type Family = (&'static str, Kind, &'static str);

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value that goes up and down.
    Gauge,
    /// A value that only grows, until it starts again.
    Counter,
}

/// What precedes every name.
pub const PREFIX: &str = "consul_election_";

/// Adds a metric with its samples: labels, and the value. Without a sample, nothing.
pub fn add<V: Display>(text: &mut String, (name, kind, help): Family, samples: &[(Vec<(&str, &str)>, V)]) {
    if samples.is_empty() {
        return;
    }
    let kind = if kind == Kind::Gauge { "gauge" } else { "counter" };
    // Writing to a text cannot fail.
    let _ = writeln!(text, "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}");
    for (labels, value) in samples {
        let labels = labels.iter().map(|(label, of)| format!("{label}=\"{}\"", escaped(of)));
        let _ = writeln!(text, "{PREFIX}{name}{{{}}} {value}", labels.collect::<Vec<_>>().join(","));
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A time in RFC 3339 as Prometheus has it: seconds since 1970.
pub fn seconds(time: &str) -> Option<f64> {
    let since = humantime::parse_rfc3339(time).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    // As precise as the times are that this program writes.
    Some((since.as_secs_f64() * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_a_metric_without_samples_is_left_out() {
        let mut text = String::new();
        let family = ("term", Kind::Counter, "What it is.");
        add(&mut text, family, &[] as &[(Vec<(&str, &str)>, u8)]);
        assert_eq!(text, "");
        add(&mut text, family, &[(vec![("node", "a\"b\\c\nd"), ("x", "y")], 7)]);
        assert_eq!(
            text,
            "# HELP consul_election_term What it is.\n# TYPE consul_election_term counter\n\
             consul_election_term{node=\"a\\\"b\\\\c\\nd\",x=\"y\"} 7\n"
        );
        assert_eq!(seconds("2026-11-30T12:30:00.412Z"), Some(1_796_041_800.412));
        assert_eq!(seconds("soon"), None);
    }
}
