//! The checks of a definition that run this program, with their arguments read as a run would read them. Judges nothing.

use std::ffi::OsString;

use super::commands::PROGRAMS;
use super::named::Named;
use super::own_variable::OF_A_CHILD;
use super::remedies::Again;
use super::{Command, Environment, Run, UsageError, remedies, table};
use crate::bounds;
use crate::consul::Error;
use crate::doctor::definition::{Check, Definition, Service, Unparsed, parse};
use crate::doctor::{Finding, refused};
use crate::election::{Names, Policy, Wait};

/// A check that runs this program.
pub struct Planned {
    /// The check.
    pub check: Check,
    /// The service that it belongs to.
    pub service: Option<Service>,
    /// Whether a token stands among its arguments.
    pub has_token: bool,
    /// What its arguments mean.
    pub run: Result<Run, UsageError>,
}

/// The options that name files, which only the node has.
const FILES: &[&str] = &["token-file", "ca-file", "ca-path", "client-cert", "client-key"];

impl Planned {
    /// Whether it is about this service.
    pub fn is_of(&self, service: &str) -> bool {
        let by_options = self.run.as_ref().is_ok_and(|run| run.config.names.service == service);
        by_options || self.service.as_ref().is_some_and(|of| of.name == service)
    }
}

impl Run {
    /// Whether only the service was named, and everything else is as it is by default.
    pub fn is_default_of_service(&self) -> bool {
        let config = &self.config;
        let names = Names { scope: config.names.scope.clone(), ..Names::of_service(&config.names.service) };
        config.names == names && config.policy == Policy::default() && config.wait.length == Wait::default().length
    }
}

/// The checks of a definition that run this program. They have the agent's environment, which is not known here.
pub fn planned(definition: &Definition) -> Vec<Planned> {
    let of = |(service, check, words): (Option<&Service>, &Check, Vec<String>)| {
        let is_token = |word: &String| word.trim_start_matches('-').split('=').next() == Some("token");
        Planned {
            check: check.clone(),
            service: service.cloned(),
            has_token: words.iter().any(is_token),
            run: read(&words),
        }
    };
    definition.running(PROGRAMS[0]).into_iter().map(of).collect()
}

fn read(words: &[String]) -> Result<Run, UsageError> {
    let parsed = |words: &[String]| match Command::read(words.iter().map(OsString::from), &Environment::default())? {
        Command::Check(run) => Ok(*run),
        Command::Help(_) | Command::Version | Command::Resign(_) | Command::Other(..) => Err(UsageError {
            query: None,
            command: super::commands::CommandKind::Check,
            status: None,
            message: "it is not the check, but another command".to_owned(),
            place: None,
            file: None,
        }),
    };
    // Where the node's files cannot be read, everything else still can.
    parsed(words).or_else(|error| parsed(&without_files(words)).map_err(|_| error))
}

fn without_files(words: &[String]) -> Vec<String> {
    let mut left = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, has_value) = word.split_once('=').map_or((word.as_str(), false), |(name, _)| (name, true));
        if !FILES.contains(&name.trim_start_matches('-')) {
            left.push(word.clone());
        } else if !has_value {
            words.next();
        }
    }
    left
}

/// Reads a file with definitions, and adds them. Returns what is wrong with the file.
pub fn read_definition(path: &str, definition: &mut Definition) -> Vec<Finding> {
    let unreadable = |what: String| vec![Finding::Unreadable { what }];
    let content = match (Named { by: "--file", value: path.to_owned() }).read() {
        Ok(content) if content.len() > bounds::PLAIN => {
            return unreadable(format!("--file: {path} is longer than a definition; name another file"));
        }
        Ok(content) => content,
        Err(message) => return unreadable(message),
    };
    let Ok(text) = String::from_utf8(content) else {
        return unreadable(format!("--file: {path} is not UTF-8; name another file"));
    };
    let is_json = path.to_ascii_lowercase().ends_with(".json");
    match parse(&text, is_json) {
        Ok(content) => {
            definition.add(&content);
            refused::judge(&content, path, is_json)
        }
        Err(Unparsed::Syntax(what)) if is_json => vec![Finding::BadSyntax { file: path.to_owned(), what }],
        // Consul's HCL is another version, which may take it.
        Err(Unparsed::Syntax(what)) => unreadable(format!("--file: cannot read {path}: {what}")),
        Err(Unparsed::TooMuch) => {
            unreadable(format!("--file: cannot read {path}: it has too many values, or they are nested too deeply"))
        }
    }
}

/// The variables that look like options but are not.
pub fn unknown_variables<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    let is_known =
        |name: &str| OF_A_CHILD.contains(&name) || table::options().any(|option| option.own_variable() == Some(name));
    let unknown = names.filter(|name| name.starts_with("ELECTION_") && !is_known(name));
    unknown.map(|name| Finding::UnknownVariable { name: name.to_owned() }).collect()
}

/// What a request ended with, and what helps.
pub fn said(error: &Error) -> String {
    let remedy =
        remedies::of_consul(error, Again::Run("doctor")).map(|remedy| format!("; {remedy}")).unwrap_or_default();
    format!("{error:#}{remedy}")
}
