//! A small text file that other programs read: they see its old text or its new one, never a part. Must never know what the text says.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::path::Path;
use std::time::Duration;

/// A new file of this age was left by a process that was killed while it wrote.
const LEFT: Duration = Duration::from_secs(60);

/// The most entries of a directory that are looked at for such files.
const MOST_ENTRIES: usize = 1000;

/// Reads the text of a file, up to this many bytes; `None` if the file is missing or not text.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path, most: u64) -> Result<Option<String>> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    if !metadata.is_file() {
        // Opening a pipe could block forever.
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file; name another"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).ok())
}

/// Replaces the file in one step.
///
/// # Errors
/// When it cannot be written. No other file is left then.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
    // A collector reads the files of its directory by the end of their names.
    let new = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    remove_left(path, &format!(".{name}."));
    let written = File::create(&new).and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| fs::rename(&new, path)).inspect_err(|_| {
        // It may not even exist.
        let _ = fs::remove_file(&new);
    })
}

/// Removes the new files beside this one that killed processes have left. Failures change nothing.
fn remove_left(path: &Path, prefix: &str) {
    // A relative name has the empty path as its parent.
    let parent = path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    let entries = parent.and_then(|parent| fs::read_dir(parent).ok()).into_iter().flatten().flatten();
    for entry in entries.take(MOST_ENTRIES).filter(|entry| is_new(&entry.file_name().to_string_lossy(), prefix)) {
        let age = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()?.elapsed().ok());
        if age.is_some_and(|age| age >= LEFT) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a new file has this name: the prefix, a process ID and `.new`.
fn is_new(name: &str, prefix: &str) -> bool {
    let id = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".new"));
    id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_leaves_no_other() {
        let directory = std::env::temp_dir().join(format!("textfile-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("election.prom");
        assert_eq!(read(&path, 99).unwrap(), None);
        replace(&path, "one").unwrap();
        replace(&path, "two").unwrap();
        assert_eq!(read(&path, 99).unwrap().as_deref(), Some("two"));
        assert_eq!(read(&path, 2).unwrap().as_deref(), Some("tw"));
        assert!(replace(&directory.join("none/election.prom"), "x").is_err());
        assert!(replace(Path::new("/"), "x").is_err());
        assert!(read(&directory, 99).is_err());
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn what_a_killed_process_left_is_removed_later_and_nothing_else() {
        let directory = std::env::temp_dir().join(format!("textfile-left-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let names = [".a.prom.7.new", ".a.prom.8.new", ".a.prom.x.new", ".a.prom.new", ".b.prom.7.new", "a.prom.7.new"];
        for name in names {
            let file = File::create(directory.join(name)).unwrap();
            if name != ".a.prom.8.new" {
                file.set_modified(SystemTime::now() - 2 * LEFT).unwrap();
            }
        }
        replace(&directory.join("a.prom"), "one").unwrap();
        let mut left: Vec<String> = fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "a.prom")
            .collect();
        left.sort();
        let mut expected = names[1..].to_vec();
        expected.sort_unstable();
        assert_eq!(left, expected);
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_pipe_is_not_opened() {
        let path = std::env::temp_dir().join(format!("textfile-pipe-{}", std::process::id()));
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(read(&path, 99).is_err());
        fs::remove_file(&path).unwrap();
    }
}
