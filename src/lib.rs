//! Elects one master among the instances of a Consul service, in one short pass that Consul runs as a script check.
//!
//! What is **not** here: anything that runs between passes, and anything that is kept outside Consul. A pass asks the local
//! agent for the instance and its checks and the servers for the lock key, decides from that alone, does what is left to
//! do, and ends; with `--wait` it stays for a while and does the same at every change. See ARCHITECTURE.md for the rooms and the
//! invariants.
//!
//! ```no_run
//! use consul_master_election_tagger::{Command, Interrupt, run};
//!
//! let arguments = ["--consul-service-name", "redis"].map(Into::into);
//! if let Ok(Command::Check(check)) = Command::read(arguments, |name| std::env::var_os(name)) {
//!     let verdict = run(&check.config, &Interrupt::new());
//!     println!("{}", verdict.line);
//!     std::process::exit(verdict.status.code().into());
//! }
//! ```

mod cli;
mod consul;
mod deadline;
mod duration;
mod election;
mod error;
mod hook;
mod interrupt;
mod options;
mod port;
mod report;
mod text;

use options::Options;

pub use cli::commands::{COMMANDS, CommandKind, CommandSpec};
pub use cli::table::{EXIT_CODES, GROUPS, Group, NOTATION, environment, options, usage};
pub use cli::{Command, OptionSpec, Run, UsageError, help, take_token};
pub use election::{Config, signature};
pub use interrupt::Interrupt;
pub use report::{Status, Verdict, of_panic, of_usage};

/// Makes one pass with this configuration and says how it ended. Blocks for the configured wait and one timeout after it at most; an
/// interrupt ends the wait early.
#[must_use]
pub fn run(config: &Config, interrupt: &Interrupt) -> Verdict {
    let options = &Options::from(config);
    let mut pass = election::Pass::begin(options, interrupt);
    let verdict = loop {
        let outcome = pass.settle();
        let verdict = report::of_pass(options, &outcome);
        match outcome {
            Ok(role) if pass.stays(&role, verdict.status.of_check(), &verdict.line) => {}
            _ => break verdict,
        }
    };
    pass.end();
    verdict
}
