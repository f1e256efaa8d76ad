//! The election: a pass over what Consul shows, and the wait between two of them. See ARCHITECTURE.md for how its files depend on each
//! other.

mod address;
mod apply;
mod candidates;
mod config;
mod decide;
mod describe;
mod eligibility;
mod hooks;
mod identity;
mod key_state;
mod marks;
mod model;
mod observe;
mod outcome;
mod pass;
mod progress;
mod registration;
mod service_port;
mod session;
mod signature;
mod stand_back;
mod value;
mod wait;

pub use config::{Config, Hooks, Names, OnOutage, Policy, QueryPolicy, Resign, Statuses, Wait, WatchPort};
pub use identity::Identity;
pub use model::{Leader, Obstacle};
pub use outcome::{Complaint, Fault, HookName, Outcome, QueryFault, Remedy, Role, Vacancy};
pub use pass::{Cause, Pass};
pub use signature::signature;
pub use value::Failure;
pub use wait::Waiter;
