//! The commands, one file each. Each joins the rooms for one purpose and holds no logic of its own.

mod check;
mod doctor;
mod resign;

pub use check::check;
pub use doctor::doctor;
pub use resign::resign;
