//! A lead for a program: one of many processes leads, knows until when, and learns in time that it no longer does.
//!
//! No service needs to be registered: the election is a key of Consul's store. An [`Election`] is a blocking iterator of [`Event`]s, and
//! a [`Lead`] is a guard, released when it is dropped. Nothing here ends the process, handles signals, sets up a log, or panics; there is no
//! async runtime. docs/library.md says what is promised, and what is not.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use consul_master_election_tagger::Access;
//! use consul_master_election_tagger::lead::{Client, Election, Event, Lead};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let client = Client::from(&Access::default());
//!     let election = Election::builder("reports").grace(Duration::from_secs(3)).build(client)?;
//!     let stopper = election.stopper(); // for another thread, such as one that waits for signals
//!     for event in election.events() {
//!         match event? {
//!             Event::Leading(lead) => {
//!                 println!("leading with token {}", lead.token());
//!                 work(&lead);
//!                 stopper.stop();
//!             } // dropped here, and so released: another process can lead at once
//!             Event::Following(leader) => println!("{} leads", leader.node),
//!             Event::Lost(why) => println!("lost: {why}"),
//!             Event::Waiting(why) => println!("waiting: {why:?}"),
//!             Event::Unreachable { why, .. } => println!("{why}"),
//!         }
//!     }
//!     Ok(())
//! }
//!
//! fn work(lead: &Lead) {
//!     for part in 1..=3 {
//!         // Waits for a second, or until the lead is lost.
//!         if let Some(why) = lead.lost().wait(Duration::from_secs(1)) {
//!             return println!("stopped before part {part}: {why}");
//!         }
//!         println!("part {part}");
//!     }
//! }
//! ```

mod attempt;
mod builder;
mod carried;
mod client;
mod election;
mod events;
#[allow(clippy::module_inception, reason = "the room and the guard are both called what they are")]
mod lead;
mod moment;
mod services;
mod shared;
mod signal;
mod term;
mod timing;
mod value;
mod watch;

pub use builder::{Builder, Invalid, Outage};
pub use client::Client;
pub use election::{Election, Silent, Stopper};
pub use events::{Event, Events, Pause};
pub use lead::{Lead, release_for};
pub use moment::Moment;
pub use signal::{Loss, Signal};
pub use term::FencingToken;
pub use timing::{Timings, Unsafe};
pub use value::Leader;
pub(crate) use value::Note;
