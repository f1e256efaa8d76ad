//! From what Consul answered about an election of `run` to what `info` shows of it, and what is wrong. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::super::model::{Info, LeaderInfo, LockInfo, SCHEMA, State};
use super::super::words::clean;
use super::AskedRun;
use super::ticks::{Leads, ScheduleInfo, of_record};
use crate::consul::{Key, Session};
use crate::duration;
use crate::lead::Note;
use crate::schedule::Record;

/// What `info` shows.
pub fn view_run(asked: &AskedRun) -> Info {
    let lock = asked.lock.as_ref().ok().and_then(Option::as_ref);
    let note = lock.and_then(|key| Note::read(&key.value)).unwrap_or_default();
    let holder = lock.and_then(|key| key.session.as_deref());
    // A note counts for its holder only if that session wrote it.
    let own = Some(&note).filter(|note| holder == Some(&*note.session));
    let vacancy = if asked.lock.is_ok() && holder.is_none() { Some(why_free(lock, &note)) } else { None };
    let mut problems = Vec::new();
    if let Some(why) = &asked.stale {
        problems.push(format!("this is what a server last knew, and may have changed since: {}", clean(why)));
    }
    problems.extend(asked.lock.as_ref().err().map(|missing| clean(&missing.words)));
    problems.extend(vacancy.as_ref().map(|why| format!("nobody leads: {why}")));
    problems.extend(of_holder(asked, holder, own, &note));
    let schedule = note.carried.as_ref().and_then(|carried| {
        let record = Record::read(carried);
        if record.is_none() && carried.get("schedule").is_some() {
            problems.push("what the lock's value says of ticks cannot be read: something else wrote it".to_owned());
        }
        let leads = own.map(|own| Leads { node: &own.node, since: own.since.parse::<Timestamp>().ok() });
        let (schedule, fault) = of_record(&record?, leads.as_ref(), asked.now);
        of_ticks(&schedule, vacancy.is_some(), fault.as_deref(), &mut problems);
        Some(schedule)
    });
    let state = State::of(asked.lock.is_ok() && asked.stale.is_none(), holder.is_some(), &problems);
    Info {
        schema: SCHEMA,
        election: name(asked, &note),
        service: None,
        leader: lock.and_then(|key| of_leader(key, own)),
        lock: LockInfo {
            key: clean(&asked.names.lock_key),
            session: holder.map(clean),
            lock_delay_seconds: lock_delay(asked.session.as_ref(), own),
            fencing_token: lock.map(|key| format!("{}.{}", key.create_index, key.lock_index)),
        },
        dns: None,
        candidates: Vec::new(),
        problems,
        history: Vec::new(),
        schedule,
        vacancy,
        is_taken: false,
        state,
    }
}

/// The election's name: the one that was asked for, or what the key says, or the key.
fn name(asked: &AskedRun, note: &Note) -> String {
    let names = &asked.names;
    let known = [Some(&names.query).filter(|_| names.is_query_named), Some(&note.election), Some(&names.lock_key)];
    known.into_iter().flatten().find(|name| !name.is_empty()).map(|name| clean(name)).unwrap_or_default()
}

fn of_leader(key: &Key, own: Option<&Note>) -> Option<LeaderInfo> {
    let known = |text: &dyn Fn(&Note) -> &str| own.map(|own| clean(text(own))).filter(|text| !text.is_empty());
    Some(LeaderInfo {
        node: known(&|own| &own.node),
        service_id: None,
        address: None,
        port: None,
        holder: known(&|own| &own.holder),
        session: clean(key.session.as_deref()?),
        since: known(&|own| &own.since),
        term: key.lock_index,
    })
}

/// The lock-delay of the session, or what its holder's note says of it.
fn lock_delay(session: Option<&Session>, own: Option<&Note>) -> Option<Duration> {
    let noted = || own.map(|own| Duration::from_millis(own.lock_delay)).filter(|delay| !delay.is_zero());
    session.map(Session::lock_delay).or_else(noted)
}

/// Why nobody holds the key. Consul does not say since when, so the rest of a lock-delay is unknown.
fn why_free(lock: Option<&Key>, note: &Note) -> String {
    let Some(key) = lock else {
        return "the lock key does not exist, so nobody has led yet; start run on a node".to_owned();
    };
    let last = if note.node.is_empty() { "the last leader".to_owned() } else { clean(&note.node) };
    let reason = if note.resigned.is_empty() { String::new() } else { format!(" ({})", clean(&note.resigned)) };
    let delay = Note::lock_delay_of(&key.value, Duration::ZERO);
    match (note.released, delay) {
        (true, _) => format!("{last} released the lock{reason}, and nobody stands for it"),
        (false, Duration::ZERO) => "the lock is free, and nobody stands for it".to_owned(),
        (false, delay) => format!(
            "the session of {last} ended without a release; its lock-delay of {} may not be over, and if it is, nobody stands for \
             the lock",
            duration::format(delay)
        ),
    }
}

/// What is wrong with what the holder says of itself.
fn of_holder(asked: &AskedRun, holder: Option<&str>, own: Option<&Note>, note: &Note) -> Option<String> {
    let is_other = asked.names.is_query_named && !note.election.is_empty() && note.election != asked.names.query;
    if is_other {
        return Some(format!("the lock key belongs to another election, {}", clean(&note.election)));
    }
    let words = "the lock's value does not describe its holder: something else wrote it";
    holder.filter(|_| own.is_none()).map(|_| words.to_owned())
}

/// What is wrong with the ticks.
fn of_ticks(schedule: &ScheduleInfo, is_free: bool, fault: Option<&str>, problems: &mut Vec<String>) {
    if let Some(due) = schedule.overdue.as_ref().filter(|_| is_free) {
        problems.push(format!("the tick of {} is overdue, and nobody leads to start it", due.shown));
    }
    if let Some(last) = &schedule.last {
        let place = last.by.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
        let run = format!("the run of the tick of {}{place}", last.due.shown);
        match last.status {
            Some(status) if status > 0 => problems.push(format!("{run} ended with status {status}")),
            None if last.started.is_some() && last.ended.is_none() && schedule.running_since.is_none() => {
                problems.push(format!("nobody saw the end of {run}"));
            }
            Some(_) | None => {}
        }
    }
    problems.extend(fault.map(|fault| format!("the next due time cannot be computed here: {}", clean(fault))));
}
