//! What is typed and what is printed.

pub mod lines;
mod remedies;
