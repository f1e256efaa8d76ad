//! The measurement as a table in plain text. Knows no round, only their figures.

use std::fmt::Write;
use std::time::Duration;

use crate::fault::Fault;
use crate::judge::Wrong;
use crate::mode::Mode;
use crate::summary::{Results, Summary, median, short};

pub fn table(all: &[Results]) -> String {
    let mut text =
        row(["", "", "DNS", "DNS", "tags", "tags", "DNS two", "two", "raft entries"].map(str::to_owned), "servers'");
    text += &row(
        ["fault", "rounds", "median", "worst", "median", "worst", "or wrong", "tagged", "median/most"]
            .map(str::to_owned),
        "DNS wrong",
    );
    for results in all {
        let _ = writeln!(text, "\n{}", results.mode.title);
        for fault in Fault::of(results.mode) {
            let rounds: Vec<_> = results.rounds.iter().filter(|round| round.fault == fault).collect();
            let summary = Summary::of_fault(&rounds);
            let moved_wrongly =
                if summary.moved_wrongly == 0 { String::new() } else { format!(" [{}]", summary.moved_wrongly) };
            text += &line(format!("{}{moved_wrongly}", fault.name(results.mode)), results.mode, &summary);
        }
        text += &line("in all".to_owned(), results.mode, &Summary::of_mode(&results.rounds));
        if let Some(why) = &results.broken_off {
            let _ = writeln!(text, "BROKEN OFF after {} rounds: {why}", results.rounds.len());
        }
    }
    text + "
Times start at detection: the moment the servers end the session. DNS two or wrong: DNS named two instances, or one that did not hold
the lock, in seconds (answers). Two tagged: seconds in which two passing instances were tagged master (answers). Both count until the
failed instance is back and everything has settled; so do the raft entries, which begin with those of the fault itself. A failed check or redis is healed as soon as DNS and tags have moved.
* does not end a leadership: how long DNS, or the catalog, named no master or did not answer. [n]: the master changed in n rounds anyway.
+ times start at the fault itself, which the watched port reports. All passes are waiting by then, except in the gap: there the master's
pass has just ended. Stopped: the port does not report it; a health check does, a second later. [n]: the leadership ended too early.
In all: the times of the failovers, without those in the gap and those of a stopped redis; the wrong answers of every round.
"
}

fn line(name: String, mode: &Mode, summary: &Summary) -> String {
    let time = |time: Option<Duration>| time.map_or("-".to_owned(), short);
    let wrong = |wrong: &Wrong| {
        if wrong.answers == 0 { "0".to_owned() } else { format!("{:.3} ({})", wrong.time.as_secs_f64(), wrong.answers) }
    };
    let two = summary.two_tagged;
    row(
        [
            name,
            summary.rounds.to_string(),
            time(median(&summary.dns)),
            time(summary.dns.last().copied()),
            time(median(&summary.tags)),
            time(summary.tags.last().copied()),
            wrong(&summary.wrong),
            match summary.two_samples {
                0 => "0".to_owned(),
                samples => format!("{:.3} ({samples})", two.as_secs_f64()),
            },
            match (summary.entries.get(summary.entries.len() / 2), summary.entries.last()) {
                (Some(middle), Some(most)) => format!("{middle}/{most}"),
                _ => "-".to_owned(),
            },
        ],
        &if mode.servers > 1 { wrong(&summary.wrong_by_servers) } else { String::new() },
    )
}

fn row(cells: [String; 9], servers: &str) -> String {
    let [name, rounds, dns, dns_worst, tags, tags_worst, wrong, two, entries] = cells;
    let text = format!(
        "{name:<28} {rounds:>6} {dns:>9} {dns_worst:>9} {tags:>9} {tags_worst:>9} {wrong:>12} {two:>12} {entries:>12} {servers:>12}"
    );
    format!("{}\n", text.trim_end())
}
