//! A child process from its start to its end: its process group, its signals, its output and its time limit. Must never know roles,
//! options or Consul.
//!
//! - [`run`] runs a program to its end within a limit, and reports a failure as an [`end::End`].
//! - [`child::Child`] is the process itself: [`wait`](child::Child::wait) waits until a deadline, [`forward`](child::Child::forward) sends
//!   a signal to its whole group, [`terminate`](child::Child::terminate) ends the group by SIGTERM, a grace period and SIGKILL.
//!
//! A child leads its own process group, so a signal to this program, such as Ctrl-C in a terminal, does not reach it. A caller forwards
//! the signals that the child should get. Its standard input is empty, and both outputs go to the log.

mod child;
mod end;
mod limit;
mod output;
mod transcript;
mod tree;

#[cfg(test)]
mod tests;

pub use child::Program;
pub use end::End;
pub use limit::run;
pub use output::pipe;
pub use tree::{Ended, KILL_EVERY, adopt_orphans, end_all, reap, signal_all};
