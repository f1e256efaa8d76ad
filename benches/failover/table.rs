//! What was measured, as a table for people.

use std::fmt::Write;
use std::time::Duration;

use crate::fault::Fault;
use crate::harness::millis;
use crate::judge::Wrong;
use crate::mode::Mode;
use crate::round::Round;

/// All rounds of a mode, and what broke it off, if anything did.
pub struct Results<'a> {
    pub mode: &'a Mode,
    pub rounds: Vec<Round>,
    pub broken_off: Option<String>,
}

pub fn table(all: &[Results]) -> String {
    let mut text = row(["", "", "DNS", "DNS", "tags", "tags", "DNS two", "two"].map(str::to_owned), "servers'");
    text += &row(
        ["fault", "rounds", "median", "worst", "median", "worst", "or wrong", "tagged"].map(str::to_owned),
        "DNS wrong",
    );
    for results in all {
        let _ = writeln!(text, "\n{}", results.mode.title);
        for fault in Fault::of(results.mode) {
            let rounds: Vec<_> = results.rounds.iter().filter(|round| round.fault == fault).collect();
            text += &line(fault.name(results.mode), results.mode, &rounds);
        }
        text += &line("in all", results.mode, &results.rounds.iter().collect::<Vec<_>>());
        if let Some(why) = &results.broken_off {
            let _ = writeln!(text, "BROKEN OFF after {} rounds: {why}", results.rounds.len());
        }
    }
    text + "
Times are from detection, the moment at which the servers end the session. DNS two or wrong: it named two, or one that did not hold
the lock; seconds (answers). Two tagged: seconds in which two passing instances were tagged master. Both count until who failed is
back and all is settled; a failed check or redis is healed as soon as DNS and tags have moved.
* ends no lead: how long DNS, or the catalog, named no master or gave no answer. [n]: the master changed all the same in n rounds.
+ not from detection but from the fault itself, of which the port tells; all passes wait by then, but for that in the gap, where the
master's has just ended. Stopped: the port does not tell, a health check does a second later. [n]: the lead was lost before its time.
In all: the times of the failovers, and where the port tells of them, of those without gap and grace; the wrong answers of every round.
"
}

/// One fault's rounds, or all: then the times are those of the failovers, and the wrong answers those of all.
fn line(name: &str, mode: &Mode, rounds: &[&Round]) -> String {
    let several = rounds.iter().any(|round| round.fault != rounds[0].fault);
    let timed = || rounds.iter().filter(|round| !several || round.fault.counts());
    let (dns, tags) = (sorted(timed().map(|round| round.dns)), sorted(timed().map(|round| round.tags)));
    let time = |time: Option<Duration>| time.map_or("-".to_owned(), short);
    let wrong = |of: fn(&Round) -> &Wrong| {
        let all = rounds.iter().map(|round| of(round).clone()).fold(Wrong::default(), Wrong::and);
        if all.answers == 0 { "0".to_owned() } else { format!("{:.3} ({})", all.time.as_secs_f64(), all.answers) }
    };
    let two: Duration = rounds.iter().map(|round| round.two_tagged).sum();
    let astray = rounds.iter().filter(|round| round.went_astray()).count();
    let name = if several || astray == 0 { name.to_owned() } else { format!("{name} [{astray}]") };
    row(
        [
            name,
            rounds.len().to_string(),
            time(median(&dns)),
            time(dns.last().copied()),
            time(median(&tags)),
            time(tags.last().copied()),
            wrong(|round| &round.wrong),
            if two.is_zero() { "0".to_owned() } else { format!("{:.3}", two.as_secs_f64()) },
        ],
        &if mode.servers > 1 { wrong(|round| &round.wrong_by_servers) } else { String::new() },
    )
}

fn row(cells: [String; 8], servers: &str) -> String {
    let [name, rounds, dns, dns_worst, tags, tags_worst, wrong, two] = cells;
    let text = format!(
        "{name:<28} {rounds:>6} {dns:>9} {dns_worst:>9} {tags:>9} {tags_worst:>9} {wrong:>12} {two:>8} {servers:>12}"
    );
    format!("{}\n", text.trim_end())
}

pub fn sorted(times: impl Iterator<Item = Option<Duration>>) -> Vec<Duration> {
    let mut times: Vec<_> = times.flatten().collect();
    times.sort();
    times
}

/// The upper one of the two in the middle: on the safe side.
pub fn median(sorted: &[Duration]) -> Option<Duration> {
    sorted.get(sorted.len() / 2).copied()
}

/// `13.1 ms`, `1.05 s`.
pub fn short(time: Duration) -> String {
    if time.is_zero() {
        "0".to_owned()
    } else if time < millis(1000) {
        format!("{:.1} ms", time.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}
