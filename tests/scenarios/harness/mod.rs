//! The harness of the scenarios: real Consul agents, the program under test, and proxies between them.
//!
//! The harness knows none of the program's promises. A scenario starts a [`Cluster`] (or borrows the [`shared`] one),
//! runs a [`Pass`], and looks at Consul through [`Api`]. It always waits for a condition, never for a time.

// A toolbox for all scenarios: not every helper is in use at any moment.
#![allow(dead_code, unused_imports)]
// The harness panics with what it saw when it cannot continue, and libtest reports a failure.
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
pub use loopback::Loopback;
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

/// An address where nobody listens, so that connections are refused at once.
pub const NOBODY_LISTENS: &str = "127.0.0.1:1";
