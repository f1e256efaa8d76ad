//! The words for what is found about an instance and its checks. Judges nothing.

use super::{Words, fine, names, seen, words};
use crate::bounds;
use crate::consul::Status;
use crate::doctor::Finding;
use crate::text::capped;

pub fn of_instance(finding: &Finding) -> Words {
    match finding {
        Finding::NoInstance { service, id, is_id_wrong, present, elsewhere } => words(
            match id {
                Some(id) => format!("the agent has no instance {id} of service {service} (it has: {})", names(present)),
                None => format!("the agent has no instance of service {service} ({})", seen(present)),
            },
            if *is_id_wrong {
                "correct --consul-service-id, or register that instance".to_owned()
            } else if elsewhere.is_empty() {
                "register it, correct the name, or name the agent that has it with --http-addr".to_owned()
            } else {
                format!("name the agent of a node that has it with --http-addr: {}", names(elsewhere))
            },
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
        Finding::CheckFails { id, status: Status::Warning, output } => words(
            format!("check {id} is in warning: the instance leads only if no other one passes{}", printed(output)),
            against(output),
        ),
        Finding::CheckFails { id, output, .. } => {
            words(format!("check {id} is critical: the instance cannot lead{}", printed(output)), against(output))
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
            "correct its name, install it where the agent's user can execute it, or write its whole path",
        ),
        Finding::ElectionFails { check, status, output, hook } => words(
            format!("election check {check} is {}: {}", status_word(*status), output.trim()),
            against_own(output, hook.as_ref()),
        ),
        Finding::NothingRuns { id } => words(
            "the instance is marked for the election, and none of its checks runs it now: the instance cannot lead",
            format!(
                "add the election check, with the name of this service in its options, and reload the agent; if you removed the \
                 service: consul services deregister -id={id}"
            ),
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

/// How Consul says that it has killed the run of a check that took too long.
const TIMED_OUT: &str = "Timed out (";

/// What a check printed, behind a sentence about it.
fn printed(output: &str) -> String {
    let output = capped(output.trim(), bounds::QUOTE);
    if output.is_empty() { output } else { format!("; it printed: {output}") }
}

/// What helps against a failing health check.
fn against(output: &str) -> &'static str {
    if output.contains(TIMED_OUT) {
        "run its command by hand, as the agent's user, to see where it hangs; if it only needs longer, raise the check's timeout"
    } else {
        "mend what the check looks at"
    }
}

/// What helps against an election check that fails. Most of its lines end with what to do.
fn against_own(output: &str, hook: Option<&(&'static str, Option<String>)>) -> String {
    match hook {
        _ if output.contains(TIMED_OUT) => {
            "write a timeout of more than --wait and --timeout together in the check; if it has one, see whether a hook hangs".to_owned()
        }
        Some((name, command)) => {
            let command = command.as_ref().map(|command| format!(": {command}")).unwrap_or_default();
            format!("run the command of --{name} by hand, as the agent's user, until it exits with 0{command}")
        }
        None if output.contains("error: ") => {
            "the end of its line says what helps, and docs/lines.md why; its token and environment may differ from those of doctor".to_owned()
        }
        None => "run its command by hand, as the agent's user".to_owned(),
    }
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Passing => "passing",
        Status::Warning => "in warning",
        Status::Critical => "critical",
    }
}
