//! The bounds of what others may send, each with its reason. Must never know who sends what.
//!
//! Everything that this program itself writes, and everything that a healthy Consul answers, is far below them.

/// The most bytes of an answer about one thing: a key, an instance, a session. Consul takes values of up to 512 KiB, which are a third longer
/// in an answer.
pub const ANSWER: u64 = 1024 * 1024;

/// The most bytes of an answer about all instances of a service. A thousand of them take 2 MiB.
pub const LIST: u64 = 8 * 1024 * 1024;

/// The most values in a JSON text that is longer than [`PLAIN`]. A value takes about a hundred bytes of memory, however short its text is.
pub const VALUES: usize = 200_000;

/// A text that is not longer is harmless, whatever it holds.
pub const PLAIN: usize = 64 * 1024;

/// The most bytes of a file that an option or a variable names. No bundle of certificates is as large.
pub const FILE: u64 = 8 * 1024 * 1024;

/// The most characters of a quoted answer: enough for Consul's longest sentence.
pub const QUOTE: usize = 400;

/// The most characters of a line that Consul keeps of this program, in its log or as its result. Consul keeps the last 4096 bytes.
pub const LINE: usize = 1000;

/// The most names that a line lists, and the most characters of each.
pub const NAMES: (usize, usize) = (10, 100);

/// The longest duration of an option. Times far beyond it have no date.
pub const DURATION: std::time::Duration = std::time::Duration::from_secs(366 * 24 * 3600);

/// Whether a JSON text has more values than are read.
pub fn has_too_many_values(json: &[u8]) -> bool {
    // Counts those in strings too, which only makes it strict.
    json.len() > PLAIN && json.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() > VALUES
}
