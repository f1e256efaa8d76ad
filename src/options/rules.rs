//! What names and tags must be like so that Consul, DNS and this program can all work with them. Tells it without asking.

use std::time::Duration;

use crate::duration;

/// What is left of the 253 characters of a DNS name in front of `.query.DATACENTER.consul` with a datacenter's name of usual length.
const LONGEST_QUERY_NAME: usize = 200;

/// Consul takes a lock-delay of less than a millisecond for a number of seconds: `500ns` becomes 500 s (1.21.0). A long one it
/// takes as it is, and ends it after 60 s all the same.
pub fn lock_delay(delay: Duration) -> Result<Duration, String> {
    if delay.is_zero() || delay >= Duration::from_millis(1) {
        return Ok(delay);
    }
    Err(format!("--lock-delay {} is taken for seconds by Consul; use 0s, or 1ms and more", duration::format(delay)))
}

/// Consul takes a session's TTL from ten seconds to a day.
pub fn ttl(ttl: Duration) -> Result<Duration, String> {
    if (Duration::from_secs(10)..=Duration::from_secs(86_400)).contains(&ttl) {
        return Ok(ttl);
    }
    Err(format!("--ttl {} is not between 10s and 24h, which Consul takes; use one of these", duration::format(ttl)))
}

/// A term that is over when it begins would move the lead with every pass.
pub fn max_term(term: Duration) -> Result<Duration, String> {
    if term >= Duration::from_secs(1) {
        return Ok(term);
    }
    Err("--max-term must be a second or more; without it a leadership lasts until the master fails".to_owned())
}

/// `election-NAME-priority` is the longest of an election's keys in Meta; Consul takes 128 characters.
pub fn meta_name(name: &str) -> Result<(), String> {
    if name.len() + "election--priority".len() <= 128 {
        return Ok(());
    }
    Err(format!(
        "--consul-query-name '{name}' is too long for the key of its fence in the instance's Meta, which takes 110 characters; use a shorter one, or --no-fence without priority, hooks and --watch-port"
    ))
}

/// A query's name is a DNS name, part of a path, of the lock key and of the election's signature: it must be fit for all.
pub fn query_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let sound = |label: &str| (1..=63).contains(&label.len()) && label.chars().all(plain);
    if name.len() <= LONGEST_QUERY_NAME && name.split('.').all(sound) {
        return Ok(());
    }
    Err(format!(
        "--consul-query-name '{name}' cannot be asked for by DNS; use letters, digits, - and _, in parts of at most 63 between dots, {LONGEST_QUERY_NAME} in all"
    ))
}

/// Consul cleans paths, so that a key with empty or dot segments would not be the one that was named; newer releases refuse
/// other characters (1.21.5).
pub fn key(key: &str) -> Result<(), String> {
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
pub fn tags(master: &str, slave: &str, query_tags: &[String]) -> Result<(), String> {
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
