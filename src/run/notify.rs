//! What systemd is told: that the run is ready, what it does, and that it is alive (`sd_notify`). Without systemd nothing is sent. Must
//! never know what a run does.

use std::env;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use log::debug;

use crate::lead::Moment;
use crate::text::{capped, one_line};

/// The most characters of a status.
const LONGEST: usize = 500;

/// The socket of the service manager, if there is one.
#[derive(Debug)]
pub struct Notify {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often a sign of life is due, and when it is next.
    watchdog: Option<(Duration, Moment)>,
    is_ready: bool,
}

impl Notify {
    /// Finds the service manager in the environment.
    pub fn from_environment() -> Notify {
        let socket = env::var_os("NOTIFY_SOCKET").and_then(|path| {
            let address = match path.as_bytes() {
                [b'@', name @ ..] => SocketAddr::from_abstract_name(name).ok()?,
                _ => SocketAddr::from_pathname(&path).ok()?,
            };
            Some((UnixDatagram::unbound().ok()?, address))
        });
        let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        // The time may be meant for another process of the service.
        let is_own = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let every =
            number("WATCHDOG_USEC").filter(|time| is_own && *time > 0).map(|time| Duration::from_micros(time / 3));
        Notify { socket, watchdog: every.map(|every| (every, Moment::now())), is_ready: false }
    }

    /// Says what the run does. The first time also says that it is ready.
    pub fn status(&mut self, text: &str) {
        let ready = if std::mem::replace(&mut self.is_ready, true) { "" } else { "READY=1\n" };
        self.send(&format!("{ready}STATUS={}", one_line(&capped(text, LONGEST))));
    }

    /// Gives a sign of life, if one is due. Returns the time until the next one.
    pub fn alive(&mut self) -> Option<Duration> {
        let (every, next) = self.watchdog?;
        if next.has_come() {
            self.send("WATCHDOG=1");
            self.watchdog = Some((every, Moment::now().after(every)));
        }
        Some(self.watchdog?.1.remaining())
    }

    /// Says that the run ends.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    fn send(&self, text: &str) {
        let Some((socket, address)) = &self.socket else { return };
        if let Err(error) = socket.send_to_addr(text.as_bytes(), address) {
            debug!("the service manager does not hear this: {error}");
        }
    }
}
