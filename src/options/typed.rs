//! Arguments as typed: told apart, with their names known and their values unread. Knows no defaults and no meaning.

use std::ffi::OsString;

use pico_args::Arguments;

use super::table;
use crate::named::looks_like_a_token;

/// The options that can be given more than once.
const REPEATABLE: [&str; 2] = ["consul-query-tag", "query-failover"];

/// What the command line asks for.
pub enum Typed {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// A run with these values.
    Run(Box<Values>),
}

/// The values of the options, as they were typed; `None` where an option was not given.
#[derive(Default)]
#[allow(missing_docs, reason = "each field is the option of its name, which the table describes")]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch that was given or not")]
pub struct Values {
    pub consul_service_name: Option<String>,
    pub consul_service_id: Option<String>,
    pub consul_query_name: Option<String>,
    pub consul_query_tag: Vec<String>,
    pub master_tag: Option<String>,
    pub slave_tag: Option<String>,
    pub lock_key: Option<String>,
    pub lock_delay: Option<String>,
    pub check_id: Option<String>,
    pub tolerate_warning: bool,
    pub on_outage: Option<String>,
    pub timeout: Option<String>,
    pub query_ttl: Option<String>,
    pub query_near: Option<String>,
    pub query_failover: Vec<String>,
    pub no_fence: bool,
    pub ttl: Option<String>,
    pub wait: Option<String>,
    pub watch_port: bool,
    pub watch_address: Option<String>,
    pub watch_grace: Option<String>,
    pub priority: Option<String>,
    pub preempt: bool,
    pub preempt_after: Option<String>,
    pub max_term: Option<String>,
    pub on_promote: Option<String>,
    pub on_demote: Option<String>,
    pub on_follow: Option<String>,
    pub master_status: Option<String>,
    pub slave_status: Option<String>,
    pub leaderless_status: Option<String>,
    pub resign: bool,
    pub resign_for: Option<String>,
    pub resign_to: Option<String>,
    pub http_addr: Option<String>,
    pub token: Option<String>,
    pub token_file: Option<String>,
    pub ca_file: Option<String>,
    pub ca_path: Option<String>,
    pub client_cert: Option<String>,
    pub client_key: Option<String>,
    pub tls_server_name: Option<String>,
    pub namespace: Option<String>,
    pub partition: Option<String>,
    pub log_level: Option<String>,
}

/// Tells arguments apart.
///
/// # Errors
/// Names the argument that is unknown, that lacks its value or has one too many, that is given twice, or is no UTF-8.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Typed, String> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Help and version go before everything that can fail.
    let asks_for = |words: [&str; 3]| arguments.iter().any(|argument| words.iter().any(|word| argument == word));
    if asks_for(["--help", "-help", "-h"]) {
        return Ok(Typed::Help);
    }
    if asks_for(["--version", "-version", "-V"]) {
        return Ok(Typed::Version);
    }
    let mut arguments = Arguments::from_vec(normalise(arguments)?.into_iter().map(OsString::from).collect());
    let mut one =
        |name: &'static str| arguments.opt_value_from_str::<_, String>(name).map_err(|error| error.to_string());
    let mut values = Values {
        consul_service_name: one("--consul-service-name")?,
        consul_service_id: one("--consul-service-id")?,
        consul_query_name: one("--consul-query-name")?,
        master_tag: one("--master-tag")?,
        slave_tag: one("--slave-tag")?,
        lock_key: one("--lock-key")?,
        lock_delay: one("--lock-delay")?,
        check_id: one("--check-id")?,
        on_outage: one("--on-outage")?,
        timeout: one("--timeout")?,
        query_ttl: one("--query-ttl")?,
        query_near: one("--query-near")?,
        ttl: one("--ttl")?,
        wait: one("--wait")?,
        watch_address: one("--watch-address")?,
        watch_grace: one("--watch-grace")?,
        priority: one("--priority")?,
        preempt_after: one("--preempt-after")?,
        max_term: one("--max-term")?,
        on_promote: one("--on-promote")?,
        on_demote: one("--on-demote")?,
        on_follow: one("--on-follow")?,
        master_status: one("--master-status")?,
        slave_status: one("--slave-status")?,
        leaderless_status: one("--leaderless-status")?,
        resign_for: one("--for")?,
        resign_to: one("--to")?,
        http_addr: one("--http-addr")?,
        token: one("--token")?,
        token_file: one("--token-file")?,
        ca_file: one("--ca-file")?,
        ca_path: one("--ca-path")?,
        client_cert: one("--client-cert")?,
        client_key: one("--client-key")?,
        tls_server_name: one("--tls-server-name")?,
        namespace: one("--namespace")?,
        partition: one("--partition")?,
        log_level: one("--log-level")?,
        ..Values::default()
    };
    let mut all = |name: &'static str| arguments.values_from_str::<_, String>(name).map_err(|error| error.to_string());
    values.consul_query_tag = all("--consul-query-tag")?;
    values.query_failover = all("--query-failover")?;
    values.tolerate_warning = arguments.contains("--tolerate-warning");
    values.no_fence = arguments.contains("--no-fence");
    values.watch_port = arguments.contains("--watch-port");
    values.preempt = arguments.contains("--preempt");
    // What is left has no dashes, or is unknown.
    let mut left: Vec<String> =
        arguments.finish().into_iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    values.resign = left.first().is_some_and(|first| first == "resign");
    if values.resign {
        left.remove(0);
    }
    match left.first() {
        None => Ok(Typed::Run(Box::new(values))),
        Some(left) => Err(left_over(left)),
    }
}

