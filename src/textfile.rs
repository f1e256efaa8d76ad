//! A small text file that other programs read: they see its old text or its new one, never a part. Must never know what the text says.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Result, Write};
use std::path::Path;

/// Reads the text of a file, up to this many bytes; `None`: there is none, or it is no text.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path, most: u64) -> Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
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
    let written = File::create(&new).and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| fs::rename(&new, path)).inspect_err(|_| {
        // It may not even exist.
        let _ = fs::remove_file(&new);
    })
}

#[cfg(test)]
mod tests {
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
}
