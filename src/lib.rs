//! Elects one master among the instances of a Consul service, in one short pass that Consul runs as a script check.
//!
//! What is **not** here: anything that runs between passes, and anything that is kept outside Consul. A pass asks the local
//! agent for the instance and its checks and the servers for the lock key, decides from that alone, does what is left to
//! do, and ends. See ARCHITECTURE.md for the rooms and the invariants.
//!
//! ```no_run
//! use consul_master_election_tagger::{Command, run};
//!
//! let arguments = ["--consul-service-name", "redis"].map(Into::into);
//! if let Ok(Command::Pass(options)) = Command::read(arguments, |name| std::env::var_os(name)) {
//!     let verdict = run(&options);
//!     println!("{}", verdict.line);
//!     std::process::exit(verdict.status.code().into());
//! }
//! ```

mod consul;
mod deadline;
mod duration;
mod election;
mod error;
mod options;
mod report;
mod text;

pub use options::table::help;
pub use options::{Command, Options, UsageError, signature};
pub use report::{Status, Verdict, of_panic, of_usage};

/// Makes one pass with these options and says how it ended. Blocks for no longer than `--timeout`.
#[must_use]
pub fn run(options: &Options) -> Verdict {
    report::of_pass(&options.query, &election::pass(options))
}
