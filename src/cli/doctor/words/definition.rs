//! The words for what is found in a definition. Judges nothing.

use super::{Words, fine, names, seen, time, words};
use crate::doctor::Finding;

pub fn of_definition(finding: &Finding) -> Words {
    match finding {
        Finding::NoElectionCheck { services } => words(
            format!("no check runs consul-master-election-tagger (services: {})", names(services)),
            "add a check with args = [\"consul-master-election-tagger\", \"--consul-service-name\", \"NAME\"]",
        ),
        Finding::NoElectionNamed { services } => words(
            format!("no definition that the agent shows runs this program ({})", seen(services)),
            "name the service with --consul-service-name, the agent that has it with --http-addr, or its definition with --file",
        ),
        Finding::BadOptions { check, message, place, file } => words(
            format!("check {check} has options that cannot be used: {message}"),
            match (place, file) {
                (Some(place), _) => format!("correct {place}"),
                (None, Some(file)) => format!("correct the args of the check, or {file}"),
                (None, None) => "correct the args of the check".to_owned(),
            },
        ),
        Finding::ArgsInOneString { check } => words(
            format!(
                "check {check} has its args in one string, which Consul takes for the name of a program: it never starts"
            ),
            "write each word as its own: args = [\"PROGRAM\", \"--option\", \"VALUE\"]",
        ),
        Finding::NodeCheck { check, of } => words(
            format!("check {check} belongs to the node, so it counts as health of every service there"),
            format!("add service_id = \"{of}\" to the check, or move it into the service"),
        ),
        Finding::ArgsIgnored { check, by } => words(
            format!("check {check} has args and {by}: Consul looks at {by} alone, and never runs the election"),
            format!("remove {by}, or write a check of its own for it"),
        ),
        Finding::OtherService { check, of, named } => words(
            format!("check {check} belongs to service {of}, and its options name service {named}"),
            format!("write --consul-service-name {of}, or move the check to service {named}"),
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
        Finding::OldDefinition { check, version } => words(
            format!("Consul {version} shows check {check} as it was when the agent started"),
            "if you have changed it since: doctor --file PATH",
        ),
        Finding::DefinitionFine { check, of } => {
            fine(format!("check {check} runs an election of service {of}; its options and times fit"))
        }
        _ => of_times(finding),
    }
}

fn of_times(finding: &Finding) -> Words {
    match finding {
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
        _ => None,
    }
}
