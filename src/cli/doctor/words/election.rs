//! The words for what is found about an election's query, lock and name. Judges nothing.

use super::{Words, fine, names, words};
use crate::consul::QueryDifference;
use crate::doctor::Finding;

pub fn of_election(finding: &Finding) -> Words {
    match finding {
        Finding::QueryTaken { query, service } => words(
            match service {
                Some(service) => format!("the prepared query {query} is for service {service}"),
                None => format!("the prepared query {query} is a template"),
            },
            "choose another name with --consul-query-name, or remove that query",
        ),
        Finding::QueryDiffers { query, differences } => {
            let shown = |one: &QueryDifference| format!("{} is {} instead of {}", one.field, one.is, one.should_be);
            let differences: Vec<String> = differences.iter().map(shown).collect();
            words(
                format!(
                    "the prepared query {query} is not as a master with these options makes it: {}",
                    differences.join(", ")
                ),
                "the master's next run of the check repairs it; if that does not run, mend it, and if it has other options, give \
                 them to doctor",
            )
        }
        Finding::QueryMissing { query, leader } => words(
            format!("{leader} leads, and there is no prepared query {query}"),
            format!("the next run of the check on {leader} makes it; if that does not run, run doctor there"),
        ),
        Finding::QueryFilters { query, filters } => words(
            format!("the prepared query {query} also asks for {}", names(filters)),
            "remove these from the query, unless every instance has them",
        ),
        Finding::QueryFine { query, exists: true } => fine(format!("the prepared query {query} is the election's")),
        Finding::QueryFine { query, exists: false } => fine(format!("the name {query} is free for a prepared query")),
        Finding::ForeignLock { key, session, name } => words(
            format!("session {session} ('{name}') of another program or election holds the lock {key}"),
            "choose another key with --lock-key, on all nodes, or end that session",
        ),
        Finding::LockFine { key, holder: Some(node) } => fine(format!("the lock {key} is held by {node}")),
        Finding::LockFine { key, holder: None } => fine(format!("nobody holds the lock {key}")),
        Finding::NameDisagrees { name, leader, answers } => words(
            format!("{name} answers with {}, and {leader} leads", names(answers)),
            "run the check on the master's node and read its line; with ACLs, the agent's own token (acl.tokens.default) may lack \
             service:read or node:read",
        ),
        Finding::DnsOff => words(
            "this agent answers no DNS: its port is switched off (ports.dns), so the name finds nobody through it",
            "remove ports.dns from its configuration and restart it, or let clients ask the DNS of another agent",
        ),
        Finding::DnsSilent { name, why } => words(
            format!("the agent's DNS does not answer for {name} here: {why}"),
            "ask it where clients do: dig +short @ADDRESS -p 8600 NAME",
        ),
        Finding::NameFine { name, answers } => fine(if answers.is_empty() {
            format!("{name} does not exist, as nobody leads")
        } else {
            format!("{name} answers with {}", names(answers))
        }),
        _ => None,
    }
}
