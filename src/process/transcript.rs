//! What a child writes, as lines for the log, limited in number and length. Must never know processes.

use log::info;

use crate::text::one_line;

/// How many lines of one child are logged.
const MOST_LINES: usize = 100;

/// How many bytes of one child are logged, in all its lines. Consul stores 4 KiB of a check's output by default.
const MOST_BYTES: usize = 8 * 1024;

/// How many bytes of a line are kept.
const LONGEST_LINE: usize = 400;

/// The lines of one child. Output need not arrive in whole lines.
pub struct Transcript<'a> {
    name: &'a str,
    line: Vec<u8>,
    cut: bool,
    last: Option<String>,
    lines_left: usize,
    bytes_left: usize,
    full: bool,
}

impl<'a> Transcript<'a> {
    /// Creates the transcript of the child called `name`. Each logged line begins with the name.
    pub fn new(name: &'a str) -> Transcript<'a> {
        let line = Vec::new();
        Transcript { name, line, cut: false, last: None, lines_left: MOST_LINES, bytes_left: MOST_BYTES, full: false }
    }

    /// Takes more output, and logs the lines that end in it.
    pub fn add(&mut self, output: &[u8]) {
        for piece in output.split_inclusive(|byte| *byte == b'\n') {
            let text = piece.strip_suffix(b"\n");
            let (text, ends) = (text.unwrap_or(piece), text.is_some());
            let room = LONGEST_LINE - self.line.len();
            self.cut |= text.len() > room;
            self.line.extend(text.iter().take(room));
            if ends {
                self.end_line();
            }
        }
    }

    /// Ends the last line, and returns the last one that is not blank.
    pub fn end(mut self) -> Option<String> {
        self.end_line();
        self.last
    }

    fn end_line(&mut self) {
        let text = one_line(&String::from_utf8_lossy(&self.line));
        let mut text = text.trim().to_owned();
        if self.cut {
            // The cut may have gone through a character.
            text.truncate(text.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
            text.push('…');
        }
        self.line.clear();
        self.cut = false;
        if !text.is_empty() {
            self.log(&text);
            self.last = Some(text);
        }
    }

    fn log(&mut self, text: &str) {
        if self.full {
            return;
        }
        if self.lines_left == 0 || self.bytes_left < text.len() {
            // From here on nothing is logged, not even a line that would fit, so that the log has no gaps.
            self.full = true;
            info!("{}: (more output is left out)", self.name);
            return;
        }
        self.lines_left -= 1;
        self.bytes_left -= text.len();
        info!("{}: {text}", self.name);
    }
}
