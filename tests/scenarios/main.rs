//! Scenarios: what the program promises, held against real Consul agents. See CONTRIBUTING.md for how to run them.

// A panic is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod harness;
mod stage;

mod acceptance;
mod access;
mod acl;
mod address;
mod eligibility;
mod examples;
mod failover;
mod faults;
mod fence;
mod footprint;
mod handover;
mod hooks;
mod lock;
mod migrating;
mod outage;
mod port;
mod priority;
mod puppet;
mod query;
mod query_options;
mod redis;
mod registration;
mod usage;
mod wait;
mod writers;
