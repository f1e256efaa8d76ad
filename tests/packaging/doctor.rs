//! The page docs/doctor.md, held to what `doctor` can find. Owns the form of its tables.

use consul_master_election_tagger::{FINDINGS, Severity};

use crate::file;

#[test]
fn each_finding_has_a_row_with_cause_and_fix_and_each_row_is_a_finding() {
    let page = std::fs::read_to_string(file("docs/doctor.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")).map(|row| {
        let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
        assert!(cells.len() == 4 && cells.iter().all(|cell| !cell.is_empty()), "{row}");
        cells[0].trim_end_matches('`').to_owned()
    });
    let mut rows: Vec<String> = rows.collect();
    let wrong = FINDINGS.iter().filter(|(_, severity)| *severity != Severity::Fine);
    let mut names: Vec<String> = wrong.map(|(name, _)| (*name).to_owned()).collect();
    rows.sort();
    names.sort();
    assert_eq!(rows, names);
}
