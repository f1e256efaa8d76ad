//! The output of a command as lines of the log: whole lines, long ones in parts. Must never know the command.

use std::io::{BufRead, BufReader, Read};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::text::one_line;

/// The most bytes of a line; a longer one goes on in the next.
const LONGEST: u64 = 4096;

/// Reads a stream to its end in a thread of its own, and passes on each line.
///
/// # Errors
/// When the system gives no thread.
pub fn wrap(
    stream: impl Read + Send + 'static,
    say: impl Fn(&str) + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let read = move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while let Ok(1..) = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            let text = String::from_utf8_lossy(&line);
            say(&one_line(text.trim_end_matches(['\n', '\r'])));
            line.clear();
        }
    };
    thread::Builder::new().name("output".to_owned()).spawn(read)
}

/// Waits until these threads have passed on the last line, but no longer than `limit`: something else may hold a stream open.
pub fn wait_for_last_lines(threads: &[JoinHandle<()>], limit: Duration) {
    let begin = Instant::now();
    while !threads.iter().all(JoinHandle::is_finished) && begin.elapsed() < limit {
        thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_passed_on_whole_and_long_ones_in_parts() {
        let long = "x".repeat(5000);
        let text = format!("one\n\ntwo\r\n\u{1b}[1mthree\n{long}\nlast");
        let (send, lines) = std::sync::mpsc::channel();
        let thread = wrap(std::io::Cursor::new(text), move |line| send.send(line.to_owned()).unwrap()).unwrap();
        wait_for_last_lines(&[thread], Duration::from_secs(60));
        let lines: Vec<String> = lines.try_iter().collect();
        assert_eq!(lines[..4], ["one", "", "two", " [1mthree"]);
        assert_eq!((lines[4].len(), lines[5].len(), lines[6].as_str(), lines.len()), (4096, 904, "last", 7));
    }
}
