//! `resign`: one pass that hands the lead over.

use crate::cli::lines::{Verdict, of_resignation};
use crate::election::{Config, pass};

/// Hands the lead over, as the policy's `resign` says, and returns how that ended.
#[must_use]
pub fn resign(config: &Config) -> Verdict {
    of_resignation(config, &pass(config))
}
