//! The line and the exit code: made here and nowhere else, from the outcome of a pass. Asks nothing.
//!
//! The same outcome gives the same text, since Consul writes a check's output to the catalog whenever it changes: no time, no count,
//! nothing that differs from run to run.

use std::net::Ipv6Addr;

use super::UsageError;
use super::commands::CommandKind;
use super::given::Places;
use super::remedies::{self, Again};
use crate::bounds;
use crate::consul::Status;
use crate::election::{
    Caveat, Complaint, Config, Leader, Obstacle, Outcome, Policy, Role, Settled, Split, Statuses, Vacancy, signature,
};
use crate::text::{capped, one_line, without};

/// What a run prints and ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The status that Consul shows for the check.
    pub status: Status,
    /// One line, without its end, that begins with the election's signature.
    pub line: String,
}

impl Verdict {
    /// The exit code that makes Consul show the status.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.status {
            Status::Passing => 0,
            Status::Warning => 1,
            Status::Critical => 2,
        }
    }
}

/// The end of every line if the agent's certificate is not verified. It is not logged: the log and the line are one text to Consul, and
/// a run waits only if that text is its line.
const UNVERIFIED: &str = "; warning: the agent's certificate is not verified (CONSUL_HTTP_SSL_VERIFY)";

/// The verdict on a pass with this configuration. `places`: where its options were given.
#[must_use]
pub fn of_outcome(config: &Config, places: &Places, outcome: &Outcome) -> Verdict {
    let signature = config.names.signature();
    let (status, text) = match outcome {
        Ok(Settled { role, caveat }) => {
            let (status, text) = of_role(&config.policy, role);
            (status, places.located(&(text + &caveat.as_ref().map(words).unwrap_or_default())))
        }
        Err(complaint) => {
            let again = if config.policy.resign.is_some() { Again::Run("resign") } else { Again::NextRun };
            let text = places.located(&of_complaint(complaint, again));
            let is_demoted = matches!(complaint, Complaint::Demoted(_));
            let demoted = if is_demoted { "; slave meanwhile (--on-outage demote)" } else { "" };
            (error_status(&config.policy), text + demoted)
        }
    };
    let warning = if config.access.is_unverified() { UNVERIFIED } else { "" };
    // The election's data may hold it as well: its writer may know it.
    let text = without(&text, &config.access.secrets());
    verdict(status, &format!("{signature} {text}{warning}"))
}

/// The verdict on a request to hand the lead over. Somebody typed it: if nothing was handed over, that is an error.
#[must_use]
pub fn of_resignation(config: &Config, places: &Places, outcome: &Outcome, handed_over: bool) -> Verdict {
    let nothing = match outcome {
        Ok(Settled { role: role @ (Role::SlaveOf(_) | Role::SlaveOfNone(Vacancy::NothingToResign)), .. })
            if !handed_over =>
        {
            describe(role)
        }
        _ => return of_outcome(config, places, outcome),
    };
    verdict(Status::Warning, &format!("{} error: nothing was handed over: {nothing}", config.names.signature()))
}

/// The status of an error. A command that a person types always fails visibly, whatever the options of the check ask for.
fn error_status(policy: &Policy) -> Status {
    if policy.resign.is_some() { Statuses::default().error } else { policy.statuses.error }
}

fn of_role(policy: &Policy, role: &Role) -> (Status, String) {
    let statuses = policy.statuses;
    match role {
        // A failure that made an instance step down is its state for as long as it stands back: the same line as of the run that failed.
        Role::SlaveOfNone(Vacancy::StandsBack(Some(failure))) => {
            (error_status(policy), of_complaint(&Complaint::StandsBack(failure.clone()), Again::NextRun))
        }
        Role::SlaveOfNone(Vacancy::NoPort(id)) => {
            let reason = "no port is registered, or the token may not read the node's address; give --watch-address";
            (error_status(policy), format!("error: --watch-port does not know where instance {id} listens: {reason}"))
        }
        Role::SlaveOfNone(Vacancy::Split(Split { node, key, own_key })) => {
            let split = format!("{node} leads this election with the lock key {key}, and this instance has {own_key}");
            (error_status(policy), format!("error: {split}; give all instances the same --lock-key"))
        }
        Role::Master { .. } => (statuses.master, describe(role)),
        Role::SlaveOf(_) => (statuses.slave, describe(role)),
        Role::SlaveOfNone(_) => (statuses.leaderless, describe(role)),
    }
}

/// What happened, and what helps.
fn of_complaint(complaint: &Complaint, again: Again) -> String {
    let remedy = match complaint {
        Complaint::Consul(error) | Complaint::Demoted(error) => remedies::of_consul(error, again),
        _ => complaint.remedy().map(|remedy| remedies::of_election(&remedy)),
    };
    let remedy = remedy.map(|remedy| format!("; {remedy}")).unwrap_or_default();
    format!("error: {complaint:#}{remedy}")
}

