//! How every line of an election begins, by which its own check is recognised. Knows no roles and no errors.

use super::config::Names;
use super::rules;
use crate::consul::Check;

impl Names {
    /// The start of every line of this election.
    #[must_use]
    pub fn signature(&self) -> String {
        signature(Some(&self.query))
    }

    /// The lines of this election in a check's output, without the signature. Any line may be one: Consul keeps the end of an output that
    /// is too long and puts words of its own before it.
    pub fn lines_in<'a>(&'a self, output: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        // A pass asks this many times, so no text is made.
        output
            .lines()
            .filter_map(|line| line.strip_prefix("election ")?.strip_prefix(self.query.as_str())?.strip_prefix(':'))
    }
}

/// The start of every line of an election; without a known election, the start that at least names the program.
#[must_use]
pub fn signature(query: Option<&str>) -> String {
    query.map_or_else(|| "election:".to_owned(), |query| format!("election {query}:"))
}

/// Whether this program wrote the line, for any election: `election NAME: ` and more, or what a bad command line without a name ends
/// with.
pub fn is_election_line(line: &str) -> bool {
    if line.starts_with(&signature(None)) {
        return true;
    }
    let name = line.strip_prefix("election ").and_then(|rest| rest.split_once(": ")).map(|(name, _)| name);
    name.is_some_and(rules::is_query_name)
}

/// The election that a line of this program names; `None`: it is none, or names none.
#[must_use]
pub fn election_in(line: &str) -> Option<&str> {
    if !is_election_line(line) {
        return None;
    }
    line.strip_prefix("election ").and_then(|rest| rest.split_once(": ")).map(|(name, _)| name)
}

/// Whether a check prints lines of this election.
pub fn prints(check: &Check, names: &Names) -> bool {
    names.lines_in(&check.output).next().is_some()
}
