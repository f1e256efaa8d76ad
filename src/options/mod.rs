//! Options as resolved: every value read, checked and completed with its default. Knows no network; whatever can be told
//! without asking Consul is told here.

pub mod table;
mod typed;

use std::ffi::OsString;
use std::time::Duration;

use crate::consul::Address;
use crate::duration;

/// A run of the program, ready to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The service whose instances elect a master.
    pub service: String,
    /// The instance, where the node has several.
    pub service_id: Option<String>,
    /// The prepared query's name, which is the election's as well.
    pub query: String,
    /// What the query asks for beside the master tag.
    pub query_tags: Vec<String>,
    /// The tag of the master.
    pub master_tag: String,
    /// The tag of all others.
    pub slave_tag: String,
    /// The key whose lock decides.
    pub lock_key: String,
    /// How long nobody can take a lock that its holder lost.
    pub lock_delay: Duration,
    /// The election's own check, where the user names it.
    pub check_id: Option<String>,
    /// Whether an instance in warning may lead.
    pub tolerate_warning: bool,
    /// What becomes of a master's tag while Consul cannot say who holds the lock.
    pub on_outage: OnOutage,
    /// The time for the whole pass.
    pub timeout: Duration,
    /// The least severe level that is logged, where the user names it.
    pub log_level: Option<log::LevelFilter>,
    /// The agent.
    pub agent: Address,
    /// The ACL token.
    pub token: Option<Token>,
}

/// What becomes of a master's tag while Consul cannot say who holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnOutage {
    /// It stays.
    Keep,
    /// It goes, on the local agent at least.
    Demote,
}

/// An ACL token, which no debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The secret itself.
    pub fn secret(&self) -> &str {
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
        environment: impl Fn(&str) -> Option<String>,
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
    /// What every line of this election begins with.
    pub fn signature(&self) -> String {
        signature(Some(&self.query))
    }
}

/// What every line of an election begins with; without a known election, what tells at least the program.
pub fn signature(query: Option<&str>) -> String {
    query.map_or_else(|| "election:".to_owned(), |query| format!("election {query}:"))
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
    let guess =
        value("consul-query-name").or_else(|| value("consul-service-name").map(|name| format!("{name}-master")));
    guess.filter(|query| check_query_name(query).is_ok())
}

fn resolve(values: typed::Values, environment: impl Fn(&str) -> Option<String>) -> Result<Options, String> {
    let service = values.consul_service_name.ok_or("--consul-service-name is missing: it names the service")?;
    let query = values.consul_query_name.unwrap_or_else(|| format!("{service}-master"));
    check_query_name(&query)?;
    let lock_key = values.lock_key.unwrap_or_else(|| format!("service/{query}/leader"));
    check_key(&lock_key)?;
    let master_tag = values.master_tag.unwrap_or_else(|| "master".to_owned());
    let slave_tag = values.slave_tag.unwrap_or_else(|| "slave".to_owned());
    check_tags(&master_tag, &slave_tag, &values.consul_query_tag)?;
    let timeout = read_duration("--timeout", values.timeout.as_deref().unwrap_or("20s"))?;
    if timeout.is_zero() {
        return Err("--timeout 0s leaves no time for a pass; give it some, 20s by default".to_owned());
    }
    Ok(Options {
        service_id: values.consul_service_id,
        query_tags: values.consul_query_tag,
        lock_delay: read_duration("--lock-delay", values.lock_delay.as_deref().unwrap_or("15s"))?,
        check_id: values.check_id,
        tolerate_warning: values.tolerate_warning,
        on_outage: read_choice(
            "--on-outage",
            values.on_outage,
            OnOutage::Keep,
            &[("keep", OnOutage::Keep), ("demote", OnOutage::Demote)],
        )?,
        log_level: read_log_level(values.log_level.as_deref())?,
        agent: read_agent(&environment)?,
        token: read_token(&environment)?,
        service,
        query,
        master_tag,
        slave_tag,
        lock_key,
        timeout,
    })
}

/// A query's name is a DNS name, part of a path, of the lock key and of the election's signature: it must be fit for all.
fn check_query_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.split('.').all(|label| (1..=63).contains(&label.len()) && label.chars().all(plain)) {
        return Ok(());
    }
    Err(format!(
        "--consul-query-name '{name}' cannot be asked for by DNS; use letters, digits, - and _, in parts of at most 63 between dots"
    ))
}

/// Consul cleans paths, so that a key with empty or dot segments would not be the one that was named; newer releases refuse
/// other characters (1.21.5).
fn check_key(key: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let sound = |segment: &str| !matches!(segment, "" | "." | "..") && segment.chars().all(plain);
    if key.split('/').all(sound) {
        return Ok(());
    }
    Err(format!(
        "--lock-key '{key}' is no key that every Consul takes; use letters, digits, -, _ and . in parts between slashes, none of them empty, . or .."
    ))
}

