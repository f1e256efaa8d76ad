//! Makes foreign text fit for one line. Must never know where the text comes from.

/// Returns `text` on one line: control characters and line separators become spaces.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}
