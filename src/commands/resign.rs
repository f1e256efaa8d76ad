//! `resign`: one pass that hands the lead over.

use crate::cli::Run;
use crate::cli::lines::{Verdict, of_resignation};
use crate::election::{Cause, Pass};

/// Hands the lead over, as the options say, and returns how that ended.
#[must_use]
pub fn resign(run: &Run) -> Verdict {
    let mut pass = Pass::new(&run.config);
    let outcome = pass.settle(Cause::Change);
    pass.drop_spare();
    of_resignation(&run.config, &run.places, &outcome, pass.has_handed_over())
}
