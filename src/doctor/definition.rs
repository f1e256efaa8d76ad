//! Definitions of services and checks, as files and agents have them. Must never know an election.

use std::time::Duration;

use serde_json::Value;

use crate::bounds;
use crate::duration;
use crate::text::{capped, one_line};

/// The services and checks of one or more files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// The services.
    pub services: Vec<Service>,
    /// The checks of the node.
    pub node_checks: Vec<Check>,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field has Consul's name")]
pub struct Service {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub address: String,
    pub tags: Vec<String>,
    pub checks: Vec<Check>,
}

/// A check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Its ID, given or made by Consul.
    pub id: String,
    /// The service that it names, if it is defined apart.
    pub of: String,
    /// The program and its arguments, if it is a script check.
    pub args: Vec<String>,
    /// The field that Consul looks at instead of `args`, if it is given.
    pub instead_of_args: Option<&'static str>,
    /// The time between two runs.
    pub interval: Option<Duration>,
    /// The time after which Consul kills a run.
    pub timeout: Option<Duration>,
    /// Whether one of these times cannot be read.
    pub has_bad_time: bool,
}

/// Consul kills a run after this time, if its check does not say otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// The deepest nesting that is read.
const DEPTH: usize = 32;

/// What Consul looks at before `args`.
const BEFORE_ARGS: &[&str] = &["http", "tcp", "udp", "grpc"];

/// Why a text is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unparsed {
    /// It has too many values, or they are nested too deeply.
    TooMuch,
    /// What the reader says is wrong with it.
    Syntax(String),
}

/// Reads a file in HCL or JSON.
///
/// # Errors
/// When the text cannot be read.
pub fn parse(text: &str, is_json: bool) -> Result<Value, Unparsed> {
    let words = |error: String| Unparsed::Syntax(capped(one_line(&error).trim(), bounds::QUOTE));
    if bounds::has_too_many_values(text.as_bytes()) || depth(text) > DEPTH {
        return Err(Unparsed::TooMuch);
    }
    match is_json {
        // Consul takes an empty file for one without definitions.
        true if text.trim().is_empty() => Ok(Value::Object(serde_json::Map::new())),
        true => serde_json::from_str(text).map_err(|error| words(error.to_string())),
        false => hcl::from_str(text).map_err(|error| words(of_hcl(&error))),
    }
}

/// What is wrong with HCL, and where: without the line itself, which may be the whole file.
fn of_hcl(error: &hcl::Error) -> String {
    match error {
        hcl::Error::Parse(error) => {
            let (at, message) = (error.location(), error.message().replace('\n', ", "));
            format!("line {}, column {}: {message}", at.line(), at.column())
        }
        other => other.to_string(),
    }
}

impl Definition {
    /// Adds what a file or an agent defines.
    pub fn add(&mut self, value: &Value) {
        for service in ["service", "services"].into_iter().flat_map(|name| items(field(value, name))) {
            let service = Service::of(service);
            if !service.name.is_empty() {
                self.services.push(service);
            }
        }
        for apart in ["check", "checks"].into_iter().flat_map(|name| items(field(value, name))) {
            self.node_checks.push(Check { of: text(apart, "serviceid"), ..Check::of(apart, String::new) });
        }
        self.give_checks_to_services();
    }

    fn give_checks_to_services(&mut self) {
        for check in std::mem::take(&mut self.node_checks) {
            match self.services.iter_mut().find(|service| service.id == check.of) {
                Some(service) => service.checks.push(check),
                None => self.node_checks.push(check),
            }
        }
    }

    /// The checks that run this program: each with its service, if it has one, and the words after the program's name.
    pub fn running(&self, program: &str) -> Vec<(Option<&Service>, &Check, Vec<String>)> {
        let of_services = self.services.iter().flat_map(|one| one.checks.iter().map(move |check| (Some(one), check)));
        let of_node = self.node_checks.iter().map(|check| (None, check));
        let all = of_services.chain(of_node);
        all.filter_map(|(service, check)| Some((service, check, words_after(program, &check.args)?))).collect()
    }
}

