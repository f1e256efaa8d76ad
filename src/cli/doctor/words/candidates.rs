//! The words for what is found between the instances of an election. Judges nothing.

use super::{Words, fine, names, words};
use crate::doctor::Finding;
use crate::election::{Obstacle, Unfit};
use crate::info::{said, why_unfit};

pub fn of_candidates(finding: &Finding) -> Words {
    match finding {
        Finding::OtherQuery { query, members, others } if members.is_empty() => words(
            format!("nobody takes part in election {query}: {}", parts("in election", others)),
            format!("name that election with --consul-query-name {}", others.first().map_or("NAME", |(name, _)| name)),
        ),
        Finding::OtherQuery { query, members, others } => words(
            format!(
                "the service has several elections, and so several masters: {}",
                parts("in election", &with_own(query, members, others))
            ),
            "give all instances the same --consul-query-name",
        ),
        Finding::OtherLockKey { key, members, others } => words(
            format!("the election is split: {}", parts("with the lock key", &with_own(key, members, others))),
            "give all instances the same --lock-key",
        ),
        Finding::OtherTags { node, tags, own } => words(
            format!(
                "the instance on {node} has --master-tag {} and --slave-tag {} instead of {} and {}",
                tags.0, tags.1, own.0, own.1
            ),
            "give all instances the same --master-tag and --slave-tag",
        ),
        Finding::NoMark { nodes } => words(
            format!("{} in this election, or not yet", take("no part", nodes)),
            "add the election check there, with the same options; if it is there, run doctor there",
        ),
        Finding::NothingRunsThere { node, id } => words(
            format!("the instance on {node} cannot lead: no check runs the election there"),
            format!(
                "add the election check there, with the same options, and reload that agent; if you removed the service there: \
                 consul services deregister -id={id}"
            ),
        ),
        Finding::CannotLead { nodes, why, output } => {
            let said = if output.is_empty() { String::new() } else { format!(": {}", said(output)) };
            words(format!("{} cannot lead: {}{said}", names(nodes), why_unfit(why)), against(why))
        }
        Finding::NoOtherCandidate => words(
            "there is no other instance: when this one fails, nobody leads",
            "register the service on another node",
        ),
        Finding::NobodyMayLead => {
            words("every instance has the priority 0: none ever leads", "give one of them another --priority")
        }
        Finding::TwoMasters { nodes } => words(
            format!("several passing instances have the master's tag: {}", names(nodes)),
            "see the line of each; if no run takes the tag away, remove it from the definition",
        ),
        Finding::ClockAhead { node, by } => words(
            format!(
                "the clock of {node} is {} s ahead of this one: notes such as that of resign --to end too late",
                by.as_secs()
            ),
            "synchronize the clocks",
        ),
        Finding::CandidatesFine { nodes } => fine(format!("candidates on {}", names(nodes))),
        _ => None,
    }
}

/// What nodes take, and what of.
fn take(what: &str, nodes: &[String]) -> String {
    format!("{} {} {what}", names(nodes), if nodes.len() == 1 { "takes" } else { "take" })
}

/// Which nodes take part where.
fn parts(how: &str, groups: &[(String, Vec<String>)]) -> String {
    let of_group = |(name, nodes): &(String, Vec<String>)| format!("{} {how} {name}", take("part", nodes));
    groups.iter().map(of_group).collect::<Vec<_>>().join("; ")
}

fn with_own(own: &str, members: &[String], others: &[(String, Vec<String>)]) -> Vec<(String, Vec<String>)> {
    let own = Some((own.to_owned(), members.to_vec())).filter(|_| !members.is_empty());
    own.into_iter().chain(others.iter().cloned()).collect()
}

/// What helps an instance on another node that cannot lead.
fn against(why: &Unfit) -> &'static str {
    match why {
        Unfit::Obstacle(Obstacle::Check { .. }) => "mend what the check looks at",
        Unfit::NothingListens => "start the service there, or correct --watch-address",
        _ => "run doctor on that node, which finds out why",
    }
}
