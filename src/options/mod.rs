//! Options as resolved: every value read, checked and completed with its default. Knows no network; whatever can be told
//! without asking Consul is told here.

mod environment;
mod rules;
pub mod table;
mod typed;
mod values;

use std::ffi::OsString;
use std::time::Duration;

use crate::consul::Address;

/// A run of the program, ready to go. Made by [`Command::read`] alone, so that every value has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The service whose instances elect a master.
    pub(crate) service: String,
    /// The instance, where the node has several.
    pub(crate) service_id: Option<String>,
    /// The prepared query's name, which is the election's as well.
    pub(crate) query: String,
    /// What the query asks for beside the master tag.
    pub(crate) query_tags: Vec<String>,
    /// The tag of the master.
    pub(crate) master_tag: String,
    /// The tag of all others.
    pub(crate) slave_tag: String,
    /// The key whose lock decides.
    pub(crate) lock_key: String,
    /// How long nobody can take a lock that its holder lost.
    pub(crate) lock_delay: Duration,
    /// The election's own check, where the user names it.
    pub(crate) check_id: Option<String>,
    /// Whether an instance in warning may lead.
    pub(crate) tolerate_warning: bool,
    /// What becomes of a master's tag while Consul cannot say who holds the lock.
    pub(crate) on_outage: OnOutage,
    /// The time for the whole pass.
    pub(crate) timeout: Duration,
    /// The least severe level that is logged, where the user names it.
    pub(crate) log_level: Option<log::LevelFilter>,
    /// The agent.
    pub(crate) agent: Address,
    /// The ACL token.
    pub(crate) token: Option<Token>,
}

/// What becomes of a master's tag while Consul cannot say who holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnOutage {
    /// It stays.
    Keep,
    /// It goes, on the local agent at least.
    Demote,
}

/// An ACL token, which no debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// The secret itself.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Make one pass.
    Pass(Box<Options>),
}

/// A command line or an environment that no pass can be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// The prepared query's name as far as it could be told, so that the line about the error still says which election it is of.
    pub query: Option<String>,
    /// The option or variable, what is wrong with it, and the way out.
    pub message: String,
}

impl Command {
    /// Reads a command line, without the program's name, and the environment.
    ///
    /// # Errors
    /// When a value is missing or cannot be right.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Command, UsageError> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let query = guess_query(&arguments);
        let fail = |message| UsageError { query: query.clone(), message };
        match typed::parse(arguments).map_err(fail)? {
            typed::Typed::Help => Ok(Command::Help),
            typed::Typed::Version => Ok(Command::Version),
            typed::Typed::Run(values) => resolve(*values, environment).map(Box::new).map(Command::Pass).map_err(fail),
        }
    }
}

impl Options {
    /// The prepared query's name, which is the election's as well.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The least severe level that is to be logged, where the user names it.
    #[must_use]
    pub fn log_level(&self) -> Option<log::LevelFilter> {
        self.log_level
    }

    /// What every line of this election begins with.
    #[must_use]
    pub fn signature(&self) -> String {
        signature(Some(&self.query))
    }
}

/// What every line of an election begins with; without a known election, what tells at least the program.
#[must_use]
pub fn signature(query: Option<&str>) -> String {
    query.map_or_else(|| "election:".to_owned(), |query| format!("election {query}:"))
}

/// Whether a line is one of this program's, of whatever election: `election NAME: ` and more.
pub(crate) fn is_election_line(line: &str) -> bool {
    let name = line.strip_prefix("election ").and_then(|rest| rest.split_once(": ")).map(|(name, _)| name);
    name.is_some_and(|name| rules::query_name(name).is_ok())
}

/// The election's name from a command line that may be wrong elsewhere.
fn guess_query(arguments: &[OsString]) -> Option<String> {
    let value = |wanted: &str| {
        let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
        while let Some(argument) = arguments.next() {
            match argument.trim_start_matches('-').split_once('=') {
                Some((name, value)) if name == wanted => return Some(value.to_owned()),
                None if argument.trim_start_matches('-') == wanted => return arguments.next().map(str::to_owned),
                _ => {}
            }
        }
        None
    };
    let of_service =
        || value("consul-service-name").filter(|name| !name.is_empty()).map(|name| format!("{name}-master"));
    let guess = value("consul-query-name").or_else(of_service);
    guess.filter(|query| !query.starts_with('-') && rules::query_name(query).is_ok())
}

fn resolve(values: typed::Values, environment: impl Fn(&str) -> Option<OsString>) -> Result<Options, String> {
    let service = values.consul_service_name.ok_or("--consul-service-name is missing: it names the service")?;
    let query = values.consul_query_name.unwrap_or_else(|| format!("{service}-master"));
    rules::query_name(&query)?;
    let lock_key = values.lock_key.unwrap_or_else(|| format!("service/{query}/leader"));
    rules::key(&lock_key)?;
    let master_tag = values.master_tag.unwrap_or_else(|| "master".to_owned());
    let slave_tag = values.slave_tag.unwrap_or_else(|| "slave".to_owned());
    rules::tags(&master_tag, &slave_tag, &values.consul_query_tag)?;
    let timeout = values::duration("--timeout", values.timeout.as_deref().unwrap_or("20s"))?;
    if timeout.is_zero() {
        return Err("--timeout 0s leaves no time for a pass; give it some, 20s by default".to_owned());
    }
    Ok(Options {
        service_id: values.consul_service_id,
        query_tags: values.consul_query_tag,
        lock_delay: rules::lock_delay(values::duration(
            "--lock-delay",
            values.lock_delay.as_deref().unwrap_or("15s"),
        )?)?,
        check_id: values.check_id,
        tolerate_warning: values.tolerate_warning,
        on_outage: values::choice(
            "--on-outage",
            values.on_outage,
            OnOutage::Keep,
            &[("keep", OnOutage::Keep), ("demote", OnOutage::Demote)],
        )?,
        log_level: values::log_level(values.log_level.as_deref())?,
        agent: environment::agent(&environment)?,
        token: environment::token(&environment)?,
        service,
        query,
        master_tag,
        slave_tag,
        lock_key,
        timeout,
    })
}

#[cfg(test)]
impl Options {
    /// An election of the service redis, all defaults.
    pub(crate) fn for_tests() -> Options {
        let arguments = ["--consul-service-name", "redis"].map(OsString::from);
        match Command::read(arguments, |_| None) {
            Ok(Command::Pass(options)) => *options,
            other => panic!("{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests;
