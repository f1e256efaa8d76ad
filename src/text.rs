//! Text that others wrote, made fit for one line.

/// `text` on one line: whatever controls a terminal or ends a line is a space.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}
