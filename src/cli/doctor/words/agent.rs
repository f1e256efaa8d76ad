//! The words for what is found about an agent and its DNS. Judges nothing.

use super::{Words, fine, time, words};
use crate::doctor::Finding;

pub fn of_agent(finding: &Finding) -> Words {
    match finding {
        Finding::NoServersLeader => words(
            "the servers have no leader, so nothing can be asked of them",
            "consul operator raft list-peers, on a server",
        ),
        Finding::NotAsked { what, of_servers: true } => words(
            format!("Consul's servers do not answer the agent: {what}"),
            "run doctor again; if it lasts: consul members, and consul operator raft list-peers on a server",
        ),
        Finding::NotAsked { what, of_servers: false } => {
            words(what.clone(), "run doctor again; if it lasts, mend that first")
        }
        Finding::OldVersion { version } => {
            words(format!("Consul {version} was never tried with this program"), "use Consul 1.8 or newer")
        }
        Finding::ScriptsDisabled => words(
            "the agent does not run script checks",
            "set enable_local_script_checks = true, and restart the agent: a reload ignores it",
        ),
        Finding::OutputDiscarded => words(
            "the agent discards the output of checks: a run never waits, and no check is recognized",
            "set discard_check_output = false; until then, give --check-id",
        ),
        Finding::OutputCut { bytes } => words(
            format!("the agent keeps {bytes} bytes of a check's output, which cuts lines of the election"),
            "set check_output_max_size = 4096",
        ),
        Finding::TtlBelowMinimum { ttl, least } => words(
            format!("--ttl {} is below the servers' session_ttl_min of {}", time(ttl), time(least)),
            format!("write --ttl {} or more", time(least)),
        ),
        Finding::SettingsHidden { rule } => words(
            "the agent's configuration cannot be read: whether it runs script checks, how it answers DNS, and its definitions \
             of checks are not known",
            format!("run doctor with a token that has: {rule}"),
        ),
        Finding::UnknownVariable { name } => words(
            format!("the variable {name} is no option and is ignored"),
            "correct its name, or unset it; see --help",
        ),
        Finding::AgentFine { agent, version, has_leader } => {
            let version = if version.is_empty() { String::new() } else { format!(" {version}") };
            fine(format!("agent{version} at {agent}{}", if *has_leader { ", servers have a leader" } else { "" }))
        }
        Finding::DnsOnlyPassing => words(
            "dns_config.only_passing: an error of the election is a warning, which takes the instance out of DNS",
            "set only_passing = false, or give --error-status passing and watch the lines",
        ),
        Finding::NegativeTtl { seconds } => words(
            format!(
                "dns_config.soa.min_ttl: between two masters, resolvers remember for {seconds} s that nobody leads"
            ),
            "set min_ttl = 0",
        ),
        Finding::ServiceTtl { service, ttl } => words(
            format!("dns_config.service_ttl of {service}: clients may use a former master for {ttl}"),
            "give --query-ttl 0s, or remove the entry",
        ),
        Finding::DnsCache => words(
            "dns_config.use_cache: the agent answers from its cache, which may name a former master",
            "set use_cache = false",
        ),
        Finding::StaleDns { servers } => words(
            format!(
                "dns_config.allow_stale: of {servers} servers, one that lags may answer with a former master for some milliseconds"
            ),
            "if that matters more than the time of a question: set allow_stale = false",
        ),
        _ => None,
    }
}
