//! What is installed beside the program, made from its table of options, and tried in the shells and formatters that read it. Knows
//! nothing of Consul.

// A panic is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bash;
mod fish;
mod manual;
mod shells;
mod terms;
mod zsh;

use std::path::{Path, PathBuf};

/// The program's name, and that of every file that goes with it.
const PROGRAM: &str = "consul-master-election-tagger";

/// Where a generated file stands.
fn packaging(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

/// The files stand in the repository, so that `make install` runs no generator; `UPDATE_GOLDEN=1` writes them anew.
fn is_what_the_table_says(name: &str, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(packaging(name), text).unwrap();
    }
    let standing = std::fs::read_to_string(packaging(name)).unwrap_or_default();
    assert!(standing == text, "packaging/{name} differs from the table of options; UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn the_manual_is_what_the_table_of_options_says() {
    is_what_the_table_says(manual::FILE, &manual::text());
}

#[test]
fn the_completions_are_what_the_table_of_options_says() {
    is_what_the_table_says(bash::FILE, &bash::text());
    is_what_the_table_says(zsh::FILE, &zsh::text());
    is_what_the_table_says(fish::FILE, &fish::text());
}
