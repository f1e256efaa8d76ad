//! An election of `run`, or of a program that uses the library: what its key says, and what is wrong. Reads only; must never know options,
//! tables or exit codes.

mod ask;
mod ticks;
mod view;

pub use ask::{AskedRun, ask_run};
pub use ticks::ScheduleInfo;
#[cfg(test)]
pub use ticks::{TickInfo, TickTime};
pub use view::view_run;

#[cfg(test)]
mod tests;
