//! What an election looks like to somebody who is paged: asks Consul for it, reads only, and says what is wrong. Must never know options,
//! tables or exit codes.

mod ask;
mod asked;
mod discover;
mod dns;
mod model;
mod of_run;
mod problems;
mod view;
mod words;

pub use ask::{ask, resolved};
pub use asked::{Asked, Missing};
pub use discover::{Discovered, Heard, discover, heard, of_service, unmarked};
pub use dns::Resolver;
pub use model::ChangeInfo;
pub use model::{CandidateInfo, DnsInfo, Info, LeaderInfo, State};
#[cfg(test)]
pub use model::{LockInfo, SCHEMA};
pub use of_run::{ScheduleInfo, ask_run, view_run};
#[cfg(test)]
pub use of_run::{TickInfo, TickTime};
pub use view::view;
pub use words::{said, why as why_unfit};

#[cfg(test)]
mod tests;