/// Brings the arguments into the form that pico-args reads without surprises: two dashes, option and value as two arguments.
///
/// pico-args would take an option for another's value, strip quotes from a value behind an equals sign, and call the value of
/// a repeated option a free argument. All of that is told apart here, where the names are known.
fn normalise(arguments: impl IntoIterator<Item = OsString>) -> Result<Vec<String>, String> {
    let mut result = Vec::new();
    let mut arguments = arguments.into_iter().map(|argument| {
        argument.into_string().map_err(|argument| format!("{} is not UTF-8", argument.to_string_lossy()))
    });
    while let Some(argument) = arguments.next().transpose()? {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let bare = bare(name);
        let Some(option) = table::OPTIONS.iter().find(|option| option.name == bare) else {
            result.push(argument);
            continue;
        };
        let name = format!("--{bare}");
        if option.value.is_empty() {
            if value.is_some() {
                return Err(format!("{name} takes no value; give it alone"));
            }
            result.push(name);
            continue;
        }
        let value = match value {
            Some(value) => value,
            None => arguments.next().transpose()?.filter(|next| !is_option(next)).unwrap_or_default(),
        };
        if value.is_empty() {
            return Err(format!("{name} lacks its value: {name} {}", option.value));
        }
        if result.contains(&name) && !REPEATABLE.contains(&bare) {
            return Err(format!("{name} is given twice; once is enough"));
        }
        result.extend([name, value]);
    }
    Ok(result)
}

/// Whether the argument is an option of this program, and so no value.
fn is_option(argument: &str) -> bool {
    table::is_known(bare(name(argument)))
}

/// An argument up to its equals sign.
fn name(argument: &str) -> &str {
    argument.split_once('=').map_or(argument, |(name, _)| name)
}

/// An option's name without its one or two dashes; empty where it has none.
fn bare(name: &str) -> &str {
    name.strip_prefix("--").or_else(|| name.strip_prefix('-')).unwrap_or_default()
}

/// Takes the token out of a command line, and says which it was: whoever lists the processes of a machine sees their arguments. `None` where
/// there is none, or the command line is none that can be run.
#[must_use]
pub fn take_token(arguments: &[OsString]) -> Option<(Vec<OsString>, OsString)> {
    let is_token = |argument: &OsString| argument.to_str().is_some_and(|text| bare(name(text)) == "token");
    let at = arguments.iter().position(is_token)?;
    let Ok(Typed::Run(values)) = parse(arguments.iter().cloned()) else { return None };
    let mut left = arguments.to_vec();
    // Its value stands in the same argument or in the next.
    let has_value = left.remove(at).to_str().is_some_and(|text| text.contains('='));
    if !has_value {
        left.remove(at);
    }
    values.token.map(|token| (left, token.into()))
}

fn left_over(argument: &str) -> String {
    if !argument.starts_with('-') {
        // What stands behind an equals sign may be a token, meant for the environment.
        let word = match name(argument) {
            name if name != argument => format!("{name}=..."),
            _ if looks_like_a_token(argument) => "...".to_owned(),
            _ => argument.to_owned(),
        };
        return format!("'{word}' belongs to no option; see --help");
    }
    format!("unknown option {}; see --help", name(argument))
}
