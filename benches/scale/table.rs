//! The figures as tables in Markdown and as lines of CSV. Measures nothing.

use std::fmt::Write;
use std::time::Duration;

use crate::counts::{
    AGENTS_CPU, ATTEMPTS, CATALOG, Counts, ENTRIES, FIGURES, FOLLOWERS_CPU, FOLLOWERS_SENT, HTTP, LEADER_CPU,
    LEADER_SENT, OUTPUTS, PROGRAMS_CPU, RPC, SESSIONS,
};
use crate::round::{Broken, Failover};

/// What was measured of one size in one mode.
pub struct Measured {
    pub size: usize,
    pub mode: &'static str,
    /// A second at rest.
    pub rest: Option<Counts>,
    pub failovers: Vec<Failover>,
    /// Why the measurement was broken off, if it was.
    pub broken_off: Option<String>,
}

/// The first line of the CSV.
pub fn head() -> String {
    format!("consul,program,servers,mode,size,event,round,seconds,detected_ms,moved_ms,{}", FIGURES.join(","))
}

/// A line about the time at rest: figures of one second.
pub fn rest_line(about: &str, rest: &Counts) -> String {
    format!("{about},rest,0,1,,,{}", numbers(rest))
}

/// Two lines about a failover: what it cost itself, and everything that was counted.
pub fn failover_lines(about: &str, round: usize, failover: &Failover) -> String {
    let line = |event: &str, counts: &Counts| {
        let (seconds, moved) = (failover.quiet.as_secs_f64(), millis(failover.moved));
        let detected = millis(failover.detected);
        format!("{about},{event},{round},{seconds:.1},{detected:.1},{moved:.1},{}", numbers(counts))
    };
    format!("{}\n{}", line("failover", &failover.net), line("failover-raw", &failover.raw))
}

/// A line about a failover that did not come to its end.
pub fn broken_line(about: &str, round: usize, broken: &Broken) -> String {
    format!("{about},broken-off,{round},{:.1},,,{}", broken.seconds, numbers(&broken.raw))
}

pub fn tables(all: &[Measured]) -> String {
    let mut text = "A failover, median (most). CPU and bytes are without what the same time costs at rest. Moved: from detection to the
moved name. Raft entries: besides those by which Consul itself writes changed outputs of checks, which are the next column.
Catalog: what agents write to the catalog, both kinds. Attempts: writes to the lock that reached the server.

| instances | mode | n | moved | servers' CPU | per instance | agents' CPU | programs' CPU | servers sent | raft entries | check outputs | catalog | attempts | sessions | RPCs | quiet after |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
"
    .to_owned();
    for measured in all.iter().filter(|measured| !measured.failovers.is_empty()) {
        let _ = writeln!(text, "{}", failover_row(measured));
    }
    text += "
At rest, per instance and second.

| instances | mode | HTTP requests to agents | RPCs to servers | leader's CPU | followers' CPU | agents' CPU | programs' CPU | leader sent | followers sent | raft entries |
|---|---|---|---|---|---|---|---|---|---|---|
";
    for measured in all {
        if let Some(rest) = &measured.rest {
            let _ = writeln!(text, "{}", rest_row(measured, rest));
        }
        if let Some(why) = &measured.broken_off {
            let _ = writeln!(text, "\n{} in mode {} was broken off: {why}\n", measured.size, measured.mode);
        }
    }
    text
}

fn failover_row(measured: &Measured) -> String {
    let of = |figures: &[usize], show: fn(f64) -> String| {
        spread(measured, show, |failover| figures.iter().map(|figure| failover.net[*figure]).sum())
    };
    let servers = [LEADER_CPU, FOLLOWERS_CPU];
    #[allow(clippy::cast_precision_loss)]
    let size = measured.size as f64;
    let per_instance = median(measured, |failover| servers.iter().map(|figure| failover.net[*figure]).sum()) / size;
    format!(
        "| {} | {} | {} | {} | {} | {per_instance:.2} ms | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        measured.size,
        measured.mode,
        measured.failovers.len(),
        spread(measured, time, |failover| millis(failover.moved)),
        of(&servers, time),
        of(&[AGENTS_CPU], time),
        of(&[PROGRAMS_CPU], time),
        of(&[LEADER_SENT, FOLLOWERS_SENT], bytes),
        spread(measured, count, |failover| failover.net[ENTRIES] - failover.net[OUTPUTS]),
        of(&[OUTPUTS], count),
        of(&[CATALOG], count),
        of(&[ATTEMPTS], count),
        of(&[SESSIONS], count),
        of(&[RPC], count),
        spread(measured, time, |failover| millis(failover.quiet)),
    )
}

fn rest_row(measured: &Measured, rest: &Counts) -> String {
    #[allow(clippy::cast_precision_loss)]
    let each = |figure: usize| rest[figure] / measured.size as f64;
    format!(
        "| {} | {} | {:.3} | {:.3} | {:.1} µs | {:.1} µs | {:.1} µs | {:.1} µs | {:.0} B | {:.0} B | {:.4} |",
        measured.size,
        measured.mode,
        each(HTTP),
        each(RPC),
        each(LEADER_CPU) * 1000.0,
        each(FOLLOWERS_CPU) * 1000.0,
        each(AGENTS_CPU) * 1000.0,
        each(PROGRAMS_CPU) * 1000.0,
        each(LEADER_SENT),
        each(FOLLOWERS_SENT),
        each(ENTRIES),
    )
}

fn spread(measured: &Measured, show: fn(f64) -> String, of: impl Fn(&Failover) -> f64) -> String {
    let most = measured.failovers.iter().map(&of).fold(f64::MIN, f64::max);
    format!("{} ({})", show(median(measured, of)), show(most))
}

/// The upper of the two in the middle, to be on the safe side.
fn median(measured: &Measured, of: impl Fn(&Failover) -> f64) -> f64 {
    let mut all: Vec<_> = measured.failovers.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn time(milliseconds: f64) -> String {
    if milliseconds < 1000.0 { format!("{milliseconds:.0} ms") } else { format!("{:.2} s", milliseconds / 1000.0) }
}

fn bytes(count: f64) -> String {
    if count < 1e6 { format!("{:.0} kB", count / 1e3) } else { format!("{:.1} MB", count / 1e6) }
}

fn count(count: f64) -> String {
    format!("{count:.0}")
}

fn numbers(counts: &Counts) -> String {
    counts.map(|count| format!("{count:.3}")).join(",")
}
