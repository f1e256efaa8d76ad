//! Whether the service listens: where to connect, and with how much patience. Decides nothing.

use std::sync::Arc;
use std::time::Duration;

use super::address::address;
use super::config::WatchPort;
use super::model::{Instance, Lock, Port, View};
use crate::consul::{Client, Error};
use crate::deadline::Deadline;
use crate::port::{Connection, Probe, Target};

/// How long a probe may take besides the grace. Its longest part is a resolver that does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection to the service's port, and where that is.
pub type Held = (Arc<Connection>, Target);

/// What is known of the service's port before it is probed.
#[derive(Default)]
pub struct KnownPort {
    /// The connection that an earlier observation made.
    pub held: Option<Held>,
    /// Whether the service has been away for the whole grace.
    pub grace_is_over: bool,
}

/// Whether the service listens, and the connection that shows when it no longer does.
///
/// # Errors
/// When Consul could not be asked where the instance is reached.
pub fn probe(client: &Client, watch: &WatchPort, view: &View, known: KnownPort) -> Result<(Port, Option<Held>), Error> {
    let KnownPort { held, grace_is_over } = known;
    // A slave does not hold a connection.
    let follows = matches!(view.lock, Lock::Another(_));
    if let Some(held) = held.filter(|(held, _)| !held.closes_within(Duration::ZERO)) {
        return Ok((Port::Open, (!follows).then_some(held)));
    }
    let registered = || registered_target(client, &view.instance, &view.lock);
    let Some(target) = watch.address.clone().map_or_else(registered, |target| Ok(Some(target)))? else {
        return Ok((Port::Nowhere, None));
    };
    // A candidate has no lead to keep, and a step down that has begun is not taken back halfway.
    let no_grace = !matches!(view.lock, Lock::Mine { .. }) || grace_is_over;
    let grace = if no_grace { Duration::ZERO } else { watch.grace };
    let until = Deadline::after((grace + PATIENCE).min(client.deadline().remaining()));
    // A pass does not wait twice.
    let probe = match (view.done.port_refused, view.done.port_unclear) {
        (true, _) => Probe::Refused,
        (false, Some(why)) => Probe::Unclear(why),
        (false, None) => target.probe(Deadline::after(grace), until),
    };
    Ok(match probe {
        Probe::Open(_) if follows => (Port::Open, None),
        Probe::Open(connection) => (Port::Open, Some((Arc::new(connection), target))),
        Probe::Refused => (Port::Refused(target), None),
        Probe::Unclear(why) => (Port::Unclear(target, why), None),
    })
}

/// Where the instance is registered to listen; `None` if that is unknown.
fn registered_target(client: &Client, instance: &Instance, lock: &Lock) -> Result<Option<Target>, Error> {
    let registration = &instance.registration;
    if !registration.socket_path().is_empty() {
        return Ok(Some(Target::Unix(registration.socket_path().into())));
    }
    let mut host = registration.address().to_owned();
    if let (true, Lock::Mine { holder: Some(holder), .. }) = (host.is_empty(), lock) {
        host.clone_from(&holder.address);
    }
    if host.is_empty() {
        host = address(client, instance)?;
    }
    let is_known = !host.is_empty() && registration.port() != 0;
    Ok(is_known.then(|| Target::Tcp(host, registration.port())))
}
