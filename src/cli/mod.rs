//! The command line.

pub mod remedies;
