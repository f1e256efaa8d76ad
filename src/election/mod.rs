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
mod leader;
mod marks;
mod model;
mod observe;
mod outcome;
mod pass;
mod progress;
mod registration;
mod remedy;
mod rules;
mod service_port;
mod session;
mod signature;
mod stand_back;
mod turn;
mod value;
mod wait;

pub use candidates::DEFAULT_PRIORITY;
pub use config::{Config, Hooks, Names, OnOutage, Policy, QueryPolicy, Resign, Statuses, Wait, WatchPort};
pub use identity::Identity;
pub use leader::Leader;
pub use model::Obstacle;
pub use outcome::{Caveat, Complaint, Fault, HookName, Outcome, QueryFault, Role, Vacancy};
pub use pass::{Cause, Pass, pass};
pub use remedy::Remedy;
pub use rules::{HIGHEST_PRIORITY, Invalid, LONGEST_QUERY_NAME, LONGEST_QUERY_NAME_IN_META, TTL, is_query_name};
pub use signature::signature;
pub use value::Failure;
pub use wait::Waiter;
