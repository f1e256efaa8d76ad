//! Text for lines: lists, and foreign text that must fit on one line. Must never know where the text comes from.

/// Returns words as a list; `none` for an empty one.
pub fn list(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// Returns `text` on one line: control characters and line separators become spaces.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}
