//! A small client of Consul's HTTP API: paths, bodies, and what each answer means. Must never know roles, elections or
//! a command line.
//!
//! Every call returns what Consul said, or an [`Error`] that says what was attempted and what can be done about it.

mod access;
mod acl;
mod address;
mod agent;
mod call;
mod catalog;
mod error;
mod guarded;
mod http;
mod itself;
mod kv;
mod query;
mod remedy;
mod rights;
mod secret;
mod session;
mod settings;
mod socket;
mod tls;
mod tls_fault;
mod transport;
mod txn;

pub use access::{Access, Scope};
pub use acl::{Extent, Resource, Right, Rule};
pub use address::{Address, AddressError, PortDoubt};
pub use agent::{Check, Health, Registration, Status};
pub use catalog::{CatalogInstance, Instances, RemoteInstance, Selection};
pub use error::Error;
#[cfg(test)]
pub use error::{Kind, Suspicion};
pub use http::Client;
pub use itself::Itself;
pub use kv::{Key, is_key};
pub use query::{Found, PreparedQuery, QueryDifference, QuerySpec};
pub use remedy::Remedy;
pub use rights::Rights;
pub use secret::Secret;
pub use session::{NewSession, Session, TTL};
pub use settings::AgentSettings;
pub use tls::{ClientIdentity, KEYS, PemError, Roots, Tls, server_name};
pub use txn::{EntryChange, Taken};
