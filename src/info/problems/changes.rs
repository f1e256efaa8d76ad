//! Whether the lead changes too often. Pure.

use std::time::{Duration, SystemTime};

use super::Scene;
use crate::duration;
use crate::election::{Lead, Surveyed, is_asked_for};
use crate::info::words::{clean, grouped};

/// How many changes nobody has asked for are too many within [`WINDOW`]: two are a failure and the way back.
const TOO_MANY: usize = 3;

/// The time in which they count. A problem that moves the lead less often shows in the history alone.
const WINDOW: Duration = Duration::from_secs(600);

/// That the lead has changed too often, and why each time.
pub fn of_changes(scene: &Scene, found: &mut Vec<String>) {
    let ages = scene.seen.past.history.iter().filter(|change| !is_asked_for(&change.reason)).filter_map(|change| {
        let age = age(&change.since, scene.asked.now)?;
        (age <= WINDOW).then(|| (age, clean(&change.reason)))
    });
    let changes: Vec<(Duration, String)> = ages.collect();
    let Some(longest) = changes.iter().map(|(age, _)| *age).max().filter(|_| changes.len() >= TOO_MANY) else { return };
    let reasons = grouped(changes.iter().map(|(_, reason)| (String::new(), reason.clone())));
    let reasons = reasons.into_iter().map(|(times, reason)| match times.len() {
        1 => reason,
        times => format!("{reason} ({times} times)"),
    });
    let reasons: Vec<String> = reasons.collect();
    let span = duration::format(Duration::from_secs(longest.as_secs().max(1)));
    let hint = hint(scene, &reasons);
    found.push(format!("the lead changed {} times within {span}: {}{hint}", changes.len(), reasons.join("; ")));
}

/// How long ago that was. The clocks of two nodes may differ.
fn age(since: &str, now: SystemTime) -> Option<Duration> {
    let since = humantime::parse_rfc3339(since).ok()?;
    Some(now.duration_since(since).unwrap_or_default())
}

/// What to type where an election check ended a term: Consul kills a run that takes longer than its check's timeout.
fn hint(scene: &Scene, reasons: &[String]) -> String {
    let ended_one = |one: &&Surveyed| {
        let id = one.own_check.as_ref().map(|check| clean(&check.id));
        let of = id.map(|id| format!("{id} was critical on {}", clean(&one.instance.node)));
        of.is_some_and(|of| reasons.iter().any(|reason| reason.starts_with(&of)))
    };
    if matches!(scene.seen.lead, Lead::Foreign { .. }) || !scene.seen.instances.iter().any(|one| ended_one(&one)) {
        return String::new();
    }
    let service = clean(&scene.asked.names.service);
    format!(
        "; the timeout of an election check must be longer than --wait and --timeout together; on these nodes, doctor \
         --consul-service-name {service} finds out why"
    )
}
