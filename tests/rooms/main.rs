//! The imports between the rooms, held to the picture in ARCHITECTURE.md. Knows nothing of what the program does.

// A panic is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod picture;
mod source;
mod tree;

use std::path::Path;

use picture::Picture;
use source::imports;
use tree::{Arrow, Tree, circle, room};

/// The rooms whose files have an order, too.
const ORDERED: [&str; 1] = ["election"];

fn tree() -> Tree {
    Tree::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// Returns the circle in words, if there is one.
fn in_words(arrows: &[Arrow]) -> Option<String> {
    let circle = circle(arrows)?;
    let lines = circle.iter().map(|arrow| format!("{} → {}   {}", arrow.from, arrow.to, arrow.place));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// Imports of modules as imports of their rooms.
fn of_rooms(arrows: Vec<Arrow>) -> Vec<Arrow> {
    let of = |module: &str| room(module).to_owned();
    arrows.into_iter().map(|arrow| Arrow { from: of(&arrow.from), to: of(&arrow.to), ..arrow }).collect()
}

#[test]
fn rooms_import_only_what_the_picture_allows() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    let picture = Picture::read(&text).unwrap_or_else(|error| panic!("ARCHITECTURE.md: {error}"));
    let tree = tree();
    let objections = picture.objections(&tree.rooms(), &tree.between_rooms());
    assert!(objections.is_empty(), "the rooms are not as in ARCHITECTURE.md:\n{}", objections.join("\n"));
}

#[test]
fn no_rooms_import_each_other_in_a_circle() {
    if let Some(circle) = in_words(&of_rooms(tree().between_rooms())) {
        panic!("rooms in a circle:\n{circle}");
    }
}

#[test]
fn no_files_of_an_ordered_room_import_each_other_in_a_circle() {
    for room in ORDERED {
        if let Some(circle) = in_words(&tree().inside(room)) {
            panic!("files of {room} in a circle:\n{circle}");
        }
    }
}

fn paths(text: &str) -> Vec<(usize, String)> {
    imports(text).into_iter().map(|import| (import.line, import.path.join("::"))).collect()
}

#[test]
fn every_form_of_an_import_is_read() {
    let text = "use crate::a::{\n    self,\n    b::{C, d as e},\n    f::*,\n};\npub(super) use super::g; // as h\n\
        fn i(j: &crate::k::L) -> Vec<crate::m::N> {\n    self::o::p::<Q>()\n}";
    let paths = paths(text);
    let expected = [
        (1, "crate::a"),
        (1, "crate::a::b::C"),
        (1, "crate::a::b::d"),
        (1, "crate::a::f"),
        (6, "super::g"),
        (7, "crate::k::L"),
        (7, "crate::m::N"),
        (8, "self::o::p"),
    ];
    assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
    let names = imports("use a::{b as c, d, e::*};").into_iter().map(|import| import.name);
    assert_eq!(names.collect::<Vec<_>>(), [Some("c".to_owned()), Some("d".to_owned()), None]);
}

#[test]
fn comments_and_tests_import_nothing() {
    let text = "//! [`crate::a`]\nmod b {\n    #[cfg(test)]\n    #[path = \"x.rs\"]\n    mod tests {\n        use crate::c;\n        fn d() {\n            \
        crate::e::f()\n        }\n    }\n}\n#[cfg(test)]\nmod g;\n#[cfg(test)]\nuse crate::h;\nuse crate::i;";
    assert_eq!(paths(text), [(16, "crate::i".to_owned())]);
}

#[test]
fn a_forbidden_import_is_found_with_its_file_and_line() {
    let picture = "\n```rooms\nmain → lib\nlib → a\na::inner → \na → b, c\nb, c → \nall → leaf\n```\n";
    let picture = Picture::read(picture).unwrap();
    let objections = |text: &str, inner: &str| {
        let tree = Tree::of([
            ("main.rs", "use consul_master_election_tagger::X;"),
            ("lib.rs", "mod a;\npub use a::X;\nfn f() { a::g() }"),
            ("a/mod.rs", "mod inner;\nuse crate::{b::B, c, leaf};\npub use inner::X;"),
            ("a/inner.rs", inner),
            ("b.rs", text),
            ("c/mod.rs", "use std::fmt;\nuse crate::leaf::Leaf;"),
            ("leaf.rs", ""),
        ]);
        picture.objections(&tree.rooms(), &tree.between_rooms())
    };
    assert_eq!(objections("use crate::leaf;", "use super::Y;"), [] as [&str; 0]);
    assert_eq!(objections("\nuse crate::c::D;", ""), ["src/b.rs:2: crate::c::D: b may not import c"]);
    assert_eq!(objections("", "use crate::b;"), ["src/a/inner.rs:1: crate::b: a::inner may not import b"]);
    assert_eq!(objections("fn f() { crate::X }", ""), ["src/b.rs:1: crate::X: b may not import a"]);
    let tree = Tree::of([("main.rs", ""), ("d.rs", "")]);
    let objections = picture.objections(&tree.rooms(), &[]);
    assert!(objections.contains(&"d is in src/ and not in the picture".to_owned()), "{objections:?}");
    assert!(objections.contains(&"b is in the picture and not in src/".to_owned()), "{objections:?}");
    assert!(Picture::read("\n```rooms\na → b\n```\n").is_err());
}

#[test]
fn a_circle_of_rooms_is_found() {
    let tree = Tree::of([("a.rs", "use crate::b;"), ("b/mod.rs", ""), ("b/x.rs", "use crate::c;"), ("c.rs", "")]);
    assert_eq!(in_words(&of_rooms(tree.between_rooms())), None);
    let tree =
        Tree::of([("a.rs", "use crate::b;"), ("b/mod.rs", ""), ("b/x.rs", "use crate::c;"), ("c.rs", "use crate::b;")]);
    let words = in_words(&of_rooms(tree.between_rooms())).unwrap();
    assert_eq!(words, "b → c   src/b/x.rs:1: crate::c\nc → b   src/c.rs:1: crate::b");
}

#[test]
fn a_circle_of_files_is_found_through_what_the_file_above_shows() {
    let tree = |above: &'static str, one: &'static str, two: &'static str| {
        Tree::of([("lib.rs", ""), ("a/mod.rs", above), ("a/one.rs", one), ("a/two.rs", two)]).inside("a")
    };
    let above = "mod one;\nmod two;\npub use one::One;\nuse two::Two as Second;";
    assert_eq!(in_words(&tree(above, "", "use super::One;")), None);
    let words = in_words(&tree(above, "use super::Second;", "\nuse crate::a::One;")).unwrap();
    assert_eq!(
        words,
        "a::one → a::two   src/a/one.rs:1: super::Second\na::two → a::one   src/a/two.rs:2: crate::a::One"
    );
    let words = in_words(&tree("pub struct Own;", "use super::Own;", "")).unwrap();
    assert_eq!(words, "a::one → a   src/a/one.rs:1: super::Own\na → a::one   src/a/one.rs: is part of the one above");
}
