//! The lines of `watch`, for people and as JSON. Pure.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::remedies::{Again, of_remedy};
use crate::info::{CandidateInfo, LeaderInfo, Missing};
use crate::watch::{Event, What};

/// The exit code after the time limit, as that of timeout(1).
pub const TIME_IS_OVER: u8 = 124;

/// An event as a line for people, without its end: the time in UTC, and what has changed.
pub fn line(event: &Event) -> String {
    let time = humantime::format_rfc3339_millis(event.time).to_string();
    let time = time.get(11..23).unwrap_or(&time);
    format!("{time} {}", words(&event.what))
}

fn words(what: &What) -> String {
    match what {
        What::Leads { leader, gap, dns_agrees, is_first } => {
            let since = leader.since.as_ref().filter(|_| *is_first).map(|since| format!(", since {since}"));
            let gap = gap.map(|gap| format!(", after {} without a leader", length(gap)));
            let dns = match dns_agrees {
                Some(true) => "DNS agrees",
                Some(false) => "DNS does not agree yet",
                None => "DNS cannot be asked",
            };
            let (since, gap) = (since.unwrap_or_default(), gap.unwrap_or_default());
            format!("{} leads, term {}{since}{gap}; {dns}", node(leader), leader.term)
        }
        What::Lost { leader, reason } => format!("{} lost the lead{}", node(leader), after_colon(reason)),
        What::Vacant { reason } => format!("nobody leads{}", after_colon(reason)),
        What::DnsAgrees { leader, after, is_again: false } => {
            format!("DNS agrees: {} leads, since {}", node(leader), length(*after))
        }
        What::DnsAgrees { leader, after, is_again: true } => {
            format!("DNS names {} again, after {}", node(leader), length(*after))
        }
        What::DnsLost { leader, answers } => {
            let instead = if answers.is_empty() {
                "has no answer".to_owned()
            } else {
                format!("leads to {}", answers.join(", "))
            };
            format!("DNS no longer names {}: the election's name {instead}; info says more", node(leader))
        }
        What::Health { candidate } => {
            let is_word = ["passing", "critical", "warning"].iter().any(|word| candidate.health.starts_with(word));
            format!("{}{} {}", candidate.node, if is_word { " is" } else { ":" }, health(candidate))
        }
        What::Joined { candidate } => format!("{} joined, {}", candidate.node, health(candidate)),
        What::Gone { candidate } => format!("{} is gone from the catalog", candidate.node),
        What::Silent { error } => format!("Consul does not answer: {}", explained(error)),
        What::Answers => "Consul answers again".to_owned(),
    }
}

/// Why Consul does not answer, and what helps.
fn explained(error: &Missing) -> String {
    error.clone().explained(&|remedy| of_remedy(remedy, Again::Run("watch"))).words
}

