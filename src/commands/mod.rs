//! The commands, one file each. Each joins the rooms for one purpose and holds no logic of its own.

mod check;
mod doctor;
mod info;
mod resign;
mod run;
mod watch;

pub use check::check;
pub use doctor::doctor;
pub use info::info;
pub use resign::resign;
pub use run::{become_command, guard_command, run};
pub use watch::watch;
