//! The words for what is wrong with a command line: names the options that a broken rule is about. Checks nothing.

use super::commands::CommandKind;
use super::named::looks_like_a_token;
use super::option::OptionSpec;
use super::values;
use crate::consul::TTL;
use crate::duration::format as time;
use crate::election::{Invalid, LONGEST_QUERY_NAME};

/// A value that its option does not take; the hint begins with `use` or `write`.
pub fn invalid_value(flag: &str, text: &str, hint: &str) -> String {
    format!("invalid value '{text}' for {flag}; {hint}")
}

/// A switch that is neither on nor off.
pub fn neither_true_nor_false(by: &str, text: &str) -> String {
    format!("{by} '{text}' is neither true nor false; use one of these")
}

/// Words that were typed as one argument and should be several. A text that may be a token is not repeated.
pub fn one_argument(argument: &str) -> String {
    let mut hides = false;
    let mut words: Vec<&str> = Vec::new();
    for word in argument.split_whitespace() {
        let is_token = word.trim_start_matches('-') == "token";
        let shown = if hides || looks_like_a_token(word) || word.contains("token=") { "..." } else { word };
        hides = is_token;
        if words.len() == MOST_WORDS {
            words.push("...");
            break;
        }
        words.push(shown);
    }
    let several: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("'{}' is one argument; write it as several: {}", words.join(" "), several.join(", "))
}

/// The most words of such an argument that are repeated.
const MOST_WORDS: usize = 6;

/// A query name that nobody typed and that DNS cannot look up.
pub fn derived_query(invalid: &Invalid) -> Option<String> {
    let Invalid::QueryName(name) = invalid else { return None };
    let hint = "give --consul-query-name, of letters, digits, - and _";
    Some(format!("the election of --consul-service-name would be called '{name}', which is no name for DNS; {hint}"))
}

/// A rule that the options together break.
pub fn invalid(invalid: &Invalid) -> String {
    let tag_hint = "use a tag that does not begin with !, which excludes a tag in a query";
    match invalid {
        Invalid::NoService => "--consul-service-name is missing; name the service".to_owned(),
        Invalid::QueryName(name) => {
            let hint = format!(
                "for DNS, use letters, digits, - and _, in labels of up to 63 characters between dots, \
                 {LONGEST_QUERY_NAME} in all"
            );
            invalid_value("--consul-query-name", name, &hint)
        }
        Invalid::LockKey(key) => invalid_value(
            "--lock-key",
            key,
            "use letters, digits, -, _ and . in segments between slashes, none of them empty, . or ..",
        ),
        Invalid::MasterTag(tag) => invalid_value("--master-tag", tag, tag_hint),
        Invalid::SlaveTag(tag) => invalid_value("--slave-tag", tag, tag_hint),
        Invalid::SameTags(tag) => {
            format!("--master-tag and --slave-tag are both '{tag}'; use two different tags (case is ignored)")
        }
        Invalid::QueryTag(tag) => invalid_value("--consul-query-tag", tag, "write the excluded tag after the !"),
        Invalid::QueryTagOfSlave(tag) => format!(
            "--consul-query-tag '{tag}' is the slave tag, which a master never has; remove it or choose another \
             --slave-tag"
        ),
        Invalid::QueryTags { tag, other } => format!(
            "--consul-query-tag '{tag}' contradicts '{other}', so the query would never find a master; remove one"
        ),
        Invalid::FailoverOfFencedQuery => {
            "--query-failover needs --no-fence: no other datacenter has the session that a fenced query asks for; \
             give both or neither"
                .to_owned()
        }
        Invalid::Timeout => invalid_value("--timeout", "0s", "use more than 0s, since a pass needs time"),
        Invalid::LockDelay(delay) => {
            invalid_value("--lock-delay", &time(*delay), "use 0s, or 1ms or more: Consul reads less as seconds")
        }
        Invalid::Ttl(ttl) => {
            let hint = format!("use {} to {}, which Consul accepts", time(*TTL.start()), time(*TTL.end()));
            invalid_value("--ttl", &time(*ttl), &hint)
        }
        Invalid::MaxTerm(term) => invalid_value(
            "--max-term",
            &time(*term),
            "use 1s or more; without --max-term a term lasts until the master fails",
        ),
        Invalid::StandsBack(time_back) => {
            invalid_value("--for", &time(*time_back), "use 1s or more, so that another instance can take the lead")
        }
        Invalid::Priority(priority) => invalid_value("--priority", &priority.to_string(), &values::priority_hint()),
        Invalid::Grace(_) => {
            "--watch-grace is more than half of --timeout and leaves no time to step down; shorten it or lengthen \
             --timeout"
                .to_owned()
        }
    }
}

/// An option that the command does not take.
pub fn misplaced(option: &OptionSpec, command: CommandKind) -> String {
    let flag = option.flag;
    let names: Vec<&str> = option.commands.iter().filter_map(|command| command.name()).collect();
    match command.name() {
        Some(name) if option.commands.contains(&CommandKind::Check) => {
            format!("{flag} does not belong to {name}; remove it")
        }
        _ => {
            let names = names.join(" or ");
            format!("{flag} belongs to {names}; write {names} before the options")
        }
    }
}
