//! A child process from its start to its end: owns its process group, its signals, its output and its limit, and knows no roles, no options
//! and no Consul.
//!
//! - [`run`] runs a program to its end within a limit, and reports a bad end as an [`end::End`].
//! - [`child::Child`] is the process itself: [`wait`](child::Child::wait) follows it to a deadline, [`forward`](child::Child::forward) sends
//!   a signal to its whole group, [`terminate`](child::Child::terminate) ends the group by SIGTERM, a grace and SIGKILL.
//!
//! A child leads its own process group, so a signal to this program, such as Ctrl-C in a terminal, does not reach it: a caller forwards
//! what the child should see. Its standard input is empty, and both outputs go to the log.

mod child;
mod end;
mod limit;
mod output;
mod transcript;

#[cfg(test)]
mod tests;

pub use child::Program;
pub use limit::run;
