//! The rules that a configuration must satisfy so that Consul, DNS and this program can work with it. Asks nothing, and knows no
//! options.

use std::time::Duration;

use super::config::{Config, Names, Policy, QueryPolicy};
use crate::consul::{TTL, is_key};

/// A DNS name has 253 characters; this leaves room for `.query.DATACENTER.consul`.
pub const LONGEST_QUERY_NAME: usize = 200;

/// The highest priority: large enough for any order, small enough to read.
pub const HIGHEST_PRIORITY: u32 = 1_000_000;

/// A shorter term, or a shorter time of standing back, would move the lead with every pass.
const SHORTEST_TERM: Duration = Duration::from_secs(1);

/// The first rule that a configuration breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// No service is named.
    NoService,
    /// DNS cannot look up a prepared query of this name.
    QueryName(String),
    /// Some release of Consul refuses this key, or cleans it to another one.
    LockKey(String),
    /// The master tag is empty, or excludes a tag in a query.
    MasterTag(String),
    /// The slave tag is empty, or excludes a tag in a query.
    SlaveTag(String),
    /// Both roles have this tag.
    SameTags(String),
    /// The query's tag is empty, or excludes nothing.
    QueryTag(String),
    /// The query asks for the slave tag, which a master never has.
    QueryTagOfSlave(String),
    /// The query's tag contradicts another one, or the master tag.
    QueryTags {
        /// The later tag.
        tag: String,
        /// The tag that it contradicts.
        other: String,
    },
    /// A fenced query finds nothing in another datacenter.
    FailoverOfFencedQuery,
    /// The timeout leaves no time for a pass.
    Timeout,
    /// Consul would read this lock-delay as a number of seconds.
    LockDelay(Duration),
    /// Consul does not accept this TTL.
    Ttl(Duration),
    /// The term would be over as it begins.
    MaxTerm(Duration),
    /// The instance stands back for too short a time for another one to take the lead.
    StandsBack(Duration),
    /// The priority is too high.
    Priority(u32),
    /// The grace leaves no time to step down within the timeout.
    Grace(Duration),
}

impl Config {
    /// The same with a service, if it names none: so that its other rules can be checked.
    #[must_use]
    pub(crate) fn with_some_service(&self) -> Config {
        Config { names: Names { service: "service".to_owned(), ..self.names.clone() }, ..self.clone() }
    }

    /// Checks what can be checked without asking Consul.
    ///
    /// # Errors
    /// Returns the first rule that is broken.
    pub fn check(&self) -> Result<(), Invalid> {
        let Config { names, policy, wait, access: _ } = self;
        check_names(names)?;
        check_query(names, &policy.query)?;
        hold(!wait.timeout.is_zero(), || Invalid::Timeout)?;
        check_policy(policy)?;
        if let Some(watch) = policy.watch_port.as_ref().filter(|watch| watch.grace > wait.timeout / 2) {
            return Err(Invalid::Grace(watch.grace));
        }
        Ok(())
    }
}

/// Whether DNS can look up a prepared query of this name. The name is also part of paths, of the lock key and of every output
/// line.
pub fn is_query_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.chars().all(plain);
    name.len() <= LONGEST_QUERY_NAME && name.split('.').all(is_label)
}

fn hold(holds: bool, broken: impl FnOnce() -> Invalid) -> Result<(), Invalid> {
    if holds { Ok(()) } else { Err(broken()) }
}

fn check_names(names: &Names) -> Result<(), Invalid> {
    let Names { service, query, lock_key, master_tag, slave_tag, .. } = names;
    let is_tag = |tag: &str| !tag.is_empty() && !tag.starts_with('!');
    hold(!service.is_empty(), || Invalid::NoService)?;
    hold(is_query_name(query), || Invalid::QueryName(query.clone()))?;
    hold(is_key(lock_key), || Invalid::LockKey(lock_key.clone()))?;
    hold(is_tag(master_tag), || Invalid::MasterTag(master_tag.clone()))?;
    hold(is_tag(slave_tag), || Invalid::SlaveTag(slave_tag.clone()))?;
    hold(!master_tag.eq_ignore_ascii_case(slave_tag), || Invalid::SameTags(master_tag.clone()))
}

/// Compares tags as prepared queries do: case is ignored, and ! excludes a tag.
fn check_query(names: &Names, query: &QueryPolicy) -> Result<(), Invalid> {
    for (position, tag) in query.tags.iter().enumerate() {
        let excluded = tag.strip_prefix('!');
        hold(!excluded.unwrap_or(tag).is_empty(), || Invalid::QueryTag(tag.clone()))?;
        hold(!tag.eq_ignore_ascii_case(&names.slave_tag), || Invalid::QueryTagOfSlave(tag.clone()))?;
        let contradicts = |other: &&String| match (excluded, other.strip_prefix('!')) {
            (Some(excluded), None) => excluded.eq_ignore_ascii_case(other),
            (None, Some(excluded)) => excluded.eq_ignore_ascii_case(tag),
            _ => false,
        };
        if let Some(other) = [&names.master_tag].into_iter().chain(&query.tags[..position]).find(contradicts) {
            return Err(Invalid::QueryTags { tag: tag.clone(), other: other.clone() });
        }
    }
    hold(!query.fence || query.failover.is_empty(), || Invalid::FailoverOfFencedQuery)
}

fn check_policy(policy: &Policy) -> Result<(), Invalid> {
    // Consul reads less than 1 ms as seconds: `500ns` becomes 500 s (1.21.0). It caps a long one at 60 s by itself.
    let delay = policy.lock_delay;
    hold(delay.is_zero() || delay >= Duration::from_millis(1), || Invalid::LockDelay(delay))?;
    broken(policy.ttl, |ttl| !TTL.contains(ttl), Invalid::Ttl)?;
    broken(policy.max_term, |term| *term < SHORTEST_TERM, Invalid::MaxTerm)?;
    let stands_back = policy.resign.as_ref().map(|resign| resign.stands_back);
    broken(stands_back, |time| *time < SHORTEST_TERM, Invalid::StandsBack)?;
    broken(policy.priority, |priority| *priority > HIGHEST_PRIORITY, Invalid::Priority)
}

fn broken<T>(value: Option<T>, is_wrong: impl Fn(&T) -> bool, invalid: fn(T) -> Invalid) -> Result<(), Invalid> {
    value.filter(is_wrong).map_or(Ok(()), |value| Err(invalid(value)))
}
