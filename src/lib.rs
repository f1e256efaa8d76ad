//! Elects one master among the instances of a Consul service, in one short pass that Consul runs as a script check.
//!
//! What is **not** here: anything that runs between passes, and anything that is kept outside Consul. A pass asks the local
//! agent for the instance and its checks and the servers for the lock key, decides from that alone, does what is left to
//! do, and ends; with `--wait` it stays for a while and does the same at every change. See ARCHITECTURE.md for the rooms and the
//! invariants.
//!
//! ```no_run
//! use consul_master_election_tagger::{Command, Interrupt, check};
//!
//! let arguments = ["--consul-service-name", "redis"].map(Into::into);
//! if let Ok(Command::Pass(options)) = Command::read(arguments, |name| std::env::var_os(name)) {
//!     let verdict = check(&options.config(), &Interrupt::new());
//!     println!("{}", verdict.line);
//!     std::process::exit(verdict.status.code().into());
//! }
//! ```

mod cli;
mod commands;
mod consul;
mod deadline;
mod duration;
mod election;
mod interrupt;
mod lock;
mod named;
mod options;
mod port;
mod process;
mod text;

pub use cli::lines::{Status, Verdict, of_panic, of_usage};
pub use commands::{check, resign};
pub use election::signature;
pub use interrupt::Interrupt;
pub use options::table::{ENVIRONMENT, EXIT_STATUSES, OPTIONS, OptionSpec, USAGE, help};
pub use options::{Command, Options, UsageError, take_token};
