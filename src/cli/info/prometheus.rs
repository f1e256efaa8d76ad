//! Elections as metrics, for a textfile collector. Knows the names; `metrics` knows the format.

use super::schedule;
use crate::cli::metrics::{Family, Kind, add, seconds};
use crate::info::{Info, State};

const UP: Family = ("info_success", Kind::Gauge, "Whether it could be asked who leads.");
const HAS_LEADER: Family = ("info_has_leader", Kind::Gauge, "Whether an instance holds the lock.");
const LEADER: Family = ("info_leader", Kind::Gauge, "Whether this instance holds the lock.");
const TERM: Family = ("info_term", Kind::Gauge, "The number of the present term, or of the last one.");
const SINCE: Family =
    ("info_leader_since_timestamp_seconds", Kind::Gauge, "When the leader acquired the lock, by its own clock.");
const CAN_LEAD: Family = ("info_can_lead", Kind::Gauge, "Whether this instance may lead.");
const LOST: Family = ("info_lost", Kind::Gauge, "Whether this instance does not lead, should be able to, and cannot.");
const AGREES: Family =
    ("info_dns_agrees", Kind::Gauge, "Whether the election's name leads to the leader and nothing else.");
const PROBLEMS: Family = ("info_problems", Kind::Gauge, "The number of things that are wrong.");

/// The metrics of all elections.
pub fn text(elections: &[Info]) -> String {
    let mut text = String::new();
    let of = |info: &'_ Info| -> Vec<(&'static str, String)> {
        let service = info.service.clone().map(|service| ("service", service));
        std::iter::once(("election", info.election.clone())).chain(service).collect()
    };
    let known: Vec<&Info> = elections.iter().filter(|info| info.state != State::Unknown).collect();
    let all = |infos: &[&Info], value: &dyn Fn(&Info) -> Option<f64>| -> Vec<Sample> {
        infos.iter().filter_map(|info| Some((of(info), value(info)?))).collect()
    };
    let every: Vec<&Info> = elections.iter().collect();
    put(&mut text, UP, &all(&every, &|info| Some(number(info.state != State::Unknown))));
    put(&mut text, HAS_LEADER, &all(&known, &|info| Some(number(info.leader.is_some()))));
    put(
        &mut text,
        LEADER,
        &of_candidates(&known, &of, |info, at| {
            let leader = info.leader.as_ref();
            let candidate = &info.candidates[at];
            leader.is_some_and(|leader| {
                leader.node.as_deref() == Some(&candidate.node)
                    && leader.service_id.as_deref() == Some(&candidate.service_id)
            })
        }),
    );
    put(&mut text, CAN_LEAD, &of_candidates(&known, &of, |info, at| info.candidates[at].can_lead));
    put(&mut text, LOST, &of_candidates(&known, &of, |info, at| info.candidates[at].lost));
    put(&mut text, TERM, &all(&known, &|info| term(info)));
    let since = |info: &Info| seconds(info.leader.as_ref()?.since.as_deref()?);
    put(&mut text, SINCE, &all(&known, &since));
    put(&mut text, AGREES, &all(&known, &|info| info.dns.as_ref()?.agrees.map(number)));
    for (family, value) in schedule::FAMILIES {
        put(&mut text, *family, &all(&known, &|info| value(info.schedule.as_ref()?)));
    }
    put(&mut text, PROBLEMS, &all(&every, &|info| u32::try_from(info.problems.len()).ok().map(f64::from)));
    text
}

type Sample = (Vec<(&'static str, String)>, f64);

fn number(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn term(info: &Info) -> Option<f64> {
    if let Some(leader) = &info.leader {
        return leader.term.to_string().parse().ok();
    }
    let token = info.lock.fencing_token.as_deref()?;
    token.split_once('.')?.1.parse().ok()
}

fn of_candidates(
    elections: &[&Info],
    of: &impl Fn(&Info) -> Vec<(&'static str, String)>,
    is: impl Fn(&Info, usize) -> bool,
) -> Vec<Sample> {
    let mut samples = Vec::new();
    for info in elections {
        for (at, candidate) in info.candidates.iter().enumerate() {
            let mut labels = of(info);
            labels.extend([("node", candidate.node.clone()), ("service_id", candidate.service_id.clone())]);
            samples.push((labels, number(is(info, at))));
        }
    }
    samples
}

fn put(text: &mut String, family: Family, samples: &[Sample]) {
    let samples: Vec<(Vec<(&str, &str)>, f64)> = samples
        .iter()
        .map(|(labels, value)| (labels.iter().map(|(name, of)| (*name, of.as_str())).collect(), *value))
        .collect();
    add(text, family, &samples);
}
