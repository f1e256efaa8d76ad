//! The page about lines: `docs/lines.md` has a row for every line that a pass can end with, and no row for one that none does.
//!
//! In a table whose first column is `the line says`, each code span of that column is a pattern: its parts between `…` stand in the line,
//! in this order. A new line needs a row that one of its parts matches, and nothing else.

use super::file;

const DOCUMENT: &str = "docs/lines.md";
const GOLDEN: &str = "tests/golden/lines.txt";

fn read(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap()
}

/// Every line, without its exit code. A failure that an instance remembers is repeated as it is, and `why` stands for any.
fn lines() -> Vec<String> {
    let text = read(GOLDEN);
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.ends_with(": error: why"));
    lines.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
}

/// The first cells of the tables about lines.
fn cells() -> Vec<String> {
    let (mut cells, mut is_about_lines) = (Vec::new(), false);
    for line in read(DOCUMENT).lines() {
        let first = line.strip_prefix("| ").and_then(|row| row.split(" | ").next());
        match first {
            Some(first) if is_about_lines => cells.push(first.to_owned()),
            Some(first) => is_about_lines = first == "the line says",
            None => is_about_lines &= line.starts_with('|'),
        }
    }
    cells
}

fn patterns_of(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn matches(pattern: &str, line: &str) -> bool {
    let mut rest = line;
    pattern.split('…').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[test]
fn every_line_has_a_row_that_says_what_to_do() {
    let patterns: Vec<String> = cells().iter().flat_map(|cell| patterns_of(cell)).collect();
    // A warning at the end of a line has a row of its own.
    let is_about = |pattern: &str, line: &str| pattern.contains("warning: ") || !line.contains("; warning: ");
    let is_told = |line: &&String| !patterns.iter().any(|pattern| is_about(pattern, line) && matches(pattern, line));
    let missing: Vec<String> = lines().iter().filter(is_told).cloned().collect();
    assert!(missing.is_empty(), "{DOCUMENT} needs a row for each of these:\n{}", missing.join("\n"));
}

#[test]
fn every_row_is_about_a_line_that_exists() {
    let lines = lines();
    let cells = cells();
    assert!(cells.len() > 40, "the page was read: {} rows", cells.len());
    for cell in &cells {
        let patterns = patterns_of(cell);
        assert!(!patterns.is_empty(), "{DOCUMENT} has a row without a pattern: {cell}");
        for pattern in patterns {
            let found = lines.iter().any(|line| matches(&pattern, line));
            assert!(found, "{DOCUMENT} has a row for `{pattern}`, which no line of {GOLDEN} has");
            // A pattern that every error matches would hide a missing row.
            assert!(pattern.len() > 2, "{pattern}");
        }
    }
}
