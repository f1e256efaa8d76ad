//! Scenarios: the program's promises, tested on real Consul agents. See tests/README.md.

// Tests fail by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod harness;
mod stage;

mod acceptance;
mod access;
mod acl;
mod address;
mod doctor;
mod eligibility;
mod examples;
mod failover;
mod faults;
mod fence;
mod field;
mod footprint;
mod handover;
mod hooks;
mod hostile;
mod info;
mod lead;
mod lock;
mod many;
mod migrating;
mod outage;
mod port;
mod priority;
mod puppet;
mod query;
mod query_options;
mod redis;
mod registration;
mod run;
mod schedule;
mod sources;
mod takeover;
mod usage;
mod wait;
mod writers;
