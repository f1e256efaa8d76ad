//! The values that the options have set so far, and the configuration made from them. Starts with the defaults; knows no option
//! by name.

use std::time::Duration;

use log::LevelFilter;

use super::commands::CommandKind;
use super::doctor::DoctorOptions;
use super::given::Places;
use super::log_record::LogFormat;
use super::show::Show;
use super::{Environment, Run, access, info_of_run, run, wording};
use crate::election::{Config, Invalid, Names, Policy, Resign, Wait, WatchPort};
use crate::run::Settings;

/// A configuration in the making. A value whose meaning depends on another option waits here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The names, without those that follow from others.
    pub names: Names,
    /// The query's name; otherwise it follows from the service.
    pub query: Option<String>,
    /// The lock key; otherwise it follows from the query's name.
    pub lock_key: Option<String>,
    /// The policy, without what the next fields decide.
    pub policy: Policy,
    /// How long nobody can acquire the lock after the master has failed; otherwise it follows from whether the run waits.
    pub lock_delay: Option<Duration>,
    /// Whether a master hands over to a candidate of higher priority.
    pub preempts: bool,
    /// How long that candidate must have been passing.
    pub preempt_after: Duration,
    /// Whether the service's port is watched.
    pub watches_port: bool,
    /// How the port is watched.
    pub watch: WatchPort,
    /// How the lead is handed over, if that is the command.
    pub resign: Resign,
    /// The time limits.
    pub wait: Wait,
    /// How the agent is reached.
    pub access: TypedAccess,
    /// The least severe level that is logged.
    pub log_level: Option<LevelFilter>,
    /// How `info` and `watch` show an election.
    pub show: Show,
    /// The command to run on the leader.
    pub run: Settings,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What `doctor` takes besides.
    pub doctor: DoctorOptions,
}

/// How the agent is reached, as typed: each value can come from an environment variable instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the option of its name, which the table describes")]
pub struct TypedAccess {
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
}

impl Default for Draft {
    fn default() -> Draft {
        Draft {
            names: Names::of_service(""),
            query: None,
            lock_key: None,
            lock_delay: None,
            policy: Policy::default(),
            preempts: false,
            preempt_after: Policy::PREEMPT_AFTER,
            watches_port: false,
            watch: WatchPort::default(),
            resign: Resign::default(),
            wait: Wait::default(),
            access: TypedAccess::default(),
            log_level: None,
            show: Show::default(),
            run: Settings::default(),
            log_format: LogFormat::default(),
            doctor: DoctorOptions::default(),
        }
    }
}

impl Draft {
    /// Completes the draft from the environment, and checks it.
    ///
    /// # Errors
    /// Names the option or variable, what is wrong with it, and what to do.
    pub fn finish(self, command: CommandKind, environment: &Environment) -> Result<Run, String> {
        if command == CommandKind::Run {
            return run::finish(self, environment);
        }
        if !self.run.name.is_empty() {
            return info_of_run::finish(self, environment);
        }
        let derived = Names::of_service(&self.names.service);
        let is_named = self.query.is_some();
        let derived = match self.query {
            Some(query) => derived.with_query(&query),
            None => derived,
        };
        let names = Names {
            query: derived.query,
            is_query_named: derived.is_query_named,
            lock_key: self.lock_key.unwrap_or(derived.lock_key),
            scope: access::scope(&self.access, environment)?,
            ..self.names
        };
        let policy = Policy {
            lock_delay: self.lock_delay.unwrap_or_else(|| self.wait.lock_delay()),
            preempt_after: self.preempts.then_some(self.preempt_after),
            watch_port: self.watches_port.then_some(self.watch),
            resign: (command == CommandKind::Resign).then_some(self.resign),
            ..self.policy
        };
        let show = Show { timeout: self.show.timeout.filter(|_| command == CommandKind::Watch), ..self.show };
        let config = Config { names, policy, access: access::resolve(&self.access, environment)?, wait: self.wait };
        let checked = match config.check() {
            // It finds out what it is about.
            Err(Invalid::NoService) if command.finds_elections() => config.with_some_service().check(),
            checked => checked,
        };
        checked.map_err(|invalid| {
            let derived = if is_named { None } else { wording::derived_query(&invalid) };
            derived.unwrap_or_else(|| wording::invalid(&invalid))
        })?;
        Ok(Run {
            config,
            log_level: self.log_level,
            log_format: self.log_format,
            show,
            task: None,
            doctor: self.doctor,
            places: Places::default(),
        })
    }
}