fn after_colon(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

fn health(candidate: &CandidateInfo) -> String {
    match &candidate.why {
        Some(why) if *why != candidate.health => format!("{}, and cannot lead: {why}", candidate.health),
        _ => candidate.health.clone(),
    }
}

fn node(leader: &LeaderInfo) -> &str {
    leader.node.as_deref().unwrap_or("an unknown instance")
}

fn length(time: Duration) -> String {
    match time.as_millis() {
        short @ 0..1000 => format!("{short} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// An event as a JSON object on one line, without its end.
pub fn object(event: &Event, election: &str) -> String {
    let mut fields = Map::new();
    fields.insert("time".to_owned(), json!(time(event.time)));
    fields.insert("election".to_owned(), json!(election));
    let (kind, more) = match &event.what {
        What::Leads { leader, gap, dns_agrees, is_first } => (
            "leads",
            json!({
                "leader": leader, "without_leader_seconds": gap.map(|gap| gap.as_secs_f64()), "dns_agrees": dns_agrees,
                "already": is_first,
            }),
        ),
        What::Lost { leader, reason } => ("lost", json!({"leader": leader, "reason": reason})),
        What::Vacant { reason } => ("vacant", json!({"reason": reason})),
        What::DnsAgrees { leader, after, is_again } => {
            ("dns_agrees", json!({"leader": leader, "after_seconds": after.as_secs_f64(), "again": is_again}))
        }
        What::DnsLost { leader, answers } => ("dns_lost", json!({"leader": leader, "answers": answers})),
        What::Health { candidate } => ("health", json!({"candidate": candidate})),
        What::Joined { candidate } => ("joined", json!({"candidate": candidate})),
        What::Gone { candidate } => ("gone", json!({"candidate": candidate})),
        What::Silent { error } => ("silent", json!({"error": explained(error)})),
        What::Answers => ("answers", json!({})),
    };
    fields.insert("event".to_owned(), json!(kind));
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    Value::Object(fields).to_string()
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(what: What) -> String {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_796_041_800_412);
        line(&Event { time, what })
    }

    #[test]
    fn each_event_is_a_line_that_begins_with_its_time() {
        let leader = |node: &str, term| LeaderInfo { node: Some(node.to_owned()), term, ..LeaderInfo::default() };
        let candidate = CandidateInfo {
            node: "n1".to_owned(),
            health: "critical: redis-ping".to_owned(),
            why: Some("critical: redis-ping".to_owned()),
            ..CandidateInfo::default()
        };
        let words = "node failed".to_owned();
        let failed = CandidateInfo { health: words.clone(), why: Some(words), ..candidate.clone() };
        let gap = Some(Duration::from_millis(19));
        for (what, expected) in [
            (
                What::Lost { leader: leader("n2", 7), reason: "redis-ping was critical on n2".to_owned() },
                "n2 lost the lead: redis-ping was critical on n2",
            ),
            (
                What::Leads { leader: leader("n3", 8), gap, dns_agrees: Some(true), is_first: false },
                "n3 leads, term 8, after 19 ms without a leader; DNS agrees",
            ),
            (
                What::Leads { leader: leader("n3", 8), gap: None, dns_agrees: Some(false), is_first: false },
                "n3 leads, term 8; DNS does not agree yet",
            ),
            (
                What::DnsAgrees { leader: leader("n3", 8), after: Duration::from_millis(1_250), is_again: false },
                "DNS agrees: n3 leads, since 1.2 s",
            ),
            (
                What::DnsLost { leader: leader("n3", 8), answers: Vec::new() },
                "DNS no longer names n3: the election's name has no answer; info says more",
            ),
            (
                What::DnsLost { leader: leader("n3", 8), answers: vec!["10.0.0.1:6379".to_owned()] },
                "DNS no longer names n3: the election's name leads to 10.0.0.1:6379; info says more",
            ),
            (
                What::DnsAgrees { leader: leader("n3", 8), after: Duration::from_secs(48), is_again: true },
                "DNS names n3 again, after 48.0 s",
            ),
            (What::Vacant { reason: "the first leader".to_owned() }, "nobody leads: the first leader"),
            (What::Health { candidate: candidate.clone() }, "n1 is critical: redis-ping"),
            (What::Health { candidate: failed }, "n1: node failed"),
            (What::Joined { candidate: candidate.clone() }, "n1 joined, critical: redis-ping"),
            (What::Gone { candidate }, "n1 is gone from the catalog"),
            (What::Silent { error: Missing::because("why") }, "Consul does not answer: why"),
            (What::Answers, "Consul answers again"),
        ] {
            assert_eq!(shown(what), format!("12:30:00.412 {expected}"));
        }
    }

    #[test]
    fn json_names_the_election_the_event_and_the_time() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_796_041_800_412);
        let what = What::Lost { leader: LeaderInfo::default(), reason: "a \"b\"".to_owned() };
        let object: Value = serde_json::from_str(&object(&Event { time, what }, "redis-master")).unwrap();
        assert_eq!(object["time"], "2026-11-30T12:30:00.412Z");
        assert_eq!((&object["election"], &object["event"]), (&json!("redis-master"), &json!("lost")));
        assert_eq!((&object["reason"], &object["leader"]["term"]), (&json!("a \"b\""), &json!(0)));
    }
}
