//! What an election looks like to somebody who is paged: asks Consul for it, reads only, and says what is wrong. Must never know options,
//! tables or exit codes.

mod ask;
mod asked;
mod discover;
mod dns;
mod model;
mod problems;
mod view;
mod words;

pub use ask::{ask, resolved};
pub use asked::{Asked, Missing};
pub use discover::{Discovered, discover};
pub use dns::Resolver;
pub use model::ChangeInfo;
pub use model::{CandidateInfo, Info, LeaderInfo, State};
#[cfg(test)]
pub use model::{DnsInfo, LockInfo, SCHEMA};
pub use view::view;

#[cfg(test)]
mod tests;
