//! `resign`: one pass that hands the lead over.

use crate::cli::lines::{Verdict, of_resignation};
use crate::election::{Cause, Config, Pass};

/// Hands the lead over, as the policy's `resign` says, and returns how that ended.
#[must_use]
pub fn resign(config: &Config) -> Verdict {
    let mut pass = Pass::new(config);
    let outcome = pass.settle(Cause::Change);
    pass.drop_spare();
    of_resignation(config, &outcome, pass.has_handed_over())
}