/// Tags are compared as prepared queries compare them: without regard to case, and with ! before a tag that is excluded.
fn check_tags(master: &str, slave: &str, query_tags: &[String]) -> Result<(), String> {
    for (option, tag) in [("--master-tag", master), ("--slave-tag", slave)] {
        if tag.starts_with('!') {
            return Err(format!("{option} '{tag}' begins with !, which excludes a tag in a query; use another"));
        }
    }
    if master.eq_ignore_ascii_case(slave) {
        return Err(format!(
            "--master-tag and --slave-tag are both '{master}'; give each its own (case does not count)"
        ));
    }
    let clash = |tag: &str, other: &str| {
        Err(format!(
            "--consul-query-tag '{tag}' contradicts '{other}', so that the query would never find a master; drop one"
        ))
    };
    for (position, tag) in query_tags.iter().enumerate() {
        if tag == "!" {
            return Err("--consul-query-tag '!' excludes no tag; write the tag after the !".to_owned());
        }
        if tag.eq_ignore_ascii_case(slave) {
            return Err(format!(
                "--consul-query-tag '{tag}' is the slave tag, which a master never has; drop it or choose another --slave-tag"
            ));
        }
        let excluded = tag.strip_prefix('!');
        if excluded.is_some_and(|excluded| excluded.eq_ignore_ascii_case(master)) {
            return clash(tag, master);
        }
        let opposite = |other: &&String| match (excluded, other.strip_prefix('!')) {
            (Some(excluded), None) => excluded.eq_ignore_ascii_case(other),
            (None, Some(excluded)) => excluded.eq_ignore_ascii_case(tag),
            _ => false,
        };
        if let Some(other) = query_tags[..position].iter().find(opposite) {
            return clash(tag, other);
        }
    }
    Ok(())
}

fn read_duration(option: &str, text: &str) -> Result<Duration, String> {
    duration::parse(text)
        .ok_or_else(|| format!("{option} '{text}' is no duration; write it as Consul does: 15s, 1m30s, 0s"))
}

fn read_choice<T: Copy>(option: &str, text: Option<String>, default: T, choices: &[(&str, T)]) -> Result<T, String> {
    let Some(text) = text else { return Ok(default) };
    choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        format!("{option} '{text}' is none of its values; use {}", names.join(" or "))
    })
}

fn read_log_level(text: Option<&str>) -> Result<Option<log::LevelFilter>, String> {
    let Some(text) = text else { return Ok(None) };
    text.parse()
        .map(Some)
        .map_err(|_| format!("--log-level '{text}' is no level; use off, error, warn, info, debug or trace"))
}

/// The agent that the environment names. What this version cannot do, but would ask elsewhere or otherwise than the user
/// meant if it were passed over, is an error.
fn read_agent(environment: impl Fn(&str) -> Option<String>) -> Result<Address, String> {
    let is_true = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "1" | "t" | "true");
    if environment("CONSUL_HTTP_SSL").is_some_and(|value| is_true(&value)) {
        return Err("CONSUL_HTTP_SSL asks for https, which is not supported yet; unset it and use the agent's plain HTTP address".to_owned());
    }
    for variable in ["CONSUL_HTTP_AUTH", "CONSUL_NAMESPACE", "CONSUL_PARTITION"] {
        if environment(variable).is_some_and(|value| !value.is_empty()) {
            return Err(format!("{variable} is not supported yet; unset it"));
        }
    }
    Address::parse(&environment("CONSUL_HTTP_ADDR").unwrap_or_default())
        .map_err(|wrong| format!("CONSUL_HTTP_ADDR: {wrong}"))
}

fn read_token(environment: impl Fn(&str) -> Option<String>) -> Result<Option<Token>, String> {
    let (source, token) = match environment("CONSUL_HTTP_TOKEN_FILE").filter(|path| !path.is_empty()) {
        Some(path) => {
            let text = std::fs::read_to_string(&path).map_err(|error| {
                format!("CONSUL_HTTP_TOKEN_FILE: cannot read {path}: {error}; name a file that this user can read")
            })?;
            ("CONSUL_HTTP_TOKEN_FILE", text.trim().to_owned())
        }
        None => ("CONSUL_HTTP_TOKEN", environment("CONSUL_HTTP_TOKEN").unwrap_or_default()),
    };
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "{source} holds a byte that no token has, such as a space or a line's end; check what was put there"
        ));
    }
    Ok((!token.is_empty()).then_some(Token(token)))
}

#[cfg(test)]
impl Options {
    /// An election of the service redis, all defaults.
    pub fn for_tests() -> Options {
        let arguments = ["--consul-service-name", "redis"].map(OsString::from);
        match Command::read(arguments, |_| None) {
            Ok(Command::Pass(options)) => *options,
            other => panic!("{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests;
