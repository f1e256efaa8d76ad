//! Compares the measurement with the targets. Measures nothing itself.

use std::fmt::Write;
use std::time::Duration;

use crate::fault::Fault;
use crate::mode::{Mode, WAIT, WAIT_PORT, WATCH, WATCH_GRACE};
use crate::round::Round;
use crate::summary::{Results, median, short, sorted, sum};

/// How soon the name must have moved, in the median and at worst, counted from the event that `from` names.
struct Targets {
    mode: &'static Mode,
    from: &'static str,
    median: Duration,
    worst: Duration,
}

const fn targets(mode: &'static Mode, from: &'static str, median: u64, worst: u64) -> Targets {
    Targets { mode, from, median: Duration::from_millis(median), worst: Duration::from_millis(worst) }
}

const ALL: [Targets; 4] = [
    targets(&WAIT, "detection", 20, 1100),
    targets(&WAIT_PORT, "detection", 20, 1100),
    targets(&WATCH, "the fault", 30, 100),
    targets(&WATCH_GRACE, "the end of the grace", 30, 100),
];

/// Reports every target, and returns whether those on truth (not those on speed) were met.
pub fn verdict(all: &[Results]) -> (String, bool) {
    let mut good = all.iter().all(|results| results.broken_off.is_none());
    let mut text = String::new();
    for targets in &ALL {
        match all.iter().find(|results| results.mode.name == targets.mode.name) {
            Some(results) => good &= judged(targets, results, &mut text),
            None => _ = writeln!(text, "targets: the mode {} was not measured", targets.mode.name),
        }
    }
    (text, good)
}

fn judged(targets: &Targets, results: &Results, text: &mut String) -> bool {
    let rounds: Vec<_> = results.rounds.iter().filter(|round| round.fault.counts()).collect();
    // With a grace, only rounds that outlast it are timed.
    let grace = targets.mode.grace.unwrap_or_default();
    let dns = sorted(rounds.iter().map(|round| round.dns.map(|time| time.saturating_sub(grace))));
    let unmeasured = rounds.len() - dns.len();
    let (Some(middle), Some(worst)) = (median(&dns), dns.last().copied()) else {
        let _ = writeln!(text, "targets of {}: nothing was measured", targets.mode.title);
        return false;
    };
    let _ = writeln!(text, "targets of {}, in {} failovers:", targets.mode.title, rounds.len());
    let mut say = |what: &str, limit: &str, got: String, good: bool| {
        let reached = if good { "reached" } else { "MISSED" };
        let _ = writeln!(text, "  {what:<34} {limit:>30}   {got:<28} {reached}");
    };
    let limit = |limit| format!("{} + {}", targets.from, short(limit));
    say("DNS moves, median", &limit(targets.median), short(middle), middle <= targets.median && unmeasured == 0);
    say("DNS moves, worst", &limit(targets.worst), short(worst), worst <= targets.worst && unmeasured == 0);
    // A restarted server answers DNS from its past until it has read its log. That is the servers' `allow_stale`, not
    // an answer of the election, so it is reported separately.
    let (of_servers, of_election): (Vec<_>, Vec<_>) =
        results.rounds.iter().partition(|round| round.fault.hits_a_server());
    let wrong = |rounds: &[&Round]| {
        let wrong = sum(rounds.iter().map(|round| &round.wrong));
        let answers: usize = rounds.iter().map(|round| round.answers).sum();
        (wrong.answers, format!("{} of {answers} answers", wrong.answers))
    };
    let (count, share) = wrong(&of_election);
    let truth = count == 0;
    say("DNS names two or a wrong instance", "never", share, truth);
    if !of_servers.is_empty() {
        say("the same while a server restarts", "not the election's fault", wrong(&of_servers).1, true);
    }
    let mut kept = true;
    for (fault, what) in [
        (Fault::PortStopped, "lead leaves a stopped redis early"),
        (Fault::BackInGrace, "lead moves within the grace"),
        (Fault::BackAfterGrace, "lead moves before the grace ends"),
    ] {
        let of_it: Vec<_> = results.rounds.iter().filter(|round| round.fault == fault).collect();
        if !of_it.is_empty() {
            let moved = of_it.iter().filter(|round| round.too_early).count();
            say(what, "never", format!("{moved} of {} rounds", of_it.len()), moved == 0);
            kept &= moved == 0;
        }
    }
    if unmeasured > 0 {
        let _ = writeln!(text, "  {unmeasured} failovers could not be measured");
    }
    truth && kept && unmeasured == 0
}
