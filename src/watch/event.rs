//! What has changed between two looks at an election. Pure.

use std::time::{Duration, SystemTime};

use crate::dns::Target;
use crate::info::{CandidateInfo, Info, LeaderInfo, Missing};

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it was seen.
    pub time: SystemTime,
    /// What has changed.
    pub what: What,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// An instance leads. The first event of a watch may be this one, too.
    Leads {
        /// The leader.
        leader: LeaderInfo,
        /// How long nobody led before, if that was seen.
        gap: Option<Duration>,
        /// Whether DNS names it; `None`: unknown.
        dns_agrees: Option<bool>,
        /// Whether it led already when the watch began.
        is_first: bool,
    },
    /// An instance has lost the lead.
    Lost {
        /// The instance that led.
        leader: LeaderInfo,
        /// Why.
        reason: String,
    },
    /// Nobody leads: the first event of a watch, or why has changed.
    Vacant {
        /// What is known of the reason.
        reason: String,
    },
    /// DNS names the leader now; how long after it began to lead.
    DnsAgrees {
        /// The leader.
        leader: LeaderInfo,
        /// How long after; again: how long it did not.
        after: Duration,
        /// Whether DNS had named it before.
        is_again: bool,
    },
    /// DNS does not name the leader any more.
    DnsLost {
        /// The leader.
        leader: LeaderInfo,
        /// What the name leads to instead, as `ADDRESS:PORT`.
        answers: Vec<String>,
    },
    /// The health of a candidate has changed.
    Health {
        /// The candidate as it is now.
        candidate: CandidateInfo,
    },
    /// An instance of the service has come.
    Joined {
        /// The candidate as it is now.
        candidate: CandidateInfo,
    },
    /// An instance of the service has gone.
    Gone {
        /// The candidate as it was.
        candidate: CandidateInfo,
    },
    /// Consul does not answer.
    Silent {
        /// What was attempted, what came back, and what helps.
        error: Missing,
    },
    /// Consul answers again.
    Answers,
}

/// What the lock shows that is new. A leader in between that no look has seen is named by the history.
pub fn of_lead(before: Option<&Info>, now: &Info) -> Vec<What> {
    let first = before.is_none();
    let led = before.and_then(|before| before.leader.as_ref());
    let is_same = match (led, &now.leader) {
        (Some(led), Some(leader)) => led.is_same_lead(leader),
        (None, None) => true,
        _ => false,
    };
    // That something else takes the lock, or releases it, leaves the election without a leader, and changes why.
    let is_news = before.is_some_and(|before| led.is_none() && now.leader.is_none() && before.is_taken != now.is_taken);
    if is_same && !first && !is_news {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let Some(led) = led {
        let of_next =
            now.leader.as_ref().and_then(|leader| now.history.iter().find(|change| leader.began_with(change)));
        let reason = of_next.map(|change| change.reason.clone()).or_else(|| now.vacancy.clone());
        found.push(What::Lost { leader: led.clone(), reason: reason.unwrap_or_default() });
    }
    match &now.leader {
        Some(leader) => {
            let leader = leader.clone();
            found.push(What::Leads { leader, gap: None, dns_agrees: None, is_first: first });
        }
        None if first || is_news => found.push(What::Vacant { reason: now.vacancy.clone().unwrap_or_default() }),
        None => {}
    }
    found
}

/// What the instances show that is new.
pub fn of_candidates(before: &Info, now: &Info) -> Vec<What> {
    let is_same = |a: &CandidateInfo, b: &CandidateInfo| a.node == b.node && a.service_id == b.service_id;
    let mut found = Vec::new();
    for candidate in &now.candidates {
        let candidate = candidate.clone();
        match before.candidates.iter().find(|was| is_same(was, &candidate)) {
            None => found.push(What::Joined { candidate }),
            Some(was) if was.health != candidate.health || was.why != candidate.why => {
                found.push(What::Health { candidate });
            }
            Some(_) => {}
        }
    }
    let gone = before.candidates.iter().filter(|was| !now.candidates.iter().any(|is| is_same(was, is)));
    found.extend(gone.map(|was| What::Gone { candidate: was.clone() }));
    found
}

/// Whether the answers of DNS are the leader and nothing else.
pub fn is_named(answers: &[Target], leader: &LeaderInfo) -> bool {
    let is_leader = |target: &Target| {
        let address = leader.address.as_deref().unwrap_or_default();
        target.host.eq_ignore_ascii_case(address) && target.port == leader.port.unwrap_or_default()
    };
    answers.len() == 1 && answers.iter().all(is_leader)
}
