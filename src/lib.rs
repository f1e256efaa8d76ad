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
//! if let Ok(Command::Pass(options)) = Command::read(arguments, |name| std::env::var_os(name)) {
//!     let verdict = run(&options, &Interrupt::new());
//!     println!("{}", verdict.line);
//!     std::process::exit(verdict.status.code().into());
//! }
//! ```

mod consul;
mod deadline;
mod duration;
mod election;
mod error;
mod interrupt;
mod named;
mod options;
mod port;
mod process;
mod report;
mod text;

pub use interrupt::Interrupt;
pub use options::table::{ENVIRONMENT, EXIT_STATUSES, OPTIONS, OptionSpec, USAGE, help};
pub use options::{Command, Options, UsageError, signature, take_token};
pub use report::{Status, Verdict, of_panic, of_usage};

/// Makes one pass with these options and says how it ended. Blocks for no longer than `--wait` and one `--timeout` after that; an
/// interrupt ends the wait early.
#[must_use]
pub fn run(options: &Options, interrupt: &Interrupt) -> Verdict {
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
