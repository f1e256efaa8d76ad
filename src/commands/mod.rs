//! The commands, one file each. Each joins the rooms for one purpose and holds no logic of its own.

mod check;
mod resign;
mod run;
mod timetable;

pub use check::check;
pub use resign::resign;
pub use run::{become_command, guard_command, run};
