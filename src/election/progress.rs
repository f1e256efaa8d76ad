//! How an action went that did not fail.

/// How an action went that did not fail.
#[derive(PartialEq)]
pub enum Progress {
    /// It is done, or no longer needed.
    Done,
    /// What it rests on has changed: it was not done, and neither is what follows it.
    Overtaken,
}
