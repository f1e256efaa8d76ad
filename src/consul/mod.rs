//! A small client of Consul's HTTP API: what a pass asks for and no more.
//!
//! Owns how things are asked and answered: paths, bodies, which status means what. Knows no roles, no tags and no
//! election; every call gives back what Consul said or an [`Error`] that says what was attempted.

mod access;
mod address;
mod agent;
mod catalog;
mod error;
mod http;
mod kv;
mod query;
mod session;
mod socket;
mod tls;
mod transport;

pub use access::{Access, Scope, Secret};
pub use address::Address;
pub use agent::{Check, Health, Marks, Registration, Status};
pub use catalog::RemoteInstance;
pub use error::Error;
#[cfg(test)]
pub use error::Kind;
pub use http::Client;
pub use kv::Key;
pub use query::{PreparedQuery, QuerySpec};
pub use session::{NewSession, Session};
#[cfg(test)]
pub use tls::TlsFault;
pub use tls::{Tls, TlsSettings, server_name};
