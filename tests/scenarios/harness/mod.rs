//! The harness of the scenarios: real Consul agents, the program under test, and what stands between them.
//!
//! Nothing here knows what the program promises. A scenario starts a [`Cluster`] (or borrows the [`shared`] one), runs a
//! [`Pass`], and looks at Consul through [`Api`]; waiting is always for a condition, never for a time.

// It is a toolbox for all scenarios: a helper is there whether or not one of them needs it today.
#![allow(dead_code, unused_imports)]
// A harness that cannot go on says what it saw and panics; libtest makes a failure of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acls;
mod answer;
mod api;
mod certificates;
mod cluster;
mod config;
mod consul;
mod dns;
mod http;
mod keeper;
mod loopback;
mod node;
mod program;
mod proxy;
mod queries;
mod random;
mod relay;
mod scripts;
mod services;
mod sessions;
mod wait;

pub use answer::Answer;
pub use api::{Api, text, texts};
pub use certificates::{Authority, Pair};
pub use cluster::{Cluster, ClusterBuilder, shared, unique};
pub use consul::{cache, consul};
pub use dns::{PORT as DNS_PORT, addresses as dns_addresses, addresses_in, question};
pub use http::Message;
pub use keeper::Keeper;
pub use node::Node;
pub use program::{Outcome, Output, Pass, Running, clean_environment, signal};
pub use proxy::{Fault, Proxy, Request};
pub use random::Random;
pub use relay::Relay;
pub use rustix::process::Signal;
pub use scripts::Scripts;
pub use services::Health;
pub use sessions::LockKey;
pub use wait::{holds_for, millis, secs, seen, wait_for};

/// An address where no one listens, so that a connection to it is refused at once.
pub const NOBODY_LISTENS: &str = "127.0.0.1:1";
