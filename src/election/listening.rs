//! Whether anything listens where the service should: when that is asked, where, and with how much patience. Decides nothing.

use std::sync::Arc;
use std::time::Duration;

use log::debug;

use super::decide::needs_port;
use super::lock;
use super::view::{Lock, Port, View};
use crate::consul::{self, Client};
use crate::deadline::Deadline;
use crate::options::Options;
use crate::port::{Connection, Probe, Target};

/// A connection to the service's port, and where that is.
pub type Held = (Arc<Connection>, Target);

/// What is known of the service's port before it is asked for.
#[derive(Default)]
pub struct KnownPort {
    /// The connection that an earlier look has made.
    pub held: Option<Held>,
    /// Whether the service has been away for the whole of its grace.
    pub grace_is_over: bool,
}

/// Whether anything listens on the service's port, where that matters, and the connection that tells.
pub fn read_port(
    client: &Client,
    options: &Options,
    view: &mut View,
    known: KnownPort,
) -> Result<Option<Held>, consul::Error> {
    let KnownPort { held, grace_is_over } = known;
    let Some(watch) = options.watch_port.as_ref().filter(|_| needs_port(view, options)) else {
        // While it tries for the lock again and again, one connection is enough.
        return Ok(held.filter(|_| view.lock == Lock::Free));
    };
    view.port = Port::Open;
    let follows = matches!(view.lock, Lock::Another(_));
    if let Some(held) = held.filter(|(held, _)| !held.closes_within(Duration::ZERO)) {
        return Ok((!follows).then_some(held));
    }
    let registered = || registered_target(client, view);
    let Some(target) = watch.address.clone().map_or_else(registered, |target| Ok(Some(target)))? else {
        view.port = Port::Nowhere;
        return Ok(None);
    };
    // Who does not lead yet has no lead to keep; and a step down that has begun is not taken back halfway.
    let no_grace = !matches!(view.lock, Lock::Mine { .. }) || grace_is_over;
    let grace = if no_grace { Duration::ZERO } else { watch.grace };
    let probe = if view.done.port_refused { Probe::Refused } else { target.probe(Deadline::after(grace)) };
    match probe {
        // A slave only wants to know.
        Probe::Open(_) if follows => {}
        Probe::Open(connection) => return Ok(Some((Arc::new(connection), target))),
        Probe::Refused => view.port = Port::Refused(target),
        Probe::Unclear(error) => debug!("cannot tell whether anything listens on {target}: {error}"),
    }
    Ok(None)
}

/// Where the instance is registered to listen; `None` when that does not tell.
fn registered_target(client: &Client, view: &View) -> Result<Option<Target>, consul::Error> {
    let (instance, registration) = (&view.instance, &view.instance.registration);
    if !registration.socket_path().is_empty() {
        return Ok(Some(Target::Unix(registration.socket_path().into())));
    }
    let mut address = registration.address().to_owned();
    if let (true, Lock::Mine { holder: Some(holder), .. }) = (address.is_empty(), &view.lock) {
        address.clone_from(&holder.address);
    }
    if address.is_empty() {
        address = lock::address(client, instance)?;
    }
    let is_known = !address.is_empty() && registration.port() != 0;
    Ok(is_known.then(|| Target::Tcp(address, registration.port())))
}
