//! The files installed with the program, generated from its table of options, and tested in the shells and formatters
//! that read them. Knows nothing of Consul.

// Tests fail by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bash;
mod fish;
mod manual;
mod shells;
mod terms;
mod zsh;

use std::path::{Path, PathBuf};

/// The name of the program and of every file that belongs to it.
const PROGRAM: &str = "consul-master-election-tagger";

/// Returns the path of a generated file.
fn packaging(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

/// The files are in the repository, so that `make install` runs no generator; `UPDATE_GOLDEN=1` rewrites them.
fn is_what_the_table_says(name: &str, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(packaging(name), text).unwrap();
    }
    let standing = std::fs::read_to_string(packaging(name)).unwrap_or_default();
    assert!(standing == text, "packaging/{name} differs from the table of options; UPDATE_GOLDEN=1 rewrites it");
}

#[test]
fn the_man_page_matches_the_table_of_options() {
    is_what_the_table_says(manual::FILE, &manual::text());
}

#[test]
fn the_completions_match_the_table_of_options() {
    is_what_the_table_says(bash::FILE, &bash::text());
    is_what_the_table_says(zsh::FILE, &zsh::text());
    is_what_the_table_says(fish::FILE, &fish::text());
}
