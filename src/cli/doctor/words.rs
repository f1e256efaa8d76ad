//! The words for what `doctor` finds: what is wrong, and what to type. Judges nothing.

use std::time::Duration;

use crate::bounds::NAMES;
use crate::consul::{Resource, Rule, Status};
use crate::doctor::Finding;
use crate::duration;
use crate::text::list;

/// What a finding says, and what to do about it; the latter is empty where nothing is to be done.
pub fn of(finding: &Finding) -> (String, String) {
    of_definition(finding)
        .or_else(|| of_instance(finding))
        .or_else(|| of_agent(finding))
        .or_else(|| of_token(finding))
        .or_else(|| of_election(finding))
        .unwrap_or_default()
}

type Words = Option<(String, String)>;

fn words(what: impl Into<String>, advice: impl Into<String>) -> Words {
    Some((what.into(), advice.into()))
}

fn fine(what: impl Into<String>) -> Words {
    words(what, "")
}

fn time(time: &Duration) -> String {
    duration::format(*time)
}

fn names(names: &[String]) -> String {
    list(names, NAMES.0, NAMES.1)
}

fn of_definition(finding: &Finding) -> Words {
    match finding {
        Finding::NoElectionCheck { services } => words(
            format!("no check runs consul-master-election-tagger (services: {})", names(services)),
            "add a check with args = [\"consul-master-election-tagger\", \"--consul-service-name\", \"NAME\"]",
        ),
        Finding::BadOptions { check, message } => {
            words(format!("check {check} has options that cannot be used: {message}"), "correct the args of the check")
        }
        Finding::ScriptField { check } => words(
            format!("check {check} has the field script, which Consul refuses"),
            "write args = [\"/bin/sh\", \"-c\", \"...\"]",
        ),
        Finding::OtherService { check, of, named } => words(
            format!("check {check} belongs to service {of}, and its options name service {named}"),
            format!("write --consul-service-name {of}, or move the check to service {named}"),
        ),
        Finding::KilledWhileWaiting { check, timeout, wait, needed } => words(
            format!(
                "check {check} has the timeout {} and --wait {}: Consul kills every run",
                time(timeout),
                time(wait)
            ),
            format!("write a timeout of more than {}, which is --wait and --timeout together", time(needed)),
        ),
        Finding::MayBeKilled { check, timeout, needed } => words(
            format!(
                "check {check} has the timeout {}, and a run may take {} (--wait and --timeout): Consul kills it then",
                time(timeout),
                time(needed)
            ),
            format!("write a timeout of more than {}, or a shorter --timeout", time(needed)),
        ),
        Finding::LongInterval { check, interval } => words(
            format!(
                "check {check} waits for changes, and then nothing sees one for the interval of {}",
                time(interval)
            ),
            "write interval = \"1s\"",
        ),
        Finding::ShortLockDelay { interval, lock_delay } => words(
            format!(
                "the lock-delay of {} is shorter than the interval of {}: a former master keeps its tag while another leads",
                time(lock_delay),
                time(interval)
            ),
            "give --wait, or a --lock-delay that is longer than the interval",
        ),
        Finding::ShortTtl { interval, ttl } => words(
            format!(
                "--ttl {} is not longer than the interval of {}: the lead ends between two runs",
                time(ttl),
                time(interval)
            ),
            "give a --ttl of at least 3 intervals",
        ),
        Finding::ExitsWithOne { check } => words(
            format!(
                "check {check} may exit with 1 when the service is dead: Consul takes that for a warning, and the lead stays"
            ),
            "exit with 2: args = [\"/bin/sh\", \"-c\", \"COMMAND || exit 2\"]",
        ),
        Finding::RoleTag { tag } => words(
            format!("the definition has the tag {tag}, so each reload calls the instance that"),
            format!("remove {tag} from tags"),
        ),
        Finding::LacksQueryTag { tag } => match tag.strip_prefix('!') {
            Some(excluded) => words(
                format!(
                    "--consul-query-tag !{excluded} excludes a tag that the service has: the name never finds the master"
                ),
                format!("remove the option, or the tag {excluded}"),
            ),
            None => words(
                format!(
                    "--consul-query-tag asks for {tag}, which the service does not have: the name never finds the master"
                ),
                format!("add {tag} to tags, or remove the option"),
            ),
        },
        Finding::TokenInDefinition { check } => words(
            format!("check {check} has a token in its args, which Consul's API shows"),
            "write the token to a file, and give --token-file",
        ),
        Finding::CriticalErrors => words(
            "--error-status critical: an error of the election takes the instance out of its service's DNS",
            "remove the option, unless you want that",
        ),
        Finding::DefinitionFine { check, of } => {
            fine(format!("check {check} runs an election of service {of}; its options and times fit"))
        }
        _ => None,
    }
}

