//! Scenarios: what the program promises, held against real Consul agents. See CONTRIBUTING.md for how to run them.

mod harness;
mod stage;

mod acl;
mod eligibility;
mod failover;
mod faults;
mod footprint;
mod lock;
mod outage;
mod query;
mod registration;
mod usage;
