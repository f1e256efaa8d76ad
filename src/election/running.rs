//! Whether the checks of an instance show that one of them runs its election, for those who look at it from outside. Pure; must never decide
//! who leads.

use super::config::Names;
use super::signature::prints;
use crate::consul::{Check, Status};

/// Whether a check runs the election, or may: it has printed a line of it, or nothing yet. `marked` is the ID of the check in the
/// instance's mark, once known.
pub fn may_run(checks: &[Check], marked: Option<&str>, names: &Names) -> bool {
    let is_silent = |check: &Check| check.output.trim().is_empty();
    if checks.iter().any(|check| prints(check, names)) {
        return true;
    }
    if let Some(id) = marked {
        return checks.iter().any(|check| check.id == id && is_silent(check));
    }
    // A run of it prints a line, so a check that passes silently is another one, unless the agent discards all outputs.
    let begins = |check: &Check| is_silent(check) && check.status == Status::Critical;
    let mut of_instance = checks.iter().filter(|check| !check.service_id.is_empty()).peekable();
    checks.iter().any(begins) || of_instance.peek().is_some() && of_instance.all(is_silent)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_election_runs_where_a_check_prints_its_line_or_has_not_printed_yet() {
        let check = |(id, status, output): &(&str, &str, &str)| -> Check {
            let of = if *id == "serfHealth" { "" } else { "redis" };
            serde_json::from_value(
                json!({"Node": "n1", "CheckID": id, "Status": status, "Output": output, "ServiceID": of}),
            )
            .unwrap()
        };
        let line = "election redis-master: slave of n2\n";
        let node = ("serfHealth", "passing", "Agent alive and reachable");
        let silent = ("ping", "passing", "");
        for (checks, marked, expected) in [
            (&[node, ("election", "passing", line)][..], Some("election"), true),
            // Its ID in the mark may be that of an earlier definition.
            (&[("ping", "passing", "x"), ("election", "passing", line)], Some("ping"), true),
            (&[node, ("election", "critical", "")], Some("election"), true),
            (&[node, ("election", "critical", "")], None, true),
            (&[node, ("ping", "passing", "x")], Some("election"), false),
            (&[node, silent], Some("election"), false),
            (&[node, ("election", "warning", "election other-master: error: no instance\n")], Some("election"), false),
            (&[node, ("ping", "passing", "x")], None, false),
            (&[node, silent, ("http", "passing", "x")], None, false),
            (&[node, silent, ("election", "passing", "")], None, true),
            (&[node], None, false),
        ] {
            let checks: Vec<Check> = checks.iter().map(check).collect();
            let names = Names::of_service("redis");
            assert_eq!(may_run(&checks, marked, &names), expected, "{checks:?} {marked:?}");
        }
    }
}
