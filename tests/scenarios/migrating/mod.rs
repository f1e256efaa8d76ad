//! `docs/migrating.md`: tests each of its claims, with a stand-in that leaves the other tool's traces.

use std::fs;
use std::path::Path;

mod ballot;
mod from_ballot;
mod from_tagger;
mod shell;
mod sight;
mod stage;
mod steps;
mod tagger;

/// Returns the scenario names in the comments behind the document's claims.
fn named() -> Vec<String> {
    let document = shell::document();
    let comments = document.split("<!--").skip(1).map(|rest| rest.split("-->").next().unwrap());
    comments.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// Returns the source file of a scenario's module.
fn source(module: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let path = module.replace("::", "/");
    let files = [root.join(format!("{path}.rs")), root.join(path).join("mod.rs")];
    let found = files.iter().find_map(|file| fs::read_to_string(file).ok());
    found.unwrap_or_else(|| panic!("no module {module}"))
}

#[test]
fn every_scenario_that_the_document_names_is_there_and_every_one_here_is_named() {
    let named = named();
    for name in &named {
        let (module, function) = name.rsplit_once("::").unwrap_or_else(|| panic!("{name} has no module"));
        assert!(source(module).contains(&format!("#[test]\nfn {function}()")), "no scenario {name}");
    }
    for module in ["migrating::from_tagger", "migrating::from_ballot", "migrating::steps"] {
        let text = source(module);
        for function in text.split("#[test]\nfn ").skip(1).map(|rest| rest.split('(').next().unwrap()) {
            assert!(named.contains(&format!("{module}::{function}")), "{module}::{function} proves no claim");
        }
    }
}

#[test]
fn every_row_of_a_table_and_every_order_of_steps_names_a_scenario() {
    let document = shell::document();
    let heads = ["| the Go tool |", "| ballot |", "| `consul lock` |", "| drio-ai |"];
    let is_head = |line: &str| heads.iter().any(|head| line.starts_with(head));
    for row in document.lines().filter(|line| line.starts_with("| ") && !is_head(line)) {
        assert!(row.contains("<!-- "), "{row}");
    }
    let orders: Vec<&str> = document.split("\n### ").filter(|part| part.contains("\n1. ")).collect();
    assert_eq!(orders.len(), 4);
    for order in orders {
        assert!(order.contains("in_the_order_shown"), "{order}");
    }
}

#[test]
fn every_command_and_definition_that_the_document_shows_is_one_that_scenarios_use() {
    for (language, text) in shell::blocks() {
        let known = shell::BLOCKS.iter().filter(|(of, words)| *of == language && text.contains(words)).count();
        assert_eq!(known, 1, "{text}");
    }
}
