//! `resign`: one pass that hands the lead over.

use crate::cli::lines::{Verdict, of_outcome};
use crate::election::{Config, pass};

/// Hands the lead over, as the policy's `resign` says, and returns how that ended.
#[must_use]
pub fn resign(config: &Config) -> Verdict {
    of_outcome(config, &pass(config))
}
