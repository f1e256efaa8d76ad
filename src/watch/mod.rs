//! Follows an election by blocking queries, and says what has changed. Reads only. Must never know options, lines or exit codes.

mod event;
mod follow;
mod name;
mod questions;

pub use event::{Event, What};
pub use follow::{Follower, Step};
