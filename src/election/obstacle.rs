//! Why an instance may not lead. Plain data.

use crate::consul::Status;

/// Why an instance may not lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The instance is in maintenance.
    InstanceInMaintenance,
    /// The node is in maintenance.
    NodeInMaintenance,
    /// This check does not pass.
    Check {
        /// The check's ID.
        id: String,
        /// Its status.
        status: Status,
    },
    /// The check of this ID is critical and has no output, and the election's own check is unknown. In the first run that is the own
    /// check, which has not run yet; but a check that has run can be silent, too.
    SilentCheck(String),
}
