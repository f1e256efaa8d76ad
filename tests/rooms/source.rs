//! What one source file imports: owns the reading of `use` trees and of paths in code, and knows no rooms and no files. It relies on the
//! layout that `cargo fmt` gives.

/// A path that a file names.
#[derive(Debug, PartialEq)]
pub struct Import {
    /// Where it begins, from 1.
    pub line: usize,
    /// Its segments.
    pub path: Vec<String>,
    /// The name that a `use` gives it in its file, and below.
    pub name: Option<String>,
}

/// Returns every path that a file names outside its comments and its tests.
pub fn imports(text: &str) -> Vec<Import> {
    let mut found = Vec::new();
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim_start().starts_with("//"));
    while let Some((text, line)) = lines.next() {
        let code = text.split(" // ").next().unwrap_or_default().trim();
        if code == "#[cfg(test)]" {
            // What is there for tests ends with its first line, or with the brace below that line.
            let item = lines.by_ref().map(|(line, _)| line).find(|line| !line.trim_start().starts_with("#["));
            let item = item.filter(|item| item.ends_with('{')).unwrap_or_default();
            let end = format!("{}}}", &item[..item.len() - item.trim_start().len()]);
            let _ = item.is_empty() || lines.any(|(line, _)| line == end);
        } else if let Some(tree) = used(code) {
            let mut tree = tree.to_owned();
            while !tree.ends_with(';') {
                let Some((more, _)) = lines.next() else { break };
                tree += more.trim();
            }
            read_tree(line, "", tree.trim_end_matches(';'), &mut found);
        } else {
            let words = code.split(|c: char| !c.is_alphanumeric() && !"_:".contains(c));
            let paths = words.filter(|word| word.contains("::")).map(|word| word.trim_matches(':'));
            found.extend(paths.map(|path| import(line, path, None)));
        }
    }
    found
}

/// What follows `use` in a line of code, whatever sees it.
fn used(code: &str) -> Option<&str> {
    let (before, tree) = code.split_once("use ")?;
    matches!(before, "" | "pub " | "pub(crate) " | "pub(super) ").then_some(tree)
}

/// Reads a tree of a `use` that stands behind the path `before`.
fn read_tree(line: usize, before: &str, tree: &str, found: &mut Vec<Import>) {
    if let Some((path, inner)) = tree.split_once('{') {
        let mut depth = 0_i32;
        let pieces = inner.trim_end_matches(',').strip_suffix('}').unwrap_or(inner).split(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0 && c == ','
        });
        for piece in pieces.map(str::trim).filter(|piece| !piece.is_empty()) {
            read_tree(line, &format!("{before}{path}"), piece, found);
        }
        return;
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
    let path = format!("{before}{path}");
    let path = path.trim_end_matches("::*").trim_end_matches("::self");
    let name = alias.or(path.rsplit("::").next()).filter(|_| !tree.ends_with('*'));
    found.push(import(line, path, name));
}

fn import(line: usize, path: &str, name: Option<&str>) -> Import {
    Import { line, path: path.split("::").map(str::to_owned).collect(), name: name.map(str::to_owned) }
}
