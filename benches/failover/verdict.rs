//! What was measured against what is to be reached.

use std::fmt::Write;
use std::time::Duration;

use crate::fault::Fault;
use crate::judge::Wrong;
use crate::mode::{Mode, WAIT, WAIT_PORT, WATCH, WATCH_GRACE};
use crate::round::Round;
use crate::table::{Results, median, short, sorted};

/// How soon the name is to have moved, in the median and at worst, from what is said here.
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

/// What the targets say of the modes that have some, and whether the worst of them, on the truth, were reached.
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
    let rounds: Vec<_> = results.rounds.iter().filter(|round| is_timed(round, targets.mode)).collect();
    // Where there is a grace, only rounds that outlast it are timed.
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
    // A server that was started again answers DNS from its past until it has read its log. That is its `allow_stale`, and no answer of
    // the election's; it is told apart, and not passed over.
    let (of_servers, of_election): (Vec<_>, Vec<_>) =
        results.rounds.iter().partition(|round| round.fault.befalls_a_server());
    let wrong = |rounds: &[&Round]| {
        let wrong = rounds.iter().map(|round| round.wrong.clone()).fold(Wrong::default(), Wrong::and);
        let answers: usize = rounds.iter().map(|round| round.answers).sum();
        (wrong.answers, format!("{} of {answers} answers", wrong.answers))
    };
    let (lies, told) = wrong(&of_election);
    let truth = lies == 0;
    say("DNS names two, or not the holder", "never", told, truth);
    if !of_servers.is_empty() {
        say("the same after a server's restart", "its own past", wrong(&of_servers).1, true);
    }
    let mut kept = true;
    for (fault, what) in [
        (Fault::PortStopped, "the port alone moves a stopped one"),
        (Fault::BackInGrace, "a restart in the grace moves it"),
        (Fault::BackAfterGrace, "it moves before the grace is over"),
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

/// Whether a round's time is held against the targets: of the failovers without gap and grace, or, where there is a grace, of those
/// after it.
fn is_timed(round: &Round, mode: &Mode) -> bool {
    if mode.grace.is_some_and(|grace| !grace.is_zero()) {
        round.fault == Fault::BackAfterGrace
    } else {
        round.fault.counts()
    }
}