fn of_instance(finding: &Finding) -> Words {
    match finding {
        Finding::NoInstance { service, id, present } => words(
            match id {
                Some(id) => format!("the agent has no instance {id} of service {service} (it has: {})", names(present)),
                None => format!("the agent has no instance of service {service} (services: {})", names(present)),
            },
            "register it, correct the name, or name the agent that has it with --http-addr",
        ),
        Finding::SeveralInstances { service, ids } => words(
            format!("the agent has several instances of service {service}: {}", names(ids)),
            "name one with --consul-service-id",
        ),
        Finding::Leftover { id } => words(
            format!("the agent also has instance {id}, without a check, so Consul calls it healthy"),
            format!("if it is left over from a rename: consul services deregister -id={id}"),
        ),
        Finding::NotPlain { kind } => {
            words(format!("the service is a {kind} of the mesh, which cannot be elected"), "name the service behind it")
        }
        Finding::LocalAddress { address } => words(
            format!("the service is registered at {address}, which other nodes cannot reach"),
            "register an address that they reach, or leave address out: Consul then uses the node's",
        ),
        Finding::OtherElection { query, others } => words(
            format!("the instance takes part in {}, and not in {query}", names(others)),
            format!("name that election with --consul-query-name {}", others.first().map_or("NAME", String::as_str)),
        ),
        Finding::NoHealthCheck { service } => words(
            format!("service {service} has no health check: only the end of its agent moves the lead"),
            "add a check that exits with 2 when the service is dead, or give --watch-port",
        ),
        Finding::CheckFails { id, status: Status::Warning } => words(
            format!("check {id} is in warning: the instance leads only if no other one passes"),
            "mend what the check looks at",
        ),
        Finding::CheckFails { id, .. } => {
            words(format!("check {id} is critical: the instance cannot lead"), "mend what the check looks at")
        }
        Finding::Maintenance { of_node } => words(
            format!("the {} is in maintenance", if *of_node { "node" } else { "instance" }),
            if *of_node { "consul maint -disable" } else { "consul maint -disable -service=ID" },
        ),
        Finding::NoSuchCheck { id, present } => {
            words(format!("there is no check {id} (checks: {})", names(present)), "correct --check-id")
        }
        Finding::WrongCheck { id, runs } => words(
            format!(
                "--check-id names {id}, and check {runs} runs this program: {id} would not count as a health check"
            ),
            format!("write --check-id {runs}"),
        ),
        Finding::NotRunYet => words(
            "no check of the instance has run this program yet",
            "add the check and reload the agent; if you have, wait for its first run, or give --check-id",
        ),
        Finding::CannotStart { check, output } => words(
            format!("the agent cannot start check {check}: {}", output.trim()),
            "install the program where the agent's user can execute it, or write its whole path",
        ),
        Finding::NotInCatalog { id } => words(
            format!("the catalog does not have {id}, so no session can be made on it"),
            "wait a second; if it lasts, the agent's own token needs service:write (acl.tokens.default, or token in the definition)",
        ),
        Finding::PortSilent { target, why } => words(
            format!("--watch-port: no connection to {target}: {why}"),
            "start the service, or correct --watch-address",
        ),
        Finding::PortUnknown { id } => {
            words(format!("--watch-port: instance {id} has no port"), "register the port, or give --watch-address")
        }
        Finding::InstanceFine { id, checks } => fine(format!("instance {id}, with the checks {}", names(checks))),
        _ => None,
    }
}

fn of_agent(finding: &Finding) -> Words {
    match finding {
        Finding::NoServersLeader => words(
            "the servers have no leader, so nothing can be asked of them",
            "consul operator raft list-peers, on a server",
        ),
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
        Finding::AgentFine { agent, version } => fine(match version.as_str() {
            "" => format!("agent at {agent}, servers have a leader"),
            version => format!("agent {version} at {agent}, servers have a leader"),
        }),
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

/// What a rule is for.
fn right(rule: &Rule) -> &'static str {
    match rule.resource {
        Resource::Key => "write the lock key",
        Resource::Service => "tag the instance",
        Resource::Session => "create a session",
        Resource::Query => "write the prepared query",
        Resource::Node => "see the other instances, so priorities and a hand-over in warning have no effect",
        Resource::Agent => "read the agent's configuration",
    }
}

fn of_token(finding: &Finding) -> Words {
    match finding {
        Finding::NoSuchToken => words(
            "Consul does not know the token",
            "give another with --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN; a new one is known everywhere after 30 s",
        ),
        Finding::LacksRule { rule } | Finding::LacksOptionalRule { rule } => {
            words(format!("the token may not {}", right(rule)), format!("add: {rule}"))
        }
        Finding::RightsUnknown { rules } => {
            let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
            words(
                "Consul does not say whether the token may do everything",
                format!("see that it has: {}", rules.join(", ")),
            )
        }
        Finding::RightsFine { has_acls: true } => fine("the token has every rule that the election needs"),
        Finding::RightsFine { has_acls: false } => fine("this Consul has no ACLs"),
        _ => None,
    }
}

fn of_election(finding: &Finding) -> Words {
    match finding {
        Finding::QueryTaken { query, service } => words(
            format!("the prepared query {query} is for service {service}"),
            "choose another name with --consul-query-name, or remove that query",
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
        Finding::OtherLockKey { node, key, own } => words(
            format!(
                "the instance on {node} takes part with the lock key {key}, and this one with {own}: two elections, two masters"
            ),
            "give all instances the same --lock-key",
        ),
        Finding::OtherTags { node, tags } => words(
            format!("the instance on {node} has the tags {} and {}", tags.0, tags.1),
            "give all instances the same --master-tag and --slave-tag",
        ),
        Finding::NoMark { node } => words(
            format!("the instance on {node} takes no part in this election, or has not run yet"),
            "add the election check there, with the same options",
        ),
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
        Finding::ClocksUnknown => words(
            "whether the clocks of the nodes agree cannot be known here",
            "they may differ by 10 s: see that all run NTP",
        ),
        Finding::CandidatesFine { nodes } => fine(format!("candidates on {}", names(nodes))),
        Finding::NameDisagrees { name, leader, answers } => words(
            format!("{name} answers with {}, and {leader} leads", names(answers)),
            "run the check on the master's node and read its line; the DNS token needs service:read and node:read",
        ),
        Finding::DnsSilent { name, why } => words(
            format!("the agent's DNS does not answer for {name} here: {why}"),
            "ask it where clients do: dig +short @ADDRESS -p 8600 NAME",
        ),
        Finding::NameFine { name, answers } => fine(match answers.is_empty() {
            true => format!("{name} does not exist, as nobody leads"),
            false => format!("{name} answers with {}", names(answers)),
        }),
        _ => None,
    }
}