/// The verdict on a command line or an environment that no pass can use. A warning of the check: one bad rollout must not take a service
/// out of DNS. A command that a person types ends with 2, as commands do.
#[must_use]
pub fn of_usage(error: &UsageError) -> Verdict {
    let status = match error.command {
        CommandKind::Check => error.status.unwrap_or(Statuses::default().error),
        _ => Status::Critical,
    };
    verdict(status, &format!("{} error: {}", signature(error.query.as_deref()), error.message))
}

/// The verdict on a panic. A warning: a bug here must not take a working service out of DNS.
#[must_use]
pub fn of_panic(query: Option<&str>, message: &str) -> Verdict {
    verdict(
        Statuses::default().error,
        &format!("{} error: internal error: {message}; please report it", signature(query)),
    )
}

/// Keeps the line one line of bounded length, whatever it quotes.
fn verdict(status: Status, line: &str) -> Verdict {
    Verdict { status, line: loggable(line, &[]) }
}

/// Makes a text fit for the log, which Consul stores with the result: one line of bounded length, without the secrets.
#[must_use]
pub fn loggable(text: &str, secrets: &[String]) -> String {
    one_line(&capped(&without(text, secrets), bounds::LINE))
}

fn describe(role: &Role) -> String {
    match role {
        Role::Master { leader, term } => format!("master on {}, term {term}", place(leader)),
        Role::SlaveOf(leader) => format!("slave of {}", place(leader)),
        Role::SlaveOfNone(vacancy) => format!("slave, no master: {}", reason(vacancy)),
    }
}

/// What an operator should know, and what helps; the end of a line.
fn words(caveat: &Caveat) -> String {
    let fact = match caveat {
        Caveat::Filtered { query, filters } => {
            format!("the prepared query {query} does not find it, because it also asks for {}", filters.join(", "))
        }
        Caveat::NotFound { query } => format!("the prepared query {query} does not find it"),
        Caveat::Shared { query, nodes } => format!("the prepared query {query} also finds {}", nodes.join(", ")),
        Caveat::OthersHidden => {
            "--priority, --preempt and --max-term have no effect: this token does not show all other instances"
                .to_owned()
        }
        Caveat::OwnMachine(address) => {
            format!("the service is registered at {address}, which other nodes cannot reach")
        }
        Caveat::NotWatched { target, why } => format!("cannot connect to {target} to watch it: {why}"),
        Caveat::Leftover(id) => {
            format!("this agent also has instance {id} of the service, without a check, so Consul calls it healthy")
        }
        Caveat::NoHealthCheck => "no health check: only the end of its agent moves the lead".to_owned(),
    };
    let remedy = caveat.remedy().map(|remedy| format!("; {}", remedies::of_election(&remedy))).unwrap_or_default();
    format!("; warning: {fact}{remedy}")
}

fn reason(vacancy: &Vacancy) -> String {
    match vacancy {
        Vacancy::NotEligible(Obstacle::InstanceInMaintenance) => "the instance is in maintenance".to_owned(),
        Vacancy::NotEligible(Obstacle::NodeInMaintenance) => "the node is in maintenance".to_owned(),
        Vacancy::NotEligible(Obstacle::Check { id, status }) => format!("check {id} is {}", name(*status)),
        Vacancy::NotEligible(Obstacle::SilentCheck(id)) => {
            format!("check {id} is critical without output; if it has not run yet, the next run takes part")
        }
        Vacancy::CheckRemoved(id) => format!("check {id} was removed"),
        Vacancy::NoPort(id) => format!("the address of instance {id} is unknown"),
        Vacancy::NothingListens(target) => format!("nothing listens on {target}"),
        Vacancy::NeverLeads => "the priority of this instance is 0".to_owned(),
        Vacancy::StandsBack(_) => "this instance stepped down and stands back".to_owned(),
        Vacancy::NothingToResign => "there is no lead to hand over".to_owned(),
        Vacancy::HandedTo(node) => format!("handed over to {node}"),
        Vacancy::Yields(node) => format!("{node} has a higher priority"),
        Vacancy::YieldsInWarning(node) => format!("{node} is passing, and this instance is in warning"),
        Vacancy::NotNamed(Some(node)) => format!("left to {node} and others that the last master named"),
        Vacancy::NotNamed(None) => "left to a few of many candidates at a time".to_owned(),
        Vacancy::Split(split) => format!("{} leads with another lock key", split.node),
        Vacancy::LockDelay => "the lock is in its lock-delay".to_owned(),
    }
}

fn name(status: Status) -> &'static str {
    match status {
        Status::Passing => "passing",
        Status::Warning => "warning",
        Status::Critical => "critical",
    }
}

/// The leader's node and address, as far as known.
fn place(leader: &Leader) -> String {
    let Some(node) = leader.node() else { return format!("an unknown instance (session {})", leader.session) };
    let host = if leader.address.parse::<Ipv6Addr>().is_ok() {
        format!("[{}]", leader.address)
    } else {
        leader.address.clone()
    };
    match (host.as_str(), leader.port) {
        ("", 0) => node.to_owned(),
        ("", port) => format!("{node} (port {port})"),
        (_, 0) => format!("{node} ({})", leader.address),
        (host, port) => format!("{node} ({host}:{port})"),
    }
}

#[cfg(test)]
mod tests;
