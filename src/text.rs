//! Text for lines: lists, and foreign text that must fit on one line. Must never know where the text comes from.

/// Returns words as a list, with at most this many of them and at most this many characters of each; `none` for an empty one.
pub fn list(words: &[String], most: usize, length: usize) -> String {
    let shown: Vec<String> = words.iter().take(most).map(|word| capped(word, length)).collect();
    match words.len() - shown.len() {
        0 if words.is_empty() => "none".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns `text` on one line: control characters, line separators and the marks that turn the direction of writing become spaces.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || separates_or_turns(c) { ' ' } else { c }).collect()
}

fn separates_or_turns(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// Returns `text` with every secret hidden.
pub fn without(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "(hidden)"))
}

/// Returns the beginning of a text that is longer than `most` characters, with an ellipsis.
pub fn capped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_breaks_and_nothing_that_turns_it() {
        assert_eq!(one_line("a\nb\r\u{0}c\u{2028}d\u{202e}e\u{2066}f\u{1b}g"), "a b  c d e f g");
        assert_eq!(one_line("äß→…"), "äß→…");
    }

    #[test]
    fn long_texts_and_lists_show_their_beginning() {
        assert_eq!((capped("äöü", 3).as_str(), capped("äöüß", 3).as_str()), ("äöü", "äöü…"));
        let words = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(list(&words(0), 10, 9), "none");
        assert_eq!(list(&words(3), 10, 9), "0, 1, 2");
        assert_eq!(list(&words(12), 10, 9), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
        assert_eq!(list(&["x".repeat(9999)], 10, 3), "xxx…");
    }
}
