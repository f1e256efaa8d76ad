//! A delay that a name decides. Must never know what the name is of.

use std::time::Duration;

/// Returns a delay of at most `most`, in whole milliseconds. It follows from the name alone, so all nodes agree on it and it is the same at
/// every tick.
#[must_use]
pub fn jitter(name: &str, most: Duration) -> Duration {
    let choices = u64::try_from(most.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    // FNV-1a: the hashes of the standard library may change with its version, and nodes of two builds must agree.
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // The high bits of FNV are the better ones for short names.
    Duration::from_millis((hash ^ (hash >> 32)) % choices)
}
