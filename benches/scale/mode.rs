//! The modes: the program's options and the definition of its check with which elections of each size are measured.

use std::time::Duration;

pub struct Mode {
    /// Its name in `MODES`, in the tables and in the CSV.
    pub name: &'static str,
    /// Whether the instances have the election's check. Without it, the mode shows what the instances cost in any case.
    pub elects: bool,
    /// The program's options.
    pub arguments: &'static [&'static str],
    /// Of the election's check.
    pub interval: Duration,
    /// After which Consul kills a run.
    pub timeout: Duration,
}

pub const MODES: [Mode; 3] = [
    Mode { name: "none", elects: false, arguments: &[], interval: Duration::ZERO, timeout: Duration::ZERO },
    // As in examples/fast.hcl, with a longer timeout: on a busy machine a pass may take longer than its own limit.
    Mode {
        name: "wait",
        elects: true,
        arguments: &["--wait", "50s", "--lock-delay", "0s"],
        interval: Duration::from_secs(1),
        timeout: Duration::from_secs(90),
    },
    // As in examples/service.hcl: the lock-delay is 15 s.
    Mode {
        name: "plain",
        elects: true,
        arguments: &[],
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(60),
    },
];
