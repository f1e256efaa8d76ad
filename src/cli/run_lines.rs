//! The lines and exit codes of `run`. Asks nothing.

use super::wording::invalid_value;
use crate::duration::format as time;
use crate::process::Ended;
use crate::run::{Ending, News};
use crate::schedule::Fault;
use crate::text::{capped, one_line};

/// The lead was lost, and the command was ended.
const LOST: u8 = 75;

/// This node did not lead within `--wait-lock`.
const NOT_ELECTED: u8 = 124;

/// The run itself failed.
pub const FAILED: u8 = 125;

/// Added to the number of a signal.
const SIGNAL: u8 = 128;

/// The line of a change.
#[must_use]
pub fn of_news(news: &News) -> String {
    match news {
        News::Leading(term) => format!("leading, term {term}"),
        News::Following(place) => format!("waiting for {place}"),
        News::Waiting(why) => format!("waiting: {why}"),
        News::Lost(why) => format!("lost the lead: {why}"),
        News::Unreachable(why) => format!("{why}; trying again"),
        News::Failed(why) => format!("no election: {why}; trying again"),
        News::RunsAnyway => "running the command without a lead (--on-election-failure run-anyway)".to_owned(),
        News::Yields(place) => format!("ending the command that runs without a lead: {place} leads"),
        News::Reruns(ended, pause) => {
            format!("the command ended with {}; running it again in {}", how(*ended), time(*pause))
        }
        News::Reelects(ended) => format!("the command ended with {}; standing back", how(*ended)),
        News::Stops(signal) => format!("ending the command: received signal {signal}"),
        News::Next(None, ..) => "no further tick is due".to_owned(),
        News::Next(Some(at), skipped, missed) => {
            let counted =
                |count: &u64, what: &str| if *count == 0 { String::new() } else { format!(", {count} {what}") };
            format!("next tick {at}{}{}", counted(skipped, "skipped so far"), counted(missed, "missed so far"))
        }
        News::Runs(tick) => format!("running the command for tick {tick}"),
        News::Ran(tick, ended) => format!("the command for tick {tick} ended with {}", how(*ended)),
        News::TooLong(limit) => format!("ending the command: it has run for {} (--max-runtime)", time(*limit)),
        News::Replaced => "ending the command: the next tick is due (--overlap replace)".to_owned(),
        News::NotRecorded(why) => format!("cannot record the tick, so it waits: {why}"),
        News::Ahead(by) => {
            let by = time(std::time::Duration::from_secs(by.as_secs()));
            format!(
                "the recorded tick is {by} ahead of this clock, so ticks wait until then; check the clocks of all nodes"
            )
        }
    }
}

/// The last line, if the end needs one, and the exit code.
#[must_use]
pub fn of_ending(ending: &Ending) -> (Option<String>, u8) {
    match ending {
        Ending::Command(ended) => (None, code(*ended)),
        Ending::Ignored(Ended::Code(0)) => (None, 0),
        Ending::Ignored(ended) => (Some(format!("the command ended with {}, which is ignored", how(*ended))), 0),
        Ending::NotElected(limit) => (Some(format!("error: not elected within {}", time(*limit))), NOT_ELECTED),
        Ending::Lost(why) => (Some(format!("ended the command: {why}")), LOST),
        Ending::Failed(why) => (Some(format!("error: {why}")), FAILED),
        Ending::Signal(signal) => (None, SIGNAL.saturating_add(*signal)),
    }
}

/// The words for a schedule that cannot be used.
#[must_use]
pub fn of_schedule_fault(text: &str, fault: &Fault) -> String {
    invalid_value("--schedule", &one_line(&capped(text, LONGEST)), &fault.to_string())
}

/// The words for a schedule that has no due time any more.
#[must_use]
pub fn never_due(text: &str) -> String {
    format!("no tick of --schedule '{}' is due any more", one_line(&capped(text, LONGEST)))
}

/// The most characters of a schedule in an error.
const LONGEST: usize = 100;

fn code(ended: Ended) -> u8 {
    match ended {
        Ended::Code(code) => code,
        Ended::Signal(signal) => SIGNAL.saturating_add(signal),
    }
}

fn how(ended: Ended) -> String {
    match ended {
        Ended::Code(code) => format!("exit code {code}"),
        Ended::Signal(signal) => format!("signal {signal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Whether the page about lines has a row that begins as the line does, up to what differs.
    fn has_a_row(line: &str) -> bool {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lines.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, rows) = page.split_once("| `run` says |").unwrap();
        rows.lines().filter_map(|row| row.strip_prefix("| `")?.split_once('`')).any(|(pattern, _)| {
            let mut rest = line;
            pattern.split('…').map(str::trim).all(|part| match rest.split_once(part) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            })
        })
    }

    #[test]
    fn every_line_has_a_row_in_the_page_about_lines() {
        let text = || "x".to_owned();
        let ended = Ended::Code(3);
        for news in [
            News::Leading(7),
            News::Following(text()),
            News::Waiting("this node stands back".to_owned()),
            News::Lost(text()),
            News::Unreachable("cannot read key x".to_owned()),
            News::Failed(text()),
            News::RunsAnyway,
            News::Yields(text()),
            News::Reruns(ended, Duration::from_secs(1)),
            News::Reelects(ended),
            News::Stops(15),
        ] {
            assert!(has_a_row(&of_news(&news)), "{}", of_news(&news));
        }
        for ending in [
            Ending::Ignored(ended),
            Ending::NotElected(Duration::from_secs(5)),
            Ending::Lost(text()),
            Ending::Failed(text()),
        ] {
            let line = of_ending(&ending).0.unwrap();
            assert!(has_a_row(&line), "{line}");
        }
        assert!(!has_a_row("nonsense"));
    }

    #[test]
    fn every_ending_has_its_exit_code() {
        for (ending, expected) in [
            (Ending::Command(Ended::Code(0)), 0),
            (Ending::Command(Ended::Code(3)), 3),
            (Ending::Command(Ended::Code(127)), 127),
            (Ending::Command(Ended::Signal(9)), 137),
            (Ending::Ignored(Ended::Code(3)), 0),
            (Ending::NotElected(Duration::from_secs(5)), 124),
            (Ending::Lost("n2 leads".to_owned()), 75),
            (Ending::Failed("no connection".to_owned()), 125),
            (Ending::Signal(15), 143),
        ] {
            assert_eq!(of_ending(&ending).1, expected, "{ending:?}");
        }
    }
}
