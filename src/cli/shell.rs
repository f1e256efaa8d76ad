//! Finds what in a command only a shell understands. Must never know which option the command belongs to.

/// Programs that expand what is in their script themselves, so that it may be in double quotes.
const SHELLS: &[&str] = &["sh", "ash", "bash", "dash", "fish", "ksh", "mksh", "zsh"];

/// The first part of a command that only a shell understands, as it was typed: a control operator, a redirection, an expansion, or a
/// variable for the command alone. What is quoted so that a shell takes it as text counts as text. So do patterns such as `*`: many
/// programs take patterns, and a shell that finds no such file passes them on.
pub fn syntax(text: &str) -> Option<String> {
    let mut scan = Scan { rest: text.trim(), word: String::new(), is_in_word: false, words: 0, has_shell: false };
    loop {
        match scan.step() {
            Step::On => {}
            Step::Found(found) => return Some(found),
            Step::End => return None,
        }
    }
}

enum Step {
    On,
    Found(String),
    End,
}

/// The state between two characters.
struct Scan<'a> {
    rest: &'a str,
    /// The present word without its quotes.
    word: String,
    is_in_word: bool,
    /// How many words came before.
    words: usize,
    /// Whether one of them is a shell.
    has_shell: bool,
}

impl Scan<'_> {
    /// Reads a character, or a quoted part.
    fn step(&mut self) -> Step {
        let Some(c) = self.take() else { return self.end_word().map_or(Step::End, Step::Found) };
        let found = match c {
            '\n' => Some("a second line".to_owned()),
            ' ' | '\t' => {
                let found = self.end_word();
                return found.map_or(Step::On, Step::Found);
            }
            '#' if !self.is_in_word => {
                self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
                return Step::On;
            }
            '\'' => {
                let (quoted, rest) = self.rest.split_once('\'').unwrap_or((self.rest, ""));
                self.word.push_str(quoted);
                self.rest = rest;
                None
            }
            '"' => self.double_quoted(),
            '\\' => {
                let next = self.take();
                self.word.extend(next);
                None
            }
            c => {
                let found = operator(c, self.rest, self.is_in_word).or_else(|| expansion(c, self.rest));
                self.word.push(c);
                found
            }
        };
        self.is_in_word = true;
        found.map_or(Step::On, Step::Found)
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Reads up to the closing double quote. A shell expands in there as well.
    fn double_quoted(&mut self) -> Option<String> {
        while let Some(c) = self.take().filter(|c| *c != '"') {
            match c {
                '\\' => {
                    let next = self.take();
                    self.word.extend(next);
                }
                c => {
                    if let Some(found) = expansion(c, self.rest).filter(|_| !self.has_shell) {
                        return Some(found);
                    }
                    self.word.push(c);
                }
            }
        }
        None
    }

    /// Ends the present word, if there is one. As the first one, `NAME=VALUE` would set a variable.
    fn end_word(&mut self) -> Option<String> {
        if !std::mem::take(&mut self.is_in_word) {
            return None;
        }
        let word = std::mem::take(&mut self.word);
        self.words += 1;
        self.has_shell |= word.rsplit('/').next().is_some_and(|name| SHELLS.contains(&name));
        Some(word).filter(|word| self.words == 1 && is_assignment(word))
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(is_of_name))
}

/// The control operator or redirection that begins with an unquoted character.
fn operator(c: char, rest: &str, is_in_word: bool) -> Option<String> {
    let is_doubled = rest.starts_with(c);
    let ends_word = rest.is_empty() || rest.starts_with(char::is_whitespace);
    match c {
        '&' | '|' | '<' | '>' if is_doubled => Some(format!("{c}{c}")),
        '|' | ';' | '<' | '>' => Some(c.to_string()),
        // Within a word it is most likely part of a URL.
        '&' if ends_word || !is_in_word => Some(c.to_string()),
        '~' if !is_in_word && (ends_word || rest.starts_with('/')) => Some(c.to_string()),
        _ => None,
    }
}

/// The expansion that begins with a character that is not in single quotes.
fn expansion(c: char, rest: &str) -> Option<String> {
    match (c, rest.chars().next()?) {
        ('`', _) => Some(c.to_string()),
        ('$', '{') => Some(format!("${}", rest.split_inclusive('}').next().unwrap_or_default())),
        ('$', '(') => Some("$(".to_owned()),
        ('$', next) if is_of_name(next) && !next.is_ascii_digit() => {
            Some(format!("${}", rest.split(|c| !is_of_name(c)).next().unwrap_or_default()))
        }
        ('$', next) if next.is_ascii_digit() || "@*#?!$".contains(next) => Some(format!("${next}")),
        _ => None,
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_shell_understands_is_found() {
        for (text, found) in [
            ("a && b", "&&"),
            ("a&&b", "&&"),
            ("a || b", "||"),
            ("a | b", "|"),
            ("a; b", ";"),
            ("a ;", ";"),
            ("a &", "&"),
            ("a & b", "&"),
            ("a >file", ">"),
            ("a > 'file'", ">"),
            ("a >>file", ">>"),
            ("a 2>&1", ">"),
            ("a &>file", "&"),
            ("a < file", "<"),
            ("a <<END", "<<"),
            ("a $MASTER_ADDRESS", "$MASTER_ADDRESS"),
            ("a \"$MASTER_ADDRESS:1\"", "$MASTER_ADDRESS"),
            ("a --to=${MASTER_ADDRESS}:1", "${MASTER_ADDRESS}"),
            ("a $(b)", "$("),
            ("a $1", "$1"),
            ("a $?", "$?"),
            ("a `b`", "`"),
            ("a \"`b`\"", "`"),
            ("a\nb", "a second line"),
            ("~/bin/a", "~"),
            ("a ~/b", "~"),
            ("A=1 b", "A=1"),
            // A shell that gets one word of it as its script.
            ("sh -c a && b", "&&"),
            ("sh -c 'a' > file", ">"),
            ("sh -c echo $A", "$A"),
        ] {
            assert_eq!(syntax(text).as_deref(), Some(found), "{text}");
        }
    }

    #[test]
    fn what_is_quoted_or_means_nothing_to_a_shell_is_text() {
        for text in [
            "sh -c 'a && b > file; c | d $MASTER_ADDRESS `e`'",
            "/bin/bash -c \"a && b $MASTER_ADDRESS\"",
            "sudo -u redis sh -c \"echo $MASTER_ADDRESS\"",
            "a '&&' \"||\" \\; '$A' \\$A \"\\$A\" '>' \"a > b\"",
            "curl http://localhost/?a=1&b=2",
            "systemctl restart redis@*",
            "find /x -name '*' -exec a {} \\;",
            "a costs 5$ ^a$ \"b$\" {} [a] ? * !",
            "a b=c --d=e ~b c~/d",
            "a # b; c",
            "a \\\n  b",
            "  a\n",
            "",
        ] {
            assert_eq!(syntax(text), None, "{text}");
        }
    }
}
