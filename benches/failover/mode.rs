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
    /// How long a pass stays; zero where it ends at once.
    pub wait: Duration,
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
    wait: Duration::ZERO,
    servers: 1,
    stale: true,
};
/// The mode that has targets to reach.
pub const WAIT: Mode = Mode {
    name: "wait",
    title: "interval 1s, --wait 9s --lock-delay 0s",
    arguments: &["--wait", "9s", "--lock-delay", "0s"],
    interval: SECOND,
    wait: Duration::from_secs(9),
    servers: 1,
    stale: true,
};

pub const MODES: [Mode; 6] = [
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
];
