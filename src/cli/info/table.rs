//! Elections as tables for people. Pure.

use std::time::{Duration, SystemTime};

use super::schedule;
use crate::duration;
use crate::info::{CandidateInfo, ChangeInfo, DnsInfo, Info, LeaderInfo};
use crate::text::capped;

/// How wide the column of the labels is at least.
const LABELS: usize = 12;

/// The most characters of a reason in a row. Those that matter have a line of their own, whole.
const LONGEST_NOTE: usize = 60;

/// All elections, with an empty line between two.
pub fn tables(elections: &[Info], has_colour: bool, now: SystemTime) -> String {
    let all: Vec<String> =
        elections.iter().map(|info| table(&heading(info, elections), info, &Paint(has_colour), now)).collect();
    all.join("\n")
}

/// The election's name, with its service where another one has the same name.
fn heading(info: &Info, all: &[Info]) -> String {
    let is_shared = all.iter().filter(|other| other.election == info.election).count() > 1;
    let service = info.service.as_ref().filter(|_| is_shared);
    service.map_or_else(|| info.election.clone(), |service| format!("{} of {service}", info.election))
}

/// What colours a text, on a terminal.
struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn good(&self, text: &str) -> String {
        self.with("32", text)
    }

    fn bad(&self, text: &str) -> String {
        self.with("31", text)
    }
}

fn table(heading: &str, info: &Info, paint: &Paint, now: SystemTime) -> String {
    let width = heading.chars().count().max(LABELS) + 3;
    let label = |text: &str| format!("{text:<width$}");
    let mut lines = vec![label(heading) + &headline(info, paint, now), label("lock") + &lock(info)];
    lines.extend(info.dns.as_ref().map(|of| label("DNS") + &dns(of, info.leader.is_some(), paint)));
    let of_schedule = info.schedule.iter().flat_map(|of| schedule::lines(of, now));
    lines.extend(of_schedule.map(|(title, words)| label(title) + &words));
    lines.extend(candidates(info, paint));
    lines.extend(info.problems.iter().map(|problem| paint.bad(&format!("! {problem}"))));
    for (at, change) in info.history.iter().enumerate() {
        lines.push(label(if at == 0 { "history" } else { "" }) + &history(change, now));
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n") + "\n"
}

fn headline(info: &Info, paint: &Paint, now: SystemTime) -> String {
    let Some(leader) = &info.leader else {
        let is_known = info.state != crate::info::State::Unknown;
        return paint.bad(if is_known { "nobody leads" } else { "unknown: it could not be asked who leads" });
    };
    let node = leader.node.as_deref().unwrap_or("an unknown instance");
    let length = leader.since.as_deref().and_then(|since| age(since, now)).map(|age| format!(" for {age}"));
    let reason =
        info.history.iter().find(|change| leader.began_with(change)).map(|change| format!(": {}", change.reason));
    let text = format!(
        "led by {}{}{}, term {}{}",
        paint.bold(node),
        leader.holder.as_ref().map_or_else(|| place(leader), |holder| format!(" ({holder})")),
        length.unwrap_or_default(),
        leader.term,
        reason.unwrap_or_default()
    );
    if info.state == crate::info::State::Unknown { format!("unknown; last known: {text}") } else { text }
}

fn place(leader: &LeaderInfo) -> String {
    match (&leader.address, leader.port) {
        (Some(address), Some(port)) if address.contains(':') => format!(" ([{address}]:{port})"),
        (Some(address), Some(port)) => format!(" ({address}:{port})"),
        (Some(address), None) => format!(" ({address})"),
        (None, _) => String::new(),
    }
}

fn lock(info: &Info) -> String {
    let lock = &info.lock;
    let session = match (&lock.session, &info.leader) {
        (Some(session), _) => format!(", session {session}"),
        (None, _) if lock.fencing_token.is_some() => ", free".to_owned(),
        (None, _) => String::new(),
    };
    let delay = match (&lock.session, lock.lock_delay_seconds) {
        (Some(_), Some(delay)) => format!(", lock-delay {}", duration::format(delay)),
        // The token of a check may read the sessions of its own node only.
        (Some(_), None) => ", lock-delay unknown (needs session_prefix \"\" { policy = \"read\" })".to_owned(),
        (None, _) => String::new(),
    };
    let token = lock.fencing_token.as_ref().map(|token| format!(", fencing token {token}")).unwrap_or_default();
    format!("{}{session}{delay}{token}", lock.key)
}

fn dns(dns: &DnsInfo, has_leader: bool, paint: &Paint) -> String {
    let answers = if dns.answers.is_empty() { None } else { Some(dns.answers.join(", ")) };
    let verdict = match dns.agrees {
        Some(true) if has_leader => paint.good(", as the lock says"),
        Some(true) => ", as nobody leads".to_owned(),
        Some(false) => paint.bad(", not as the lock says"),
        None => String::new(),
    };
    let why_not = dns.error.clone().unwrap_or_else(|| "DNS was not asked".to_owned());
    match dns.source {
        Some("dns") => format!("{} → {}{verdict}", dns.name, answers.unwrap_or_else(|| "no answer".to_owned())),
        Some(_) => {
            let found = answers.unwrap_or_else(|| "no instance".to_owned());
            format!("{why_not}; the prepared query finds {found}{verdict}")
        }
        None => format!("unknown: {why_not}"),
    }
}

fn candidates(info: &Info, paint: &Paint) -> Vec<String> {
    let mut nodes: Vec<&str> = info.candidates.iter().map(|candidate| candidate.node.as_str()).collect();
    nodes.dedup();
    let is_plain = nodes.len() == info.candidates.len();
    let name = |candidate: &CandidateInfo| {
        if is_plain { candidate.node.clone() } else { format!("{}/{}", candidate.node, candidate.service_id) }
    };
    let header = ["NODE", "ROLE", "HEALTH", "PRIORITY", "NOTE"].map(str::to_owned);
    let rows = info.candidates.iter().map(|candidate| {
        [
            name(candidate),
            candidate.role.to_owned(),
            candidate.health.clone(),
            candidate.priority.to_string(),
            note(candidate, is_leader(candidate, info)),
        ]
    });
    let rows: Vec<[String; 5]> = std::iter::once(header).chain(rows).collect();
    if rows.len() == 1 {
        return Vec::new();
    }
    let widths: Vec<usize> =
        (0..5).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()).collect();
    let line = |(at, row): (usize, &[String; 5])| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let leads = at > 0 && is_leader(&info.candidates[at - 1], info);
        if leads { paint.bold(line.trim_end()) } else { line }
    };
    rows.iter().enumerate().map(line).collect()
}

