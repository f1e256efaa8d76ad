//! What is made from the program's table of options: man page, completions and docs/options.md, tried in the shells and formatters that
//! read them; and docs/lines.md, held to the lines. Knows nothing of Consul.

// Tests fail by a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bash;
mod doctor;
mod fish;
mod lines;
mod manual;
mod reference;
mod shells;
mod terms;
mod zsh;

use std::path::{Path, PathBuf};

/// The name of the program, which is part of each file's name.
const PROGRAM: &str = "consul-master-election-tagger";

/// A file of the repository.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares a generated file with the one in the repository, which `make install` installs.
fn is_what_the_table_says(name: &str, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file(name), text).unwrap();
    }
    let current = std::fs::read_to_string(file(name)).unwrap_or_default();
    assert!(current == text, "{name} differs from the table of options; UPDATE_GOLDEN=1 regenerates it");
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

#[test]
fn the_page_about_options_is_what_the_table_of_options_says() {
    is_what_the_table_says(reference::FILE, &reference::text());
}
