//! Elects one master among the instances of a Consul service, in one short pass that Consul runs as a script check.
//!
//! Nothing runs between passes, and no state is kept outside Consul. A pass asks the local agent for the instance and its checks
//! and the servers for the lock key, decides from that alone, does what is left to do, and ends. With `--wait` it waits for a while
//! and does the same at every change. ARCHITECTURE.md has the rooms and the invariants.
//!
//! ```no_run
//! use consul_master_election_tagger::{Command, Environment, Interrupt, check};
//!
//! let arguments = ["--consul-service-name", "redis"].map(Into::into);
//! if let Ok(Command::Check(run)) = Command::read(arguments, &Environment::of_process()) {
//!     let verdict = check(&run, &Interrupt::new());
//!     println!("{}", verdict.line);
//!     std::process::exit(verdict.exit_code().into());
//! }
//! ```

mod bounds;
mod cli;
mod commands;
mod consul;
mod deadline;
mod dns;
mod doctor;
mod duration;
mod election;
mod info;
mod interrupt;
pub mod lead;
mod lock;
mod net;
mod port;
mod process;
mod run;
mod text;
mod textfile;
mod watch;

pub use cli::commands::{COMMANDS, CommandKind, CommandSpec, PROGRAMS, Program};
pub use cli::info::{Report, Style};
pub use cli::lines::{Verdict, loggable, of_panic, of_usage};
pub use cli::log_record::{LogFormat, log_record};
pub use cli::show::{Format, Show, Until};
pub use cli::table::{EXIT_CODES, GROUPS, Group, NOTATION, environment, options, usage};
pub use cli::{Command, Environment, OptionSpec, Run, UsageError, elsewhere, help, help_in_a_check, take_token};
pub use commands::{become_command, check, doctor, guard_command, info as show_info, resign, run, watch as follow};
pub use consul::{
    Access, Address, AddressError, ClientIdentity, Error as ConsulError, KEYS, PemError, Remedy as ConsulRemedy, Roots,
    Scope, Secret, Status, Tls, server_name,
};
pub use doctor::{FINDINGS, Severity};
pub use election::{
    Caveat, Complaint, Config, Contradiction, Difference, Failure, Fault, HookName, Hooks, Identity, Invalid, Leader,
    Names, Obstacle, OnOutage, Outcome, Policy, QueryFault, QueryPolicy, Remedy, Resign, Role, Settled, Split,
    Statuses, Vacancy, Wait, WatchPort, pass, signature,
};
pub use interrupt::Interrupt;
pub use port::{Target, Unclear};
pub use run::{GUARD, START, Settings};