fn is_leader(candidate: &CandidateInfo, info: &Info) -> bool {
    let leader = info.leader.as_ref();
    leader.is_some_and(|leader| {
        leader.node.as_deref() == Some(&candidate.node) && leader.service_id.as_deref() == Some(&candidate.service_id)
    })
}

fn note(candidate: &CandidateInfo, leads: bool) -> String {
    let why = candidate.why.as_ref().map(|why| capped(why, LONGEST_NOTE));
    match why {
        Some(_) if candidate.why.as_ref() == Some(&candidate.health) => "cannot lead".to_owned(),
        Some(why) if leads => why,
        Some(why) => format!("cannot lead: {why}"),
        None if candidate.next => "next".to_owned(),
        None => String::new(),
    }
}

fn history(change: &ChangeInfo, now: SystemTime) -> String {
    let today = humantime::format_rfc3339_seconds(now).to_string();
    let (date, time) = change.since.split_once('T').unwrap_or(("", &change.since));
    let time = time.get(..8).unwrap_or(time);
    let when = if today.starts_with(date) { time.to_owned() } else { format!("{date} {time}") };
    format!("term {}  {when}  {}  {}", change.term, change.node, change.reason)
}

/// How long ago that was, in the two largest units.
fn age(since: &str, now: SystemTime) -> Option<String> {
    let age = now.duration_since(humantime::parse_rfc3339(since).ok()?).ok()?;
    Some(rough(age))
}

pub(super) fn rough(age: Duration) -> String {
    let seconds = age.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        (days, ..) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_its_two_largest_units() {
        for (seconds, text) in
            [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (11_520, "3 h 12 min"), (200_000, "2 d 7 h")]
        {
            assert_eq!(rough(Duration::from_secs(seconds)), text);
        }
    }
}
