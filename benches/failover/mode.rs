//! The modes: the program's options and the number of servers with which failovers are measured.

use std::time::Duration;

pub struct Mode {
    /// Its name in `MODES`.
    pub name: &'static str,
    /// Its name in the table.
    pub title: &'static str,
    pub arguments: &'static [&'static str],
    /// Of the election check.
    pub interval: Duration,
    /// After which Consul kills a run of the election check.
    pub timeout: Duration,
    /// The program's `--wait`; zero without.
    pub wait: Duration,
    /// The interval of the check that connects to redis.
    pub health: Duration,
    /// The grace, in modes that measure the watched port instead of Consul's detection.
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
/// This mode has targets.
pub const WAIT: Mode = Mode {
    name: "wait",
    title: "interval 1s, --wait 9s --lock-delay 0s",
    arguments: &["--wait", "9s", "--lock-delay", "0s"],
    interval: SECOND,
    wait: Duration::from_secs(9),
    ..DEFAULT
};
/// The same faults and targets as [`WAIT`]: watching the port must not slow down the failovers that it does not see.
pub const WAIT_PORT: Mode = Mode {
    name: "wait-port",
    title: "interval 1s, --wait 9s --lock-delay 0s --watch-port",
    arguments: &["--wait", "9s", "--lock-delay", "0s", "--watch-port"],
    ..WAIT
};
/// The health check runs rarely here, so that the port is the faster of the two.
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

pub const MODES: [Mode; 10] = [
    DEFAULT,
    Mode {
        name: "wait-delay",
        title: "interval 1s, --wait 9s --lock-delay 1s",
        arguments: &["--wait", "9s", "--lock-delay", "1s"],
        ..WAIT
    },
    WAIT,
    Mode {
        name: "wait-hooks",
        title: "interval 1s, --wait 9s --lock-delay 0s, all three hooks /bin/true",
        arguments: &[
            "--wait",
            "9s",
            "--lock-delay",
            "0s",
            "--on-promote",
            "/bin/true",
            "--on-demote",
            "/bin/true",
            "--on-follow",
            "/bin/true",
        ],
        ..WAIT
    },
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
