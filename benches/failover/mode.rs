//! The modes: with which options of the program, and on how many servers, failovers are measured.

use std::time::Duration;

pub struct Mode {
    /// What `MODES` calls it.
    pub name: &'static str,
    /// What the table calls it.
    pub title: &'static str,
    pub arguments: &'static [&'static str],
    /// Of the election check.
    pub interval: Duration,
    /// After which Consul ends a run of the election check.
    pub timeout: Duration,
    /// How long a pass stays; zero where it ends at once.
    pub wait: Duration,
    /// The interval of the check that connects to redis.
    pub health: Duration,
    /// Where it is measured what the watched port tells, and not what Consul does: the grace.
    pub grace: Option<Duration>,
    pub servers: u8,
    /// `dns_config.allow_stale` on all agents.
    pub stale: bool,
}

const SECOND: Duration = Duration::from_secs(1);
const DEFAULT: Mode = Mode {
    name: "default",
    title: "interval 2s, --lock-delay 1s",
    arguments: &["--lock-delay", "1s"],
    interval: Duration::from_secs(2),
    timeout: Duration::from_secs(60),
    wait: Duration::ZERO,
    health: SECOND,
    grace: None,
    servers: 1,
    stale: true,
};
/// A mode that has targets to reach.
pub const WAIT: Mode = Mode {
    name: "wait",
    title: "interval 1s, --wait 9s --lock-delay 0s",
    arguments: &["--wait", "9s", "--lock-delay", "0s"],
    interval: SECOND,
    wait: Duration::from_secs(9),
    ..DEFAULT
};
/// The same faults as [`WAIT`] and the same targets: watching the port makes nothing slower that it does not see.
pub const WAIT_PORT: Mode = Mode {
    name: "wait-port",
    title: "interval 1s, --wait 9s --lock-delay 0s --watch-port",
    arguments: &["--wait", "9s", "--lock-delay", "0s", "--watch-port"],
    ..WAIT
};
/// The port is to be faster than the health check, which therefore looks seldom.
pub const WATCH: Mode = Mode {
    name: "watch",
    title: "interval 1s, --wait 50s --lock-delay 0s --watch-port; health check every 10s",
    arguments: &["--wait", "50s", "--lock-delay", "0s", "--watch-port"],
    timeout: Duration::from_secs(75),
    wait: Duration::from_secs(50),
    health: Duration::from_secs(10),
    grace: Some(Duration::ZERO),
    ..WAIT
};
pub const WATCH_GRACE: Mode = Mode {
    name: "watch-grace",
    title: "interval 1s, --wait 50s --lock-delay 0s --watch-port --watch-grace 1s; health check every 10s",
    arguments: &["--wait", "50s", "--lock-delay", "0s", "--watch-port", "--watch-grace", "1s"],
    grace: Some(SECOND),
    ..WATCH
};

pub const MODES: [Mode; 9] = [
    DEFAULT,
    Mode {
        name: "wait-delay",
        title: "interval 1s, --wait 9s --lock-delay 1s",
        arguments: &["--wait", "9s", "--lock-delay", "1s"],
        ..WAIT
    },
    WAIT,
    Mode {
        name: "no-fence",
        title: "interval 1s, --wait 9s --lock-delay 0s --no-fence",
        arguments: &["--wait", "9s", "--lock-delay", "0s", "--no-fence"],
        ..WAIT
    },
    Mode { name: "servers", title: "three servers, interval 1s, --wait 9s --lock-delay 0s", servers: 3, ..WAIT },
    Mode {
        name: "servers-current",
        title: "three servers with allow_stale = false, interval 1s, --wait 9s --lock-delay 0s",
        servers: 3,
        stale: false,
        ..WAIT
    },
    WAIT_PORT,
    WATCH,
    WATCH_GRACE,
];
