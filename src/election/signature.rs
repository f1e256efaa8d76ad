//! What every line of an election begins with, so that its check can be recognised by its output. Knows no lines beyond that.

use super::config::Names;
use crate::options::rules;

impl Names {
    /// What every line of this election begins with.
    #[must_use]
    pub fn signature(&self) -> String {
        signature(Some(&self.query))
    }
}

/// What every line of an election begins with; without a known election, the program's own word.
#[must_use]
pub fn signature(query: Option<&str>) -> String {
    query.map_or_else(|| "election:".to_owned(), |query| format!("election {query}:"))
}

/// Whether a line is this program's, of any election.
pub fn is_election_line(line: &str) -> bool {
    let name = line.strip_prefix("election ").and_then(|rest| rest.split_once(": ")).map(|(name, _)| name);
    name.is_some_and(|name| rules::query_name(name).is_ok())
}