impl Service {
    fn of(value: &Value) -> Service {
        let name = text(value, "name");
        let id = Some(text(value, "id")).filter(|id| !id.is_empty()).unwrap_or_else(|| name.clone());
        let parts: Vec<&Value> = ["check", "checks"].into_iter().flat_map(|part| items(field(value, part))).collect();
        // An agent shows an empty check for a service without one.
        let parts: Vec<&Value> = parts.into_iter().filter(|part| is_given(part)).collect();
        let made = |at: usize| match parts.len() {
            1 => format!("service:{id}"),
            _ => format!("service:{id}:{}", at + 1),
        };
        let checks = parts.iter().enumerate().map(|(at, part)| Check::of(part, || made(at))).collect();
        Service {
            kind: text(value, "kind"),
            address: text(value, "address"),
            tags: texts(value, "tags"),
            checks,
            id,
            name,
        }
    }
}

impl Check {
    /// Whether it runs this program.
    pub fn runs(&self, program: &str) -> bool {
        words_after(program, &self.args).is_some()
    }

    /// Whether its program and that program's arguments are one string, which Consul takes for the program's name.
    pub fn is_one_string(&self) -> bool {
        self.args.first().is_some_and(|program| has_arguments(program))
    }

    fn of(value: &Value, made: impl FnOnce() -> String) -> Check {
        let given = ["checkid", "id"].map(|name| text(value, name)).into_iter().find(|id| !id.is_empty());
        let id =
            given.unwrap_or_else(|| Some(made()).filter(|id| !id.is_empty()).unwrap_or_else(|| text(value, "name")));
        let args = [texts(value, "args"), texts(value, "scriptargs")].concat();
        // An agent shows 0s for a time that is not given.
        let time = |name| duration::parse(&text(value, name)).filter(|time| !time.is_zero());
        let instead_of_args = BEFORE_ARGS.iter().find(|name| !text(value, name).is_empty()).copied();
        let is_bad = |name| !field(value, name).is_null() && duration::parse(&text(value, name)).is_none();
        Check {
            id,
            of: String::new(),
            args,
            instead_of_args,
            interval: time("interval"),
            timeout: time("timeout"),
            has_bad_time: ["interval", "timeout"].into_iter().any(is_bad),
        }
    }
}

/// A field by its name without regard to case and underscores: files write `service_id`, `ServiceID` and `serviceid`.
fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let is_it = |key: &str| key.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).eq(name.chars());
    let found = value.as_object().and_then(|fields| fields.iter().find(|(key, _)| is_it(key)));
    found.map_or(&Value::Null, |(_, value)| value)
}

fn text(value: &Value, name: &str) -> String {
    field(value, name).as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    items(field(value, name)).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The elements of a list, or the one value that stands in its place.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    let (list, single) = match value {
        Value::Array(list) => (&list[..], None),
        Value::Null => (&[][..], None),
        single => (&[][..], Some(single)),
    };
    list.iter().chain(single)
}

fn is_given(value: &Value) -> bool {
    let named = ["id", "checkid", "name", "interval", "ttl", "notes"];
    named.iter().any(|name| !matches!(text(value, name).as_str(), "" | "0s")) || !texts(value, "args").is_empty()
}

/// The words after the program's name, which may stand in a shell's script.
fn words_after(program: &str, args: &[String]) -> Option<Vec<String>> {
    let is_it = |word: &String| word.rsplit('/').next() == Some(program);
    if let Some(at) = args.iter().position(is_it) {
        return Some(args[at + 1..].to_vec());
    }
    args.iter().filter(|arg| arg.contains(program)).find_map(|script| {
        let words = shlex::split(script)?;
        let at = words.iter().position(is_it)?;
        let ends = |word: &String| ["&&", "||", ";", "|", "&"].contains(&word.as_str());
        Some(words[at + 1..].iter().take_while(|word| !ends(word)).cloned().collect())
    })
}

/// Whether what should be the name of a program also has its arguments. A path may have spaces in it.
pub fn has_arguments(program: &str) -> bool {
    let mut words = program.split_whitespace();
    let is_plain = words.next().is_some_and(|first| !first.contains('/'));
    let mut rest = words.peekable();
    let ends_the_path = |word: &str| word.starts_with(['-', '|', '&', '>', '<']) || word.starts_with('/');
    rest.peek().is_some() && (is_plain || rest.any(ends_the_path))
}

/// How deeply a text nests brackets, at most: those in strings count as well, which only makes it strict.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests;
