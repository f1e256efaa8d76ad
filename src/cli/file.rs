//! The file of options, with lines `option = value`. Knows which options a file may hold; reads no value and sends nothing.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::given::{Given, Origin, Wrong};
use super::named::{Named, looks_like_a_token};
use super::option::OptionSpec;
use super::{table, values, wording};
use crate::text::{capped, one_line};

/// The options that only a command line can have.
const TYPED_ONLY: &[&str] = &["--config", "--help", "--version"];

/// Reads the file into `given`, which holds the lines before a wrong one even after an error.
///
/// # Errors
/// Names the file, the line and the option, and what is wrong there.
pub fn read(named: &Named, given: &mut Vec<Given>) -> Result<(), Wrong> {
    let content = named.read()?;
    let path = &named.value;
    let content = String::from_utf8(content).map_err(|_| format!("{}: {path} is not UTF-8; correct it", named.by))?;
    let mut seen: Vec<(&'static OptionSpec, usize)> = Vec::new();
    for (number, text) in content.lines().enumerate() {
        let (number, text) = (number + 1, text.trim());
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (option, value) = line(text, &seen).map_err(|wrong| at(path, number, &wrong))?;
        seen.push((option, number));
        if let Some(text) = value {
            given.push(Given { option, text, origin: Origin::File(path.clone(), number) });
        }
    }
    check_rights(path, given)
}

/// What is wrong with a line.
fn at(path: &str, line: usize, wrong: &str) -> Wrong {
    let place = format!("{path} line {line}");
    Wrong { message: format!("{place}: {wrong}"), place: Some(place) }
}

/// Splits a line; without a value where a switch is turned off.
fn line(text: &str, seen: &[(&OptionSpec, usize)]) -> Result<(&'static OptionSpec, Option<String>), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (text, None),
    };
    let Some(option) = table::find(name) else { return Err(unknown(name)) };
    let flag = option.flag;
    if TYPED_ONLY.contains(&flag) {
        return Err(format!("{flag} does not belong in a file; remove it"));
    }
    if let Some((_, first)) = seen.iter().find(|(known, _)| known.flag == flag && !option.repeatable) {
        return Err(format!("{flag} is given twice, first on line {first}; give it once"));
    }
    if option.is_switch() {
        let value = value.unwrap_or("true");
        let is_on = values::truth(value).ok_or_else(|| wording::neither_true_nor_false(flag, value))?;
        return Ok((option, is_on.then(String::new)));
    }
    match value {
        None | Some("") => Err(format!("{flag} needs a value; write {} = {}", option.name(), option.value)),
        // The quotes would be part of a tag or a name. A command is split like in a shell.
        Some(value) if option.value != "COMMAND" && is_quoted(value) => {
            Err(format!("the value of {flag} is in quotes; write it without them"))
        }
        Some(value) => Ok((option, Some(value.to_owned()))),
    }
}

fn is_quoted(value: &str) -> bool {
    ['"', '\''].iter().any(|quote| value.len() > 1 && value.starts_with(*quote) && value.ends_with(*quote))
}

/// What is wrong with a line that begins with no option. It may hold a token, so only a plain name is repeated.
fn unknown(name: &str) -> String {
    let bare = name.trim_start_matches('-');
    if bare != name && table::find(bare).is_some() {
        return format!("write {bare} without dashes");
    }
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !looks_like_a_token(name);
    if name.is_empty() || !is_name {
        return "this is not a line of the form option = value; see --help for the options".to_owned();
    }
    let dashed = bare.replace('_', "-");
    if table::find(&dashed).is_some() {
        return format!("unknown option {}; write {dashed}", one_line(&capped(name, 40)));
    }
    format!("unknown option {}; see --help", one_line(&capped(name, 40)))
}

/// Refuses a token in a file that every user can read, as ssh does with a key.
fn check_rights(path: &str, given: &[Given]) -> Result<(), Wrong> {
    let Some(token) = given.iter().find(|known| known.option.flag == "--token") else { return Ok(()) };
    let is_open = std::fs::metadata(Path::new(path)).is_ok_and(|metadata| metadata.mode() & 0o004 != 0);
    match &token.origin {
        Origin::File(_, line) if is_open => {
            let remedy = format!("run chmod o-r {path}, or name a file with the token by token-file");
            Err(at(path, *line, &format!("every user can read the token in this file; {remedy}")))
        }
        _ => Ok(()),
    }
}
