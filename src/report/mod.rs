//! The one line and the exit status: made here and nowhere else, from what a pass ended with.
//!
//! The same outcome gives the same text, since Consul writes a check's output to the catalog whenever it changes: no time,
//! no count, nothing that differs from run to run.

use std::net::Ipv6Addr;

use crate::cli::UsageError;
use crate::consul::Status as CheckStatus;
use crate::election::{Failure, Leader, Obstacle, Role, Vacancy, signature};
use crate::error::Error;
use crate::options::Options;
use crate::text::one_line;

/// What a run says and ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The exit status, which Consul reads as the check's status.
    pub status: Status,
    /// One line, without its end, that begins with the election's signature.
    pub line: String,
}

/// The exit status of a script check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The role is settled.
    Passing,
    /// Not this time; a later run may do better by itself.
    Warning,
    /// Never as configured; someone has to change something.
    Critical,
}

impl Status {
    /// The number that a process exits with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Status::Passing => 0,
            Status::Warning => 1,
            Status::Critical => 2,
        }
    }

    /// The status that Consul gives the check for it.
    pub(crate) fn of_check(self) -> CheckStatus {
        match self {
            Status::Passing => CheckStatus::Passing,
            Status::Warning => CheckStatus::Warning,
            Status::Critical => CheckStatus::Critical,
        }
    }

    /// The status that makes Consul give the check that one.
    fn for_check(status: CheckStatus) -> Status {
        match status {
            CheckStatus::Passing => Status::Passing,
            CheckStatus::Warning => Status::Warning,
            CheckStatus::Critical => Status::Critical,
        }
    }
}

/// What every line says at its end where nobody knows whether it was the agent that answered. It is no logged warning: a run that logs shows
/// other text than it ends with, and none would wait.
const UNVERIFIED: &str = "; warning: the agent's certificate is not verified (CONSUL_HTTP_SSL_VERIFY)";

/// The verdict on a pass with these options.
pub fn of_pass(options: &Options, outcome: &Result<Role, Error>) -> Verdict {
    let mut verdict = of_outcome(options, outcome);
    if options.access.is_unverified() {
        verdict.line += UNVERIFIED;
    }
    verdict
}

fn of_outcome(options: &Options, outcome: &Result<Role, Error>) -> Verdict {
    let signature = options.signature();
    match outcome {
        // What made an instance give the lock up is its state for as long as it stands back for it.
        Ok(Role::SlaveOfNone(Vacancy::StandsBack(Some(Failure { error, for_good })))) => {
            let status = if *for_good { Status::Critical } else { Status::Warning };
            verdict(status, &format!("{signature} error: {error}"))
        }
        Ok(Role::SlaveOfNone(Vacancy::NoPort(id))) => {
            let way_out = "no port is registered, or no address that this token may read; say it with --watch-address";
            let error = format!("--watch-port cannot tell where instance {id} listens: {way_out}");
            verdict(Status::Critical, &format!("{signature} error: {error}"))
        }
        Ok(role) => {
            let status = match role {
                Role::Master { .. } => options.statuses.master,
                Role::SlaveOf(_) => options.statuses.slave,
                Role::SlaveOfNone(_) => options.statuses.leaderless,
            };
            verdict(Status::for_check(status), &format!("{signature} {}", describe(role)))
        }
        Err(error) => verdict(status_of(error), &format!("{signature} error: {error}")),
    }
}

/// Whether no later run can do better by itself.
pub fn is_for_good(error: &Error) -> bool {
    status_of(error) == Status::Critical
}

/// The verdict on a command line or an environment that no pass can be made from.
#[must_use]
pub fn of_usage(error: &UsageError) -> Verdict {
    verdict(Status::Critical, &format!("{} error: {}", signature(error.query.as_deref()), error.message))
}

/// The verdict when the program itself has failed. A warning: a bug here must not take a working service out of DNS.
#[must_use]
pub fn of_panic(query: Option<&str>, message: &str) -> Verdict {
    verdict(Status::Warning, &format!("{} error: internal error: {message}; please report it", signature(query)))
}

/// Whatever was quoted in it, the verdict stays one line.
fn verdict(status: Status, line: &str) -> Verdict {
    Verdict { status, line: one_line(line) }
}

fn status_of(error: &Error) -> Status {
    match error {
        Error::Consul(error) | Error::Demoted(error) if error.is_for_good() => Status::Critical,
        Error::Consul(_)
        | Error::Demoted(_)
        | Error::TagNotInCatalog { .. }
        | Error::Hook { .. }
        | Error::Unsettled => Status::Warning,
        Error::NoSuchService { .. }
        | Error::SeveralInstances { .. }
        | Error::NotPlain { .. }
        | Error::NoSuchCheck { .. }
        | Error::LockOfOther { .. }
        | Error::MetaFull { .. }
        | Error::Fault { .. } => Status::Critical,
    }
}

fn describe(role: &Role) -> String {
    match role {
        Role::Master { leader, term } => format!("master on {}, term {term}", place(leader)),
        Role::SlaveOf(leader) => format!("slave of {}", place(leader)),
        Role::SlaveOfNone(vacancy) => format!("slave, no master: {}", reason(vacancy)),
    }
}

fn reason(vacancy: &Vacancy) -> String {
    match vacancy {
        Vacancy::NotEligible(Obstacle::InstanceInMaintenance) => "the instance is in maintenance".to_owned(),
        Vacancy::NotEligible(Obstacle::NodeInMaintenance) => "the node is in maintenance".to_owned(),
        Vacancy::NotEligible(Obstacle::Check { id, status }) => format!("check {id} is {}", name(*status)),
        Vacancy::NoPort(id) => format!("nobody knows where instance {id} listens"),
        Vacancy::NothingListens(target) => format!("nothing listens on {target}"),
        Vacancy::NeverLeads => "the priority of this instance is 0".to_owned(),
        Vacancy::StandsBack(_) => "this instance has given the lead up and stands back".to_owned(),
        Vacancy::NothingToResign => "there is no lead to hand over".to_owned(),
        Vacancy::HandedTo(node) => format!("the lead is left to {node}"),
        Vacancy::Yields(node) => format!("{node} has a higher priority"),
        Vacancy::YieldsInWarning(node) => format!("{node} is passing, and this instance is in warning"),
        Vacancy::LockDelay => "the lock is in its lock-delay".to_owned(),
    }
}

fn name(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Passing => "passing",
        CheckStatus::Warning => "warning",
        CheckStatus::Critical => "critical",
    }
}

/// The leader's node and where it is reached, as far as known.
fn place(leader: &Leader) -> String {
    let Some(node) = &leader.node else { return format!("an unknown instance (session {})", leader.session) };
    let host = if leader.address.parse::<Ipv6Addr>().is_ok() {
        format!("[{}]", leader.address)
    } else {
        leader.address.clone()
    };
    match (host.as_str(), leader.port) {
        ("", 0) => node.clone(),
        ("", port) => format!("{node} (port {port})"),
        (_, 0) => format!("{node} ({})", leader.address),
        (host, port) => format!("{node} ({host}:{port})"),
    }
}

#[cfg(test)]
mod tests;
